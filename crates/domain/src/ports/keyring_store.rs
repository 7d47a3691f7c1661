//! The keyring: one random key per use, wrapped by the master key.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::ports::BoxError;

/// The store did not answer in time, or not sensibly.
#[derive(Debug, thiserror::Error)]
#[error("keyring storage is unavailable")]
pub struct KeyringStoreError(#[source] pub BoxError);

/// A key of the ring as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// The key's number, unique in the ring; sealed values name it.
    pub id: u32,
    /// The use that it is for, as `MacUse` and `SealUse` spell it.
    pub usage: String,
    /// The key, wrapped by the master key.
    pub wrapped: Vec<u8>,
    /// When it was made; the newest key of a use is the active one.
    pub created_at: DateTime<Utc>,
}

/// The keyring.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait KeyringStore: Send + Sync {
    /// All keys, oldest first.
    ///
    /// # Errors
    ///
    /// [`KeyringStoreError`].
    async fn load(&self) -> Result<Vec<WrappedKey>, KeyringStoreError>;

    /// Adds keys, all or none. Answers `false` if one of their numbers is taken:
    /// another replica was faster.
    ///
    /// # Errors
    ///
    /// [`KeyringStoreError`].
    async fn add(&self, keys: &[WrappedKey]) -> Result<bool, KeyringStoreError>;

    /// Replaces how keys are wrapped, all or none; the keys stay the same.
    ///
    /// # Errors
    ///
    /// [`KeyringStoreError`].
    async fn rewrap(&self, keys: &[WrappedKey]) -> Result<(), KeyringStoreError>;
}
