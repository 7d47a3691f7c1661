//! Logins take turns at the database's connections.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use menshen_domain::model::changes::Changes;
use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::wechat::{AppId, Provider};
use menshen_domain::ports::account_store::{
    AccountStore, AccountStoreError, Lookup, StoredSessionKey,
};
use tokio::sync::{Semaphore, SemaphorePermit};

/// How long a call waits for its turn. With the bounds of the database itself an
/// answer comes within six seconds.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Accounts of which so many calls at a time reach the store.
///
/// A burst of logins, of one person above all, whose transactions wait for one
/// another, would otherwise hold every connection, and everybody else would be
/// refused after the short time that a connection is waited for.
pub(super) struct Turns {
    inner: Arc<dyn AccountStore>,
    turns: Semaphore,
}

impl Turns {
    /// Leaves a quarter of the connections to everybody who does not log in.
    pub(super) fn new(inner: Arc<dyn AccountStore>, connections: u32) -> Self {
        let share = usize::try_from(connections - connections / 4).unwrap_or(1);
        Self {
            inner,
            turns: Semaphore::new(share.max(1)),
        }
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>, AccountStoreError> {
        let waited = tokio::time::timeout(PATIENCE, self.turns.acquire()).await;
        match waited {
            Ok(Ok(turn)) => Ok(turn),
            // Never closed: only the time can be up.
            Ok(Err(_)) | Err(_) => Err(AccountStoreError::Unavailable(
                "too many logins wait for the database".into(),
            )),
        }
    }
}

#[async_trait]
impl AccountStore for Turns {
    async fn observe(&self, lookup: &Lookup) -> Result<Snapshot, AccountStoreError> {
        let _turn = self.turn().await?;
        self.inner.observe(lookup).await
    }

    async fn session_key(
        &self,
        user: UserId,
        provider: Provider,
        app: &AppId,
    ) -> Result<Option<StoredSessionKey>, AccountStoreError> {
        self.inner.session_key(user, provider, app).await
    }

    async fn apply(&self, changes: &Changes) -> Result<(), AccountStoreError> {
        let _turn = self.turn().await?;
        self.inner.apply(changes).await
    }
}
