//! What is done when sessions may have ended: forgotten here, told elsewhere.

use std::sync::Arc;

use menshen_domain::model::identifiers::UserId;
use menshen_domain::ports::session_notices::SessionNotices;

use super::belief::Belief;

/// What is done when sessions may have ended.
#[derive(Clone)]
pub(super) struct Ends {
    pub(super) belief: Arc<Belief>,
    pub(super) notices: Arc<dyn SessionNotices>,
}

impl Ends {
    /// To be taken before the call that may end sessions of these accounts, and
    /// dropped after it.
    pub(super) fn of(&self, users: Vec<UserId>) -> Ended<'_> {
        Ended {
            ends: self,
            users,
            is_news: true,
        }
    }
}

/// Forgets, and tells the other replicas, when it goes out of scope: also when
/// the call fails half-way, or its caller goes away.
pub(super) struct Ended<'a> {
    ends: &'a Ends,
    users: Vec<UserId>,
    is_news: bool,
}

impl Ended<'_> {
    /// Nothing ended that others need to hear of.
    pub(super) fn is_no_news(&mut self) {
        self.is_news = false;
    }
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        for user in &self.users {
            self.ends.belief.forget(*user);
        }
        if self.is_news {
            self.ends.notices.announce(&self.users);
        }
    }
}
