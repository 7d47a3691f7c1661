//! `/control/wechat/phone`: the getPhoneNumber button.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::failure::Failure;
use super::super::read;
use super::{MINI_PROGRAM, choose_app, find_person};
use crate::phone::Phone;
use crate::state::{Code, CodeKind, Individual, Shared, World};
use crate::wechat::get_phone_number::phone_info;
use crate::wechat::open_data::{Watermark, encrypt};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tap {
    person: String,
    app_id: Option<String>,
    /// Which of the person's numbers; the first when left out.
    phone: Option<String>,
    /// The person says no.
    #[serde(default)]
    deny: bool,
}

/// `POST /control/wechat/phone` `{person, app_id?, phone?, deny?}`. Answers
/// `{code}`, and beside it, after a `wx.login`, the same in the old way:
/// `{encrypted_data, iv}`.
///
/// Each success is billed; 409 with `errno` 1400001 when no more are paid for.
/// `deny` answers `{errMsg}`, as the client sees it.
pub(super) async fn press(shared: Data<Shared>, body: Bytes) -> Result<HttpResponse, Failure> {
    let tap: Tap = read(&body)?;
    let (mut world, now) = shared.enter();
    let world = &mut *world;
    let app_id = choose_app(world, tap.app_id.as_deref(), MINI_PROGRAM)?
        .app_id
        .clone();
    let phone = choose_phone(find_person(world, &tap.person)?, &tap)?;
    world.visits.record(&app_id, &tap.person, now);
    if tap.deny {
        return Ok(HttpResponse::Ok().json(json!({"errMsg": "getPhoneNumber:fail user deny"})));
    }
    let console = world.consoles.of_mut(&app_id);
    if console.phone_quota == Some(0) {
        return Err(Failure::conflict("no more phone numbers are paid for").with_errno(1_400_001));
    }
    console.phone_quota = console.phone_quota.map(|left| left - 1);
    console.phone_billed = console.phone_billed.saturating_add(1);

    let mut answer = json!({"code": world.random.hex(32)});
    if let Some((encrypted_data, iv)) = encrypted(world, &app_id, &tap.person, &phone, now) {
        world.phone_data.remember(&app_id, &encrypted_data, now);
        answer["encrypted_data"] = Value::String(encrypted_data);
        answer["iv"] = Value::String(iv);
    }
    let code = Code {
        kind: CodeKind::Phone { phone },
        app_id,
        person: tap.person,
        issued_at: now,
        used: false,
    };
    let value = answer["code"].as_str().unwrap_or_default().to_owned();
    world.codes.add(value, code);
    Ok(HttpResponse::Ok().json(answer))
}

fn choose_phone(person: &Individual, tap: &Tap) -> Result<Phone, Failure> {
    let Some(raw) = &tap.phone else {
        return person
            .phones
            .first()
            .cloned()
            .ok_or_else(|| Failure::conflict(&format!("{:?} has no phone number", tap.person)));
    };
    let named = Phone::parse(raw).ok_or_else(|| Failure::bad_request("phone is no number"))?;
    if person.phones.contains(&named) {
        Ok(named)
    } else {
        Err(Failure::conflict(&format!(
            "{:?} has no such phone number",
            tap.person
        )))
    }
}

/// The number under the key of the last login, where there is one, and the IV.
fn encrypted(
    world: &mut World,
    app_id: &str,
    person: &str,
    phone: &Phone,
    now: DateTime<Utc>,
) -> Option<(String, String)> {
    let session_key = world.session_keys.current(app_id, person, now)?;
    let watermark = Watermark {
        timestamp: now.timestamp(),
        appid: app_id,
    };
    let plain = phone_info(phone, false, &watermark).to_string();
    let iv = world.random.block();
    let encrypted_data = encrypt(&session_key, iv, plain.as_bytes()).ok()?;
    Some((encrypted_data, STANDARD.encode(iv)))
}
