//! Checking access tokens.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::token::AccessClaims;
use crate::ports::BoxError;

/// Why a token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenVerifierError {
    /// Not ours, changed, or not an access token.
    #[error("the access token is not valid")]
    Invalid,
    /// Ours, but past its time.
    #[error("the access token has expired")]
    Expired,
    /// It names a key that is not known here: made up, gone, or so new that only
    /// other replicas know it yet.
    #[error("the access token names an unknown key")]
    UnknownKey,
}

/// The keys cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the keys of access tokens cannot be read")]
pub struct LearnKeysError(#[source] pub BoxError);

/// Checks access tokens against the deployment's keys.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait TokenVerifier: Send + Sync {
    /// Checks a token in compact form, without I/O; whether its session still
    /// lives is not asked here.
    ///
    /// # Errors
    ///
    /// See [`TokenVerifierError`].
    fn verify(&self, compact: &str, now: DateTime<Utc>)
    -> Result<AccessClaims, TokenVerifierError>;

    /// Reads the keys anew, for a token that named an unknown one. However many
    /// ask, the store is asked once every few seconds at most: who comes too early
    /// waits for the next time, and of very many only some do.
    ///
    /// # Errors
    ///
    /// [`LearnKeysError`].
    async fn learn_keys(&self, now: DateTime<Utc>) -> Result<(), LearnKeysError>;
}
