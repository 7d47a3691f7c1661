//! The sessions, apart from their opening, which belongs to the login.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::account::Account;
use crate::model::audit::AuditEvent;
use crate::model::changes::SessionsOf;
use crate::model::identifiers::{SessionId, UserId};
use crate::model::refresh::RefreshState;
use crate::model::session::{EndReason, Session};
use crate::model::verification::CodeId;
use crate::ports::BoxError;

/// The store did not answer in time, or not sensibly.
#[derive(Debug, thiserror::Error)]
#[error("session storage is unavailable")]
pub struct SessionStoreError(#[source] pub BoxError);

/// A session together with its account, read in one round trip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionWithAccount {
    /// The session.
    pub session: Session,
    /// Its account.
    pub account: Account,
}

/// What became of a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// The session has the new state.
    Done,
    /// The session is not in the state that the rotation began from: somebody
    /// else rotated it, or it has ended.
    Lost,
}

/// What became of a proof of who is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// It is remembered.
    Taken,
    /// The session has ended.
    SessionOver,
    /// The code has proven something before.
    CodeSpent,
}

/// The sessions.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Reads a session, live or ended, with its account, in one round trip.
    ///
    /// # Errors
    ///
    /// [`SessionStoreError`].
    async fn find(&self, id: SessionId) -> Result<Option<SessionWithAccount>, SessionStoreError>;

    /// Why a session of `user` is over at `now`, if it is; one that was never
    /// there, or is another account's, counts as signed out. An adapter may answer
    /// from what it knew at most one second ago, except for what it ended itself.
    ///
    /// # Errors
    ///
    /// [`SessionStoreError`].
    async fn over(
        &self,
        user: UserId,
        id: SessionId,
        now: DateTime<Utc>,
    ) -> Result<Option<EndReason>, SessionStoreError>;

    /// Moves a live session of an active account from one refresh state to the
    /// next, in one conditional step, and writes the audit row if there is one.
    ///
    /// # Errors
    ///
    /// [`SessionStoreError`].
    async fn rotate(
        &self,
        id: SessionId,
        from: &RefreshState,
        to: &RefreshState,
        now: DateTime<Utc>,
        audit: Option<AuditEvent>,
    ) -> Result<Rotation, SessionStoreError>;

    /// Remembers that the replay of `generation` was audited, and writes the
    /// row, if nobody has done so yet. True if this call did: of many callers, one.
    ///
    /// # Errors
    ///
    /// [`SessionStoreError`].
    async fn note_replay(
        &self,
        id: SessionId,
        generation: u32,
        audit: AuditEvent,
    ) -> Result<bool, SessionStoreError>;

    /// Records that the person proved again who they are, in a live session,
    /// spends the code that proved it for good, if there is one, and writes the
    /// audit row. Unless the answer is [`Proof::Taken`] nothing is written.
    ///
    /// # Errors
    ///
    /// [`SessionStoreError`].
    async fn prove(
        &self,
        id: SessionId,
        now: DateTime<Utc>,
        code: Option<CodeId>,
        audit: AuditEvent,
    ) -> Result<Proof, SessionStoreError>;

    /// Ends live sessions of an account, each with an outbox row, and with one
    /// audit row that is written only if one of them was live; answers which
    /// ended. Ending again is no error.
    ///
    /// # Errors
    ///
    /// [`SessionStoreError`].
    async fn end(
        &self,
        user: UserId,
        which: SessionsOf,
        reason: EndReason,
        now: DateTime<Utc>,
        audit: AuditEvent,
    ) -> Result<Vec<SessionId>, SessionStoreError>;

    /// The live sessions of an account, newest first, at most 100.
    ///
    /// # Errors
    ///
    /// [`SessionStoreError`].
    async fn list(
        &self,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Session>, SessionStoreError>;
}
