//! What operators do: find and look at accounts, change them, read what is on
//! record.
//!
//! Everything is told to the audit log under the operator's name: what changes
//! something in the transaction of the change, a look before it is answered, and a
//! refusal too.

mod accounts;
mod counting;
mod everybody;
mod finding;
mod records;
mod test_numbers;

use std::sync::Arc;

pub use counting::{Bucket, DayCounts, DaySpan, HourCache};
pub use everybody::{EndedPart, PART};
pub use finding::{FoundBy, WholeAccount};
pub use records::Listed;
pub use test_numbers::TestNumberRefusal;

use crate::model::administration::{ActReason, AdminConflict};
use crate::model::audit::{AuditAction, AuditEvent};
use crate::model::identifiers::UserId;
use crate::model::operator::Operator;
use crate::model::origin::Origin;
use crate::ports::BoxError;
use crate::ports::account_store::{AccountStore, AccountStoreError};
use crate::ports::admin_reader::{AdminReader, AdminReaderError};
use crate::ports::audit_log::{AuditLog, AuditLogError};
use crate::ports::clock::Clock;
use crate::ports::mac::Mac;
use crate::ports::number_notices::NumberNotices;
use crate::ports::randomness::Randomness;
use crate::ports::session_store::{SessionStore, SessionStoreError};
use crate::ports::test_number_store::{TestNumberStore, TestNumberStoreError};
use crate::services::end_codes::EndCodes;

/// Why an operator does not get it.
#[derive(Debug, thiserror::Error)]
pub enum AdministrationError {
    /// There is no such account, session or number.
    #[error("there is no such thing")]
    NotFound,
    /// The accounts are not so that it can be done.
    #[error("the accounts do not allow it: {}", .0.as_str())]
    Conflict(AdminConflict),
    /// The test number is not one that can be made.
    #[error(transparent)]
    TestNumber(#[from] TestNumberRefusal),
    /// A store did not answer.
    #[error("a store is unavailable")]
    Unavailable(#[source] BoxError),
}

macro_rules! unavailable {
    ($($error:ty),*) => { $(
        impl From<$error> for AdministrationError {
            fn from(error: $error) -> Self {
                Self::Unavailable(Box::new(error))
            }
        }
    )* };
}

unavailable!(
    AccountStoreError,
    AdminReaderError,
    AuditLogError,
    SessionStoreError
);

impl From<TestNumberStoreError> for AdministrationError {
    fn from(error: TestNumberStoreError) -> Self {
        match error {
            TestNumberStoreError::Full => TestNumberRefusal::TooMany.into(),
            TestNumberStoreError::Unavailable(_) => Self::Unavailable(Box::new(error)),
        }
    }
}

/// One thing that an operator asks for.
#[derive(Debug, Clone)]
pub struct Act {
    /// Who asks.
    pub operator: Operator,
    /// What it is called in the audit log, such as `users.disable`.
    pub name: &'static str,
    /// Where the request came from.
    pub origin: Origin,
    /// Why.
    pub reason: Option<ActReason>,
}

impl Act {
    fn reason(&self) -> Option<&str> {
        self.reason.as_ref().map(ActReason::as_str)
    }
}

/// What operators do.
pub struct Administration {
    /// The accounts.
    pub accounts: Arc<dyn AccountStore>,
    /// The sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// What is on record.
    pub reader: Arc<dyn AdminReader>,
    /// The test numbers.
    pub test_numbers: Arc<dyn TestNumberStore>,
    /// Ends the codes of a number that was taken away.
    pub end_codes: Arc<EndCodes>,
    /// Sees to it that a number that was taken away is told.
    pub notices: Arc<dyn NumberNotices>,
    /// Is told of everything.
    pub audit: Arc<dyn AuditLog>,
    /// Makes keyed hashes.
    pub mac: Arc<dyn Mac>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Names audit rows.
    pub randomness: Arc<dyn Randomness>,
    /// The hours that were counted before.
    pub hours: HourCache,
}

impl Administration {
    /// Tells the audit log that an operator looks at something: before they do, so
    /// that nobody looks unseen.
    ///
    /// # Errors
    ///
    /// [`AdministrationError::Unavailable`]: nothing may be shown then.
    pub async fn tell_look(
        &self,
        act: &Act,
        user: Option<UserId>,
        subject: Option<String>,
    ) -> Result<(), AdministrationError> {
        let mut row = self.row(AuditAction::AdminRead, act);
        row.user = user;
        row.subject = subject;
        Ok(self.audit.append(&[row]).await?)
    }

    /// Tells the audit log that an operator was refused something, or that there was
    /// nothing to do. Where the log does not answer, the process's log tells it:
    /// nothing has happened.
    pub async fn tell_refusal(&self, act: &Act, user: Option<UserId>, why: &'static str) {
        let mut row = self.row(AuditAction::AdminRefused, act).with_reason(why);
        row.user = user;
        if let Err(error) = self.audit.append(&[row]).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                operator = act.operator.name(),
                act = act.name,
                "a refused act of an operator is missing in the audit log"
            );
        }
    }

    /// Tells the audit log of what has happened already, whether or not the log can
    /// be told.
    pub async fn tell_done(&self, rows: &[AuditEvent]) {
        if let Err(error) = self.audit.append(rows).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "what an operator did is missing in the audit log"
            );
        }
    }

    /// A row about an act.
    #[must_use]
    pub fn row(&self, action: AuditAction, act: &Act) -> AuditEvent {
        let mut row = AuditEvent::new(action, self.clock.now(), &*self.randomness)
            .with_method(act.name)
            .with_origin(&act.origin)
            .with_actor(&act.operator);
        row.reason = act.reason().map(ToOwned::to_owned);
        row
    }
}
