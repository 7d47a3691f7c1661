//! What was just known about sessions, so that it need not be asked again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use menshen_domain::model::audit::AuditEvent;
use menshen_domain::model::changes::{Changes, SessionsOf, Step};
use menshen_domain::model::identifiers::{SessionId, UserId};
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::refresh::RefreshState;
use menshen_domain::model::session::{EndReason, Session};
use menshen_domain::model::wechat::{AppId, Provider};
use menshen_domain::ports::account_store::{
    AccountStore, AccountStoreError, Lookup, StoredSessionKey,
};
use menshen_domain::ports::session_store::{
    Rotation, SessionStore, SessionStoreError, SessionWithAccount,
};

use crate::lock;
use crate::moment::{Moment, Stopwatch};
use crate::shelf::Shelf;

/// How many sessions are remembered at a time, unless told otherwise.
pub const DEFAULT_RECENT_CAPACITY: usize = 100_000;

/// How long "not over" is believed.
const BELIEVED_FOR: Duration = Duration::from_secs(1);

/// Which sessions were just seen not to be over.
struct Recent {
    clock: Stopwatch,
    /// Counts up whenever this process may have ended a session: what was known
    /// before counts for nothing then, an answer that is still on its way included.
    epoch: AtomicU64,
    live: Mutex<Shelf<SessionId, u64>>,
}

impl Recent {
    /// Forgets everything, at once for all callers.
    fn forget_all(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }

    fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    fn is_live(&self, id: SessionId) -> bool {
        let live = lock(&self.live);
        let now = self.clock.now();
        live.due(&id).is_some_and(|due| due > now) && live.get(&id) == Some(&self.epoch())
    }

    /// Believes that a session is not over, as was asked at `asked`.
    fn believe(&self, id: SessionId, epoch: u64, asked: Moment) {
        let mut live = lock(&self.live);
        live.clear_due(self.clock.now());
        // Without room, or after an end, the next caller asks again.
        if epoch == self.epoch() {
            drop(live.put(id, epoch, asked.after(BELIEVED_FOR)));
        }
    }
}

/// Forgets everything when it goes out of scope: also when the call that may
/// end sessions fails half-way, or its caller goes away.
struct Forget<'a>(&'a Recent);

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.0.forget_all();
    }
}

/// A session store that believes for one second that a session is not over.
///
/// What this process ends itself, through this store or through the accounts
/// that it [watches](Self::watch), is over here at once; what another replica
/// ends, within that second. Memory is bounded.
pub struct RecentSessions {
    inner: Arc<dyn SessionStore>,
    recent: Arc<Recent>,
}

impl RecentSessions {
    /// Believes at most `capacity` sessions at a time.
    #[must_use]
    pub fn new(inner: Arc<dyn SessionStore>, capacity: usize) -> Self {
        Self {
            inner,
            recent: Arc::new(Recent {
                clock: Stopwatch::start(),
                epoch: AtomicU64::new(0),
                live: Mutex::new(Shelf::new(capacity)),
            }),
        }
    }

    /// The same accounts, watched: when one of their changes may end sessions,
    /// nothing is believed any more.
    #[must_use]
    pub fn watch(&self, accounts: Arc<dyn AccountStore>) -> WatchedAccounts {
        WatchedAccounts {
            inner: accounts,
            recent: Arc::clone(&self.recent),
        }
    }

    /// Believes nothing any more: for whatever ends sessions elsewhere, a notice
    /// from another replica for example.
    pub fn forget_all(&self) {
        self.recent.forget_all();
    }
}

#[async_trait]
impl SessionStore for RecentSessions {
    async fn find(&self, id: SessionId) -> Result<Option<SessionWithAccount>, SessionStoreError> {
        self.inner.find(id).await
    }

    async fn over(
        &self,
        id: SessionId,
        now: DateTime<Utc>,
    ) -> Result<Option<EndReason>, SessionStoreError> {
        if self.recent.is_live(id) {
            return Ok(None);
        }
        let (epoch, asked) = (self.recent.epoch(), self.recent.clock.now());
        let over = self.inner.over(id, now).await?;
        if over.is_none() {
            self.recent.believe(id, epoch, asked);
        }
        Ok(over)
    }

    async fn rotate(
        &self,
        id: SessionId,
        from: &RefreshState,
        to: &RefreshState,
        now: DateTime<Utc>,
        audit: Option<AuditEvent>,
    ) -> Result<Rotation, SessionStoreError> {
        self.inner.rotate(id, from, to, now, audit).await
    }

    async fn note_replay(
        &self,
        id: SessionId,
        generation: u32,
        audit: AuditEvent,
    ) -> Result<(), SessionStoreError> {
        self.inner.note_replay(id, generation, audit).await
    }

    async fn prove(
        &self,
        id: SessionId,
        now: DateTime<Utc>,
        audit: AuditEvent,
    ) -> Result<bool, SessionStoreError> {
        self.inner.prove(id, now, audit).await
    }

    async fn end(
        &self,
        user: UserId,
        which: SessionsOf,
        reason: EndReason,
        now: DateTime<Utc>,
        audit: AuditEvent,
    ) -> Result<Vec<SessionId>, SessionStoreError> {
        let _forget = Forget(&self.recent);
        self.inner.end(user, which, reason, now, audit).await
    }

    async fn list(
        &self,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Session>, SessionStoreError> {
        self.inner.list(user, now).await
    }
}

/// Accounts whose changes are known to [`RecentSessions`].
pub struct WatchedAccounts {
    inner: Arc<dyn AccountStore>,
    recent: Arc<Recent>,
}

impl WatchedAccounts {
    /// What forgets after changes that may end sessions.
    fn forget_after(&self, changes: &Changes) -> Option<Forget<'_>> {
        let ends = changes.steps.iter().any(may_end_sessions);
        ends.then(|| Forget(&self.recent))
    }
}

/// True if a step may end sessions. New steps must choose.
fn may_end_sessions(step: &Step) -> bool {
    match step {
        // A newer login may take the place of an older one.
        Step::OpenSession { .. }
        | Step::Merge { .. }
        | Step::EndSessions { .. }
        | Step::EndSessionsThrough { .. }
        | Step::Erase(_) => true,
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
        | Step::ClaimNotice(_)
        | Step::Restore(_) => false,
    }
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

    async fn apply(&self, changes: &Changes) -> Result<(), AccountStoreError> {
        let _forget = self.forget_after(changes);
        self.inner.apply(changes).await
    }
}
