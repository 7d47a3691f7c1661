//! Answering a completed login once more: the same session, its current tokens.

use std::sync::Arc;

use crate::model::evidence::EvidencePart;
use crate::model::identifiers::SessionId;
use crate::ports::clock::Clock;
use crate::ports::session_store::SessionStore;
use crate::services::issue_tokens::IssueTokens;
use crate::services::login::{Arrival, LoginError, SignedIn};

/// Answers a completed login once more.
pub struct Rejoin {
    /// The sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// Makes the tokens.
    pub tokens: Arc<IssueTokens>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

impl Rejoin {
    /// The session with its current refresh token; `None` if it has ended.
    ///
    /// # Errors
    ///
    /// [`LoginError::Unavailable`] and [`LoginError::Tokens`].
    pub async fn execute(
        &self,
        id: SessionId,
        is_new_user: bool,
        not_attached: Vec<EvidencePart>,
    ) -> Result<Option<SignedIn>, LoginError> {
        let now = self.clock.now();
        let found = self.sessions.find(id).await?;
        let Some(found) = found.filter(|found| found.session.over_at(now).is_none()) else {
            return Ok(None);
        };
        let tokens = self.tokens.pair(&found.account, &found.session, now)?;
        Ok(Some(SignedIn {
            phone_required: self.tokens.phone_required(&found.account),
            account: found.account,
            session: found.session,
            tokens,
            is_new_user,
            arrival: Arrival::Repeated,
            not_attached,
        }))
    }
}
