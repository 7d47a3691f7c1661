//! Tencent Cloud's signature version 3, TC3-HMAC-SHA256, as a pure function.
//!
//! Source: Tencent Cloud API 3.0, "Signature v3".

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};

use crate::canonical::{CanonicalRequest, Signature, SignedParts, hmac_sha256};

const ALGORITHM: &str = "TC3-HMAC-SHA256";
const TERMINATOR: &str = "tc3_request";

/// Signs a request to a service, such as `sms`, at the time that `X-TC-Timestamp` says.
/// The headers are `content-type` and `host`, as they are sent.
#[must_use]
pub fn sign(
    parts: &SignedParts<'_>,
    service: &str,
    at: DateTime<Utc>,
    secret_id: &str,
    secret_key: &SecretString,
) -> Signature {
    let request = CanonicalRequest::of(parts);
    // The UTC date: in Beijing's early morning it is yesterday's.
    let date = at.format("%Y-%m-%d").to_string();
    let scope = format!("{date}/{service}/{TERMINATOR}");
    let string_to_sign = format!(
        "{ALGORITHM}\n{}\n{scope}\n{}",
        at.timestamp(),
        request.hash()
    );
    let secret = format!("TC3{}", secret_key.expose_secret());
    let mut key = hmac_sha256(secret.as_bytes(), &date);
    for part in [service, TERMINATOR] {
        key = hmac_sha256(key.as_ref(), part);
    }
    let signature = hex::encode(hmac_sha256(key.as_ref(), &string_to_sign));
    let authorization = format!(
        "{ALGORITHM} Credential={secret_id}/{scope}, SignedHeaders={}, Signature={signature}",
        request.signed_headers
    );
    Signature {
        canonical_request: request.text,
        string_to_sign,
        signature,
        authorization,
    }
}
