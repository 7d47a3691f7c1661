//! An address of the operator's own, which checks captchas by any means.
//!
//! `POST` of `{"token":…,"remote_ip":…,"purpose":…}`; a 2xx with `{"success":true}`
//! passes, one with `{"success":false}` refuses. With a secret the request is signed
//! as Standard Webhooks.

use std::sync::Arc;

use async_trait::async_trait;
use menshen_domain::model::captcha::SolvedCaptcha;
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::randomness::Randomness;
use menshen_outbound::{Answer, Method, Request};
use menshen_signing::webhook::WebhookKey;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::outcome::Outcome;
use crate::service::{CaptchaConfigError, CaptchaService, Way, random_hex};

/// What the service needs to know. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct VerifyUrlConfig {
    /// `https://…`, or plain HTTP on this machine.
    pub url: String,
    /// `whsec_` and the base64 of 24 to 64 bytes; none means unsigned.
    pub secret: Option<SecretString>,
}

/// An address of the operator's own.
pub struct VerifyUrl {
    way: Way,
    key: Option<WebhookKey>,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
}

#[derive(Serialize)]
struct Body<'a> {
    token: &'a str,
    remote_ip: String,
    purpose: &'a str,
}

impl VerifyUrl {
    /// Asks at this address.
    ///
    /// # Errors
    ///
    /// See [`CaptchaConfigError`].
    pub fn new(
        config: &VerifyUrlConfig,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Result<Self, CaptchaConfigError> {
        let key = config.secret.as_ref().map(WebhookKey::parse).transpose()?;
        Ok(Self {
            way: Way::to(&config.url)?,
            key,
            clock,
            randomness,
        })
    }

    fn request(&self, solved: &SolvedCaptcha) -> Option<Request> {
        let body = Body {
            token: solved.token.expose(),
            remote_ip: solved.address.to_canonical().to_string(),
            purpose: solved.purpose.as_str(),
        };
        // Texts always make JSON.
        let body = serde_json::to_vec(&body).ok()?;
        let mut headers = vec![("content-type", "application/json".to_owned())];
        if let Some(key) = &self.key {
            let id = format!("cap_{}", random_hex(&*self.randomness));
            let timestamp = self.clock.now().timestamp();
            headers.push(("webhook-signature", key.sign(&id, timestamp, &body)));
            headers.push(("webhook-timestamp", timestamp.to_string()));
            headers.push(("webhook-id", id));
        }
        Some(Request {
            method: Method::POST,
            url: self.way.url.clone(),
            headers,
            body: Some(body),
        })
    }
}

#[async_trait]
impl CaptchaService for VerifyUrl {
    fn name(&self) -> &'static str {
        "verify_url"
    }

    fn is_of_its_form(&self, _: &SolvedCaptcha) -> bool {
        true
    }

    async fn ask(&self, solved: &SolvedCaptcha, deadline: Instant) -> Outcome {
        let Some(request) = self.request(solved) else {
            return Outcome::Refused(None);
        };
        match self.way.send(request, deadline).await {
            Ok(answer) => read(&answer),
            Err(outcome) => outcome,
        }
    }
}

#[derive(Deserialize)]
struct Reply {
    success: bool,
}

fn read(answer: &Answer) -> Outcome {
    let status = answer.status();
    if !answer.is_success() {
        return match status {
            401 | 403 => Outcome::Misconfigured(Some(status.to_string())),
            _ => Outcome::Failed(Some(status.to_string())),
        };
    }
    match serde_json::from_slice(answer.body()) {
        Ok(Reply { success: true }) => Outcome::Passed,
        Ok(Reply { success: false }) => Outcome::Refused(None),
        Err(_) => Outcome::Unreadable { status },
    }
}
