//! `POST /cgi-bin/clear_quota` and `/cgi-bin/clear_quota/v2`: the daily counters
//! of an application begin anew, ten times a month.
//!
//! Source: `WeChat` server API, clearQuota and clearQuotaByAppSecret.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::{app_access, credentials, json_body};
use crate::call::Call;
use crate::state::{Window, World};

const PER_MONTH: u32 = 10;

/// With an access token, which must be of the application named.
pub(super) fn with_token(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<Value, Refusal> {
    let app_id = app_access::application(world, call, now)?;
    let body = json_body::read(call)?;
    let claimed = json_body::text(&body, "appid").ok_or(Refusal::new(41002))?;
    if claimed != app_id {
        return Err(Refusal::new(40013));
    }
    clear(world, &app_id, now)
}

/// With the secret, so that it works when no token is to be had.
pub(super) fn with_secret(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<Value, Refusal> {
    let body = json_body::read(call)?;
    let claimed = credentials::present(
        json_body::text(&body, "appid"),
        json_body::text(&body, "appsecret"),
    )?;
    let app_id = credentials::prove(world, claimed)?.app_id.clone();
    clear(world, &app_id, now)
}

fn clear(world: &mut World, app_id: &str, now: DateTime<Utc>) -> Result<Value, Refusal> {
    if !world.spend_quota("clear_quota", app_id, Window::Month, PER_MONTH, now) {
        return Err(Refusal::new(48006));
    }
    world.quotas.clear_days(app_id);
    Ok(json!({"errcode": 0, "errmsg": "ok"}))
}
