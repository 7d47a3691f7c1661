//! What is on record, as operators read it. Words that newer versions wrote are
//! shown as they are.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::identifiers::{EventId, SendId, SessionId, UserId};

/// The most rows of one page.
pub const MAX_PAGE: u32 = 100;

/// A place in a list that is sorted by time, newest first, and then by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The time of the row, to the microsecond.
    pub at: DateTime<Utc>,
    /// The row's id.
    pub id: Uuid,
}

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many rows at most, 1 to [`MAX_PAGE`].
    pub limit: u32,
    /// The row that the page begins after; without one, with the newest.
    pub after: Option<Position>,
}

/// The word of an action, such as `login.succeeded`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionWord(String);

/// The text is no word of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the word of an action")]
pub struct ActionWordError;

impl ActionWord {
    /// Takes 3 to 64 lower-case letters, `_` and one dot within.
    ///
    /// # Errors
    ///
    /// [`ActionWordError`] for any other text.
    pub fn parse(text: &str) -> Result<Self, ActionWordError> {
        let part = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        };
        match text.split_once('.') {
            Some((subject, verb)) if text.len() <= 64 && part(subject) && part(verb) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(ActionWordError),
        }
    }

    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which rows of the audit log; all conditions hold together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// About this account.
    pub user: Option<UserId>,
    /// Of this action.
    pub action: Option<ActionWord>,
    /// By the operator of this name.
    pub actor: Option<String>,
    /// From this address, or for IPv6 from its /64. No index leads to it, so it goes
    /// with an account or a beginning.
    pub address: Option<IpAddr>,
    /// Not before.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub to: Option<DateTime<Utc>>,
}

impl AuditFilter {
    /// Whether an index leads to the rows: an address goes with an account or with a
    /// beginning.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        self.address.is_none() || self.user.is_some() || self.from.is_some()
    }
}

/// A row of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "as the members of `AuditEvent`, the words as they stand"
)]
pub struct AuditRecord {
    pub id: EventId,
    pub at: DateTime<Utc>,
    pub action: String,
    pub user: Option<UserId>,
    pub session: Option<SessionId>,
    pub subject: Option<String>,
    pub method: Option<String>,
    pub reason: Option<String>,
    pub address: Option<String>,
    pub device_id: Option<String>,
    pub request_id: Option<String>,
    pub actor: Option<String>,
}

/// A message, with all that became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendRecord {
    /// Which message.
    pub id: SendId,
    /// When it was asked for.
    pub at: DateTime<Utc>,
    /// To whom, masked.
    pub phone_masked: String,
    /// What its code is good for.
    pub purpose: String,
    /// From which client type it was asked for.
    pub client_type: String,
    /// From which source network.
    pub source: String,
    /// What became of it in all; nothing while it is under way, or if its process
    /// died then.
    pub verdict: Option<String>,
    /// Each try at a vendor, in their order.
    pub attempts: Vec<AttemptRecord>,
    /// What vendors told later.
    pub receipts: Vec<ReceiptRecord>,
}

/// A try at a vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "as the members of `SmsAttempt`")]
pub struct AttemptRecord {
    pub vendor: String,
    pub outcome: String,
    pub vendor_code: Option<String>,
    pub request_id: Option<String>,
    pub message_id: Option<String>,
    pub cost_units: Option<u64>,
    pub took_ms: u64,
    pub at: DateTime<Utc>,
}

/// A delivery receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "as the members of `DeliveryReceipt`")]
pub struct ReceiptRecord {
    pub vendor: String,
    pub message_id: String,
    pub delivered: bool,
    pub code: Option<String>,
    pub segments: Option<u64>,
    pub reported_at: DateTime<Utc>,
}

/// What a person agreed to, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentRecord {
    /// The version of the terms.
    pub version: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// How often something happened, by the words of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventCount {
    /// What.
    pub action: String,
    /// How.
    pub method: Option<String>,
    /// How often.
    pub times: u64,
}

/// How many messages came to what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SendCount {
    /// The verdict; nothing for what is under way, or whose process died.
    pub verdict: Option<String>,
    /// How many.
    pub times: u64,
}

/// What a vendor was asked, and what that costs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct VendorCount {
    /// The vendor.
    pub vendor: String,
    /// What the tries came to.
    pub outcome: String,
    /// How many tries.
    pub tries: u64,
    /// What they cost, in the vendor's own unit: segments for most.
    pub units: u64,
}

/// What happened in a span of time. Sorted, each kind once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows of the audit log.
    pub events: Vec<EventCount>,
    /// Messages.
    pub sends: Vec<SendCount>,
    /// Tries at vendors.
    pub vendors: Vec<VendorCount>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_an_action_has_one_dot() {
        for good in ["login.succeeded", "code.test_number_used", "a.b"] {
            assert_eq!(ActionWord::parse(good).unwrap().as_str(), good);
        }
        let long = format!("a.{}", "b".repeat(63));
        for bad in [
            "", "login", "a.", ".b", "a.b.c", "A.b", "a.b'", "a. b", &long,
        ] {
            assert!(ActionWord::parse(bad).is_err(), "{bad:?}");
        }
    }
}
