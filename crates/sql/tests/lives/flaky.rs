//! A store that fails when it is told to, and remembers what it has written.

use std::sync::{Mutex, PoisonError};

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
use menshen_sql::SqlStore;

use crate::acts::Crash;

/// The store of a town.
pub(crate) struct Flaky {
    store: SqlStore,
    crash: Mutex<Crash>,
    written: Mutex<Vec<Changes>>,
}

impl Flaky {
    pub(crate) fn new(store: SqlStore) -> Self {
        Self {
            store,
            crash: Mutex::new(Crash::None),
            written: Mutex::default(),
        }
    }

    /// The next write goes wrong so.
    pub(crate) fn arm(&self, crash: Crash) {
        *self.crash.lock().unwrap_or_else(PoisonError::into_inner) = crash;
    }

    /// What was written since this was asked last.
    pub(crate) fn written(&self) -> Vec<Changes> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *written)
    }

    fn crash(&self) -> Crash {
        let mut crash = self.crash.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *crash, Crash::None)
    }
}

fn gone() -> AccountStoreError {
    AccountStoreError::Unavailable("the connection was lost".into())
}

#[async_trait]
impl AccountStore for Flaky {
    async fn observe(&self, lookup: &Lookup) -> Result<Snapshot, AccountStoreError> {
        self.store.observe(lookup).await
    }

    async fn session_key(
        &self,
        user: UserId,
        provider: Provider,
        app: &AppId,
    ) -> Result<Option<StoredSessionKey>, AccountStoreError> {
        self.store.session_key(user, provider, app).await
    }

    async fn activity(
        &self,
        user: UserId,
        device_id: Option<String>,
    ) -> Result<Activity, AccountStoreError> {
        self.store.activity(user, device_id).await
    }

    async fn due_for_erasure(
        &self,
        now: DateTime<Utc>,
        after: Option<DueAccount>,
        limit: u32,
    ) -> Result<Vec<DueAccount>, AccountStoreError> {
        self.store.due_for_erasure(now, after, limit).await
    }

    async fn apply(&self, changes: &Changes) -> Result<(), AccountStoreError> {
        let crash = self.crash();
        if crash == Crash::Before {
            return Err(gone());
        }
        self.store.apply(changes).await?;
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.push(changes.clone());
        if crash == Crash::After {
            return Err(gone());
        }
        Ok(())
    }
}
