//! What is counted of messages. No label has unbounded values, and none names a
//! person.

use std::time::Duration;

use menshen_domain::model::region::Region;
use menshen_domain::model::sms_delivery::{SendOutcome, SmsAttempt};
use menshen_outbound::CircuitState;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfVendor {
    vendor: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfOutcome {
    vendor: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfResult {
    vendor: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRegion {
    vendor: &'static str,
    /// Of those that are allowed.
    region: String,
}

/// Counts attempts, receipts and costs. Clones count together.
#[derive(Debug, Clone)]
pub struct SmsMetrics {
    attempts: Family<OfOutcome, Counter>,
    durations: Family<OfVendor, Histogram>,
    persistent: Family<OfOutcome, Counter>,
    circuits: Family<OfVendor, Gauge>,
    poor: Family<OfVendor, Gauge>,
    receipts: Family<OfResult, Counter>,
    sent: Family<OfRegion, Counter>,
    costs: Family<OfRegion, Counter>,
}

impl Default for SmsMetrics {
    fn default() -> Self {
        Self {
            attempts: Family::default(),
            // From ten milliseconds to five seconds.
            durations: Family::new_with_constructor(|| {
                Histogram::new(exponential_buckets(0.01, 2.0, 10))
            }),
            persistent: Family::default(),
            circuits: Family::default(),
            poor: Family::default(),
            receipts: Family::default(),
            sent: Family::default(),
            costs: Family::default(),
        }
    }
}

impl SmsMetrics {
    /// Makes everything part of what `registry` tells.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "sms_attempts",
            "Attempts to send a message by vendor and outcome",
            self.attempts.clone(),
        );
        registry.register_with_unit(
            "sms_attempt_duration",
            "Time until a vendor answered",
            Unit::Seconds,
            self.durations.clone(),
        );
        registry.register(
            "sms_persistent_failures",
            "Times that a vendor was busy, failed or did not answer five times within a minute",
            self.persistent.clone(),
        );
        registry.register(
            "sms_circuit",
            "Circuit of a vendor: 0 closed, 1 half open, 2 open",
            self.circuits.clone(),
        );
        registry.register(
            "sms_vendor_poor",
            "1 while most receipts of a vendor blame its channel, so that it is asked last",
            self.poor.clone(),
        );
        registry.register(
            "sms_receipts",
            "Delivery receipts by vendor and result",
            self.receipts.clone(),
        );
        registry.register(
            "sms_sent",
            "Messages that a vendor took, or may have taken, by vendor and region",
            self.sent.clone(),
        );
        registry.register(
            "sms_cost_units",
            "What accepted messages cost in the vendor's unit, segments for most; 1 where it does not tell",
            self.costs.clone(),
        );
    }

    pub(crate) fn attempt(&self, attempt: &SmsAttempt, region: Region, accepted: bool) {
        let (vendor, outcome) = (attempt.vendor, attempt.outcome.as_str());
        let counted = OfOutcome { vendor, outcome };
        self.attempts.get_or_create(&counted).inc();
        self.duration(vendor, attempt.took);
        let spent = || OfRegion {
            vendor,
            region: region.to_string(),
        };
        if accepted || attempt.outcome == SendOutcome::Unknown {
            self.sent.get_or_create(&spent()).inc();
        }
        if accepted {
            let units = attempt.cost_units.unwrap_or(1);
            self.costs.get_or_create(&spent()).inc_by(u64::from(units));
        }
    }

    fn duration(&self, vendor: &'static str, took: Duration) {
        let durations = self.durations.get_or_create(&OfVendor { vendor });
        durations.observe(took.as_secs_f64());
    }

    pub(crate) fn persists(&self, vendor: &'static str, outcome: &'static str) {
        let counted = OfOutcome { vendor, outcome };
        self.persistent.get_or_create(&counted).inc();
    }

    pub(crate) fn standing(&self, vendor: &'static str, circuit: CircuitState, poor: bool) {
        let circuit = match circuit {
            CircuitState::Closed => 0,
            CircuitState::HalfOpen => 1,
            CircuitState::Open => 2,
        };
        let of = OfVendor { vendor };
        self.circuits.get_or_create(&of).set(circuit);
        self.poor.get_or_create(&of).set(i64::from(poor));
    }

    pub(crate) fn receipt(&self, vendor: &'static str, delivered: bool) {
        let result = if delivered { "delivered" } else { "failed" };
        self.receipts
            .get_or_create(&OfResult { vendor, result })
            .inc();
    }
}
