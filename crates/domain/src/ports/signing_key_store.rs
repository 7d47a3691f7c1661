//! The keys that sign access tokens, sealed.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::ports::BoxError;

/// The store did not answer in time, or not sensibly.
#[derive(Debug, thiserror::Error)]
#[error("signing-key storage is unavailable")]
pub struct SigningKeyStoreError(#[source] pub BoxError);

/// A signing key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSigningKey {
    /// The key's id: `[A-Za-z0-9_-]{1,64}`.
    pub kid: String,
    /// Its algorithm as JOSE names it (RFC 7518).
    pub algorithm: String,
    /// The private key, sealed.
    pub sealed_private_key: Vec<u8>,
    /// From when on it signs; it is published before.
    pub not_before: DateTime<Utc>,
    /// From when on it is neither used nor published.
    pub retire_at: Option<DateTime<Utc>>,
}

/// The life of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyLife {
    /// The key.
    pub kid: String,
    /// From when on it signs.
    pub not_before: DateTime<Utc>,
    /// From when on it is neither used nor published.
    pub retire_at: Option<DateTime<Utc>>,
}

/// The keys that sign access tokens.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait SigningKeyStore: Send + Sync {
    /// All keys that are not retired at `now`, oldest first.
    ///
    /// # Errors
    ///
    /// [`SigningKeyStoreError`].
    async fn load(&self, now: DateTime<Utc>)
    -> Result<Vec<SealedSigningKey>, SigningKeyStoreError>;

    /// Adds a key as the successor of `after`, and gives that one its time of
    /// retirement. Answers `false`, and changes nothing, if `after` is not the
    /// newest key any more (or, for `None`, if there is a key already): another
    /// replica was faster.
    ///
    /// # Errors
    ///
    /// [`SigningKeyStoreError`].
    async fn add(
        &self,
        key: &SealedSigningKey,
        after: Option<String>,
        retire_predecessor_at: DateTime<Utc>,
    ) -> Result<bool, SigningKeyStoreError>;

    /// Gives keys other lives, all or none. Answers `false`, and changes nothing,
    /// if `newest` is not the newest key any more, or one of them is not there.
    ///
    /// # Errors
    ///
    /// [`SigningKeyStoreError`].
    async fn revise(&self, lives: &[KeyLife], newest: &str) -> Result<bool, SigningKeyStoreError>;
}
