//! The signing keys: listing, and dropping one in an emergency.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use menshen_domain::model::audit::AuditAction;

use super::door;
use super::json::SigningKeysJson;
use crate::http::context::Context;
use crate::http::detached::detached;
use crate::http::error::ApiError;
use crate::http::kinds;
use crate::http::{App, DropKeyError};

/// `GET /admin/v1/signing-keys`
pub(super) async fn list(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let door = door(&app)?;
    let act = door.look(&http, &context, "signing_keys.list").await?;
    door.desk.tell_look(&act, None, None).await?;
    let keys = SigningKeysJson::from(door.signing_keys.list());
    context.ok(("成功", "Done"), &keys)
}

/// `DELETE /admin/v1/signing-keys/{kid}`
pub(super) async fn drop_key(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    kid: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let door = door(&app)?;
    let act = door.change(&http, &context, "signing_keys.drop").await?;
    let (desk, keys, kid) = (
        door.desk.clone(),
        door.signing_keys.clone(),
        kid.into_inner(),
    );
    let work = async move {
        match keys.drop_key(&kid).await {
            Err(DropKeyError::NotThere) => {
                desk.tell_refusal(&act, None, "not_found").await;
                Err(ApiError::new(&kinds::NOT_FOUND))
            }
            Err(DropKeyError::Unavailable(source)) => {
                Err(ApiError::ours(&kinds::UNAVAILABLE, source))
            }
            Ok(made) => {
                // The key is gone whether or not the audit log can be told.
                let row = desk.row(AuditAction::KeyDropped, &act).with_subject(kid);
                let mut rows = vec![row];
                if let Some(made) = made {
                    rows.push(desk.row(AuditAction::KeyCreated, &act).with_subject(made));
                }
                desk.tell_done(&rows).await;
                Ok(())
            }
        }
    };
    detached(work).await?;
    let keys = SigningKeysJson::from(door.signing_keys.list());
    context.ok(("密钥已停用", "The key is out of use"), &keys)
}
