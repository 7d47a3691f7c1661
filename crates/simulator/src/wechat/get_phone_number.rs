//! `POST /wxa/business/getuserphonenumber`: a button's code for a phone number.
//!
//! Source: `WeChat` server API, getPhoneNumber. A code that was used answers
//! 40029 here, not 40163; a refused access token spends nothing.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::open_data::Watermark;
use super::refusal::Refusal;
use super::{app_access, json_body};
use crate::call::Call;
use crate::phone::Phone;
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

    let code = world.codes.find(value, now).filter(|code| !code.used);
    let code = code.cloned().ok_or(Refusal::hinted(40029))?;
    let CodeKind::Phone { phone } = code.kind else {
        return Err(Refusal::hinted(40029));
    };
    if code.app_id != app_id {
        return Err(Refusal::hinted(40013));
    }
    let claimed = json_body::text(&body, "openid");
    if claimed.is_some_and(|claimed| claimed != openid(&app_id, &code.person)) {
        return Err(Refusal::hinted(world.config.openid_mismatch_errcode));
    }
    world.codes.mark_used(value);

    let watermark = Watermark {
        timestamp: code.issued_at.timestamp(),
        appid: &app_id,
    };
    let as_number = world.config.country_code_as_number;
    let phone_info = phone_info(&phone, as_number, &watermark);
    Ok(json!({"errcode": 0, "errmsg": "ok", "phone_info": phone_info}))
}

/// A number as `WeChat` writes it: outside the mainland with its area code.
pub(crate) fn phone_info(phone: &Phone, as_number: bool, watermark: &Watermark<'_>) -> Value {
    let country_code = if as_number {
        json!(phone.country_code.parse::<u32>().unwrap_or_default())
    } else {
        json!(phone.country_code)
    };
    let bound = if phone.is_mainland() {
        phone.national.clone()
    } else {
        phone.e164()
    };
    json!({
        "phoneNumber": bound,
        "purePhoneNumber": phone.national,
        "countryCode": country_code,
        "watermark": watermark,
    })
}
