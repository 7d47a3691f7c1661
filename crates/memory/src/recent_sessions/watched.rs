//! Accounts whose changes may end sessions.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use menshen_domain::model::changes::{Changes, Step};
use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::recycled::Activity;
use menshen_domain::model::wechat::{AppId, Provider};
use menshen_domain::ports::account_store::{
    AccountStore, AccountStoreError, DueAccount, Lookup, StoredSessionKey,
};

use super::ends::Ends;

/// Accounts whose changes are known to
/// [`RecentSessions`](super::RecentSessions).
pub struct WatchedAccounts {
    pub(super) inner: Arc<dyn AccountStore>,
    pub(super) ends: Ends,
}

#[async_trait]
impl AccountStore for WatchedAccounts {
    async fn observe(&self, lookup: &Lookup) -> Result<Snapshot, AccountStoreError> {
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

    async fn activity(
        &self,
        user: UserId,
        device_id: Option<String>,
    ) -> Result<Activity, AccountStoreError> {
        self.inner.activity(user, device_id).await
    }

    async fn due_for_erasure(
        &self,
        now: DateTime<Utc>,
        after: Option<DueAccount>,
        limit: u32,
    ) -> Result<Vec<DueAccount>, AccountStoreError> {
        self.inner.due_for_erasure(now, after, limit).await
    }

    async fn apply(&self, changes: &Changes) -> Result<(), AccountStoreError> {
        let users = who_may_lose_sessions(changes);
        if users.is_empty() {
            return self.inner.apply(changes).await;
        }
        let mut ended = self.ends.of(users);
        let applied = self.inner.apply(changes).await;
        match &applied {
            Ok(()) | Err(AccountStoreError::Unavailable(_)) => {}
            Err(
                AccountStoreError::Stale
                | AccountStoreError::CallerGone
                | AccountStoreError::CodeSpent
                | AccountStoreError::NoticeSeen,
            ) => ended.is_no_news(),
        }
        applied
    }
}

/// The accounts of which sessions may end, those left out that are made only now.
fn who_may_lose_sessions(changes: &Changes) -> Vec<UserId> {
    let is_new = |user: &UserId| {
        changes
            .steps
            .iter()
            .any(|step| matches!(step, Step::CreateUser { account, .. } if account.id == *user))
    };
    let losers = changes.steps.iter().filter_map(loser);
    let mut losers: Vec<_> = losers.filter(|user| !is_new(user)).collect();
    losers.sort_unstable();
    losers.dedup();
    losers
}

/// The account of which a step may end sessions. New steps must choose.
fn loser(step: &Step) -> Option<UserId> {
    match step {
        // A newer login may take the place of an older one.
        Step::OpenSession { session, .. } => Some(session.user),
        Step::Merge { from, .. } => Some(*from),
        Step::EndSessions { user, .. }
        | Step::EndSessionsThrough { user, .. }
        | Step::Erase(user) => Some(*user),
        Step::CreateUser { .. }
        | Step::SetPhone { .. }
        | Step::ClearPhone(_)
        | Step::LinkIdentity { .. }
        | Step::LinkUnionId { .. }
        | Step::UnlinkIdentity { .. }
        | Step::UnlinkUnionId { .. }
        | Step::StoreSessionKey { .. }
        | Step::DropSessionKey { .. }
        | Step::SaveProfile { .. }
        | Step::ShowAvatar { .. }
        | Step::DropAvatar { .. }
        | Step::ClaimNotice(_)
        | Step::SpendCode(_)
        | Step::Cancel { .. }
        | Step::Disable(_)
        | Step::Enable(_)
        | Step::Restore(_) => None,
    }
}
