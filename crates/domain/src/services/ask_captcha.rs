//! Whether a captcha must come with an ask for a code, and whether the one that
//! came is good: once, from anywhere.

use std::sync::Arc;
use std::time::Duration;

use crate::model::captcha::{
    CaptchaGrounds, CaptchaPolicy, CaptchaReason, CaptchaToken, SolvedCaptcha,
};
use crate::model::guessing;
use crate::model::limits::Window;
use crate::model::origin::Origin;
use crate::model::verification::CodeScope;
use crate::ports::BoxError;
use crate::ports::captcha_verifier::{CaptchaVerdict, CaptchaVerifier, CaptchaVerifierError};
use crate::ports::mac::{Mac, MacUse};
use crate::ports::rate_limiter::{Admission, RateLimiter, Reservation};
use crate::ports::replay_ledger::{Claim, ProofKey, ProofRecord, ReplayLedger};

/// How long a token is held while its maker is asked; longer than an answer takes.
const LEASE: Duration = Duration::from_secs(30);
/// How long a used token is remembered: the longest life of a maker's is 20 minutes.
const KEPT: Duration = Duration::from_hours(1);
/// What a person is asked to wait where nobody knows better.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Why a captcha does not count.
#[derive(Debug, thiserror::Error)]
pub enum CaptchaError {
    /// It is none, or was used before.
    #[error("the captcha is not valid")]
    Invalid,
    /// Too many from this source were none.
    #[error("too many captchas from this source failed")]
    RateLimited {
        /// How long to wait.
        retry_after: Duration,
    },
    /// Nobody can say: it counts as none.
    #[error("captchas cannot be checked")]
    Unavailable {
        /// When to try again.
        retry_after: Duration,
        /// What happened.
        #[source]
        source: BoxError,
    },
}

fn unavailable(error: impl Into<BoxError>) -> CaptchaError {
    CaptchaError::Unavailable {
        retry_after: RETRY_AFTER,
        source: error.into(),
    }
}

/// Asks for captchas, and has them checked.
pub struct AskCaptcha {
    /// Whoever makes the captchas.
    pub verifier: Arc<dyn CaptchaVerifier>,
    /// Counts codes, guesses and captchas that failed.
    pub limiter: Arc<dyn RateLimiter>,
    /// Knows the tokens that were used.
    pub ledger: Arc<dyn ReplayLedger>,
    /// Names them there.
    pub mac: Arc<dyn Mac>,
    /// When one is asked for.
    pub policy: CaptchaPolicy,
}

impl AskCaptcha {
    /// Why a captcha must come with this ask, if one must. Counts nothing.
    ///
    /// # Errors
    ///
    /// That of the limiter: what cannot be evaluated is not let through.
    pub async fn reason(
        &self,
        scope: &CodeScope,
        origin: &Origin,
    ) -> Result<Option<CaptchaReason>, BoxError> {
        let grounds = CaptchaGrounds {
            source_is_busy: self
                .is_full(self.policy.source(origin.address, false))
                .await?,
            number_is_guessed: self.is_full(guessing::run_at(&scope.phone)).await?,
            wave: self.is_full(guessing::wave()).await?,
        };
        Ok(self.policy.decide(grounds))
    }

    /// Has a token checked, and spends it: of all that hand it in, on any replica,
    /// one is asked about, and its maker is told the address of that one.
    ///
    /// # Errors
    ///
    /// See [`CaptchaError`].
    pub async fn check(
        &self,
        token: &CaptchaToken,
        scope: &CodeScope,
        origin: &Origin,
    ) -> Result<(), CaptchaError> {
        let place = self.place_among_failures(origin).await?;
        let checked = self.check_claimed(token, scope, origin).await;
        // Only what is known to be none counts as a failure.
        if !matches!(checked, Err(CaptchaError::Invalid))
            && let Err(error) = self.limiter.release(&place).await
        {
            warn(&error, "a captcha could not be taken off the counts");
        }
        checked
    }

    async fn check_claimed(
        &self,
        token: &CaptchaToken,
        scope: &CodeScope,
        origin: &Origin,
    ) -> Result<(), CaptchaError> {
        let key = self.key(token);
        let claim = self.ledger.claim(key, LEASE, Duration::ZERO).await;
        match claim.map_err(unavailable)? {
            Claim::Granted { .. } => {}
            Claim::Recorded(_) | Claim::InProgress => return Err(CaptchaError::Invalid),
        }
        let solved = SolvedCaptcha {
            token: token.clone(),
            address: origin.address,
            purpose: scope.purpose,
        };
        let verdict = self.verifier.verify(&solved).await;
        self.end(key, &verdict).await;
        match verdict {
            Ok(CaptchaVerdict::Passed) => Ok(()),
            Ok(CaptchaVerdict::Refused) => Err(CaptchaError::Invalid),
            Err(CaptchaVerifierError::Unavailable {
                retry_after,
                source,
                ..
            }) => Err(CaptchaError::Unavailable {
                retry_after: retry_after.unwrap_or(RETRY_AFTER),
                source,
            }),
            Err(error @ CaptchaVerifierError::Misconfigured(_)) => Err(unavailable(error)),
        }
    }

    /// Ends the claim. Where that fails the token stays spent: an abandoned claim is.
    async fn end(&self, key: ProofKey, verdict: &Result<CaptchaVerdict, CaptchaVerifierError>) {
        let unseen = matches!(
            verdict,
            Err(CaptchaVerifierError::Unavailable { asked: false, .. })
        );
        let ended = if unseen {
            self.ledger.release(key).await
        } else {
            let spent = ProofRecord::Spent;
            self.ledger.record(key, spent, KEPT, KEPT).await
        };
        if let Err(error) = ended {
            warn(&error, "a captcha could not be recorded as used");
        }
    }

    async fn place_among_failures(&self, origin: &Origin) -> Result<Reservation, CaptchaError> {
        let windows = self.policy.failures(origin.address);
        match self.limiter.reserve(&windows).await.map_err(unavailable)? {
            Admission::Reserved(place) => Ok(place),
            Admission::Refused { retry_after, .. } => {
                Err(CaptchaError::RateLimited { retry_after })
            }
        }
    }

    async fn is_full(&self, window: Window) -> Result<bool, BoxError> {
        Ok(self.limiter.wait(&[window]).await?.is_some())
    }

    fn key(&self, token: &CaptchaToken) -> ProofKey {
        let message = [b"captcha\0", token.expose().as_bytes()].concat();
        ProofKey(self.mac.tag(MacUse::ReplayLedger, &message))
    }
}

fn warn(error: &(dyn std::error::Error + 'static), message: &str) {
    tracing::warn!(error, "{message}");
}
