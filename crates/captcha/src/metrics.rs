//! What is counted of captchas. No label has unbounded values, and none names a
//! person.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

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

/// Counts what captcha services answered. Clones count together.
#[derive(Debug, Clone)]
pub struct CaptchaMetrics {
    checks: Family<OfOutcome, Counter<u64, AtomicU64>>,
    durations: Family<OfVendor, Histogram>,
    circuits: Family<OfVendor, Gauge>,
}

impl Default for CaptchaMetrics {
    fn default() -> Self {
        Self {
            checks: Family::default(),
            // From ten milliseconds to five seconds.
            durations: Family::new_with_constructor(|| {
                Histogram::new(exponential_buckets(0.01, 2.0, 10))
            }),
            circuits: Family::default(),
        }
    }
}

impl CaptchaMetrics {
    /// Makes everything part of what `registry` tells.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "captcha_checks",
            "Captchas that were handed in, by service and what it said of them",
            self.checks.clone(),
        );
        registry.register_with_unit(
            "captcha_duration",
            "Time until a captcha service answered",
            Unit::Seconds,
            self.durations.clone(),
        );
        registry.register(
            "captcha_circuit",
            "Circuit of a captcha service: 0 closed, 1 half open, 2 open",
            self.circuits.clone(),
        );
    }

    pub(crate) fn checked(&self, vendor: &'static str, outcome: &'static str) {
        let labels = OfOutcome { vendor, outcome };
        self.checks.get_or_create(&labels).inc();
    }

    pub(crate) fn took(&self, vendor: &'static str, took: Duration) {
        let seconds = took.as_secs_f64();
        self.durations
            .get_or_create(&OfVendor { vendor })
            .observe(seconds);
    }

    pub(crate) fn circuit(&self, vendor: &'static str, stands: CircuitState) {
        let stands = match stands {
            CircuitState::Closed => 0,
            CircuitState::HalfOpen => 1,
            CircuitState::Open => 2,
        };
        self.circuits
            .get_or_create(&OfVendor { vendor })
            .set(stands);
    }
}
