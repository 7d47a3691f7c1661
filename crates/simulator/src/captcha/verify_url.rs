//! What an operator's own address may look like: it takes only what is signed as
//! Standard Webhooks.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::json;

use super::{CaptchaService, ticket};
use crate::call::{Answer, Call};
use crate::state::{World, Worth};

pub(super) const SERVICE: CaptchaService = CaptchaService {
    target: "captcha/verify_url",
    speaks: |_| false,
    answer,
    refuse,
};

/// How far a request's time may be from ours.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);
/// How long a ticket lives.
const LIFE: TimeDelta = TimeDelta::minutes(5);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    token: String,
    remote_ip: String,
    purpose: String,
}

fn answer(world: &mut World, call: &Call, now: DateTime<Utc>) -> Answer {
    if call.method != "POST" || !is_signed(&world.config.captcha.verify_secret, call, now) {
        let body = json!({"error": "the signature is missing or wrong"});
        return Answer::json(401, "application/json", &body, "unsigned");
    }
    let Ok(question) = serde_json::from_slice::<Question>(&call.body) else {
        let body = json!({"error": "the body is none of ours"});
        return Answer::json(400, "application/json", &body, "malformed");
    };
    let known = matches!(
        question.purpose.as_str(),
        "login" | "bind_phone" | "step_up"
    );
    let address = question.remote_ip.parse().ok();
    let worth = (world.captchas).redeem("verify_url", ticket(&question.token), LIFE, address, now);
    let success = known && address.is_some() && worth == Worth::Good;
    let verdict = if success { "ok" } else { "refused" };
    Answer::json(
        200,
        "application/json",
        &json!({"success": success}),
        verdict,
    )
}

fn is_signed(secret: &str, call: &Call, now: DateTime<Utc>) -> bool {
    let header = |name: &str| call.header(name).unwrap_or_default();
    let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
    let at = timestamp.parse().ok();
    let at = at.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let key = secret.strip_prefix("whsec_").unwrap_or(secret);
    let (Some(at), Ok(key)) = (at, BASE64_STANDARD.decode(key)) else {
        return false;
    };
    let mut signed = format!("{id}.{timestamp}.").into_bytes();
    signed.extend(&call.body);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), &signed);
    let expected = format!("v1,{}", BASE64_STANDARD.encode(tag));
    let given = header("webhook-signature");
    !id.is_empty() && (now - at).abs() <= TOLERANCE && given.split(' ').any(|one| one == expected)
}

fn refuse(_: &mut World, code: Option<&str>, message: Option<&str>) -> Answer {
    let code = code.unwrap_or("unavailable");
    let body = json!({"error": message.unwrap_or(code)});
    Answer::json(503, "application/json", &body, code)
}
