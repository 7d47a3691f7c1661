//! Messages handed to an address of the operator's own, as Standard Webhooks.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::sms_sender::SmsMessage;
use menshen_outbound::{Answer, Client, Method, Request, Url, base_url, is_loopback};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::account::Account;
use crate::entry::{Built, Deps, VendorEntry};
use crate::key::Key;
use crate::outcome::{Outcome, Scope};
use crate::transport::{client, retry_after, send, word};
use crate::vendor::{Attempt, Serves, SmsVendor, VendorConfigError};
use crate::webhook::signature::WebhookKey;

pub use menshen_signing::webhook as signature;

/// An address of the operator's own.
pub static VENDOR: VendorEntry = VendorEntry {
    keys: &[
        Key::url(
            "url",
            "where messages are posted to, signed as Standard Webhooks",
        )
        .required(),
        Key::secret("secret", "`whsec_` and 24 to 64 random bytes in base64")
            .required()
            .checked(check_secret),
        Key::one_of(
            "notices",
            &["off", NOTICES_ON],
            "`off`, or `on` if the receiver also knows messages of the purpose `number_notice`, which have no code: word to a number that an account has lost",
        ),
    ],
    ..VendorEntry::new("webhook", build)
};

/// The other word of `notices`.
const NOTICES_ON: &str = "on";

fn check_secret(secret: &str) -> Result<(), String> {
    WebhookKey::parse(&secret.into())
        .map(drop)
        .map_err(|_| "write whsec_ and the base64 of 24 to 64 random bytes".to_owned())
}

fn build(account: &Account, deps: &Deps) -> Result<Built, VendorConfigError> {
    let config = WebhookConfig {
        url: account.text("url")?,
        secret: account.secret("secret")?,
        notices: account.text("notices")? == NOTICES_ON,
    };
    Ok(Built::sender(Webhook::new(&config, deps.clock.clone())?))
}

/// What the vendor needs to know. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct WebhookConfig {
    /// Where messages are posted to: `https://…`, or plain HTTP on this machine.
    pub url: String,
    /// `whsec_` and the base64 of 24 to 64 bytes.
    pub secret: SecretString,
    /// Whether the receiver knows messages without a code.
    pub notices: bool,
}

/// An address of the operator's own, which sends messages by any means.
pub struct Webhook {
    url: Url,
    key: WebhookKey,
    client: Client,
    clock: Arc<dyn Clock>,
    notices: bool,
}

/// The body, in the order of the contract; a notice has neither a code nor its life.
#[derive(Serialize)]
struct Body<'a> {
    phone: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    purpose: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
}

impl Webhook {
    /// A sender to this address.
    ///
    /// # Errors
    ///
    /// See [`VendorConfigError`].
    pub fn new(config: &WebhookConfig, clock: Arc<dyn Clock>) -> Result<Self, VendorConfigError> {
        let url = base_url(&config.url)?;
        if url.scheme() != "https" && !is_loopback(&url) {
            return Err(VendorConfigError::NotHttps);
        }
        Ok(Self {
            key: WebhookKey::parse(&config.secret)?,
            client: client()?,
            url,
            clock,
            notices: config.notices,
        })
    }

    fn request(&self, message: &SmsMessage) -> Option<Request> {
        let body = Body {
            phone: message.phone.as_e164(),
            code: message.code().map(|sent| sent.code.expose()),
            purpose: message.purpose().as_str(),
            expires_in: message.code().map(|sent| sent.expires_in.as_secs()),
        };
        let body = serde_json::to_vec(&body).ok()?;
        let id = format!("msg_{}", message.id);
        let timestamp = self.clock.now().timestamp();
        Some(Request {
            method: Method::POST,
            url: self.url.clone(),
            headers: vec![
                ("content-type", "application/json".to_owned()),
                ("webhook-id", id.clone()),
                ("webhook-timestamp", timestamp.to_string()),
                ("webhook-signature", self.key.sign(&id, timestamp, &body)),
            ],
            body: Some(body),
        })
    }
}

#[async_trait]
impl SmsVendor for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn serves(&self, message: &SmsMessage) -> Serves {
        let known = self.notices || message.code().is_some();
        Serves::with(known.then_some(message))
    }

    async fn attempt(&self, message: &SmsMessage, deadline: Instant) -> Attempt {
        // Texts and a number always make JSON.
        let Some(request) = self.request(message) else {
            return Outcome::Config(Scope::Message).into();
        };
        match send(&self.client, request, deadline).await {
            Ok(answer) => read(&answer),
            Err(outcome) => outcome.into(),
        }
    }
}

/// What a receiver may say in a body.
#[derive(Deserialize)]
struct Reply {
    message_id: Option<String>,
    error: Option<ReplyError>,
}

/// How hooks in the manner of Supabase refuse with a 2xx.
#[derive(Deserialize)]
struct ReplyError {
    http_code: Option<u16>,
}

pub(crate) fn read(answer: &Answer) -> Attempt {
    let wait = retry_after(answer);
    if !answer.is_success() {
        return refused(answer.status(), wait);
    }
    // Any 2xx means sent, whatever its body, unless the body says otherwise.
    let reply: Option<Reply> = serde_json::from_slice(answer.body()).ok();
    match reply {
        Some(Reply {
            error: Some(error), ..
        }) => refused(error.http_code.unwrap_or(500), wait),
        reply => Attempt {
            message_id: reply.and_then(|reply| word(&reply.message_id?)),
            ..Outcome::Accepted.into()
        },
    }
}

fn refused(status: u16, wait: Option<Duration>) -> Attempt {
    let outcome = match status {
        429 => Outcome::VendorBusy { wait },
        503 if wait.is_some() => Outcome::VendorBusy { wait },
        500.. => Outcome::VendorFault,
        _ => Outcome::Config(Scope::Account),
    };
    Attempt {
        outcome,
        vendor_code: Some(status.to_string()),
        request_id: None,
        message_id: None,
        cost_units: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_its_class() {
        let of = |status, wait: Option<u64>| refused(status, wait.map(Duration::from_secs)).outcome;
        for status in [302, 400, 401, 403, 404, 410, 422] {
            assert_eq!(
                of(status, None),
                Outcome::Config(Scope::Account),
                "{status}"
            );
        }
        let wait = Some(Duration::from_secs(3));
        assert_eq!(of(503, Some(3)), Outcome::VendorBusy { wait });
        assert_eq!(of(429, None), Outcome::VendorBusy { wait: None });
        assert_eq!(of(503, None), Outcome::VendorFault);
        assert_eq!(of(500, Some(3)), Outcome::VendorFault);
    }
}
