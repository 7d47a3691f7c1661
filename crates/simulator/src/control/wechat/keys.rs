//! Keys and tokens that die behind their holder's back.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use serde::Deserialize;
use serde_json::json;

use super::super::failure::Failure;
use super::super::read;
use super::{Action, MINI_PROGRAM, choose_app, find_person};
use crate::state::Shared;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Revocation {
    app_id: Option<String>,
    errcode: Option<i64>,
    #[serde(default)]
    sticky: bool,
}

/// `POST /control/wechat/expire-session-key` `{person, app_id?}`: the key of the
/// last login dies. Answers `{expired}`: false when there was none.
pub(super) async fn expire_session_key(
    shared: Data<Shared>,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let action: Action = read(&body)?;
    let (mut world, _) = shared.enter();
    let app_id = choose_app(&world, action.app_id.as_deref(), MINI_PROGRAM)?
        .app_id
        .clone();
    find_person(&world, &action.person)?;
    let expired = world.session_keys.expire(&app_id, &action.person);
    Ok(HttpResponse::Ok().json(json!({"expired": expired})))
}

/// `POST /control/wechat/revoke-token` `{app_id?, errcode?, sticky?}`: kills the
/// stable access token behind its holder's back. Whoever uses it is answered
/// `errcode` (40001 if left out); `sticky`: `stable_token` goes on giving it until
/// a forced refresh. Answers `{revoked}`: false when there was none.
pub(super) async fn revoke_token(
    shared: Data<Shared>,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let revocation: Revocation = read(&body)?;
    let errcode = revocation.errcode.unwrap_or(40001);
    if !matches!(errcode, 40001 | 40014 | 42001) {
        return Err(Failure::bad_request("errcode is 40001, 40014 or 42001"));
    }
    let (mut world, now) = shared.enter();
    let app_id = choose_app(&world, revocation.app_id.as_deref(), MINI_PROGRAM)?
        .app_id
        .clone();
    let revoked = world
        .app_tokens
        .revoke_stable(&app_id, errcode, revocation.sticky, now);
    Ok(HttpResponse::Ok().json(json!({"revoked": revoked})))
}
