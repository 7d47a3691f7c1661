//! Whoever watches the verified-to-sent budget.

use crate::model::spend::Overdrawn;

/// Is told of each message that had no budget.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
pub trait SpendObserver: Send + Sync {
    /// A message would overdraw this budget: it was refused, or sent and only
    /// reported.
    fn overdrawn(&self, overdrawn: &Overdrawn, refused: bool);
}
