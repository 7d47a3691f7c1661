//! What is to happen to the receipts of a vendor.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The most copies of a push beside the first.
const MOST_DUPLICATES: u32 = 10;
/// The longest that a receipt waits.
const LONGEST_DELAY_MS: u64 = 60_000;

/// What the carrier says of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    #[default]
    Delivered,
    Failed,
}

/// A plan for the receipts of one vendor, as `PUT /control/sms/receipts` takes it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReceiptPlan {
    /// Whose receipts.
    pub(crate) vendor: String,
    /// Where they go, on this machine; a request's own callback goes before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    /// How long after the message they are pushed, at most 60 s.
    #[serde(default)]
    pub(crate) delay_ms: u64,
    /// What they say.
    #[serde(default)]
    pub(crate) outcome: Outcome,
    /// The carrier's word, in place of the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    /// How many more times each push is made after it was acknowledged.
    #[serde(default)]
    pub(crate) duplicates: u32,
    /// All that come within `delay_ms` go in one push.
    #[serde(default)]
    pub(crate) batched: bool,
    /// Of those that come within `delay_ms`, the newest goes first.
    #[serde(default)]
    pub(crate) out_of_order: bool,
    /// What the waits of the vendor's retry plan are multiplied with, of 0 to 1.
    #[serde(default = "unscaled")]
    pub(crate) retry_scale: f64,
    /// Whether pushes are signed; Huawei Cloud only, where that is an option.
    #[serde(default)]
    pub(crate) signed: bool,
}

fn unscaled() -> f64 {
    1.0
}

impl ReceiptPlan {
    /// Delivered at once, for messages whose request names a callback.
    pub(crate) fn usual(vendor: &str) -> Self {
        Self {
            vendor: vendor.to_owned(),
            url: None,
            delay_ms: 0,
            outcome: Outcome::Delivered,
            code: None,
            duplicates: 0,
            batched: false,
            out_of_order: false,
            retry_scale: unscaled(),
            signed: false,
        }
    }

    /// What is wrong with the plan itself.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        if self.delay_ms > LONGEST_DELAY_MS {
            Some("delay_ms is at most 60000")
        } else if self.duplicates > MOST_DUPLICATES {
            Some("duplicates are at most 10")
        } else if !(0.0..=1.0).contains(&self.retry_scale) {
            Some("retry_scale is of 0 to 1")
        } else if self.code.as_ref().is_some_and(|code| code.len() > 64) {
            Some("code is at most 64 bytes")
        } else if self.signed && self.vendor != "huawei" {
            Some("only huawei can be told to sign its receipts; twilio always does")
        } else if self.batched && self.vendor == "twilio" {
            Some("twilio pushes every receipt by itself")
        } else {
            None
        }
    }

    pub(crate) fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }

    /// Whether receipts wait for one another.
    pub(crate) fn collects(&self) -> bool {
        self.batched || self.out_of_order
    }

    /// A wait of the vendor's retry plan, scaled.
    pub(crate) fn wait(&self, seconds: u64) -> Duration {
        Duration::from_secs(seconds).mul_f64(self.retry_scale.clamp(0.0, 1.0))
    }
}
