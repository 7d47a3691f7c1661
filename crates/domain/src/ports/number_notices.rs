//! Whoever sees to it that lost numbers are told.

use crate::model::number_notice::{LostNumber, NoticeOutcome};

/// Takes the word that an account has lost a number.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
pub trait NumberNotices: Send + Sync {
    /// Takes it over, after the commit, at once: nothing is waited for, and nothing
    /// that comes of it reaches whoever asked. What cannot be taken is counted as
    /// [`NoticeOutcome::Dropped`].
    fn hand_over(&self, lost: LostNumber);
}

/// Is told what became of each word to a lost number.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
pub trait NoticeObserver: Send + Sync {
    /// One came to this.
    fn came_to(&self, outcome: NoticeOutcome);
}
