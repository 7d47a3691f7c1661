//! The offline Tencent Cloud Captcha (captcha 2019-07-22).
//!
//! Source: Tencent Cloud, `DescribeCaptchaResult` and `DescribeCaptchaMiniResult`,
//! and the common error codes of API 3.0.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::CaptchaService;
use crate::call::{Answer, Call};
use crate::sms::{tc3, uuid};
use crate::state::{World, Worth};

pub(super) const SERVICE: CaptchaService = CaptchaService {
    target: "captcha/tencent",
    speaks,
    answer,
    refuse,
};

const WEB: &str = "DescribeCaptchaResult";
const MINI_PROGRAM: &str = "DescribeCaptchaMiniResult";
const VERSION: &str = "2019-07-22";
/// How far a request's time may be from ours.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);
/// How long a ticket lives.
const LIFE: TimeDelta = TimeDelta::minutes(5);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Question {
    captcha_type: u64,
    ticket: String,
    user_ip: String,
    randstr: Option<String>,
    captcha_app_id: u64,
    app_secret_key: String,
}

fn speaks(call: &Call) -> bool {
    let action = call.header("x-tc-action").unwrap_or_default();
    call.path == "/" && action.starts_with("DescribeCaptcha")
}

fn answer(world: &mut World, call: &Call, now: DateTime<Utc>) -> Answer {
    match admit(world, call, now).and_then(|mini| examine(world, call, mini, now)) {
        Ok((code, message)) => {
            let said = json!({"CaptchaCode": code, "CaptchaMsg": message, "EvilLevel": 0, "GetCaptchaTime": 0});
            respond(world, said, &code.to_string())
        }
        Err(code) => refuse(world, Some(code), None),
    }
}

/// Whether the request is rightly signed; and whether it asks about the plugin.
fn admit(world: &World, call: &Call, now: DateTime<Utc>) -> Result<bool, &'static str> {
    let is_json = call
        .header("content-type")
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/json"));
    if call.method != "POST" || !is_json {
        return Err("UnsupportedProtocol");
    }
    let mini = match call.header("x-tc-action") {
        Some(WEB) => false,
        Some(MINI_PROGRAM) => true,
        _ => return Err("InvalidAction"),
    };
    if call.header("x-tc-version") != Some(VERSION) {
        return Err("NoSuchVersion");
    }
    let signature =
        tc3::Signature::read(call, "captcha").ok_or("AuthFailure.InvalidAuthorization")?;
    let account = &world.config.tencent;
    if signature.key_id != account.secret_id {
        return Err("AuthFailure.SecretIdNotFound");
    }
    let timestamp = call
        .header("x-tc-timestamp")
        .and_then(|text| text.parse().ok());
    let signed_at = timestamp
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .filter(|at| (now - *at).abs() <= TOLERANCE)
        .ok_or("AuthFailure.SignatureExpire")?;
    if !signature.is_made_with(&account.secret_key, call, signed_at) {
        return Err("AuthFailure.SignatureFailure");
    }
    Ok(mini)
}

fn examine(
    world: &mut World,
    call: &Call,
    mini: bool,
    now: DateTime<Utc>,
) -> Result<(u32, &'static str), &'static str> {
    let question: Question = serde_json::from_slice(&call.body).map_err(|_| "InvalidParameter")?;
    let address: Option<IpAddr> = question.user_ip.parse().ok();
    if question.captcha_type != 9 || address.is_none() || mini == question.randstr.is_some() {
        return Err("InvalidParameterValue");
    }
    let accounts = &world.config.captcha;
    let (id, key) = if mini {
        &accounts.tencent_mini_program
    } else {
        &accounts.tencent_app
    };
    if question.captcha_app_id != *id {
        return Ok((16, "appid-ticket mismatch"));
    }
    if question.app_secret_key != *key {
        return Ok((100, "appid-secretkey-ticket mismatch"));
    }
    let known = world.captchas.find("tencent", &question.ticket);
    let other = |known: &crate::state::Captcha| Some(&known.randstr) != question.randstr.as_ref();
    if !mini && known.is_some_and(other) {
        return Ok((7, "captcha no match"));
    }
    let ticket = &question.ticket;
    Ok(
        match world.captchas.redeem("tencent", ticket, LIFE, address, now) {
            Worth::Good => (1, "OK"),
            Worth::Expired => (8, "ticket expired"),
            Worth::Used => (9, "ticket reused"),
            Worth::OtherAddress => (13, "verify ip no match"),
            Worth::Unknown => (15, "decrypt fail"),
            Worth::Machine => (21, "diff"),
        },
    )
}

fn refuse(world: &mut World, code: Option<&str>, message: Option<&str>) -> Answer {
    let code = code.unwrap_or("InternalError");
    let error = json!({"Error": {"Code": code, "Message": message.unwrap_or(code)}});
    respond(world, error, code)
}

/// Every answer comes with status 200.
fn respond(world: &mut World, mut response: Value, verdict: &str) -> Answer {
    response["RequestId"] = json!(uuid(&mut world.random));
    let body = json!({"Response": response});
    Answer::json(200, "application/json", &body, verdict)
}
