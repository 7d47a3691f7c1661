//! Who asks, when, and signed by whom: SDK-HMAC-SHA256 or X-WSSE.
//!
//! Source: Huawei Cloud Message & SMS, "authentication" and error codes.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::refusal::Refusal;
use crate::call::Call;
use crate::sms::wsse::UsernameToken;
use crate::sms::{basic_time, sdk_hmac};
use crate::state::World;

/// How far a signed request's time may be from ours.
const TOLERANCE: TimeDelta = TimeDelta::minutes(15);
/// How far the time of X-WSSE may be from ours.
const WSSE_TOLERANCE: TimeDelta = TimeDelta::hours(24);

/// Whether the request is rightly signed, for its path or for `bare_path`, which
/// is the path below this vendor's prefix.
///
/// The order of checks: form of the header, key, time, signature. Nothing is
/// known of a check for replays.
pub(super) fn admit(
    world: &World,
    call: &Call,
    bare_path: &str,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    if call.header("authorization").is_none() {
        return Err(Refusal::new("E000001"));
    }
    if sdk_hmac::is_meant(call) {
        admit_signed(world, call, bare_path, now)
    } else {
        admit_wsse(world, call, now)
    }
}

fn admit_signed(
    world: &World,
    call: &Call,
    bare_path: &str,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let account = &world.config.huawei;
    let authorization = sdk_hmac::read(call).ok_or_else(|| Refusal::new("E000045"))?;
    if authorization.credential != account.app_key {
        return Err(Refusal::new("E000102"));
    }
    let signed_at = call.header("x-sdk-date").and_then(basic_time::parse);
    if signed_at.is_none_or(|at| (now - at).abs() > TOLERANCE) {
        return Err(Refusal::new("E000110"));
    }
    let paths = [call.path.as_str(), bare_path];
    if sdk_hmac::is_made_with(&account.app_secret, &authorization, call, &paths) {
        Ok(())
    } else {
        Err(Refusal::new("E000045"))
    }
}

fn admit_wsse(world: &World, call: &Call, now: DateTime<Utc>) -> Result<(), Refusal> {
    let account = &world.config.huawei;
    let token = UsernameToken::read(call).map_err(Refusal::new)?;
    if token.username != account.app_key {
        return Err(Refusal::new("E000101"));
    }
    let created = NaiveDateTime::parse_from_str(token.created, "%Y-%m-%dT%H:%M:%SZ");
    if created.map_or(true, |at| (now - at.and_utc()).abs() > WSSE_TOLERANCE) {
        return Err(Refusal::new("E000110"));
    }
    if token.is_made_with(&account.app_secret) {
        Ok(())
    } else {
        Err(Refusal::new("E000111"))
    }
}
