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
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// From when on it seals and tags: the newest key of a use whose time has come
    /// is the active one. Until then every replica learns of it.
    pub not_before: DateTime<Utc>,
}

/// Another wrapping of a key that stays the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrapped {
    /// The key's number.
    pub id: u32,
    /// As it was wrapped when it was read.
    pub from: Vec<u8>,
    /// As it is wrapped now.
    pub to: Vec<u8>,
}

/// A key that has left the ring for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedKey {
    /// The key's number, which no other key gets.
    pub id: u32,
    /// What it was for.
    pub usage: String,
    /// When it left.
    pub removed_at: DateTime<Utc>,
}

/// The keyring.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait KeyringStore: Send + Sync {
    /// All keys, in the order in which they begin.
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

    /// Replaces how keys are wrapped, each on condition that it is still wrapped as
    /// it was read: what another replica wrapped meanwhile stays, and so does what
    /// was wrapped before a process died half-way. Answers how many were replaced.
    ///
    /// # Errors
    ///
    /// [`KeyringStoreError`].
    async fn rewrap(&self, keys: &[Rewrapped]) -> Result<usize, KeyringStoreError>;

    /// Takes a key out of the ring, and remembers that it was. Answers `false`, and
    /// changes nothing, if it is not there, or if no newer key of its use is: a use
    /// never loses its last key.
    ///
    /// # Errors
    ///
    /// [`KeyringStoreError`].
    async fn take_out(&self, key: &RemovedKey) -> Result<bool, KeyringStoreError>;

    /// The keys that were taken out, oldest first. A key that is not in the ring and
    /// not among them is missing for another reason, such as a dump that was restored.
    ///
    /// # Errors
    ///
    /// [`KeyringStoreError`].
    async fn removed(&self) -> Result<Vec<RemovedKey>, KeyringStoreError>;

    /// True if a session lives at `now` that began before `begun_before`: its refresh
    /// token may be tagged with a key that was in use then.
    ///
    /// # Errors
    ///
    /// [`KeyringStoreError`].
    async fn has_session_from_before(
        &self,
        begun_before: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, KeyringStoreError>;
}
