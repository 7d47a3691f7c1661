//! Alibaba Cloud's signature version 3, ACS3-HMAC-SHA256, as a pure function.
//!
//! Source: Alibaba Cloud, "Request syntax and signature method V3".

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};

use crate::canonical::{CanonicalRequest, Signature, SignedParts, hmac_sha256};

const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// Signs a request. The headers are the host, the content type if there is one,
/// and all that begin with `x-acs-`; the path is `/` for RPC style calls,
/// whatever path an endpoint is put below.
#[must_use]
pub fn sign(
    parts: &SignedParts<'_>,
    access_key_id: &str,
    access_key_secret: &SecretString,
) -> Signature {
    let request = CanonicalRequest::of(parts);
    let string_to_sign = format!("{ALGORITHM}\n{}", request.hash());
    let key = access_key_secret.expose_secret().as_bytes();
    let signature = hex::encode(hmac_sha256(key, &string_to_sign));
    // The parts are joined without a space.
    let authorization = format!(
        "{ALGORITHM} Credential={access_key_id},SignedHeaders={},Signature={signature}",
        request.signed_headers
    );
    Signature {
        canonical_request: request.text,
        string_to_sign,
        signature,
        authorization,
    }
}

/// The time as `x-acs-date` writes it: UTC, whole seconds.
#[must_use]
pub fn date(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_is_the_utc_date() {
        let time = DateTime::from_timestamp(1_772_294_405, 0).unwrap();
        assert_eq!(date(time), "2026-02-28T16:00:05Z");
    }
}
