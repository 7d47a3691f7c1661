//! Ending the sessions of everybody, part by part.

use crate::model::audit::AuditAction;
use crate::model::changes::SessionsOf;
use crate::model::identifiers::UserId;
use crate::model::session::EndReason;
use crate::services::administration::{Act, Administration, AdministrationError};

/// How many accounts a part has: each is a transaction, and together they take a
/// second or so.
pub const PART: u32 = 200;

/// What a part came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedPart {
    /// How many sessions ended.
    pub sessions: usize,
    /// Behind which account the next part begins; nothing if this was the last.
    pub next: Option<UserId>,
}

impl Administration {
    /// Ends the sessions of the next accounts behind `after`, as if each owner had
    /// signed out everywhere. Whoever signs in meanwhile may be among them, or not.
    ///
    /// # Errors
    ///
    /// [`AdministrationError::Unavailable`]; the sessions of some accounts may have
    /// ended then, and the part may be asked for again.
    pub async fn end_everybody(
        &self,
        act: &Act,
        after: Option<UserId>,
    ) -> Result<EndedPart, AdministrationError> {
        let users = self.reader.signed_in(after, PART).await?;
        let mut sessions = 0;
        for user in &users {
            let row = self.row(AuditAction::SessionRevoked, act).with_user(*user);
            let (all, reason) = (SessionsOf::All, EndReason::SignedOut);
            let ended = self.sessions.end(*user, all, reason, self.clock.now(), row);
            sessions += ended.await?.len();
        }
        if sessions == 0 {
            self.tell_refusal(act, None, "nothing_to_do").await;
        }
        let is_full = users.len() == usize::try_from(PART).unwrap_or(usize::MAX);
        Ok(EndedPart {
            sessions,
            next: users.last().copied().filter(|_| is_full),
        })
    }
}
