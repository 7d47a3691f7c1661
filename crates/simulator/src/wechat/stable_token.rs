//! `POST /cgi-bin/stable_token`: the access token that stays.
//!
//! Source: `WeChat` server API, getStableAccessToken. Which errcodes answer a
//! broken rule of `force_refresh` is not known: 45009 for the day, 45011 for the
//! interval here.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::{credentials, json_body, limits};
use crate::call::Call;
use crate::state::{Window, World};

const FORCED_PER_DAY: u32 = 20;

pub(super) fn respond(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<Value, Refusal> {
    let body = json_body::read(call)?;
    let claimed = credentials::present(
        json_body::text(&body, "appid"),
        json_body::text(&body, "secret"),
    )?;
    if json_body::text(&body, "grant_type") != Some("client_credential") {
        return Err(Refusal::new(40002));
    }
    let force = match body.get("force_refresh") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(force)) => *force,
        Some(_) => return Err(Refusal::new(40097)),
    };
    let app_id = credentials::prove(world, claimed)?.app_id.clone();
    credentials::may_have_tokens(world, &app_id, call)?;
    limits::count(world, &call.path, &app_id, now)?;
    let (token, expires_in) = if force {
        if world.config.wechat_quotas && !world.app_tokens.may_force(&app_id, now) {
            return Err(Refusal::new(45011));
        }
        if !world.spend_quota("force_refresh", &app_id, Window::Day, FORCED_PER_DAY, now) {
            return Err(Refusal::new(45009));
        }
        world
            .app_tokens
            .force_stable(&app_id, now, &mut world.random)
    } else {
        world.app_tokens.stable(&app_id, now, &mut world.random)
    };
    Ok(json!({"access_token": token, "expires_in": expires_in}))
}
