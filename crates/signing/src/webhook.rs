//! The signature of Standard Webhooks, version 1.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::{ExposeSecret as _, SecretString};

/// The secret is none of Standard Webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a webhook secret is whsec_ and the base64 of 24 to 64 bytes")]
pub struct BadWebhookSecret;

/// A key of Standard Webhooks. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct WebhookKey(hmac::Key);

impl fmt::Debug for WebhookKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookKey(…)")
    }
}

impl WebhookKey {
    /// Reads `whsec_` and base64; also with `v1,` before it, as some show it.
    ///
    /// # Errors
    ///
    /// [`BadWebhookSecret`] unless it is base64 of 24 to 64 bytes.
    pub fn parse(secret: &SecretString) -> Result<Self, BadWebhookSecret> {
        let text = secret.expose_secret().trim();
        let text = text.strip_prefix("v1,").unwrap_or(text);
        text.strip_prefix("whsec_")
            .and_then(|text| BASE64_STANDARD.decode(text).ok())
            .filter(|key| (24..=64).contains(&key.len()))
            .map(|key| Self(hmac::Key::new(hmac::HMAC_SHA256, &key)))
            .ok_or(BadWebhookSecret)
    }

    /// The value of `webhook-signature` for a message.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(format!("{id}.{timestamp}.").as_bytes());
        context.update(body);
        format!("v1,{}", BASE64_STANDARD.encode(context.sign()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_ZXhhbXBsZS13ZWJob29rLXNlY3JldC0zMi1ieXRlcyE=";

    #[test]
    fn the_worked_example_comes_out() {
        let body =
            r#"{"type":"sms.send","data":{"phone":"+8613800138000","code":"482913","app":"签名"}}"#;
        for secret in [SECRET.to_owned(), format!("v1,{SECRET}")] {
            let key = WebhookKey::parse(&secret.into()).unwrap();
            let id = "msg_0000000000000000000000000001";
            assert_eq!(
                key.sign(id, 1_767_225_600, body.as_bytes()),
                "v1,SPMwQMQXC9cu7WDw6FrxA+QnkF4AmOi+YCJUuKsMBXE="
            );
        }
    }

    /// The example that the libraries of Standard Webhooks are tested with.
    #[test]
    fn the_published_example_comes_out() {
        let key = WebhookKey::parse(&"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()).unwrap();
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let signature = key.sign(id, 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_that_is_none_is_refused_without_being_shown() {
        for secret in ["", "secret", "whsec_", "whsec_dG9vc2hvcnQ=", "whsec_%%%"] {
            let error = WebhookKey::parse(&SecretString::from(secret)).unwrap_err();
            assert_eq!(error, BadWebhookSecret, "{secret}");
        }
        let key = WebhookKey::parse(&SECRET.into()).unwrap();
        assert_eq!(format!("{key:?}"), "WebhookKey(…)");
    }
}
