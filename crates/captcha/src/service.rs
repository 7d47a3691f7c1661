//! What a service must be able to do.

use std::time::Duration;

use async_trait::async_trait;
use menshen_domain::model::captcha::SolvedCaptcha;
use menshen_domain::ports::randomness::Randomness;
use menshen_outbound::{
    Answer, BadBaseUrl, Client, ClientError, Request, Url, base_url, is_loopback,
};
use menshen_signing::webhook::BadWebhookSecret;
use tokio::time::Instant;

use crate::outcome::Outcome;

/// The longest time that a connection may take to come about.
const CONNECT: Duration = Duration::from_millis(800);

/// Somebody who makes captchas.
#[async_trait]
pub trait CaptchaService: Send + Sync {
    /// The name in the configuration, in logs and in metrics.
    fn name(&self) -> &'static str;

    /// What can be told without asking: text that the service cannot have made.
    fn is_of_its_form(&self, solved: &SolvedCaptcha) -> bool;

    /// Asks once, before `deadline`. Whatever goes wrong is an outcome.
    async fn ask(&self, solved: &SolvedCaptcha, deadline: Instant) -> Outcome;
}

/// Why no service can be made of a configuration.
#[derive(Debug, thiserror::Error)]
pub enum CaptchaConfigError {
    /// The service's address is not one.
    #[error("the address of the captcha service is {0}")]
    Address(#[from] BadBaseUrl),
    /// The address is plain HTTP to another machine.
    #[error("the address of the captcha service must begin with https://")]
    NotHttps,
    /// The secret is none of Standard Webhooks.
    #[error("sms.captcha.verify_secret: {0}")]
    Secret(#[from] BadWebhookSecret),
    /// The machine offers no usable TLS set-up.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// Where a service is asked, and with what.
pub(crate) struct Way {
    pub(crate) url: Url,
    client: Client,
}

impl Way {
    pub(crate) fn to(address: &str) -> Result<Self, CaptchaConfigError> {
        let url = base_url(address)?;
        if url.scheme() != "https" && !is_loopback(&url) {
            return Err(CaptchaConfigError::NotHttps);
        }
        let client = Client::new(CONNECT)?;
        Ok(Self { url, client })
    }

    pub(crate) async fn send(
        &self,
        request: Request,
        deadline: Instant,
    ) -> Result<Answer, Outcome> {
        let answer = self.client.send(request, deadline).await;
        answer.map_err(Outcome::NoAnswer)
    }
}

/// 32 random hexadecimal digits.
pub(crate) fn random_hex(randomness: &dyn Randomness) -> String {
    let mut bytes = [0; 16];
    randomness.fill(&mut bytes);
    hex::encode(bytes)
}
