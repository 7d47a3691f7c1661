//! Word between replicas that sessions may have ended.

use std::sync::Arc;

use crate::model::identifiers::UserId;

/// What a replica hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionNotice {
    /// Sessions of these accounts may have ended.
    Ended(Vec<UserId>),
    /// Something may have been missed: sessions of anybody may have ended.
    Missed,
}

/// Who is told.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
pub trait SessionNoticeListener: Send + Sync {
    /// Hears a notice. Must be quick: others wait behind it.
    fn heard(&self, notice: &SessionNotice);
}

/// Word between replicas that sessions may have ended.
///
/// It makes a revocation seen elsewhere at once instead of within the second for
/// which a replica may believe that a session lives (S-82). Nothing depends on
/// it: a notice may be lost, come twice, late, or back to whoever gave it, and no
/// adapter has an error to tell.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
pub trait SessionNotices: Send + Sync {
    /// Tells all replicas that sessions of these accounts may have ended, after
    /// that was committed. Never waits: what cannot be told soon is dropped, and
    /// told as [`SessionNotice::Missed`] when something can be told again.
    fn announce(&self, users: &[UserId]);

    /// Tells `listener` what is heard from now on, until the adapter goes away.
    fn subscribe(&self, listener: Arc<dyn SessionNoticeListener>);
}
