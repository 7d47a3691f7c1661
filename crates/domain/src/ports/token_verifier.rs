//! Checking access tokens.

use chrono::{DateTime, Utc};

use crate::model::token::AccessClaims;

/// Why a token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenVerifierError {
    /// Not ours, changed, or not an access token.
    #[error("the access token is not valid")]
    Invalid,
    /// Ours, but past its time.
    #[error("the access token has expired")]
    Expired,
}

/// Checks access tokens against the deployment's keys; no I/O.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
pub trait TokenVerifier: Send + Sync {
    /// Checks a token in compact form; whether its session still lives is not
    /// asked here.
    ///
    /// # Errors
    ///
    /// See [`TokenVerifierError`].
    fn verify(&self, compact: &str, now: DateTime<Utc>)
    -> Result<AccessClaims, TokenVerifierError>;
}
