//! Rows that hold sealed values, which are sealed anew after their key was replaced.

use async_trait::async_trait;

use crate::model::sweep::{RowMark, SealedPlace, Sweep, SweepCounts};
use crate::ports::BoxError;

/// Why a step came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum SealedRowsError {
    /// Here another key seals: the ring was not read for a while, or a newer key has
    /// begun. Nothing was changed.
    #[error("another key of the ring is in use")]
    OtherKey,
    /// The store did not answer in time, not sensibly, or does not let us.
    #[error("sealed values cannot be sealed anew")]
    Unavailable(#[source] BoxError),
}

/// Which rows to look at in one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// Where.
    pub place: SealedPlace,
    /// The number of the key that the values are to stand under.
    pub target: u32,
    /// The row after which it begins; `None` for the first of all.
    pub after: Option<RowMark>,
    /// Rows at most; 1 at least.
    pub limit: u32,
}

/// What a step came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reseal {
    /// What was met.
    pub counts: SweepCounts,
    /// The last row that was looked at; `None` if there was none.
    pub reached: Option<RowMark>,
    /// True if no row comes after it.
    pub is_last: bool,
    /// The ids of the rows whose values do not open, as the log names them.
    pub unopened: Vec<String>,
}

/// Rows that hold sealed values. Two may go through the same place at once, and a
/// step may be repeated: what stands under the right key already is left as it is.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait SealedRows: Send + Sync {
    /// About how many rows a place has, with and without a value. Fast, whatever the
    /// size.
    ///
    /// # Errors
    ///
    /// [`SealedRowsError::Unavailable`].
    async fn size(&self, place: SealedPlace) -> Result<u64, SealedRowsError>;

    /// Looks at the next rows in the order of their keys, and seals anew under the
    /// target what stands under another key, each value for its own row as before.
    ///
    /// A value is replaced only if it is still the one that was read: what somebody
    /// else wrote meanwhile stays. It waits for nobody: a row that somebody is
    /// writing to is passed over, and counts as found. A value that does not open
    /// stays as it is. What stands under the target costs no writing, and is not
    /// opened. Nothing else of a row changes, its version included.
    ///
    /// # Errors
    ///
    /// [`SealedRowsError`]; nothing was changed then.
    async fn reseal(&self, stretch: &Stretch) -> Result<Reseal, SealedRowsError>;

    /// The newest sweep of each place that had one.
    ///
    /// # Errors
    ///
    /// [`SealedRowsError::Unavailable`].
    async fn sweeps(&self) -> Result<Vec<Sweep>, SealedRowsError>;

    /// Keeps how far a sweep has come, in place of what was kept of its place.
    ///
    /// # Errors
    ///
    /// [`SealedRowsError::Unavailable`].
    async fn keep(&self, sweep: &Sweep) -> Result<(), SealedRowsError>;
}
