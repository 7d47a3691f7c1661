//! The gateway in front of the product: who asks, when, and signed by whom.
//!
//! Source: Tencent Cloud API 3.0, common parameters and common error codes.

use chrono::{DateTime, TimeDelta, Utc};

use super::refusal::Refusal;
use crate::call::Call;
use crate::sms::tc3::Signature;
use crate::state::World;

const ACTION: &str = "SendSms";
const VERSION: &str = "2021-01-11";
const REGIONS: &[&str] = &["ap-guangzhou", "ap-beijing", "ap-nanjing", "ap-singapore"];
/// How far a request's time may be from ours.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Whether the request is rightly signed.
///
/// The order of checks: method and form, action, version, region, key, time,
/// signature, token. There is no nonce: the same request is good for as long as
/// its time is.
pub(super) fn admit(world: &World, call: &Call, now: DateTime<Utc>) -> Result<(), Refusal> {
    let is_json = call
        .header("content-type")
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/json"));
    if call.method != "POST" || !is_json {
        return Err(Refusal::new("UnsupportedProtocol"));
    }
    if required(call, "x-tc-action", "Action")? != ACTION {
        return Err(Refusal::new("InvalidAction"));
    }
    if required(call, "x-tc-version", "Version")? != VERSION {
        return Err(Refusal::new("NoSuchVersion"));
    }
    let timestamp = required(call, "x-tc-timestamp", "Timestamp")?;
    if !REGIONS.contains(&required(call, "x-tc-region", "Region")?) {
        return Err(Refusal::new("UnsupportedRegion"));
    }
    let signature = Signature::read(call, "sms")
        .ok_or_else(|| Refusal::new("AuthFailure.InvalidAuthorization"))?;
    let account = &world.config.tencent;
    if signature.key_id != account.secret_id {
        return Err(Refusal::new("AuthFailure.SecretIdNotFound"));
    }
    let signed_at = timestamp
        .parse()
        .ok()
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .ok_or_else(|| Refusal::new("AuthFailure.SignatureExpire"))?;
    if (now - signed_at).abs() > TOLERANCE {
        return Err(Refusal::new("AuthFailure.SignatureExpire"));
    }
    if !signature.is_made_with(&account.secret_key, call, signed_at) {
        return Err(Refusal::new("AuthFailure.SignatureFailure"));
    }
    if call.header("x-tc-token") != account.token.as_deref() {
        return Err(Refusal::new("AuthFailure.TokenFailure"));
    }
    Ok(())
}

fn required<'c>(call: &'c Call, header: &str, name: &str) -> Result<&'c str, Refusal> {
    call.header(header)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| Refusal::missing(name))
}
