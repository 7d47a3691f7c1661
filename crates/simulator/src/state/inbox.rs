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
    /// How it was sent.
    #[serde(skip)]
    pub(crate) sending: Sending,
}

/// What the vendor notes of a message, beside what the phone shows.
#[derive(Debug, Clone, Default)]
#[expect(dead_code, reason = "receipts and queries will read it")]
pub(crate) struct Sending {
    /// The vendor's id of the message, which receipts and queries name.
    pub(crate) message_id: String,
    /// The template's id.
    pub(crate) template: String,
    /// The sign's text.
    pub(crate) sign: String,
    /// The channel, account or number it was sent from.
    pub(crate) sender: String,
    /// The sender's own id for it, as the vendor gives it back.
    pub(crate) reference: String,
    /// How many messages it counts as.
    pub(crate) segments: usize,
    /// Where the sender wants the receipt, if the request says so.
    pub(crate) callback: Option<String>,
    /// What the carrier will say, where that is certain already.
    pub(crate) doom: Option<&'static str>,
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
