//! What became of a message: at each vendor that was asked, in all, and at the
//! handset.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::model::identifiers::SendId;
use crate::model::phone_number::PhoneNumber;

/// What one attempt at one vendor came to, in words that no vendor owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SendOutcome {
    /// The vendor took the message; it is not delivered yet.
    Accepted,
    /// The number is malformed, not in service, or of a region without service.
    BadNumber,
    /// The vendor's limit for this number.
    NumberLimited,
    /// The owner of the number has opted out, or is on a block list.
    RecipientBlocked,
    /// Our sign, template, key, permission or request is refused.
    Config,
    /// No balance, or a cap of the account.
    Billing,
    /// The text is refused.
    Content,
    /// The vendor throttles us.
    VendorBusy,
    /// The vendor failed, or could not be reached; nothing was sent.
    VendorFault,
    /// Our time or nonce is refused.
    Clock,
    /// No usable answer to a request that was written: it may have been sent.
    Unknown,
}

impl SendOutcome {
    /// Every outcome.
    pub const ALL: [Self; 11] = [
        Self::Accepted,
        Self::BadNumber,
        Self::NumberLimited,
        Self::RecipientBlocked,
        Self::Config,
        Self::Billing,
        Self::Content,
        Self::VendorBusy,
        Self::VendorFault,
        Self::Clock,
        Self::Unknown,
    ];

    /// The stable word of records, logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::BadNumber => "bad_number",
            Self::NumberLimited => "number_limited",
            Self::RecipientBlocked => "recipient_blocked",
            Self::Config => "config",
            Self::Billing => "billing",
            Self::Content => "content",
            Self::VendorBusy => "vendor_busy",
            Self::VendorFault => "vendor_fault",
            Self::Clock => "clock",
            Self::Unknown => "unknown",
        }
    }

    /// Reads the stable word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == word)
    }
}

/// One attempt to send one message through one vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmsAttempt {
    /// The vendor's name in the configuration.
    pub vendor: &'static str,
    /// What it came to.
    pub outcome: SendOutcome,
    /// The vendor's own word for it, such as `isv.AMOUNT_NOT_ENOUGH`.
    pub vendor_code: Option<String>,
    /// The vendor's id of the request, for its support desk.
    pub request_id: Option<String>,
    /// The vendor's id of the message, which its receipt names.
    pub message_id: Option<String>,
    /// What it costs, in the vendor's own unit: segments for most.
    pub cost_units: Option<u32>,
    /// How long the answer took.
    pub took: Duration,
    /// When it was begun.
    pub at: DateTime<Utc>,
}

/// What became of a message in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SendVerdict {
    /// A vendor took it.
    Accepted,
    /// It may have been sent; nobody sends it again.
    Unknown,
    /// The number cannot receive messages.
    Unreachable,
    /// A vendor's limit for the number is reached.
    NumberLimited,
    /// Our account or settings are refused.
    Misconfigured,
    /// No vendor took it.
    Unavailable,
}

impl SendVerdict {
    /// Every verdict.
    pub const ALL: [Self; 6] = [
        Self::Accepted,
        Self::Unknown,
        Self::Unreachable,
        Self::NumberLimited,
        Self::Misconfigured,
        Self::Unavailable,
    ];

    /// The stable word of records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Unknown => "unknown",
            Self::Unreachable => "unreachable",
            Self::NumberLimited => "number_limited",
            Self::Misconfigured => "misconfigured",
            Self::Unavailable => "unavailable",
        }
    }

    /// Reads the stable word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|verdict| verdict.as_str() == word)
    }

    /// True if the message may have left: it counts against every budget.
    #[must_use]
    pub const fn counts(self) -> bool {
        matches!(self, Self::Accepted | Self::Unknown)
    }
}

/// Messages that left at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentCount {
    /// When: the last of them, within one second.
    pub at: DateTime<Utc>,
    /// How many.
    pub times: u32,
}

/// What a vendor tells, later, about a message that it took: its last word, not
/// a step on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryReceipt {
    /// The vendor's name in the configuration.
    pub vendor: &'static str,
    /// The vendor's id of the message.
    pub message_id: String,
    /// Our own name of the message, where the vendor brings it back. It finds
    /// messages whose answer, and so whose vendor's id, never arrived.
    pub send: Option<SendId>,
    /// To whom, where the vendor tells it.
    pub phone: Option<PhoneNumber>,
    /// Whether the handset has it.
    pub delivered: bool,
    /// The vendor's own word for what happened, such as `MOBILE_NOT_ON_SERVICE`.
    pub code: Option<String>,
    /// How many segments are billed, where the vendor tells it.
    pub segments: Option<u32>,
    /// When it happened by the vendor's clock, or else when the receipt came.
    pub reported_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_back() {
        for outcome in SendOutcome::ALL {
            assert_eq!(SendOutcome::parse(outcome.as_str()), Some(outcome));
        }
        for verdict in SendVerdict::ALL {
            assert_eq!(SendVerdict::parse(verdict.as_str()), Some(verdict));
        }
        assert_eq!(SendOutcome::parse("Accepted"), None);
        assert_eq!(SendVerdict::parse(""), None);
    }

    #[test]
    fn what_certainly_did_not_leave_counts_nowhere() {
        let counting = SendVerdict::ALL
            .into_iter()
            .filter(|verdict| verdict.counts());
        let counting: Vec<_> = counting.collect();
        assert_eq!(counting, [SendVerdict::Accepted, SendVerdict::Unknown]);
    }
}
