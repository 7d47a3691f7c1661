//! `POST /wxa/business/checkencryptedmsg`: whether `WeChat` made the encrypted
//! phone number that a client handed in.
//!
//! Source: `WeChat` server API, checkEncryptedData. Data of the last three days
//! only; `vaild` is how it is spelt.

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
    let hash = json_body::text(&body, "encrypted_msg_hash").ok_or(Refusal::new(40097))?;
    let made_at = world
        .phone_data
        .made_at(&app_id, &hash.to_ascii_lowercase(), now);
    Ok(json!({
        "errcode": 0,
        "errmsg": "ok",
        "vaild": made_at.is_some(),
        "create_time": made_at.map_or(0, |made_at| made_at.timestamp()),
    }))
}
