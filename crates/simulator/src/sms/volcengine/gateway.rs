//! The gateway in front of the product: who asks, when, and signed by whom.
//!
//! Source: Volcengine, "common error codes" and "signature method".

use chrono::{DateTime, TimeDelta, Utc};

use super::refusal::Refusal;
use crate::call::Call;
use crate::sms::basic_time;
use crate::sms::volc_hmac::Signature;
use crate::state::World;

const ACTION: &str = "SendSms";
const VERSION: &str = "2020-01-01";
/// Actions of the product that the gateway lets through; only the first is simulated.
const ACTIONS: &[&str] = &[
    ACTION,
    "SendBatchSms",
    "SendSmsVerifyCode",
    "CheckSmsVerifyCode",
    "Conversion",
];
const REGION: &str = "cn-north-1";
/// How far a request's time may be from ours, unless `X-Expires` says else.
const TOLERANCE_SECONDS: i64 = 900;
/// The most that `X-Expires` may ask for: a week.
const LONGEST_VALIDITY: i64 = 7 * 86_400;

/// Whether the request is rightly signed.
///
/// The order of checks: method, action and version, credential, key, time,
/// signature, token.
pub(super) fn admit(world: &World, call: &Call, now: DateTime<Utc>) -> Result<(), Refusal> {
    if call.method != "POST" {
        return Err(Refusal::new("InvalidActionOrVersion"));
    }
    let required = |name: &str| {
        call.parameter(name)
            .ok_or_else(|| Refusal::new("MissingParameter"))
    };
    let (action, version) = (required("Action")?, required("Version")?);
    if !ACTIONS.contains(&action) || version != VERSION {
        return Err(Refusal::new("InvalidActionOrVersion"));
    }
    if call.header("authorization").is_none() || call.header("x-date").is_none() {
        return Err(Refusal::new("MissingRequestInfo"));
    }
    let signature = Signature::read(call).ok_or_else(|| Refusal::new("SignatureDoesNotMatch"))?;
    let account = &world.config.volcengine;
    if signature.key_id != account.access_key_id {
        return Err(Refusal::new("InvalidAccessKey"));
    }
    if !is_timely(call, now) {
        return Err(Refusal::new("InvalidTimestamp"));
    }
    if signature.region != REGION || !signature.is_made_with(&account.secret_access_key, call) {
        return Err(Refusal::new("SignatureDoesNotMatch"));
    }
    if call.header("x-security-token") != account.security_token.as_deref() {
        return Err(Refusal::new("InvalidAccessKey"));
    }
    if action != ACTION {
        return Err(Refusal::new("InvalidActionOrVersion"));
    }
    Ok(())
}

fn is_timely(call: &Call, now: DateTime<Utc>) -> bool {
    let validity = call
        .parameter("X-Expires")
        .map_or(Some(TOLERANCE_SECONDS), |text| text.parse().ok())
        .filter(|seconds| (1..=LONGEST_VALIDITY).contains(seconds));
    let signed_at = call.header("x-date").and_then(basic_time::parse);
    let (Some(validity), Some(signed_at)) = (validity, signed_at) else {
        return false;
    };
    let age = now - signed_at;
    age >= -TimeDelta::seconds(TOLERANCE_SECONDS) && age <= TimeDelta::seconds(validity)
}
