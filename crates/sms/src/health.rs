//! Whether a vendor's messages arrive, as its receipts tell.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use menshen_domain::model::sms_delivery::DeliveryReceipt;
use menshen_domain::ports::receipt_observer::ReceiptObserver;
use tokio::time::Instant;

use crate::metrics::SmsMetrics;
use crate::receipts::blames_channel;

/// How far back receipts are looked at.
const WINDOW: Duration = Duration::from_mins(10);
/// With fewer receipts than this nothing is concluded.
const LEAST: usize = 20;
/// No more than this many, the newest, are remembered for each vendor.
const MOST: usize = 1000;

/// Receipts of all vendors of late.
///
/// A vendor whose messages mostly fail through its channel's fault, and not the
/// recipient's, is in poor health and asked last. It then gets hardly any new
/// receipts; its old ones pass, and with them the verdict, so that traffic
/// returns by itself.
#[derive(Debug, Default)]
pub struct VendorHealth {
    vendors: Mutex<BTreeMap<&'static str, VecDeque<Note>>>,
    metrics: SmsMetrics,
}

#[derive(Debug, Clone, Copy)]
struct Note {
    at: Instant,
    blamed: bool,
}

impl VendorHealth {
    /// Counts receipts in `metrics`.
    #[must_use]
    pub fn new(metrics: SmsMetrics) -> Self {
        Self {
            vendors: Mutex::default(),
            metrics,
        }
    }

    /// Whether most receipts of the last ten minutes, of twenty or more, blame
    /// the vendor's channel.
    #[must_use]
    pub fn is_poor(&self, vendor: &str) -> bool {
        let now = Instant::now();
        let mut vendors = self.vendors.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(notes) = vendors.get_mut(vendor) else {
            return false;
        };
        while notes.front().is_some_and(|note| note.at + WINDOW < now) {
            notes.pop_front();
        }
        let blamed = notes.iter().filter(|note| note.blamed).count();
        notes.len() >= LEAST && blamed * 2 > notes.len()
    }
}

impl ReceiptObserver for VendorHealth {
    fn note(&self, receipt: &DeliveryReceipt) {
        let code = receipt.code.as_deref().unwrap_or_default();
        let note = Note {
            at: Instant::now(),
            blamed: !receipt.delivered && blames_channel(receipt.vendor, code),
        };
        self.metrics.receipt(receipt.vendor, receipt.delivered);
        let mut vendors = self.vendors.lock().unwrap_or_else(PoisonError::into_inner);
        let notes = vendors.entry(receipt.vendor).or_default();
        if notes.len() >= MOST {
            notes.pop_front();
        }
        notes.push_back(note);
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn receipt(code: Option<&str>) -> DeliveryReceipt {
        DeliveryReceipt {
            vendor: "aliyun",
            message_id: "1".to_owned(),
            send: None,
            phone: None,
            delivered: code.is_none(),
            code: code.map(ToOwned::to_owned),
            segments: None,
            reported_at: DateTime::UNIX_EPOCH,
        }
    }

    fn note(health: &VendorHealth, times: usize, code: Option<&str>) {
        for _ in 0..times {
            health.note(&receipt(code));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn mostly_failing_of_twenty_is_poor_until_it_is_long_ago() {
        let health = VendorHealth::default();
        note(&health, 9, None);
        note(&health, 10, Some("NO_ROUTE"));
        assert!(!health.is_poor("aliyun"), "nineteen say nothing");
        note(&health, 1, Some("NO_ROUTE"));
        assert!(health.is_poor("aliyun"));
        assert!(!health.is_poor("tencent"));
        tokio::time::advance(WINDOW + Duration::from_secs(1)).await;
        assert!(!health.is_poor("aliyun"));
    }

    #[tokio::test(start_paused = true)]
    async fn numbers_that_are_switched_off_blame_nobody() {
        let health = VendorHealth::default();
        note(&health, 50, Some("MOBILE_NOT_ON_SERVICE"));
        assert!(!health.is_poor("aliyun"));
        note(&health, 51, Some("SP_UNKNOWN_ERROR"));
        assert!(health.is_poor("aliyun"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_remembered_has_an_end() {
        let health = VendorHealth::default();
        note(&health, MOST, Some("NO_ROUTE"));
        note(&health, MOST / 2, None);
        assert!(!health.is_poor("aliyun"), "just half of the newest");
        let vendors = health.vendors.lock().unwrap();
        assert_eq!(vendors["aliyun"].len(), MOST);
    }
}
