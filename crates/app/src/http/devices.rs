//! The devices that the person is signed in on.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use menshen_domain::model::changes::SessionsOf;
use menshen_domain::model::identifiers::SessionId;
use menshen_domain::model::origin::masked_address;
use menshen_domain::model::session::Session;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::App;
use crate::http::account_json::time;
use crate::http::bearer::bearer;
use crate::http::context::Context;
use crate::http::detached::detached;
use crate::http::error::ApiError;
use crate::http::kinds;
use crate::http::token::LogoutJson;

/// The live sessions.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionsJson {
    /// Newest first.
    sessions: Vec<SessionJson>,
}

/// One login of one device.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionJson {
    /// The session's id.
    id: String,
    /// `mini_program`, `app` or `web`.
    #[schema(example = "mini_program")]
    client_type: &'static str,
    /// What people call the device.
    #[schema(example = "小米 15")]
    device_name: Option<String>,
    /// RFC 3339.
    created_at: String,
    /// RFC 3339.
    last_seen_at: String,
    /// The address with its host part hidden.
    #[schema(example = "203.0.113.*")]
    address: String,
    /// Whether it is the session that asks.
    current: bool,
}

impl SessionJson {
    fn new(session: &Session, current: SessionId) -> Self {
        Self {
            id: session.id.to_string(),
            client_type: session.client_type().as_str(),
            device_name: session
                .client
                .device_name
                .as_ref()
                .map(|name| name.as_str().to_owned()),
            created_at: time(session.created_at),
            last_seen_at: time(session.last_seen_at),
            address: masked_address(session.address),
            current: session.id == current,
        }
    }
}

/// `GET /v1/me/sessions`
pub(super) async fn list(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let caller = app.authenticate.in_person(bearer(&http)?).await?;
    let sessions = app.list_sessions.execute(caller.account.id).await?;
    let sessions = sessions
        .iter()
        .map(|session| SessionJson::new(session, caller.session.id))
        .collect();
    context.ok(("成功", "Done"), &SessionsJson { sessions })
}

/// `DELETE /v1/me/sessions/{id}`
pub(super) async fn end(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let caller = app.authenticate.in_person(bearer(&http)?).await?;
    // Somebody else's session is not there, and a malformed id names none.
    let id = SessionId::parse(&id).ok_or_else(|| ApiError::new(&kinds::NOT_FOUND))?;
    let use_case = app.sign_out.clone();
    let origin = context.origin.clone();
    let which = SessionsOf::One(id);
    let ended =
        detached(async move { use_case.execute(caller.account.id, which, &origin).await }).await?;
    if ended.is_empty() {
        return Err(ApiError::new(&kinds::NOT_FOUND));
    }
    context.ok(
        ("已退出该设备", "The device is signed out"),
        &LogoutJson { ended: ended.len() },
    )
}
