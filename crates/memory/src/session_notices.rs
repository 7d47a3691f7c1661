//! Word of ended sessions within one process.

use std::sync::{Arc, Mutex};

use menshen_domain::model::identifiers::UserId;
use menshen_domain::ports::session_notices::{
    SessionNotice, SessionNoticeListener, SessionNotices,
};

use crate::lock;

/// Tells the listeners of this process, before [`announce`](SessionNotices::announce)
/// returns. Clones are one.
#[derive(Clone, Default)]
pub struct MemorySessionNotices {
    listeners: Arc<Mutex<Vec<Arc<dyn SessionNoticeListener>>>>,
}

impl SessionNotices for MemorySessionNotices {
    fn announce(&self, users: &[UserId]) {
        // Not under the lock: a listener may announce or subscribe itself.
        let listeners = lock(&self.listeners).clone();
        if listeners.is_empty() {
            return;
        }
        let notice = SessionNotice::Ended(users.to_vec());
        for listener in listeners {
            listener.heard(&notice);
        }
    }

    fn subscribe(&self, listener: Arc<dyn SessionNoticeListener>) {
        lock(&self.listeners).push(listener);
    }
}
