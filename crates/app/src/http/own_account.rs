//! What people do with their own account as a whole: giving up a way in, leaving.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use menshen_domain::model::identifiers::IdentityId;
use menshen_domain::services::cancel_account::Cancelled;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::App;
use crate::http::account_json::{UserJson, time};
use crate::http::bearer::bearer;
use crate::http::context::Context;
use crate::http::detached::detached;
use crate::http::error::ApiError;
use crate::http::kinds;

const UNLINKED: (&str, &str) = ("已解除绑定", "Unlinked");
const CANCELLED: (&str, &str) = ("账号已申请注销", "The account is being closed");
const ERASED: (&str, &str) = ("账号已注销", "The account is erased");

/// What is left of the account.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnlinkedJson {
    /// The account.
    user: UserJson,
}

/// What a cancellation comes to.
#[derive(Debug, Serialize, ToSchema)]
pub struct CancelledJson {
    /// When the account is erased, or was: RFC 3339. Until then a login with
    /// `restore` takes the cancellation back.
    #[schema(example = "2026-01-16T08:00:00.000Z")]
    purge_at: String,
    /// Whether it is erased already.
    erased: bool,
}

impl From<Cancelled> for CancelledJson {
    fn from(cancelled: Cancelled) -> Self {
        Self {
            purge_at: time(cancelled.purge_at),
            erased: cancelled.erased,
        }
    }
}

/// `DELETE /v1/me/identities/{id}`
pub(super) async fn unlink(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let caller = app.authenticate.in_person(bearer(&http)?).await?;
    // Somebody else's identity is not there, and a malformed id names none.
    let id = IdentityId::parse(&id).ok_or_else(|| ApiError::new(&kinds::NOT_FOUND))?;
    let use_case = app.unlink_identity.clone();
    let origin = context.origin.clone();
    let account = detached(async move { use_case.execute(&caller, id, &origin).await }).await?;
    let user = (&account).into();
    context.ok(UNLINKED, &UnlinkedJson { user })
}

/// `DELETE /v1/me`
pub(super) async fn cancel(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let caller = app.authenticate.in_person(bearer(&http)?).await?;
    let use_case = app.cancel_account.clone();
    let origin = context.origin.clone();
    let cancelled = detached(async move { use_case.execute(&caller, &origin).await }).await?;
    let said = if cancelled.erased { ERASED } else { CANCELLED };
    context.ok(said, &CancelledJson::from(cancelled))
}
