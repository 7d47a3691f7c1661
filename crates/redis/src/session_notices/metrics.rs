//! What is counted of notices.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Fate {
    fate: &'static str,
}

/// Counts notices, by account. Clones count together.
#[derive(Debug, Clone)]
pub struct NoticeMetrics {
    notices: Family<Fate, Counter<u64, AtomicU64>>,
    subscribed: Gauge,
}

impl Default for NoticeMetrics {
    /// Every fate is there from the start, with zero.
    fn default() -> Self {
        let notices = Family::default();
        for fate in ["sent", "received", "dropped", "unreadable"] {
            drop(notices.get_or_create(&Fate { fate }));
        }
        Self {
            notices,
            subscribed: Gauge::default(),
        }
    }
}

impl NoticeMetrics {
    /// Makes everything part of what `registry` tells.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "session_notices",
            "Notices to other replicas that a person's sessions may have ended, by fate",
            self.notices.clone(),
        );
        registry.register(
            "session_notices_subscribed",
            "1 while the notices of other replicas are listened to",
            self.subscribed.clone(),
        );
    }

    pub(super) fn sent(&self, count: usize) {
        self.count("sent", count);
    }

    pub(super) fn received(&self, count: usize) {
        self.count("received", count);
    }

    pub(super) fn dropped(&self, count: usize) {
        self.count("dropped", count);
    }

    pub(super) fn unreadable(&self) {
        self.count("unreadable", 1);
    }

    pub(super) fn subscribed(&self, is: bool) {
        self.subscribed.set(is.into());
    }

    fn count(&self, fate: &'static str, count: usize) {
        let counter = self.notices.get_or_create(&Fate { fate });
        counter.inc_by(u64::try_from(count).unwrap_or(u64::MAX));
    }
}
