//! What the vendors' header signatures share: the `Authorization` header, the
//! list of signed headers in it, and the canonical request.
//!
//! Source: the signature documents of Alibaba Cloud (ACS3), Tencent Cloud
//! (TC3), Huawei Cloud (SDK-HMAC-SHA256) and Volcengine (HMAC-SHA256).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;

use crate::call::Call;

/// What an `Authorization` header says.
#[derive(Debug)]
pub(crate) struct Authorization {
    /// The value of `Credential` or `Access`.
    pub(crate) credential: String,
    /// Lower case, in order.
    signed_headers: Vec<String>,
    signature: String,
}

impl Authorization {
    /// Whether the request means to be signed with `algorithm`.
    pub(super) fn is_meant(call: &Call, algorithm: &str) -> bool {
        call.header("authorization")
            .is_some_and(|value| value.starts_with(algorithm))
    }

    /// Reads `<algorithm> <credential>=…, SignedHeaders=…, Signature=…`; nothing
    /// when a part is missing.
    pub(super) fn read(call: &Call, algorithm: &str, credential: &str) -> Option<Self> {
        let parts = call.header("authorization")?.strip_prefix(algorithm)?;
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
        Some(Self {
            credential: part(credential)?.to_owned(),
            signature: part("Signature")?.to_owned(),
            signed_headers,
        })
    }

    /// Whether all of `always`, and those of `if_sent` that were sent, are named
    /// as signed, and all that is named was sent.
    pub(super) fn covers(&self, call: &Call, always: &[&str], if_sent: &[&str]) -> bool {
        let named = |name: &&str| self.signed_headers.iter().any(|signed| signed == name);
        always.iter().all(named)
            && if_sent
                .iter()
                .all(|name| named(name) || call.header(name).is_none())
            && self
                .signed_headers
                .iter()
                .all(|name| call.header(name).is_some())
    }

    /// The text whose hash is signed; `value` may change a header's own value.
    pub(super) fn canonical_request(
        &self,
        call: &Call,
        uri: &str,
        query: &str,
        payload_hash: &str,
        value: impl Fn(&str, String) -> String,
    ) -> String {
        let lines = self
            .signed_headers
            .iter()
            .map(|name| format!("{name}:{}", value(name, canonical_value(call, name))));
        let lines = lines.collect::<Vec<_>>().join("\n");
        let signed = self.signed_headers.join(";");
        format!(
            "{}\n{uri}\n{query}\n{lines}\n\n{signed}\n{payload_hash}",
            call.method
        )
    }

    /// Whether its signature is `expected`, in hex.
    pub(super) fn is_signed_as(&self, expected: &hmac::Tag) -> bool {
        let expected = hex::encode(expected);
        verify_slices_are_equal(expected.as_bytes(), self.signature.as_bytes()).is_ok()
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

/// HMAC-SHA256 of `text`.
pub(super) fn hmac_sha256(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

/// A key that is bound to a date, a region or a service: each step is signed
/// with the outcome of the one before.
pub(super) fn derived_key(secret: &[u8], steps: &[&str]) -> Vec<u8> {
    steps.iter().fold(secret.to_vec(), |key, step| {
        hmac_sha256(&key, step).as_ref().to_vec()
    })
}
