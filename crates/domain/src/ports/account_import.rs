//! Accounts by the hundred, for imports.

use async_trait::async_trait;

use crate::model::importing::{ImportBatch, ImportKeys, KnownAccounts};
use crate::ports::BoxError;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum AccountImportError {
    /// Something that the decisions were made on has changed: observe again.
    #[error("the accounts have changed since they were read")]
    Stale,
    /// The store did not answer in time, or not sensibly.
    #[error("account storage is unavailable")]
    Unavailable(#[source] BoxError),
}

/// Reads and writes many accounts at once, as
/// [`AccountStore`](crate::ports::account_store::AccountStore) does one by one, with
/// the same guarantees. The number of statements does not grow with the number of
/// accounts; callers bound that number.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait AccountImport: Send + Sync {
    /// Reads, in one round trip, the accounts that any of the keys leads to, each
    /// whole and with its version. By its id an account is found in whatever state;
    /// by all else, merged and erased ones are not.
    ///
    /// # Errors
    ///
    /// [`AccountImportError::Unavailable`].
    async fn observe(&self, keys: &ImportKeys) -> Result<KnownAccounts, AccountImportError>;

    /// Carries out all of the batch in one transaction, or none of it.
    ///
    /// A returned `Ok` means that it is durable.
    ///
    /// # Errors
    ///
    /// - [`AccountImportError::Stale`] if an account to complete has another version,
    ///   or if an id, phone number, identity or unionid is taken;
    /// - [`AccountImportError::Unavailable`].
    async fn apply(&self, batch: &ImportBatch) -> Result<(), AccountImportError>;
}
