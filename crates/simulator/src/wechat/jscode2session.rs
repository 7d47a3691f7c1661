//! `GET /sns/jscode2session`: a `wx.login` code for an openid.
//!
//! Source: `WeChat` server API, code2Session.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::credentials;
use super::refusal::Refusal;
use crate::call::Call;
use crate::state::{CodeKind, Window, World, openid, unionid};

/// Logins of one user in one minute, over all applications.
const PER_USER_MINUTE: u32 = 100;

/// The order of checks: parameters, application, secret, code, used, blocked,
/// limit. Only a success spends the code.
pub(super) fn respond(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<Value, Refusal> {
    let claimed = credentials::present(call.parameter("appid"), call.parameter("secret"))?;
    let js_code = call.parameter("js_code").ok_or(Refusal::new(41008))?;
    if call.parameter("grant_type") != Some("authorization_code") {
        return Err(Refusal::new(40002));
    }
    let app = credentials::prove(world, claimed)?.clone();

    let code = world
        .codes
        .find(js_code, now)
        .filter(|code| code.app_id == app.app_id && world.has_account(&code.person))
        .cloned();
    let code = code.ok_or(Refusal::new(40029))?;
    let CodeKind::Login { session_key } = code.kind else {
        return Err(Refusal::new(40029));
    };
    if code.used {
        return Err(Refusal::new(40163));
    }
    if !world.may_log_in(&code.person) {
        return Err(Refusal::new(40226));
    }
    if !world.spend_quota(
        "code2Session",
        &code.person,
        Window::Minute,
        PER_USER_MINUTE,
        now,
    ) {
        return Err(Refusal::new(45011));
    }
    world.codes.mark_used(js_code);

    let mut session = json!({
        "session_key": STANDARD.encode(session_key),
        "openid": openid(&app.app_id, &code.person),
    });
    if let Some(platform) = &app.platform {
        session["unionid"] = json!(unionid(platform, &code.person));
    }
    Ok(session)
}
