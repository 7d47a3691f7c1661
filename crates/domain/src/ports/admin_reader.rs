//! What operators look at, beyond the accounts themselves.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::identifiers::UserId;
use crate::model::phone_number::PhoneNumber;
use crate::model::record::{AuditFilter, AuditRecord, ConsentRecord, Counts, Page, SendRecord};
use crate::ports::BoxError;

/// The store did not answer in time, or not sensibly.
#[derive(Debug, thiserror::Error)]
#[error("what is on record cannot be read")]
pub struct AdminReaderError(#[source] pub BoxError);

/// Reads what is on record. It changes nothing, and no call of it reads more than a
/// page, or one span of time, of a large table.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait AdminReader: Send + Sync {
    /// Rows of the audit log, newest first; as many as the page holds, if there are.
    /// The order is that of their times to the millisecond, and of their ids within
    /// one.
    ///
    /// # Errors
    ///
    /// [`AdminReaderError`].
    async fn audit_events(
        &self,
        filter: &AuditFilter,
        page: Page,
    ) -> Result<Vec<AuditRecord>, AdminReaderError>;

    /// The messages to a number, newest first, each with its attempts and receipts.
    ///
    /// # Errors
    ///
    /// [`AdminReaderError`].
    async fn sends(
        &self,
        phone: &PhoneNumber,
        page: Page,
    ) -> Result<Vec<SendRecord>, AdminReaderError>;

    /// What an account's owner agreed to, if they did.
    ///
    /// # Errors
    ///
    /// [`AdminReaderError`].
    async fn consent(&self, user: UserId) -> Result<Option<ConsentRecord>, AdminReaderError>;

    /// Accounts that have a session which has not ended, in the order of their ids,
    /// from behind `after` on, `limit` of them at most.
    ///
    /// # Errors
    ///
    /// [`AdminReaderError`].
    async fn signed_in(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<UserId>, AdminReaderError>;

    /// What happened from one moment up to another, to the millisecond. It costs as
    /// much as happened then: ask for an hour at a time.
    ///
    /// # Errors
    ///
    /// [`AdminReaderError`].
    async fn counts(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Counts, AdminReaderError>;
}
