//! Whoever made a captcha tells whether it was solved.

use std::time::Duration;

use async_trait::async_trait;

use crate::model::captcha::SolvedCaptcha;
use crate::ports::BoxError;

/// What a token is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaptchaVerdict {
    /// A person solved it, for this deployment, and it was not used before.
    Passed,
    /// Made up, expired, used, of another deployment, or solved by a machine.
    Refused,
}

/// Why nobody knows what a token is worth; it counts as worth nothing.
#[derive(Debug, thiserror::Error)]
pub enum CaptchaVerifierError {
    /// Our account or settings are refused: nobody gets through until they are
    /// mended.
    #[error("the captcha service refuses our account or settings")]
    Misconfigured(#[source] BoxError),
    /// No answer in time, or none that makes sense.
    #[error("the captcha service is unavailable")]
    Unavailable {
        /// When it is asked again, where that is known.
        retry_after: Option<Duration>,
        /// Whether it may have seen the token, and so spent it.
        asked: bool,
        /// What happened.
        #[source]
        source: BoxError,
    },
}

/// Asks whoever made a captcha, once, within a few seconds.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait CaptchaVerifier: Send + Sync {
    /// What the token is worth. Text that the service could not have made is
    /// [`CaptchaVerdict::Refused`] too.
    ///
    /// # Errors
    ///
    /// See [`CaptchaVerifierError`].
    async fn verify(&self, solved: &SolvedCaptcha) -> Result<CaptchaVerdict, CaptchaVerifierError>;
}
