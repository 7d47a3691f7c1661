//! Volcengine's HMAC-SHA256 signature, as a pure function.
//!
//! Source: Volcengine OpenAPI, "Signing requests". It is the fourth version of
//! AWS with other words: no prefix before the secret, and `request` at the end.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};

use crate::canonical::{CanonicalRequest, Signature, SignedParts, basic_date, hmac_sha256};

const ALGORITHM: &str = "HMAC-SHA256";
const SERVICE: &str = "volcSMS";
const TERMINATOR: &str = "request";

/// Signs a request to the SMS service, at the time that `X-Date` says. The
/// headers are `content-type`, `host`, `x-content-sha256` and `x-date`.
#[must_use]
pub fn sign(
    parts: &SignedParts<'_>,
    at: DateTime<Utc>,
    region: &str,
    access_key_id: &str,
    secret_access_key: &SecretString,
) -> Signature {
    let request = CanonicalRequest::of(parts);
    let date = at.format("%Y%m%d").to_string();
    let scope = format!("{date}/{region}/{SERVICE}/{TERMINATOR}");
    let string_to_sign = format!(
        "{ALGORITHM}\n{}\n{scope}\n{}",
        basic_date(at),
        request.hash()
    );
    // The secret as it was given, although it looks like base64.
    let mut key = hmac_sha256(secret_access_key.expose_secret().as_bytes(), &date);
    for part in [region, SERVICE, TERMINATOR] {
        key = hmac_sha256(key.as_ref(), part);
    }
    let signature = hex::encode(hmac_sha256(key.as_ref(), &string_to_sign));
    let authorization = format!(
        "{ALGORITHM} Credential={access_key_id}/{scope}, SignedHeaders={}, Signature={signature}",
        request.signed_headers
    );
    Signature {
        canonical_request: request.text,
        string_to_sign,
        signature,
        authorization,
    }
}
