//! Alibaba Cloud's request signature, version 3: ACS3-HMAC-SHA256.
//!
//! Source: Alibaba Cloud, "request structure and signature V3". The canonical
//! URI is `/` under whatever path an endpoint is mounted.

use super::percent::canonical_query;
use super::signed::{Authorization, hmac_sha256};
use crate::call::Call;
use crate::state::sha256_hex;

const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// Headers without which a signature protects too little.
const MUST_BE_SIGNED: &[&str] = &[
    "host",
    "x-acs-action",
    "x-acs-content-sha256",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-version",
];
/// Headers that must be signed where they are sent.
const SIGNED_IF_SENT: &[&str] = &["x-acs-accesskey-id", "x-acs-security-token"];

/// Whether the request means to be signed this way.
pub(crate) fn is_meant(call: &Call) -> bool {
    Authorization::is_meant(call, ALGORITHM)
}

/// What the request says of its signature.
pub(crate) fn read(call: &Call) -> Option<Authorization> {
    Authorization::read(call, ALGORITHM, "Credential")
}

/// Whether all that must be signed is named as signed, and was sent.
pub(crate) fn is_complete(authorization: &Authorization, call: &Call) -> bool {
    authorization.covers(call, MUST_BE_SIGNED, SIGNED_IF_SENT)
}

/// Whether the request is, byte for byte, what the holder of `secret` signed.
pub(crate) fn is_made_with(secret: &str, authorization: &Authorization, call: &Call) -> bool {
    let text = string_to_sign(&canonical_request(authorization, call));
    let is_right = authorization.is_signed_as(&hmac_sha256(secret.as_bytes(), &text));
    is_right && call.header("x-acs-content-sha256") == Some(sha256_hex(&call.body).as_str())
}

fn canonical_request(authorization: &Authorization, call: &Call) -> String {
    let query = canonical_query(&call.query);
    authorization.canonical_request(call, "/", &query, &sha256_hex(&call.body), |_, value| value)
}

fn string_to_sign(canonical_request: &str) -> String {
    format!("{ALGORITHM}\n{}", sha256_hex(canonical_request.as_bytes()))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::sms::vectors::{call_of, text};

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../tests/vectors/aliyun_acs3.json")).unwrap()
    }

    #[test]
    fn what_the_vendors_own_clients_signed_is_accepted() {
        let vectors = vectors();
        let positive = vectors["vectors"].as_array().unwrap();
        assert_eq!(positive.len(), 5);
        for vector in positive {
            let call = call_of(&vector["expected"]);
            let authorization = read(&call).unwrap();
            let canonical = canonical_request(&authorization, &call);
            assert_eq!(
                canonical_query(&call.query),
                text(vector, "/expected/canonical_query")
            );
            assert_eq!(
                canonical,
                text(vector, "/expected/canonical_request"),
                "{}",
                vector["id"]
            );
            assert_eq!(
                string_to_sign(&canonical),
                text(vector, "/expected/string_to_sign")
            );
            assert_eq!(
                authorization.credential,
                text(vector, "/inputs/access_key_id")
            );
            assert!(is_complete(&authorization, &call));
            let secret = text(vector, "/inputs/access_key_secret");
            assert!(is_made_with(secret, &authorization, &call));
            assert!(!is_made_with("another secret", &authorization, &call));
        }
    }

    #[test]
    fn what_was_changed_after_signing_is_refused() {
        let vectors = vectors();
        for vector in vectors["negative_vectors"].as_array().unwrap() {
            let call = call_of(&vector["request"]);
            let secret = text(vector, "/server_knows/access_key_secret");
            let made = is_made_with(secret, &read(&call).unwrap(), &call);
            assert_eq!(
                made,
                text(vector, "/expect") != "signature_mismatch",
                "{}",
                vector["id"]
            );
        }
    }

    #[test]
    fn a_header_that_must_be_signed_may_not_be_left_out() {
        let vectors = vectors();
        for name in MUST_BE_SIGNED {
            let mut call = call_of(&vectors["vectors"][2]["expected"]);
            for (_, value) in call
                .headers
                .iter_mut()
                .filter(|(key, _)| key == "authorization")
            {
                *value = value
                    .replace(&format!("{name};"), "")
                    .replace(&format!(";{name},"), ",");
            }
            assert!(!is_complete(&read(&call).unwrap(), &call), "{name}");
        }
    }
}
