//! `GET /wxa/resetusersessionkey`: another `session_key` with the old one's end.
//!
//! Source: `WeChat` server API, `ResetUserSessionKey`. It forbids to reset one
//! user's key again and again without a figure: once a minute here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::session_signature;
use crate::call::Call;
use crate::state::{Window, World};

const PER_USER_MINUTE: u32 = 1;

pub(super) fn respond(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<Value, Refusal> {
    let session = session_signature::prove(world, call, now)?;
    let (name, who) = ("ResetUserSessionKey", &session.openid);
    if !world.spend_quota(name, who, Window::Minute, PER_USER_MINUTE, now) {
        return Err(Refusal::new(45011));
    }
    let key = world
        .session_keys
        .reset(&session.app_id, &session.person, now, &mut world.random);
    let key = key.ok_or(Refusal::new(87007))?;
    Ok(json!({
        "errcode": 0,
        "errmsg": "ok",
        "openid": session.openid,
        "session_key": STANDARD.encode(key),
    }))
}
