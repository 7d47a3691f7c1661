//! What was just known about sessions, so that it need not be asked again.

mod belief;
mod ends;
mod watched;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use menshen_domain::model::audit::AuditEvent;
use menshen_domain::model::changes::SessionsOf;
use menshen_domain::model::identifiers::{SessionId, UserId};
use menshen_domain::model::refresh::RefreshState;
use menshen_domain::model::session::{EndReason, Session};
use menshen_domain::model::verification::CodeId;
use menshen_domain::ports::account_store::AccountStore;
use menshen_domain::ports::session_notices::{SessionNoticeListener, SessionNotices};
use menshen_domain::ports::session_store::{
    Proof, Rotation, SessionStore, SessionStoreError, SessionWithAccount,
};

use belief::Belief;
use ends::Ends;
pub use watched::WatchedAccounts;

/// A session store that believes for one second that a session is not over.
///
/// What this process ends itself, through this store or through the accounts
/// that it [watches](Self::watch), is over here at once, and announced to the
/// other replicas; what they announce is over here when it is heard; what they
/// end without a word, within that second. Only what may have ended is
/// forgotten. Memory is bounded.
pub struct RecentSessions {
    inner: Arc<dyn SessionStore>,
    ends: Ends,
}

impl RecentSessions {
    /// Believes at most `capacity` sessions at a time.
    #[must_use]
    pub fn new(
        inner: Arc<dyn SessionStore>,
        capacity: usize,
        notices: Arc<dyn SessionNotices>,
    ) -> Self {
        let belief = Arc::new(Belief::new(capacity));
        Self {
            inner,
            ends: Ends { belief, notices },
        }
    }

    /// The same accounts, watched: of whom their changes may end sessions,
    /// nothing is believed any more.
    #[must_use]
    pub fn watch(&self, accounts: Arc<dyn AccountStore>) -> WatchedAccounts {
        WatchedAccounts {
            inner: accounts,
            ends: self.ends.clone(),
        }
    }

    /// Who is to be told of sessions that end elsewhere.
    #[must_use]
    pub fn listener(&self) -> Arc<dyn SessionNoticeListener> {
        Arc::clone(&self.ends.belief) as _
    }
}

#[async_trait]
impl SessionStore for RecentSessions {
    async fn find(&self, id: SessionId) -> Result<Option<SessionWithAccount>, SessionStoreError> {
        self.inner.find(id).await
    }

    async fn over(
        &self,
        user: UserId,
        id: SessionId,
        now: DateTime<Utc>,
    ) -> Result<Option<EndReason>, SessionStoreError> {
        let belief = &self.ends.belief;
        let Some(asked) = belief.ask(user, id) else {
            return Ok(None);
        };
        let over = self.inner.over(user, id, now).await?;
        if over.is_none() {
            belief.believe(user, id, asked);
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
    ) -> Result<bool, SessionStoreError> {
        self.inner.note_replay(id, generation, audit).await
    }

    async fn prove(
        &self,
        id: SessionId,
        now: DateTime<Utc>,
        code: Option<CodeId>,
        audit: AuditEvent,
    ) -> Result<Proof, SessionStoreError> {
        self.inner.prove(id, now, code, audit).await
    }

    async fn end(
        &self,
        user: UserId,
        which: SessionsOf,
        reason: EndReason,
        now: DateTime<Utc>,
        audit: AuditEvent,
    ) -> Result<Vec<SessionId>, SessionStoreError> {
        let mut ended = self.ends.of(vec![user]);
        let answer = self.inner.end(user, which, reason, now, audit).await;
        if answer.as_ref().is_ok_and(Vec::is_empty) {
            // None of them was live: whoever ended them has told.
            ended.is_no_news();
        }
        answer
    }

    async fn list(
        &self,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Session>, SessionStoreError> {
        self.inner.list(user, now).await
    }
}
