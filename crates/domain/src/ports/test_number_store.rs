//! The test numbers that operators made.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::audit::AuditEvent;
use crate::model::identifiers::TestNumberId;
use crate::model::test_number::StoredTestNumber;
use crate::ports::BoxError;

/// Why a test number is not kept.
#[derive(Debug, thiserror::Error)]
pub enum TestNumberStoreError {
    /// There are as many as there may be.
    #[error("there are as many test numbers as there may be")]
    Full,
    /// The store did not answer in time, or not sensibly.
    #[error("the test numbers are unavailable")]
    Unavailable(#[source] BoxError),
}

/// The test numbers that operators made.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait TestNumberStore: Send + Sync {
    /// Those that work at `now`, the one that ends last first; at most
    /// [`MOST`](crate::model::test_number::MOST).
    ///
    /// # Errors
    ///
    /// [`TestNumberStoreError::Unavailable`].
    async fn list(&self, now: DateTime<Utc>)
    -> Result<Vec<StoredTestNumber>, TestNumberStoreError>;

    /// Keeps one, in place of any other of the same number, with the audit row, all
    /// or nothing. Those that do not work any more go along.
    ///
    /// # Errors
    ///
    /// [`TestNumberStoreError::Full`] if there are
    /// [`MOST`](crate::model::test_number::MOST) others that work, and
    /// [`TestNumberStoreError::Unavailable`].
    async fn put(
        &self,
        number: &StoredTestNumber,
        audit: AuditEvent,
    ) -> Result<(), TestNumberStoreError>;

    /// Removes one, with the audit row; false, and nothing is written, if it is not
    /// there.
    ///
    /// # Errors
    ///
    /// [`TestNumberStoreError::Unavailable`].
    async fn remove(
        &self,
        id: TestNumberId,
        audit: AuditEvent,
    ) -> Result<bool, TestNumberStoreError>;
}
