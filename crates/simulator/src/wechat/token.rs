//! `GET /cgi-bin/token`: the classic access token, new at each call.
//!
//! Source: `WeChat` server API, getAccessToken.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::{credentials, limits};
use crate::call::Call;
use crate::state::World;

pub(super) fn respond(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<Value, Refusal> {
    let claimed = credentials::present(call.parameter("appid"), call.parameter("secret"))?;
    if call.parameter("grant_type") != Some("client_credential") {
        return Err(Refusal::new(40002));
    }
    let app_id = credentials::prove(world, claimed)?.app_id.clone();
    credentials::may_have_tokens(world, &app_id, call)?;
    limits::count(world, &call.path, &app_id, now)?;
    let (token, expires_in) = world
        .app_tokens
        .issue_classic(&app_id, now, &mut world.random);
    Ok(json!({"access_token": token, "expires_in": expires_in}))
}
