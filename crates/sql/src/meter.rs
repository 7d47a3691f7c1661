//! How much the database is asked, for tests and for the curious.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the database was asked since the connection was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StatementCount {
    /// Statements that read, outside a transaction.
    pub reads: u64,
    /// Statements that write, each a transaction of its own.
    pub single_writes: u64,
    /// Write transactions of several statements.
    pub transactions: u64,
    /// Statements of all kinds, those inside a transaction included; `BEGIN` and
    /// `COMMIT` are not counted.
    pub statements: u64,
}

impl StatementCount {
    /// What was asked since `earlier`.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            reads: self.reads - earlier.reads,
            single_writes: self.single_writes - earlier.single_writes,
            transactions: self.transactions - earlier.transactions,
            statements: self.statements - earlier.statements,
        }
    }
}

/// Counts.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    pub(crate) reads: AtomicU64,
    pub(crate) single_writes: AtomicU64,
    pub(crate) transactions: AtomicU64,
    /// Shared with the driver's callback.
    pub(crate) statements: Arc<AtomicU64>,
}

impl Meter {
    pub(crate) fn count(&self) -> StatementCount {
        StatementCount {
            reads: self.reads.load(Ordering::Relaxed),
            single_writes: self.single_writes.load(Ordering::Relaxed),
            transactions: self.transactions.load(Ordering::Relaxed),
            statements: self.statements.load(Ordering::Relaxed),
        }
    }
}

/// Adds one.
pub(crate) fn tick(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
