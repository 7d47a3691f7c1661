//! `POST /cgi-bin/openapi/rid/get`: what `WeChat` saw of a call that it refused.
//!
//! Source: `WeChat` server API, getRidInfo. The real one shows the values that
//! were sent; here they are starred out.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::{app_access, json_body};
use crate::call::Call;
use crate::state::World;

pub(super) fn respond(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<Value, Refusal> {
    let app_id = app_access::application(world, call, now)?;
    let body = json_body::read(call)?;
    let rid = json_body::text(&body, "rid").ok_or(Refusal::new(76002))?;
    let refused = world
        .request_ids
        .find(&app_id, rid, now)
        .map_err(Refusal::new)?;
    Ok(json!({
        "errcode": 0,
        "errmsg": "ok",
        "request": {
            "invoke_time": refused.at.timestamp(),
            "cost_in_ms": 1,
            "request_url": refused.url,
            "request_body": refused.body,
            "response_body": refused.answer,
            "client_ip": refused.client_ip,
        },
    }))
}
