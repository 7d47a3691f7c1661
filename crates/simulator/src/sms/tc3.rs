//! Tencent Cloud's request signature, version 3: TC3-HMAC-SHA256.
//!
//! Source: Tencent Cloud API 3.0, "signature v3".

use chrono::{DateTime, Utc};

use super::percent::canonical_query;
use super::signed::{Authorization, derived_key, hmac_sha256};
use crate::call::Call;
use crate::state::sha256_hex;

const ALGORITHM: &str = "TC3-HMAC-SHA256";
const TERMINATION: &str = "tc3_request";
/// Headers without which a signature protects too little.
const MUST_BE_SIGNED: &[&str] = &["content-type", "host"];
/// In place of the body, which is not signed then.
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// What a request says of its signature.
pub(crate) struct Signature {
    authorization: Authorization,
    pub(crate) key_id: String,
    /// The day in UTC on which the key was derived.
    date: String,
    /// The service that it was derived for.
    service: &'static str,
}

/// Whether the request means to be signed this way.
pub(crate) fn is_meant(call: &Call) -> bool {
    Authorization::is_meant(call, ALGORITHM)
}

impl Signature {
    /// Reads the header; nothing when a part is missing, or the credential is
    /// not for `service`.
    pub(crate) fn read(call: &Call, service: &'static str) -> Option<Self> {
        let authorization = Authorization::read(call, ALGORITHM, "Credential")?;
        let mut parts = authorization.credential.rsplitn(4, '/');
        let is_ours = parts.next() == Some(TERMINATION) && parts.next() == Some(service);
        let (date, key_id) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        let is_whole = is_ours && authorization.covers(call, MUST_BE_SIGNED, &[]);
        is_whole.then_some(Self {
            authorization,
            key_id,
            date,
            service,
        })
    }

    /// Whether the holder of `secret` signed this very request at this time.
    pub(crate) fn is_made_with(&self, secret: &str, call: &Call, at: DateTime<Utc>) -> bool {
        if self.date != at.format("%Y-%m-%d").to_string() {
            return false;
        }
        let key = derived_key(
            format!("TC3{secret}").as_bytes(),
            &[&self.date, self.service, TERMINATION],
        );
        // The vendor's client for Node signs the bare host, whatever port is on the wire.
        [false, true].into_iter().any(|without_port| {
            let canonical = self.canonical_request(call, without_port);
            let text = self.string_to_sign(&canonical, at);
            self.authorization.is_signed_as(&hmac_sha256(&key, &text))
        })
    }

    fn canonical_request(&self, call: &Call, without_port: bool) -> String {
        let payload = match call.header("x-tc-content-sha256") {
            Some(UNSIGNED) => sha256_hex(UNSIGNED.as_bytes()),
            _ => sha256_hex(&call.body),
        };
        let query = canonical_query(&call.query);
        let value = |name: &str, value: String| match name {
            "x-tc-action" => value.to_ascii_lowercase(),
            "host" if without_port => bare_host(&value).to_owned(),
            _ => value,
        };
        self.authorization
            .canonical_request(call, "/", &query, &payload, value)
    }

    fn string_to_sign(&self, canonical_request: &str, at: DateTime<Utc>) -> String {
        format!(
            "{ALGORITHM}\n{}\n{}/{}/{TERMINATION}\n{}",
            at.timestamp(),
            self.date,
            self.service,
            sha256_hex(canonical_request.as_bytes())
        )
    }
}

fn bare_host(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((bare, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => bare,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::sms::vectors::{call_of, text};

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../tests/vectors/tencent_tc3.json")).unwrap()
    }

    fn time_of(call: &Call) -> DateTime<Utc> {
        let seconds = call.header("x-tc-timestamp").unwrap().parse().unwrap();
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn what_the_vendors_own_clients_signed_is_accepted() {
        let vectors = vectors();
        let positive = vectors["vectors"].as_array().unwrap();
        assert_eq!(positive.len(), 4);
        for vector in positive {
            let call = call_of(&vector["expected"]);
            let at = time_of(&call);
            let signature = Signature::read(&call, "sms").unwrap();
            let canonical = signature.canonical_request(&call, false);
            assert_eq!(canonical, text(vector, "/expected/canonical_request"));
            assert_eq!(
                signature.string_to_sign(&canonical, at),
                text(vector, "/expected/string_to_sign")
            );
            assert_eq!(signature.key_id, text(vector, "/inputs/access_key_id"));
            let secret = text(vector, "/inputs/access_key_secret");
            assert!(signature.is_made_with(secret, &call, at));
            assert!(!signature.is_made_with("another secret", &call, at));
            let next_day = at + chrono::TimeDelta::days(1);
            assert!(!signature.is_made_with(secret, &call, next_day));
        }
    }

    #[test]
    fn what_was_changed_after_signing_is_refused() {
        let vectors = vectors();
        for vector in vectors["negative_vectors"].as_array().unwrap() {
            let call = call_of(&vector["request"]);
            let secret = text(vector, "/server_knows/access_key_secret");
            let made =
                Signature::read(&call, "sms")
                    .unwrap()
                    .is_made_with(secret, &call, time_of(&call));
            let expected = text(vector, "/expect") != "signature_mismatch";
            assert_eq!(made, expected, "{}", vector["id"]);
        }
    }

    #[test]
    fn content_type_and_host_must_be_signed() {
        let vectors = vectors();
        for list in ["content-type", "host", "content-type;host;x-not-sent"] {
            let mut call = call_of(&vectors["vectors"][0]["expected"]);
            for (_, value) in &mut call.headers {
                *value = value.replace("=content-type;host,", &format!("={list},"));
            }
            assert!(Signature::read(&call, "sms").is_none(), "{list}");
        }
    }
}
