//! The accounts: read whole in one statement, changed in one transaction.
//!
//! # What a login asks
//!
//! [`observe`] is one statement of unique-index look-ups. [`apply`] is one
//! statement on PostgreSQL where nobody else is at the account (see
//! [`one_statement`]). Otherwise it is one transaction; for a returning person it
//! holds these statements, and a first login has one insert more per thing that it
//! makes:
//!
//! 1. the account's row: still this version, and the time of the login. It locks
//!    the account, so that the logins of one person queue here;
//! 2. the newest session key, where WeChat gave one;
//! 3. the sessions that the new one replaces. Where several logins race, each
//!    begins this statement after the one before it has committed, and so sees
//!    its session: one statement for all of this would not;
//! 4. the session;
//! 5. the audit rows;
//! 6. the outbox rows.

pub(crate) mod account_row;
mod activity;
mod apply;
mod avatars;
mod due;
mod erase;
mod identities;
mod merge;
mod notices;
mod observe;
mod one_statement;
mod sessions;
mod users;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use menshen_domain::model::changes::Changes;
use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::recycled::Activity;
use menshen_domain::model::wechat::{AppId, Provider};
use menshen_domain::ports::account_store::{
    AccountStore, AccountStoreError, DueAccount, Lookup, StoredSessionKey,
};

pub(crate) use account_row::{IdentityRow, PLATFORM_PROVIDER, assemble, identity_columns};
pub(crate) use identities::session_key_row;
pub(crate) use sessions::end_live;

use crate::failure::Failure;
use crate::store::SqlStore;

#[async_trait]
impl AccountStore for SqlStore {
    async fn observe(&self, lookup: &Lookup) -> Result<Snapshot, AccountStoreError> {
        Ok(self.database.within(observe::observe(self, lookup)).await?)
    }

    async fn session_key(
        &self,
        user: UserId,
        provider: Provider,
        app: &AppId,
    ) -> Result<Option<StoredSessionKey>, AccountStoreError> {
        Ok(self
            .database
            .within(identities::session_key(self, user, provider, app))
            .await?)
    }

    async fn activity(
        &self,
        user: UserId,
        device_id: Option<String>,
    ) -> Result<Activity, AccountStoreError> {
        Ok(self
            .database
            .within(activity::activity(self, user, device_id))
            .await?)
    }

    async fn due_for_erasure(
        &self,
        now: DateTime<Utc>,
        after: Option<DueAccount>,
        limit: u32,
    ) -> Result<Vec<DueAccount>, AccountStoreError> {
        Ok(self
            .database
            .within(due::due_for_erasure(self, now, after, limit))
            .await?)
    }

    async fn apply(&self, changes: &Changes) -> Result<(), AccountStoreError> {
        Ok(self.database.within(apply::apply(self, changes)).await?)
    }
}

impl From<Failure> for AccountStoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            // The name of the column (SQLite) or of its constraint (PostgreSQL).
            Failure::Taken(words) if words.contains("code_id") => Self::CodeSpent,
            Failure::CodeSpent => Self::CodeSpent,
            Failure::CallerGone => Self::CallerGone,
            Failure::NoticeSeen => Self::NoticeSeen,
            Failure::Taken(_) | Failure::Lost => Self::Stale,
            Failure::Fault(fault) => Self::Unavailable(Box::new(fault)),
        }
    }
}
