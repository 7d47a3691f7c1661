//! `POST /cgi-bin/openapi/quota/get`: how often a call may still be made today.
//!
//! Source: `WeChat` server API, getApiQuota.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::{app_access, json_body, limits};
use crate::call::Call;
use crate::state::{Window, World};

pub(super) fn respond(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<Value, Refusal> {
    let app_id = app_access::application(world, call, now)?;
    let body = json_body::read(call)?;
    let path = json_body::text(&body, "cgi_path").ok_or(Refusal::new(76021))?;
    let limits = limits::of(path).ok_or(Refusal::new(76021))?;
    let used = |window| world.quotas.used(limits.path, &app_id, window, now);
    let today = used(Window::Day);
    let mut answer = json!({
        "errcode": 0,
        "errmsg": "ok",
        "quota": {
            "daily_limit": limits.per_day,
            "used": today,
            "remain": limits.per_day.saturating_sub(today),
        },
    });
    if let Some(per_minute) = limits.per_minute {
        answer["rate_limit"] = json!({"call_count": per_minute, "refresh_second": 60});
    }
    Ok(answer)
}
