//! Delivery receipts: what the carrier said of a message, in the vendor's own
//! form, pushed to an address.

pub(crate) mod courier;
mod plan;

use chrono::{DateTime, Utc};
use serde::Serialize;

pub(crate) use plan::{Outcome, ReceiptPlan};

use crate::outgoing::{LoopbackUrl, Outgoing};
use crate::state::{Message, World};

/// How a vendor pushes receipts.
pub(crate) struct ReceiptForm {
    /// The most receipts in one push.
    pub(crate) most_in_one: usize,
    /// Seconds before each further attempt at a push that was not acknowledged.
    pub(crate) retries: &'static [u64],
    /// The carrier's word for a delivered message, and its usual one for a failed one.
    pub(crate) codes: (&'static str, &'static str),
    /// Whether a request may name an address of its own.
    pub(crate) has_callbacks: bool,
    /// Writes the push of these messages, each with its receipt: one request, or
    /// several that follow one another.
    pub(crate) write: fn(&World, &LoopbackUrl, &[&Message], DateTime<Utc>) -> Vec<Outgoing>,
    /// Whether an answer of this status and body acknowledges a push.
    pub(crate) is_acknowledged: fn(u16, &str) -> bool,
}

/// What became of a message, and of telling so.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Receipt {
    pub(crate) outcome: Outcome,
    /// The carrier's word.
    pub(crate) code: String,
    /// When the carrier said so; nothing until the first push.
    pub(crate) reported_at: Option<DateTime<Utc>>,
    /// Whether a push of it was acknowledged.
    pub(crate) acknowledged: bool,
    /// Every attempt to push it.
    pub(crate) pushes: Vec<Push>,
}

/// One attempt to push a receipt.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Push {
    pub(crate) at: DateTime<Utc>,
    /// The HTTP status of the answer, if there was one.
    pub(crate) status: Option<u16>,
    pub(crate) acknowledged: bool,
}

impl Receipt {
    pub(crate) fn is_delivered(&self) -> bool {
        self.outcome == Outcome::Delivered
    }
}
