//! `/control/settings`: where the real ones differ, or nobody knows.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use serde::Deserialize;
use serde_json::{Value, json};

use super::failure::Failure;
use super::{given, read};
use crate::config::SessionKeyRotation;
use crate::state::{Shared, World};

/// Members that are left out stay.
#[expect(
    clippy::option_option,
    reason = "left out, null and a value are three things"
)]
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    session_key_rotation: Option<String>,
    country_code_as_number: Option<bool>,
    openid_mismatch_errcode: Option<i64>,
    wechat_quotas: Option<bool>,
    sms_limits: Option<bool>,
    /// `null`: a token is needed again.
    #[serde(default, deserialize_with = "given")]
    cloud_app_id: Option<Option<String>>,
}

/// `GET /control/settings`: what `PATCH` answers.
pub(super) async fn show(shared: Data<Shared>) -> HttpResponse {
    let (world, _) = shared.enter();
    HttpResponse::Ok().json(describe(&world))
}

/// `PATCH /control/settings` `{session_key_rotation?, country_code_as_number?,
/// openid_mismatch_errcode?, wechat_quotas?, sms_limits?, cloud_app_id?}`: until the
/// next reset. Answers all of them.
pub(super) async fn change(shared: Data<Shared>, body: Bytes) -> Result<HttpResponse, Failure> {
    let change: Change = read(&body)?;
    let rotation = change
        .session_key_rotation
        .as_deref()
        .map(parse_rotation)
        .transpose()?;
    if change.openid_mismatch_errcode == Some(0) {
        return Err(Failure::bad_request("openid_mismatch_errcode is not 0"));
    }
    let (mut world, _) = shared.enter();
    if let Some(app_id) = change.cloud_app_id {
        let named = app_id.as_deref();
        if named.is_some_and(|app_id| world.find_app(app_id).is_none()) {
            return Err(Failure::not_found("there is no such application"));
        }
        world.cloud_app_id = app_id;
    }
    let config = &mut world.config;
    config.session_key_rotation = rotation.unwrap_or(config.session_key_rotation);
    config.country_code_as_number = change
        .country_code_as_number
        .unwrap_or(config.country_code_as_number);
    config.openid_mismatch_errcode = change
        .openid_mismatch_errcode
        .unwrap_or(config.openid_mismatch_errcode);
    config.wechat_quotas = change.wechat_quotas.unwrap_or(config.wechat_quotas);
    config.sms_limits = change.sms_limits.unwrap_or(config.sms_limits);
    Ok(HttpResponse::Ok().json(describe(&world)))
}

const ROTATIONS: [(&str, SessionKeyRotation); 3] = [
    ("always", SessionKeyRotation::Always),
    ("never", SessionKeyRotation::Never),
    ("sometimes", SessionKeyRotation::Sometimes),
];

fn parse_rotation(raw: &str) -> Result<SessionKeyRotation, Failure> {
    let known = ROTATIONS.iter().find(|(name, _)| *name == raw);
    known
        .map(|(_, rotation)| *rotation)
        .ok_or_else(|| Failure::bad_request("session_key_rotation is always, never or sometimes"))
}

fn describe(world: &World) -> Value {
    let config = &world.config;
    let rotation = ROTATIONS
        .iter()
        .find(|(_, rotation)| *rotation == config.session_key_rotation);
    json!({
        "session_key_rotation": rotation.map(|(name, _)| name),
        "country_code_as_number": config.country_code_as_number,
        "openid_mismatch_errcode": config.openid_mismatch_errcode,
        "wechat_quotas": config.wechat_quotas,
        "sms_limits": config.sms_limits,
        "cloud_app_id": world.cloud_app_id,
    })
}
