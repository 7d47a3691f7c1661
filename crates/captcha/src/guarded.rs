//! A service behind bounds: so many questions at once, so long each, and none for a
//! while after it failed again and again.

use std::time::Duration;

use async_trait::async_trait;
use menshen_domain::model::captcha::SolvedCaptcha;
use menshen_domain::ports::captcha_verifier::{
    CaptchaVerdict, CaptchaVerifier, CaptchaVerifierError,
};
use menshen_outbound::{CircuitBreaker, CircuitOpen};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::metrics::CaptchaMetrics;
use crate::outcome::Outcome;
use crate::service::CaptchaService;

/// How many questions may be under way at once.
const SLOTS: usize = 64;

/// A [`CaptchaService`] as the port.
pub struct GuardedCaptcha<S> {
    service: S,
    timeout: Duration,
    breaker: CircuitBreaker,
    slots: Semaphore,
    metrics: CaptchaMetrics,
}

/// Why the service was not asked, or what it said instead of an answer.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("too many captchas are being checked")]
    Busy,
    #[error("{service} refuses our account or settings: {}", word.as_deref().unwrap_or("no word"))]
    Misconfigured {
        service: &'static str,
        word: Option<String>,
    },
    #[error("{service} is out of order: {}", word.as_deref().unwrap_or("no word"))]
    Failed {
        service: &'static str,
        word: Option<String>,
    },
    #[error("{service} gave an answer of status {status} that is none")]
    Unreadable { service: &'static str, status: u16 },
}

impl<S: CaptchaService> GuardedCaptcha<S> {
    /// Asks the service, at most `timeout` long.
    #[must_use]
    pub fn new(service: S, timeout: Duration, metrics: CaptchaMetrics) -> Self {
        Self {
            service,
            timeout,
            breaker: CircuitBreaker::default(),
            slots: Semaphore::new(SLOTS),
            metrics,
        }
    }

    /// Asks the service, whatever its circuit says: for `config check --live`.
    pub async fn ask(&self, solved: &SolvedCaptcha) -> Outcome {
        let deadline = Instant::now() + self.timeout;
        self.service.ask(solved, deadline).await
    }

    fn not_asked(&self, fault: Fault) -> CaptchaVerifierError {
        self.metrics.checked(self.service.name(), "not_asked");
        CaptchaVerifierError::Unavailable {
            retry_after: Some(Duration::from_secs(1)),
            asked: false,
            source: fault.into(),
        }
    }

    fn rests(&self, open: CircuitOpen) -> CaptchaVerifierError {
        let name = self.service.name();
        self.metrics.checked(name, "not_asked");
        self.metrics.circuit(name, self.breaker.stands());
        CaptchaVerifierError::Unavailable {
            retry_after: Some(open.rest.max(Duration::from_secs(1))),
            asked: false,
            source: open.into(),
        }
    }

    fn told(&self, outcome: Outcome) -> Result<CaptchaVerdict, CaptchaVerifierError> {
        let service = self.service.name();
        let unavailable = |asked, source| {
            Err(CaptchaVerifierError::Unavailable {
                retry_after: None,
                asked,
                source,
            })
        };
        match outcome {
            Outcome::Passed => Ok(CaptchaVerdict::Passed),
            Outcome::Refused(_) => Ok(CaptchaVerdict::Refused),
            Outcome::Misconfigured(word) => {
                let fault = Fault::Misconfigured { service, word };
                Err(CaptchaVerifierError::Misconfigured(fault.into()))
            }
            Outcome::Failed(word) => unavailable(true, Fault::Failed { service, word }.into()),
            Outcome::Unreadable { status } => {
                unavailable(true, Fault::Unreadable { service, status }.into())
            }
            Outcome::NoAnswer(error) => unavailable(!error.certainly_not_sent(), error.into()),
        }
    }
}

#[async_trait]
impl<S: CaptchaService> CaptchaVerifier for GuardedCaptcha<S> {
    async fn verify(&self, solved: &SolvedCaptcha) -> Result<CaptchaVerdict, CaptchaVerifierError> {
        let name = self.service.name();
        if !self.service.is_of_its_form(solved) {
            self.metrics.checked(name, "malformed");
            return Ok(CaptchaVerdict::Refused);
        }
        let pass = self.breaker.admit().map_err(|open| self.rests(open))?;
        let slot = self.slots.try_acquire();
        let _slot = slot.map_err(|_| self.not_asked(Fault::Busy))?;
        let begun = Instant::now();
        let outcome = self.ask(solved).await;
        self.metrics.took(name, begun.elapsed());
        self.metrics.checked(name, outcome.as_str());
        match &outcome {
            Outcome::Passed | Outcome::Refused(_) => pass.succeeded(),
            Outcome::Misconfigured(_) => pass.refused(),
            Outcome::Failed(_) | Outcome::Unreadable { .. } | Outcome::NoAnswer(_) => pass.failed(),
        }
        self.metrics.circuit(name, self.breaker.stands());
        log(name, &outcome);
        self.told(outcome)
    }
}

/// One line per question; never a token, an address or the service's own sentences.
fn log(vendor: &'static str, outcome: &Outcome) {
    let (word, outcome_word) = (outcome.word(), outcome.as_str());
    match outcome {
        Outcome::Passed | Outcome::Refused(_) => {
            tracing::debug!(
                vendor,
                outcome = outcome_word,
                word,
                "a captcha was checked"
            );
        }
        Outcome::Misconfigured(_) => {
            tracing::error!(
                vendor,
                word,
                "the captcha service refuses our account or settings: nobody whom a captcha is asked of gets a code"
            );
        }
        Outcome::Failed(_) | Outcome::Unreadable { .. } => {
            tracing::warn!(
                vendor,
                outcome = outcome_word,
                word,
                "the captcha service gave no usable answer"
            );
        }
        Outcome::NoAnswer(error) => {
            let error = error as &dyn std::error::Error;
            tracing::warn!(vendor, error, "the captcha service gave no answer");
        }
    }
}
