//! Giving people all that is held about them.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::model::account::Account;
use crate::model::audit::{AuditAction, AuditEvent};
use crate::model::limits::Limits;
use crate::model::origin::Origin;
use crate::model::personal_records::{MessageEntry, Newest, PersonalRecords, messages_since};
use crate::ports::BoxError;
use crate::ports::account_store::AccountStore;
use crate::ports::audit_log::{AuditLog, AuditLogError};
use crate::ports::clock::Clock;
use crate::ports::personal_records::{PersonalRecordsError, PersonalRecordsReader};
use crate::ports::randomness::Randomness;
use crate::ports::rate_limiter::{Admission, RateLimiter, RateLimiterError};
use crate::services::authenticate::Authenticated;
use crate::services::own_account::{OwnAccountError, lookup, proven};

/// Rows of each kind at most.
pub const LIMIT: u32 = 1_000;

/// Why nothing is given out.
#[derive(Debug, thiserror::Error)]
pub enum ExportAccountError {
    /// As for whatever is done with an account as a whole.
    #[error(transparent)]
    Account(#[from] OwnAccountError),
    /// As many as a day allows were given out.
    #[error("too often")]
    RateLimited {
        /// How long to wait.
        retry_after: Duration,
    },
    /// A store did not answer.
    #[error("a store is unavailable")]
    Unavailable(#[source] BoxError),
}

impl From<RateLimiterError> for ExportAccountError {
    fn from(error: RateLimiterError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl From<PersonalRecordsError> for ExportAccountError {
    fn from(error: PersonalRecordsError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl From<AuditLogError> for ExportAccountError {
    fn from(error: AuditLogError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

/// All that is held about a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// When it was put together.
    pub at: DateTime<Utc>,
    /// The account.
    pub account: Account,
    /// What is held by its id.
    pub records: PersonalRecords,
    /// What was sent to its number since it has it.
    pub messages: Newest<MessageEntry>,
}

/// Exports accounts.
pub struct ExportAccount {
    /// The accounts.
    pub accounts: Arc<dyn AccountStore>,
    /// What else is held.
    pub records: Arc<dyn PersonalRecordsReader>,
    /// Counts exports.
    pub limiter: Arc<dyn RateLimiter>,
    /// Is told of each.
    pub audit: Arc<dyn AuditLog>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Names the audit row.
    pub randomness: Arc<dyn Randomness>,
    /// How many a person may have a day; zero means no limit.
    pub per_day: u32,
}

impl ExportAccount {
    /// Reads all that is held about the caller, once that is on record.
    ///
    /// # Errors
    ///
    /// See [`ExportAccountError`]; an export that failed does not count.
    pub async fn execute(
        &self,
        caller: &Authenticated,
        origin: &Origin,
    ) -> Result<Export, ExportAccountError> {
        let now = self.clock.now();
        let found = self.accounts.observe(&lookup(caller)).await;
        let found = found.map_err(OwnAccountError::from)?;
        let account = proven(caller, &found, now)?;
        let windows = Limits::for_export(account.id, self.per_day);
        let reservation = match self.limiter.reserve(&windows).await? {
            Admission::Reserved(reservation) => reservation,
            Admission::Refused { retry_after, .. } => {
                return Err(ExportAccountError::RateLimited { retry_after });
            }
        };
        let export = self.read(caller, account, origin, now).await;
        if export.is_err()
            && let Err(error) = self.limiter.release(&reservation).await
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "an export that failed stays counted"
            );
        }
        export
    }

    async fn read(
        &self,
        caller: &Authenticated,
        account: Account,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<Export, ExportAccountError> {
        let records = self.records.of_account(account.id, LIMIT).await?;
        let messages = match &account.phone {
            None => Newest::of(Vec::new(), LIMIT),
            Some(phone) => {
                let since = messages_since(&account, &records.history.rows, now);
                self.records.messages(phone, since, LIMIT).await?
            }
        };
        // Nothing is given out that nobody can tell of later.
        let row = AuditEvent::new(AuditAction::Exported, now, &*self.randomness)
            .with_user(account.id)
            .with_session(caller.session.id)
            .with_origin(origin);
        self.audit.append(&[row]).await?;
        Ok(Export {
            at: now,
            account,
            records,
            messages,
        })
    }
}
