//! `POST /wxa/getuserriskrank`: what `WeChat` thinks of a user.
//!
//! Source: `WeChat` server API, getUserRiskRank. Nothing is known of somebody
//! who was not in the mini-program within two hours: 61010.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::{app_access, json_body};
use crate::call::Call;
use crate::state::{Window, World};

/// For how long after a visit a user is known.
const KNOWN_FOR: TimeDelta = TimeDelta::hours(2);
/// Calls with `is_test` a day; the real figure is not published.
const TESTS_PER_DAY: u32 = 100;

pub(super) fn respond(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<Value, Refusal> {
    let app_id = app_access::application(world, call, now)?;
    app_access::verified_mini_program(world, &app_id)?;
    let body = json_body::read(call)?;
    let claimed_app = json_body::text(&body, "appid").ok_or(Refusal::new(41002))?;
    let openid = json_body::text(&body, "openid").ok_or(Refusal::new(41009))?;
    if !matches!(body.get("scene").and_then(Value::as_i64), Some(0..=2)) {
        return Err(Refusal::new(40129));
    }
    let address = json_body::text(&body, "client_ip").ok_or(Refusal::new(40097))?;
    address.parse::<IpAddr>().map_err(|_| Refusal::new(40097))?;
    let is_test = match body.get("is_test") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(is_test)) => *is_test,
        Some(_) => return Err(Refusal::new(40097)),
    };
    for optional in ["mobile_no", "email_address", "extended_info"] {
        if body.get(optional).is_some_and(|value| !value.is_string()) {
            return Err(Refusal::new(40097));
        }
    }
    if claimed_app != app_id {
        return Err(Refusal::new(43104));
    }
    let Some(visit) = world.find_visit(&app_id, openid) else {
        let errcode = if is_of_any_app(world, openid) {
            43104
        } else {
            40003
        };
        return Err(Refusal::new(errcode));
    };
    if is_test
        && !world.spend_quota(
            "getUserRiskRank test",
            &app_id,
            Window::Day,
            TESTS_PER_DAY,
            now,
        )
    {
        return Err(Refusal::new(9_410_009));
    }
    let was_here = visit.at.is_some_and(|at| now - at < KNOWN_FOR);
    let rank = world
        .people
        .find(&visit.person)
        .and_then(|person| person.risk_rank)
        .filter(|_| was_here);
    let rank = rank.ok_or(Refusal::new(61010))?;
    // "unoin" is how it is spelt; the numbers are beyond a signed 32-bit integer.
    let query = u64::from(world.random.number()) | 0x8000_0000;
    Ok(json!({
        "errcode": 0,
        "errmsg": "getuserriskrank succ",
        "risk_rank": rank,
        "unoin_id": query,
    }))
}

fn is_of_any_app(world: &World, openid: &str) -> bool {
    world
        .config
        .apps
        .iter()
        .any(|app| world.find_visit(&app.app_id, openid).is_some())
}
