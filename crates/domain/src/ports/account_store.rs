//! The accounts, with their identities and, in one transaction, their sessions.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::changes::Changes;
use crate::model::identifiers::UserId;
use crate::model::linking::Snapshot;
use crate::model::phone_number::PhoneNumber;
use crate::model::recycled::Activity;
use crate::model::wechat::{AppId, OpenId, Platform, Provider, SessionKey, UnionId};
use crate::ports::BoxError;

/// What accounts are looked up by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lookup {
    /// The account that is signed in.
    pub signed_in: Option<UserId>,
    /// A phone number.
    pub phone: Option<PhoneNumber>,
    /// An openid of an application.
    pub openid: Option<(Provider, AppId, OpenId)>,
    /// A unionid of a platform.
    pub union_id: Option<(Platform, UnionId)>,
}

/// The key of a person's open data, as it is stored.
#[derive(Debug, Clone)]
pub struct StoredSessionKey {
    /// Whose it is, within the application.
    pub openid: OpenId,
    /// The key.
    pub key: SessionKey,
    /// When it was stored.
    pub stored_at: DateTime<Utc>,
}

/// A cancelled account, and when it is to be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DueAccount {
    /// When its cooling-off time is over.
    pub purge_at: DateTime<Utc>,
    /// The account.
    pub user: UserId,
}

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum AccountStoreError {
    /// Something that the decision was made on has changed: observe again.
    #[error("the accounts have changed since they were read")]
    Stale,
    /// The session of whoever asks has ended.
    #[error("the session of the caller has ended")]
    CallerGone,
    /// The verification code has opened a session, or proven something else, before.
    #[error("the verification code was used before")]
    CodeSpent,
    /// The notice was claimed before: what it asks for has happened.
    #[error("the notice was carried out before")]
    NoticeSeen,
    /// The store did not answer in time, or not sensibly.
    #[error("account storage is unavailable")]
    Unavailable(#[source] BoxError),
}

/// The accounts, with their identities.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Reads, in one round trip, the accounts that the look-up matches, each
    /// whole and with its version. Merged and erased accounts match nothing;
    /// only `signed_in` may name one, and then answers it as it is.
    ///
    /// # Errors
    ///
    /// [`AccountStoreError::Unavailable`].
    async fn observe(&self, lookup: &Lookup) -> Result<Snapshot, AccountStoreError>;

    /// Reads the stored key of the open data that `user` has in an application;
    /// nothing if the account holds no openid of it, or no key is stored.
    ///
    /// # Errors
    ///
    /// [`AccountStoreError::Unavailable`], also for a key that cannot be opened.
    async fn session_key(
        &self,
        user: UserId,
        provider: Provider,
        app: &AppId,
    ) -> Result<Option<StoredSessionKey>, AccountStoreError>;

    /// What is known of the use of an account, and whether it was used on the
    /// device of that id. Asked only where a number is in doubt.
    ///
    /// # Errors
    ///
    /// [`AccountStoreError::Unavailable`].
    async fn activity(
        &self,
        user: UserId,
        device_id: Option<String>,
    ) -> Result<Activity, AccountStoreError>;

    /// The cancelled accounts whose cooling-off time was over at `now`, in their
    /// order, from behind `after` on, `limit` of them at most.
    ///
    /// # Errors
    ///
    /// [`AccountStoreError::Unavailable`].
    async fn due_for_erasure(
        &self,
        now: DateTime<Utc>,
        after: Option<DueAccount>,
        limit: u32,
    ) -> Result<Vec<DueAccount>, AccountStoreError>;

    /// Carries out all of the changes in one transaction, or none of them.
    ///
    /// A returned `Ok` means that they are durable.
    ///
    /// # Errors
    ///
    /// - [`AccountStoreError::Stale`] if an expected account has another
    ///   version, or if a phone number, identity or unionid is taken;
    /// - [`AccountStoreError::CallerGone`] if the session of the caller does not
    ///   live any more;
    /// - [`AccountStoreError::CodeSpent`] if the code was spent before;
    /// - [`AccountStoreError::NoticeSeen`] if the notice was claimed before;
    /// - [`AccountStoreError::Unavailable`].
    async fn apply(&self, changes: &Changes) -> Result<(), AccountStoreError>;
}
