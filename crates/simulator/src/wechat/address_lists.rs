//! `GET /cgi-bin/get_api_domain_ip` and `/cgi-bin/getcallbackip`: the addresses
//! for firewalls. Everything here is this machine.
//!
//! Source: `WeChat` server API, getApiDomainIp and getCallbackIp.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::app_access;
use super::refusal::Refusal;
use crate::call::Call;
use crate::state::World;

pub(super) fn respond(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<Value, Refusal> {
    app_access::application(world, call, now)?;
    Ok(json!({"ip_list": ["127.0.0.1", "::1"]}))
}
