//! `GET /sns/oauth2/refresh_token`: a user's access token lives on, or is replaced.
//!
//! Source: `WeChat` Open Platform, snsRefreshToken; it takes no secret.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::refusal::Refusal;
use super::{limits, oauth_grant};
use crate::call::Call;
use crate::state::World;

pub(super) fn respond(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<Value, Refusal> {
    let app_id = call.parameter("appid").ok_or(Refusal::new(41002))?;
    let refresh_token = call.parameter("refresh_token").ok_or(Refusal::new(41003))?;
    if call.parameter("grant_type") != Some("refresh_token") {
        return Err(Refusal::new(40002));
    }
    world.find_app(app_id).ok_or(Refusal::new(40013))?;
    limits::count(world, &call.path, app_id, now)?;
    let (grant, tokens) = world
        .user_tokens
        .refresh(app_id, refresh_token, now, &mut world.random)
        .map_err(Refusal::new)?;
    if !world.may_log_in(&grant.person) {
        return Err(Refusal::new(50002));
    }
    Ok(oauth_grant::describe(world, &grant, &tokens))
}
