//! The messages that reached a phone.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::receipts::Receipt;

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
    /// What became of it, where a receipt is planned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) receipt: Option<Receipt>,
    /// How it was sent.
    #[serde(skip)]
    pub(crate) sending: Sending,
}

/// What the vendor notes of a message, beside what the phone shows.
#[derive(Debug, Clone, Default)]
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

/// The newest messages of all phones, each with a number of its own.
pub(crate) struct Inbox {
    newest_first: VecDeque<(u64, Message)>,
    count: u64,
}

impl Inbox {
    /// Without messages; the numbers of those to come are above `start`.
    pub(super) fn numbered_from(start: u64) -> Self {
        Self {
            newest_first: VecDeque::new(),
            count: start,
        }
    }

    /// Takes a message, and answers its number.
    pub(super) fn deliver(&mut self, message: Message) -> u64 {
        self.newest_first.truncate(MOST_MESSAGES - 1);
        self.count += 1;
        self.newest_first.push_front((self.count, message));
        self.count
    }

    pub(crate) fn find(&self, id: u64) -> Option<&Message> {
        let found = self.newest_first.iter().find(|(known, _)| *known == id);
        found.map(|(_, message)| message)
    }

    /// The receipt of a message that is not forgotten.
    pub(crate) fn receipt_mut(&mut self, id: u64) -> Option<&mut Receipt> {
        let mut found = self.newest_first.iter_mut();
        let (_, message) = found.find(|(known, _)| *known == id)?;
        message.receipt.as_mut()
    }

    /// Newest first; all of them without a number.
    pub(crate) fn newest_first(&self, phone: Option<&str>) -> Vec<Message> {
        self.newest_first
            .iter()
            .map(|(_, message)| message)
            .filter(|message| phone.is_none_or(|phone| message.phone == phone))
            .cloned()
            .collect()
    }

    pub(crate) fn clear(&mut self) {
        self.newest_first.clear();
    }
}
