//! The signature that proves to WeChat that we hold a person's session key.

use aws_lc_rs::hmac;
use menshen_domain::model::wechat::SessionKey;

/// Lower-case hexadecimal HMAC-SHA-256 of a request's exact body (nothing for a
/// GET) under the session key, whose base64 text is the key as it stands.
///
/// Source: `WeChat` server API, `checkSessionKey` and `ResetUserSessionKey`.
#[must_use]
pub(crate) fn session_signature(session_key: &SessionKey, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, session_key.expose().as_bytes());
    hex::encode(hmac::sign(&key, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(key: &str, body: &str) -> String {
        session_signature(&SessionKey::parse(key).unwrap(), body.as_bytes())
    }

    #[test]
    fn wechats_own_examples_come_out() {
        let key = "o0q0otL8aEzpcZL/FT9WsQ==";
        assert_eq!(
            signature(key, r#"{"foo":"bar"}"#),
            "654571f79995b2ce1e149e53c0a33dc39c0a74090db514261454e8dbe432aa0b"
        );
        assert_eq!(
            signature(key, ""),
            "46e043c5525c2d817c44be603d30837a808a1d930d038f6fdc3e62a201fed128"
        );
        assert_eq!(
            signature("tiihtNczf5v6AKRyjwEUhQ==", ""),
            "7154f9f8b4b76b92f541cbf0e37d48840fa06e5e42da92a6f80168a1516a4735"
        );
    }
}
