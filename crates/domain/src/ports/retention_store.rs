//! Removing what was kept long enough.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::retention::RecordKind;
use crate::ports::BoxError;

/// The store did not answer in time, not sensibly, or does not let us.
#[derive(Debug, thiserror::Error)]
#[error("what is past its time could not be removed")]
pub struct RetentionStoreError(#[source] pub BoxError);

/// What to remove in one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// What.
    pub kind: RecordKind,
    /// What is older goes. The age of each kind counts from what [`RecordKind`]
    /// says.
    pub before: DateTime<Utc>,
    /// What is older was removed by earlier batches and need not be looked for.
    pub since: Option<DateTime<Utc>>,
    /// Rows at most; 1 at least.
    pub limit: u32,
}

/// What a batch came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// How many rows; what belongs to them, such as the attempts of a message,
    /// went along uncounted. Fewer than the limit: there is nothing left but what
    /// others are writing at the moment.
    pub rows: u64,
    /// Where the next batch begins, if there was a row.
    pub reached: Option<DateTime<Utc>>,
}

/// Removes what was kept long enough.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait RetentionStore: Send + Sync {
    /// Removes one batch, the oldest first, in one short statement. It waits for
    /// nobody: what others are writing at the moment stays. Two may do the same
    /// at once, and a batch may be repeated.
    ///
    /// The newest signing key stays, whatever its age.
    ///
    /// # Errors
    ///
    /// [`RetentionStoreError`]; nothing was removed then.
    async fn remove(&self, batch: Batch) -> Result<Removed, RetentionStoreError>;
}
