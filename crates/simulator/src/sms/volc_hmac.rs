//! Volcengine's request signature: HMAC-SHA256 under a key that is bound to a
//! date, a region and the service.
//!
//! Source: Volcengine, "signature method".

use super::percent::canonical_query;
use super::signed::{Authorization, derived_key, hmac_sha256};
use crate::call::Call;
use crate::state::sha256_hex;

const ALGORITHM: &str = "HMAC-SHA256";
const SERVICE: &str = "volcSMS";
const TERMINATION: &str = "request";
/// Headers without which a signature protects too little.
const MUST_BE_SIGNED: &[&str] = &["x-content-sha256", "x-date"];
/// Headers that must be signed where they are sent.
const SIGNED_IF_SENT: &[&str] = &["x-security-token"];

/// What a request says of its signature.
pub(super) struct Signature {
    authorization: Authorization,
    pub(super) key_id: String,
    date: String,
    pub(super) region: String,
}

/// Whether the request means to be signed this way.
pub(super) fn is_meant(call: &Call) -> bool {
    Authorization::is_meant(call, ALGORITHM)
}

impl Signature {
    /// Reads the header; nothing when a part is missing, or the credential is
    /// not for this service. A key's id might contain a slash.
    pub(super) fn read(call: &Call) -> Option<Self> {
        let authorization = Authorization::read(call, ALGORITHM, "Credential")?;
        let mut parts = authorization.credential.rsplitn(5, '/');
        let is_ours = parts.next() == Some(TERMINATION) && parts.next() == Some(SERVICE);
        let (region, date) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        let key_id = parts.next()?.to_owned();
        let is_whole = is_ours && authorization.covers(call, MUST_BE_SIGNED, SIGNED_IF_SENT);
        is_whole.then_some(Self {
            authorization,
            key_id,
            date,
            region,
        })
    }

    /// Whether the holder of `secret` signed this very request.
    pub(super) fn is_made_with(&self, secret: &str, call: &Call) -> bool {
        let at = call.header("x-date").unwrap_or_default();
        if !at.starts_with(&self.date)
            || call.header("x-content-sha256") != Some(sha256_hex(&call.body).as_str())
        {
            return false;
        }
        let steps = [self.date.as_str(), &self.region, SERVICE, TERMINATION];
        let key = derived_key(secret.as_bytes(), &steps);
        let text = self.string_to_sign(&self.canonical_request(call), at);
        self.authorization.is_signed_as(&hmac_sha256(&key, &text))
    }

    fn canonical_request(&self, call: &Call) -> String {
        let query = canonical_query(&call.query);
        let payload = sha256_hex(&call.body);
        self.authorization
            .canonical_request(call, "/", &query, &payload, |_, value| value)
    }

    fn string_to_sign(&self, canonical_request: &str, at: &str) -> String {
        format!(
            "{ALGORITHM}\n{at}\n{}/{}/{SERVICE}/{TERMINATION}\n{}",
            self.date,
            self.region,
            sha256_hex(canonical_request.as_bytes())
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::sms::vectors::{call_of, text};

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../tests/vectors/volcengine.json")).unwrap()
    }

    #[test]
    fn what_the_vendors_own_clients_signed_is_accepted() {
        let vectors = vectors();
        let positive = vectors["vectors"].as_array().unwrap();
        assert_eq!(positive.len(), 4);
        for vector in positive {
            let call = call_of(&vector["expected"]);
            let signature = Signature::read(&call).unwrap();
            let canonical = signature.canonical_request(&call);
            assert_eq!(canonical, text(vector, "/expected/canonical_request"));
            assert_eq!(
                signature.string_to_sign(&canonical, call.header("x-date").unwrap()),
                text(vector, "/expected/string_to_sign")
            );
            assert_eq!(signature.key_id, text(vector, "/inputs/access_key_id"));
            let secret = text(vector, "/inputs/access_key_secret");
            assert!(signature.is_made_with(secret, &call));
            assert!(!signature.is_made_with("another secret", &call));
        }
    }

    #[test]
    fn what_was_changed_after_signing_is_refused() {
        let vectors = vectors();
        for vector in vectors["negative_vectors"].as_array().unwrap() {
            let call = call_of(&vector["request"]);
            let secret = text(vector, "/server_knows/access_key_secret");
            let made = Signature::read(&call).unwrap().is_made_with(secret, &call);
            let expected = text(vector, "/expect") != "signature_mismatch";
            assert_eq!(made, expected, "{}", vector["id"]);
        }
    }

    #[test]
    fn date_digest_and_token_must_be_signed() {
        let vectors = vectors();
        let all = "content-type;host;x-content-sha256;x-date;x-security-token";
        for list in [
            "x-date;x-security-token",
            "x-content-sha256;x-security-token",
            "host;x-content-sha256;x-date",
        ] {
            let mut call = call_of(&vectors["vectors"][3]["expected"]);
            for (_, value) in &mut call.headers {
                *value = value.replace(all, list);
            }
            assert!(Signature::read(&call).is_none(), "{list}");
        }
    }
}
