//! Alibaba Cloud's request signature, version 3: ACS3-HMAC-SHA256.
//!
//! Source: Alibaba Cloud, "request structure and signature V3". The canonical
//! URI is `/` under whatever path an endpoint is mounted.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;

use super::percent::canonical_query;
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

/// What an `Authorization` header says.
#[derive(Debug)]
pub(crate) struct Authorization {
    pub(crate) key_id: String,
    /// Lower case, in order.
    signed_headers: Vec<String>,
    signature: String,
}

impl Authorization {
    /// Whether the request means to be signed this way.
    pub(crate) fn is_meant(call: &Call) -> bool {
        call.header("authorization")
            .is_some_and(|value| value.starts_with(ALGORITHM))
    }

    /// Reads the header; nothing when a part is missing.
    pub(crate) fn read(call: &Call) -> Option<Self> {
        let parts = call.header("authorization")?.strip_prefix(ALGORITHM)?;
        let part = |name: &str| {
            let mut named = parts
                .split(',')
                .filter_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
            named.next().filter(|value| !value.is_empty())
        };
        let mut signed_headers: Vec<_> = part("SignedHeaders")?
            .split(';')
            .map(str::to_ascii_lowercase)
            .collect();
        signed_headers.sort();
        let signature = part("Signature")?.to_owned();
        Some(Self {
            key_id: part("Credential")?.to_owned(),
            signed_headers,
            signature,
        })
    }

    /// Whether all that must be signed is named as signed, and was sent.
    pub(crate) fn is_complete(&self, call: &Call) -> bool {
        let named = |name: &str| self.signed_headers.iter().any(|signed| signed == name);
        MUST_BE_SIGNED.iter().all(|name| named(name))
            && SIGNED_IF_SENT
                .iter()
                .all(|name| named(name) || call.header(name).is_none())
            && self
                .signed_headers
                .iter()
                .all(|name| call.header(name).is_some())
    }

    /// Whether the request is, byte for byte, what the holder of `secret` signed.
    pub(crate) fn is_made_with(&self, secret: &str, call: &Call) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let expected = hex::encode(hmac::sign(
            &key,
            string_to_sign(&self.canonical_request(call)).as_bytes(),
        ));
        let is_right =
            verify_slices_are_equal(expected.as_bytes(), self.signature.as_bytes()).is_ok();
        is_right && call.header("x-acs-content-sha256") == Some(sha256_hex(&call.body).as_str())
    }

    fn canonical_request(&self, call: &Call) -> String {
        let headers = self
            .signed_headers
            .iter()
            .map(|name| format!("{name}:{}", canonical_value(call, name)));
        let headers = headers.collect::<Vec<_>>().join("\n");
        let signed = self.signed_headers.join(";");
        let query = canonical_query(&call.query);
        format!(
            "{}\n/\n{query}\n{headers}\n\n{signed}\n{}",
            call.method,
            sha256_hex(&call.body)
        )
    }
}

/// The values of one header, trimmed; of several, sorted and joined.
fn canonical_value(call: &Call, name: &str) -> String {
    let mut values: Vec<_> = call
        .headers
        .iter()
        .filter(|(key, _)| key == name)
        .map(|(_, value)| value.trim())
        .collect();
    values.sort_unstable();
    values.join(",")
}

fn string_to_sign(canonical_request: &str) -> String {
    format!("{ALGORITHM}\n{}", sha256_hex(canonical_request.as_bytes()))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::call::parse_pairs;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../tests/vectors/aliyun_acs3.json")).unwrap()
    }

    fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
        value.pointer(pointer).and_then(Value::as_str).unwrap()
    }

    fn call_of(request: &Value) -> Call {
        let (path, query) = text(request, "/target").split_once('?').unwrap();
        let headers = request["headers"].as_array().unwrap().iter();
        Call {
            method: text(request, "/method").to_owned(),
            path: path.to_owned(),
            query: parse_pairs(query),
            headers: headers
                .map(|pair| (text(pair, "/0").to_owned(), text(pair, "/1").to_owned()))
                .collect(),
            body: text(request, "/body_utf8").as_bytes().to_vec(),
            ..Call::default()
        }
    }

    #[test]
    fn what_the_vendors_own_clients_signed_is_accepted() {
        let vectors = vectors();
        let positive = vectors["vectors"].as_array().unwrap();
        assert_eq!(positive.len(), 5);
        for vector in positive {
            let call = call_of(&vector["expected"]);
            let authorization = Authorization::read(&call).unwrap();
            let canonical = authorization.canonical_request(&call);
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
            assert_eq!(authorization.key_id, text(vector, "/inputs/access_key_id"));
            assert!(authorization.is_complete(&call));
            assert!(authorization.is_made_with(text(vector, "/inputs/access_key_secret"), &call));
            assert!(!authorization.is_made_with("another secret", &call));
        }
    }

    #[test]
    fn what_was_changed_after_signing_is_refused() {
        let vectors = vectors();
        for vector in vectors["negative_vectors"].as_array().unwrap() {
            let call = call_of(&vector["request"]);
            let made = Authorization::read(&call)
                .unwrap()
                .is_made_with(text(vector, "/server_knows/access_key_secret"), &call);
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
            assert!(
                !Authorization::read(&call).unwrap().is_complete(&call),
                "{name}"
            );
        }
    }
}
