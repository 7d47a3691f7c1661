//! The messages that reached a phone.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use serde::Serialize;

/// Older messages than this many are forgotten.
const MOST_MESSAGES: usize = 1000;

/// A delivered SMS.
#[derive(Clone, Serialize)]
pub(crate) struct Message {
    /// Who sent it, as in `/sms/<vendor>`.
    pub(crate) vendor: &'static str,
    /// To whom, in E.164.
    pub(crate) phone: String,
    /// The verification code in it.
    pub(crate) code: String,
    /// What the phone shows.
    pub(crate) text: String,
    /// When.
    pub(crate) at: DateTime<Utc>,
}

/// The newest messages of all phones.
#[derive(Default)]
pub(crate) struct Inbox(VecDeque<Message>);

impl Inbox {
    pub(crate) fn deliver(&mut self, message: Message) {
        self.0.truncate(MOST_MESSAGES - 1);
        self.0.push_front(message);
    }

    /// Newest first; all of them without a number.
    pub(crate) fn newest_first(&self, phone: Option<&str>) -> Vec<Message> {
        self.0
            .iter()
            .filter(|message| phone.is_none_or(|phone| message.phone == phone))
            .cloned()
            .collect()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
