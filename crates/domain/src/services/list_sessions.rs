//! The devices that somebody is signed in on.

use std::sync::Arc;

use crate::model::identifiers::UserId;
use crate::model::session::Session;
use crate::ports::clock::Clock;
use crate::ports::session_store::{SessionStore, SessionStoreError};

/// Lists one's own live sessions.
pub struct ListSessions {
    /// The sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

impl ListSessions {
    /// The live sessions of `user`, newest first.
    ///
    /// # Errors
    ///
    /// [`SessionStoreError`].
    pub async fn execute(&self, user: UserId) -> Result<Vec<Session>, SessionStoreError> {
        self.sessions.list(user, self.clock.now()).await
    }
}
