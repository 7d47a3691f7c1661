//! Cloudflare Turnstile, `siteverify`.
//!
//! Source: Cloudflare, Turnstile, "Server-side validation".

use async_trait::async_trait;
use menshen_domain::model::captcha::SolvedCaptcha;
use menshen_outbound::{Answer, Method, Request, encode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::time::Instant;

use crate::outcome::{Outcome, word};
use crate::service::{CaptchaConfigError, CaptchaService, Way};

/// The longest token that Turnstile makes, in bytes.
const LONGEST_TOKEN: usize = 2048;

/// What the service needs to know. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct TurnstileConfig {
    /// The whole address of `siteverify`.
    pub endpoint: String,
    /// The widget's secret key.
    pub secret_key: SecretString,
    /// The hosts on whose pages it may be solved; none means any.
    pub hostnames: Vec<String>,
    /// The `action` that the page gives the widget; none means any.
    pub action: Option<String>,
}

/// Cloudflare Turnstile.
pub struct Turnstile {
    config: TurnstileConfig,
    way: Way,
}

impl Turnstile {
    /// Asks about captchas of this widget.
    ///
    /// # Errors
    ///
    /// See [`CaptchaConfigError`].
    pub fn new(config: TurnstileConfig) -> Result<Self, CaptchaConfigError> {
        let way = Way::to(&config.endpoint)?;
        Ok(Self { config, way })
    }

    fn request(&self, solved: &SolvedCaptcha) -> Request {
        let address = solved.address.to_canonical().to_string();
        let fields = [
            ("secret", self.config.secret_key.expose_secret()),
            ("response", solved.token.expose()),
            ("remoteip", &address),
        ];
        let pairs = fields.map(|(name, value)| format!("{name}={}", encode(value)));
        let form = "application/x-www-form-urlencoded";
        Request {
            method: Method::POST,
            url: self.way.url.clone(),
            headers: vec![("content-type", form.to_owned())],
            body: Some(pairs.join("&").into_bytes()),
        }
    }

    fn read(&self, answer: &Answer) -> Outcome {
        let status = answer.status();
        let Ok(reply) = serde_json::from_slice::<Reply>(answer.body()) else {
            return Outcome::Unreadable { status };
        };
        match reply.success {
            true if !answer.is_success() => Outcome::Unreadable { status },
            true => self.of_our_page(&reply),
            false => refused(&reply.errors),
        }
    }

    /// A token of the same widget, solved on another page, opens nothing here.
    fn of_our_page(&self, reply: &Reply) -> Outcome {
        let config = &self.config;
        let known = |host: &str| {
            config
                .hostnames
                .iter()
                .any(|one| one.eq_ignore_ascii_case(host))
        };
        if !config.hostnames.is_empty() && !reply.hostname.as_deref().is_some_and(known) {
            return Outcome::Refused(Some("hostname".to_owned()));
        }
        if config.action.is_some() && config.action != reply.action {
            return Outcome::Refused(Some("action".to_owned()));
        }
        Outcome::Passed
    }
}

#[async_trait]
impl CaptchaService for Turnstile {
    fn name(&self) -> &'static str {
        "turnstile"
    }

    fn is_of_its_form(&self, solved: &SolvedCaptcha) -> bool {
        solved.token.expose().len() <= LONGEST_TOKEN
    }

    async fn ask(&self, solved: &SolvedCaptcha, deadline: Instant) -> Outcome {
        match self.way.send(self.request(solved), deadline).await {
            Ok(answer) => self.read(&answer),
            Err(outcome) => outcome,
        }
    }
}

#[derive(Deserialize)]
struct Reply {
    success: bool,
    hostname: Option<String>,
    action: Option<String>,
    #[serde(default, rename = "error-codes")]
    errors: Vec<String>,
}

fn refused(errors: &[String]) -> Outcome {
    let has = |code: &str| errors.iter().any(|error| error == code);
    let said = errors.first().and_then(|error| word(error));
    if has("missing-input-secret") || has("invalid-input-secret") {
        Outcome::Misconfigured(said)
    } else if has("internal-error") {
        Outcome::Failed(said)
    } else {
        Outcome::Refused(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_class() {
        let of =
            |codes: &[&str]| refused(&codes.iter().map(ToString::to_string).collect::<Vec<_>>());
        for codes in [
            &["timeout-or-duplicate"][..],
            &["invalid-input-response"],
            &["bad-request"],
            &["a-new-one"],
            &[],
        ] {
            assert!(matches!(of(codes), Outcome::Refused(_)), "{codes:?}");
        }
        let secret = of(&["invalid-input-response", "invalid-input-secret"]);
        assert!(matches!(secret, Outcome::Misconfigured(_)));
        assert!(matches!(of(&["internal-error"]), Outcome::Failed(_)));
    }
}
