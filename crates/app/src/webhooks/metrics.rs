//! What is counted of deliveries.

use std::sync::atomic::AtomicU64;

use chrono::{DateTime, Utc};
use menshen_domain::model::webhook::{ReceiverName, SendOutcome};
use menshen_domain::ports::outbox::Backlog;
use menshen_domain::services::deliver_webhooks::Tried;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Try {
    receiver: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    receiver: String,
}

/// Counts tries, and tells what waits. The receivers are those of the settings.
#[derive(Debug, Clone, Default)]
pub struct WebhookMetrics {
    attempts: Family<Try, Counter<u64, AtomicU64>>,
    pending: Family<Of, Gauge>,
    oldest: Family<Of, Gauge>,
    dead: Family<Of, Gauge>,
    lease_held: Gauge,
}

impl WebhookMetrics {
    /// Counts for these receivers.
    #[must_use]
    pub fn of(receivers: impl IntoIterator<Item = ReceiverName>) -> Self {
        let metrics = Self::default();
        for receiver in receivers {
            for outcome in SendOutcome::CLASSES {
                drop(metrics.attempts.get_or_create(&Try {
                    receiver: receiver.to_string(),
                    outcome,
                }));
            }
            let of = Of {
                receiver: receiver.to_string(),
            };
            for gauges in [&metrics.pending, &metrics.oldest, &metrics.dead] {
                drop(gauges.get_or_create(&of));
            }
        }
        metrics
    }

    /// Names what is counted.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "webhook_attempts",
            "Tries to tell a receiver an event, by what they came to",
            self.attempts.clone(),
        );
        registry.register(
            "webhook_pending",
            "Deliveries that are not made yet; told where webhook_lease_held is 1, and 0 elsewhere",
            self.pending.clone(),
        );
        registry.register(
            "webhook_oldest_pending_seconds",
            "How long ago the oldest event happened that a receiver has not taken; 0 for none",
            self.oldest.clone(),
        );
        registry.register(
            "webhook_dead",
            "Deliveries that were given up and can be replayed",
            self.dead.clone(),
        );
        registry.register(
            "webhook_lease_held",
            "1 where this process delivers for all replicas",
            self.lease_held.clone(),
        );
    }

    pub(super) fn tried(&self, receiver: &ReceiverName, tried: &Tried) {
        let place = Try {
            receiver: receiver.to_string(),
            outcome: tried.outcome.class(),
        };
        self.attempts.get_or_create(&place).inc();
    }

    /// What waits, for those of `receivers`; nothing for those that are not in it.
    pub(super) fn show<'a>(
        &self,
        receivers: impl IntoIterator<Item = &'a ReceiverName>,
        backlog: &[Backlog],
        now: DateTime<Utc>,
    ) {
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        for receiver in receivers {
            let of = Of {
                receiver: receiver.to_string(),
            };
            let waiting = backlog.iter().find(|one| one.receiver == *receiver);
            let (pending, dead) = waiting.map_or((0, 0), |one| (one.pending, one.dead));
            let oldest = waiting.and_then(|one| one.oldest);
            let age = oldest.map_or(0, |at| (now - at).num_seconds().max(0));
            self.pending.get_or_create(&of).set(whole(pending));
            self.dead.get_or_create(&of).set(whole(dead));
            self.oldest.get_or_create(&of).set(age);
        }
    }

    pub(super) fn held(&self, held: bool) {
        self.lease_held.set(i64::from(held));
    }
}
