//! The time of day.

use chrono::{DateTime, Utc};

/// Tells the time of day. Lives of codes and limits are not measured with it
/// but with the clock of the store that keeps them.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> DateTime<Utc>;
}
