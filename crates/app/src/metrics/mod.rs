//! What is counted, in Prometheus' text form. No label has unbounded values, and
//! none names a person.

pub mod background;
pub(crate) mod calls;
pub(crate) mod keys;
mod latency;
pub mod notices;
pub mod outcomes;
pub(crate) mod pools;
mod process;
mod requests;
pub mod spend;
pub(crate) mod traces;

use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::metrics::background::Background;
use crate::metrics::calls::StoreCalls;
use crate::metrics::notices::NoticeMetrics;
use crate::metrics::outcomes::Outcomes;
use crate::metrics::process::Process;
use crate::metrics::requests::Requests;
use crate::metrics::spend::SpendMetrics;

/// The commit that was built, where whoever built it said so.
const COMMIT: &str = match option_env!("MENSHEN_BUILD_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

/// What a push of delivery receipts came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptPushOutcome {
    /// On record.
    Acknowledged,
    /// Receipts are not taken at all: `sms.receipt_secret` is not set.
    NotTaken,
    /// Somebody guesses, or a vendor has an old address.
    WrongSecret,
    /// No such vendor is configured.
    UnknownVendor,
    /// The body did not come, or is too large.
    Unreadable,
    /// Not of the vendor's form.
    Malformed,
    /// Without the vendor's signature.
    Forged,
    /// More receipts than a push may hold.
    TooMany,
    /// The record did not answer.
    Unavailable,
}

impl ReceiptPushOutcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::NotTaken => "not_taken",
            Self::WrongSecret => "wrong_secret",
            Self::UnknownVendor => "unknown_vendor",
            Self::Unreadable => "unreadable",
            Self::Malformed => "malformed",
            Self::Forged => "forged",
            Self::TooMany => "too_many",
            Self::Unavailable => "unavailable",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReceiptPushes {
    outcome: &'static str,
}

/// What became of a pushed message.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Pushed {
    /// WeChat's word for the event; `unknown` for what was not opened.
    event: &'static str,
    /// What became of it.
    outcome: &'static str,
}

/// Counts what happens.
pub struct Metrics {
    registry: Registry,
    /// What has no name of ours in front.
    process: Registry,
    pub(crate) requests: Requests,
    pub(crate) stores: StoreCalls,
    /// What the use cases came to.
    pub outcomes: Outcomes,
    /// Messages without a budget.
    pub spend: SpendMetrics,
    /// The word to numbers that were lost.
    pub notices: NoticeMetrics,
    /// Work without a request.
    pub background: Background,
    forwarded_ignored: Counter<u64, AtomicU64>,
    receipt_pushes: Family<ReceiptPushes, Counter<u64, AtomicU64>>,
    pushes: Family<Pushed, Counter<u64, AtomicU64>>,
}

impl Metrics {
    /// Counts from zero. Which version runs is told only where whoever should not know
    /// cannot ask.
    #[must_use]
    pub fn new(tells_version: bool) -> Self {
        let mut registry = Registry::with_prefix("menshen");
        let version = [("version", env!("CARGO_PKG_VERSION")), ("commit", COMMIT)];
        let told = if tells_version {
            version.to_vec()
        } else {
            Vec::new()
        };
        registry.register(
            "build",
            "What runs: its version and commit",
            Info::new(told),
        );
        let requests = Requests::new(&mut registry);
        let stores = StoreCalls::new(&mut registry);
        let outcomes = Outcomes::new(&mut registry);
        let spend = SpendMetrics::new(&mut registry);
        let notices = NoticeMetrics::new(&mut registry);
        let background = Background::new(&mut registry);
        let mut process = Registry::default();
        process.register_collector(Box::new(Process));
        let forwarded_ignored = Counter::default();
        registry.register(
            "forwarded_ignored",
            "Requests of private peers whose X-Forwarded-For is ignored: a proxy missing in server.trusted_proxies",
            forwarded_ignored.clone(),
        );
        let receipt_pushes = Family::default();
        registry.register(
            "sms_receipt_pushes",
            "Pushes of delivery receipts by what they came to",
            receipt_pushes.clone(),
        );
        let pushes = Family::default();
        registry.register(
            "wechat_pushes",
            "Messages that WeChat pushed, by event and outcome",
            pushes.clone(),
        );
        Self {
            registry,
            process,
            requests,
            stores,
            outcomes,
            spend,
            notices,
            background,
            forwarded_ignored,
            receipt_pushes,
            pushes,
        }
    }
}

impl Metrics {
    /// Shows what an adapter counts; `register` names it.
    pub fn show(&mut self, register: impl FnOnce(&mut Registry)) {
        register(&mut self.registry);
    }

    /// Counts one push of delivery receipts.
    pub fn receipts_pushed(&self, outcome: ReceiptPushOutcome) {
        let outcome = outcome.as_str();
        self.receipt_pushes
            .get_or_create(&ReceiptPushes { outcome })
            .inc();
    }

    /// Counts one message that WeChat pushed.
    pub fn pushed(&self, event: &'static str, outcome: &'static str) {
        self.pushes.get_or_create(&Pushed { event, outcome }).inc();
    }

    /// The text form (Prometheus, `OpenMetrics` 1.0).
    ///
    /// # Errors
    ///
    /// [`std::fmt::Error`] if a value cannot be written, which a string never says.
    pub fn text(&self, forwarded_ignored: u64) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        let seen = self.forwarded_ignored.inner();
        seen.store(forwarded_ignored, Ordering::Relaxed);
        encode_registry(&mut text, &self.registry)?;
        encode_registry(&mut text, &self.process)?;
        encode_eof(&mut text)?;
        Ok(text)
    }
}
