//! Huawei Cloud's SDK-HMAC-SHA256, as a pure function.
//!
//! Source: Huawei Cloud, "AK/SK signing and authentication".

use secrecy::{ExposeSecret as _, SecretString};

use crate::canonical::{CanonicalRequest, Signature, SignedParts, hmac_sha256};

const ALGORITHM: &str = "SDK-HMAC-SHA256";

/// Signs a request, at the time that `date` tells as `X-Sdk-Date` does. The path
/// is signed with a `/` at its end, whether it is sent with one or not.
///
/// There is neither a derived key nor a scope: the key is the application's
/// secret, not that of an account.
#[must_use]
pub fn sign(
    parts: &SignedParts<'_>,
    date: &str,
    app_key: &str,
    app_secret: &SecretString,
) -> Signature {
    let uri = format!("{}/", parts.canonical_uri.trim_end_matches('/'));
    let request = CanonicalRequest::of(&SignedParts {
        canonical_uri: &uri,
        ..*parts
    });
    let string_to_sign = format!("{ALGORITHM}\n{date}\n{}", request.hash());
    let key = app_secret.expose_secret().as_bytes();
    let signature = hex::encode(hmac_sha256(key, &string_to_sign));
    let authorization = format!(
        "{ALGORITHM} Access={app_key}, SignedHeaders={}, Signature={signature}",
        request.signed_headers
    );
    Signature {
        canonical_request: request.text,
        string_to_sign,
        signature,
        authorization,
    }
}
