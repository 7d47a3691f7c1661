//! Ending one's own sessions.

use std::sync::Arc;

use crate::model::audit::{AuditAction, AuditEvent};
use crate::model::changes::SessionsOf;
use crate::model::identifiers::{SessionId, UserId};
use crate::model::origin::Origin;
use crate::model::session::EndReason;
use crate::ports::clock::Clock;
use crate::ports::randomness::Randomness;
use crate::ports::session_store::{SessionStore, SessionStoreError};

/// Ends one's own sessions.
pub struct SignOut {
    /// The sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Names the audit row.
    pub randomness: Arc<dyn Randomness>,
}

impl SignOut {
    /// Ends the sessions of `user` that are meant, durably, and answers which
    /// of them were live; sessions of others are never touched.
    ///
    /// # Errors
    ///
    /// [`SessionStoreError`].
    pub async fn execute(
        &self,
        user: UserId,
        which: SessionsOf,
        origin: &Origin,
    ) -> Result<Vec<SessionId>, SessionStoreError> {
        let now = self.clock.now();
        let row = AuditEvent::new(AuditAction::SignedOut, now, &*self.randomness)
            .with_user(user)
            .with_origin(origin);
        let row = match which {
            SessionsOf::One(session) => row.with_session(session).with_reason("this"),
            SessionsOf::AllBut(_) => row.with_reason("others"),
            SessionsOf::All => row.with_reason("all"),
        };
        self.sessions
            .end(user, which, EndReason::SignedOut, now, row)
            .await
    }
}
