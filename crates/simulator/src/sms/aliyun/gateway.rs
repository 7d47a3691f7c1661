//! The gateway in front of the product: who asks, when, and signed by whom.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::refusal::Refusal;
use crate::call::{Call, Pairs};
use crate::sms::signed::Authorization;
use crate::sms::{acs3, rpc};
use crate::state::World;

const VERSION: &str = "2017-05-25";
/// How far a request's time may be from ours, and how long a nonce is remembered.
const TOLERANCE: TimeDelta = TimeDelta::minutes(15);

/// What both signature versions say, each in its own place.
struct Claims<'c> {
    key_id: &'c str,
    action: &'c str,
    version: &'c str,
    timestamp: &'c str,
    nonce: &'c str,
}

/// What a request may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    SendSms,
    QuerySendDetails,
}

/// What a rightly signed request asks for, and its business parameters.
///
/// The order of checks: method, form, action and version, key, time, nonce,
/// signature. Only a rightly signed request spends its nonce.
pub(super) fn admit(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<(Action, Pairs), Refusal> {
    if !matches!(call.method.as_str(), "GET" | "POST") {
        return Err(Refusal::new("UnsupportedHTTPMethod"));
    }
    let mut parameters = call.query.clone();
    parameters.extend(call.form());
    let authorization = acs3::is_meant(call)
        .then(|| acs3::read(call).ok_or_else(|| Refusal::new("IncompleteSignature")))
        .transpose()?;
    let claims = match &authorization {
        Some(authorization) => Claims::of_headers(call, authorization)?,
        None => Claims::of_parameters(&parameters)?,
    };
    if claims.version != VERSION {
        return Err(Refusal::new("InvalidVersion"));
    }
    let action = match claims.action {
        "SendSms" => Action::SendSms,
        "QuerySendDetails" => Action::QuerySendDetails,
        _ => return Err(Refusal::new("InvalidAction.NotFound")),
    };
    if claims.key_id != world.config.aliyun.access_key_id {
        return Err(Refusal::new("InvalidAccessKeyId.NotFound"));
    }
    let signed_at =
        parse_time(claims.timestamp).ok_or_else(|| Refusal::new("InvalidTimeStamp.Format"))?;
    if (now - signed_at).abs() > TOLERANCE {
        return Err(Refusal::new("InvalidTimeStamp.Expired"));
    }
    if world.nonces.is_used(claims.key_id, claims.nonce, now) {
        return Err(Refusal::new("SignatureNonceUsed"));
    }
    let secret = &world.config.aliyun.access_key_secret;
    let is_signed = match &authorization {
        Some(authorization) => {
            if !acs3::is_complete(authorization, call) {
                return Err(Refusal::new("IncompleteSignature"));
            }
            acs3::is_made_with(secret, authorization, call)
        }
        None => rpc::is_made_with(secret, &call.method, &parameters),
    };
    if !is_signed {
        return Err(Refusal::new("SignatureDoesNotMatch"));
    }
    // As long as this very request would be young enough to come again.
    world
        .nonces
        .remember(claims.key_id, claims.nonce, now.max(signed_at) + TOLERANCE);
    Ok((action, parameters))
}

impl<'c> Claims<'c> {
    fn of_headers(call: &'c Call, authorization: &'c Authorization) -> Result<Self, Refusal> {
        let header = |name: &str, missing: &str| {
            call.header(name)
                .filter(|value| !value.is_empty())
                .ok_or_else(|| Refusal::new(missing))
        };
        Ok(Self {
            key_id: &authorization.credential,
            action: header("x-acs-action", "MissingAction")?,
            version: header("x-acs-version", "MissingVersion")?,
            timestamp: header("x-acs-date", "MissingTimestamp")?,
            nonce: header("x-acs-signature-nonce", "MissingSignatureNonce")?,
        })
    }

    fn of_parameters(parameters: &'c Pairs) -> Result<Self, Refusal> {
        let parameter = |name: &str| {
            let found = parameters
                .iter()
                .find(|(key, value)| key == name && !value.is_empty());
            found
                .map(|(_, value)| value.as_str())
                .ok_or_else(|| Refusal::new(&format!("Missing{name}")))
        };
        let claims = Self {
            key_id: parameter("AccessKeyId")?,
            action: parameter("Action")?,
            version: parameter("Version")?,
            timestamp: parameter("Timestamp")?,
            nonce: parameter("SignatureNonce")?,
        };
        parameter("Signature")?;
        if parameter("SignatureMethod")? != "HMAC-SHA1" || parameter("SignatureVersion")? != "1.0" {
            return Err(Refusal::new("IncompleteSignature"));
        }
        Ok(claims)
    }
}

/// `2026-01-01T00:00:00Z`, exactly.
fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%SZ")
        .ok()?
        .and_utc();
    (time.format("%Y-%m-%dT%H:%M:%SZ").to_string() == text).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_of_one_form() {
        assert_eq!(
            parse_time("2026-01-01T00:00:00Z").unwrap().timestamp(),
            1_767_225_600
        );
        for wrong in [
            "2026-01-01T00:00:00",
            "2026-01-01 00:00:00Z",
            "2026-1-1T00:00:00Z",
            "1767225600",
            "2026-01-01T00:00:00+08:00",
        ] {
            assert!(parse_time(wrong).is_none(), "{wrong}");
        }
    }
}
