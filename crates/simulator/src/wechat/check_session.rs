//! `GET /wxa/checksession`: whether a server's `session_key` is the living one.
//!
//! Source: `WeChat` server API, checkSessionKey.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::session_signature;
use crate::call::Call;
use crate::state::World;

pub(super) fn respond(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<Value, Refusal> {
    session_signature::prove(world, call, now)?;
    Ok(json!({"errcode": 0, "errmsg": "ok"}))
}
