//! Huawei Cloud's older authentication, X-WSSE, as a pure function.
//!
//! Source: Huawei Cloud Message & SMS, "API authentication". Its samples know
//! two forms of the digest; ours is the base64 of the hexadecimal text, which
//! the documentation shows.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};

/// The value of `Authorization` beside `X-WSSE`.
pub const AUTHORIZATION: &str = r#"WSSE realm="SDP",profile="UsernameToken",type="Appkey""#;

/// The value of `X-WSSE`. The nonce is 1 to 128 letters and digits.
///
/// It covers neither the address nor the body of a request.
#[must_use]
pub fn token(app_key: &str, app_secret: &SecretString, nonce: &str, at: DateTime<Utc>) -> String {
    let created = at.format("%Y-%m-%dT%H:%M:%SZ");
    let text = format!("{nonce}{created}{}", app_secret.expose_secret());
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let digest = BASE64_STANDARD.encode(hex::encode(digest));
    format!(
        r#"UsernameToken Username="{app_key}",PasswordDigest="{digest}",Nonce="{nonce}",Created="{created}""#
    )
}
