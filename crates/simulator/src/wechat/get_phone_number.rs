//! `POST /wxa/business/getuserphonenumber`: a button's code for a phone number.
//!
//! Source: `WeChat` server API, getPhoneNumber. A code that was used answers
//! 40029 here, not 40163; a refused access token spends nothing.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::{app_access, json_body};
use crate::call::Call;
use crate::state::{CodeKind, World, openid};

pub(super) fn respond(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<Value, Refusal> {
    let app_id = app_access::application(world, call, now)?;
    app_access::verified_mini_program(world, &app_id)?;
    let body = json_body::read(call)?;
    let value = json_body::text(&body, "code").ok_or(Refusal::new(41008))?;

    let code = world
        .codes
        .find(value, now)
        .filter(|code| code.kind == CodeKind::Phone && !code.used);
    let code = code.cloned().ok_or(Refusal::hinted(40029))?;
    if code.app_id != app_id {
        return Err(Refusal::hinted(40013));
    }
    let claimed = json_body::text(&body, "openid");
    if claimed.is_some_and(|claimed| claimed != openid(&app_id, &code.person)) {
        return Err(Refusal::hinted(world.config.openid_mismatch_errcode));
    }
    let phone = world
        .people
        .find(&code.person)
        .and_then(|person| person.phone.clone());
    let phone = phone.ok_or(Refusal::hinted(40029))?;
    world.codes.mark_used(value);

    let country_code = if world.config.country_code_as_number {
        json!(phone.country_code.parse::<u32>().unwrap_or_default())
    } else {
        json!(phone.country_code)
    };
    let bound = if phone.is_mainland() {
        phone.national.clone()
    } else {
        phone.e164()
    };
    Ok(json!({
        "errcode": 0,
        "errmsg": "ok",
        "phone_info": {
            "phoneNumber": bound,
            "purePhoneNumber": phone.national,
            "countryCode": country_code,
            "watermark": {"timestamp": code.issued_at.timestamp(), "appid": app_id},
        },
    }))
}
