//! `GET /sns/auth`: whether a user's access token is alive.
//!
//! Source: `WeChat` Open Platform, "checking an access token".

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::oauth_user;
use super::refusal::Refusal;
use crate::call::Call;
use crate::state::World;

pub(super) fn respond(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<Value, Refusal> {
    oauth_user::granted(world, call, now)?;
    Ok(json!({"errcode": 0, "errmsg": "ok"}))
}
