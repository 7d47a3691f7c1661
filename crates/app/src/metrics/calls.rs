//! Calls of the stores, by port and operation: how long, and how they ended.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::{Registry, Unit};

use super::latency::{Latency, LatencyBy};

/// Which operation of which port, carried out by which store.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Called {
    store: &'static str,
    port: &'static str,
    operation: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    store: &'static str,
    port: &'static str,
    operation: &'static str,
    outcome: &'static str,
}

/// How a call of a port ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallOutcome {
    /// It did what it was asked.
    Ok,
    /// What was asked cannot be: a rule, or what is proven, stands against it.
    Refused,
    /// Somebody else was faster; it is tried again.
    Conflict,
    /// What was named is not there.
    NotFound,
    /// There is no room: more is refused rather than something forgotten.
    Full,
    /// The other side asks to slow down.
    Limited,
    /// The other side refuses our account or settings.
    Misconfigured,
    /// No answer in time, or none that makes sense.
    Unavailable,
    /// Nobody waited for the answer any more.
    Abandoned,
}

impl CallOutcome {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Conflict => "conflict",
            Self::NotFound => "not_found",
            Self::Full => "full",
            Self::Limited => "limited",
            Self::Misconfigured => "misconfigured",
            Self::Unavailable => "unavailable",
            Self::Abandoned => "abandoned",
        }
    }
}

/// Counts the calls of one operation; everything is at hand for those that go well.
#[derive(Debug)]
pub(crate) struct CallMeter {
    called: Called,
    took: Arc<Latency>,
    ok: Counter<u64, AtomicU64>,
    ended: Family<Ended, Counter<u64, AtomicU64>>,
}

impl CallMeter {
    pub(crate) fn ended(&self, outcome: CallOutcome, took: Duration) {
        self.took.observe(took);
        if outcome == CallOutcome::Ok {
            self.ok.inc();
        } else {
            let labels = self.called.ended(outcome);
            self.ended.get_or_create(&labels).inc();
        }
    }
}

impl Called {
    fn ended(&self, outcome: CallOutcome) -> Ended {
        Ended {
            store: self.store,
            port: self.port,
            operation: self.operation,
            outcome: outcome.as_str(),
        }
    }
}

/// Times of all operations, of which more are added while the process is wired.
#[derive(Debug, Clone, Default)]
struct Times(Arc<Mutex<List>>);

type List = Vec<(Called, Arc<Latency>)>;

impl EncodeMetric for Times {
    fn encode(&self, encoder: MetricEncoder<'_>) -> std::fmt::Result {
        let times = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        LatencyBy(times).encode(encoder)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

/// Counts calls of the stores.
#[derive(Debug)]
pub(crate) struct StoreCalls {
    times: Times,
    ended: Family<Ended, Counter<u64, AtomicU64>>,
}

impl StoreCalls {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let (times, ended) = (Times::default(), Family::default());
        registry.register_with_unit(
            "store_duration",
            "Time of a store's operation, waiting for a connection included",
            Unit::Seconds,
            times.clone(),
        );
        registry.register(
            "store_calls",
            "Operations of the stores by how they ended",
            ended.clone(),
        );
        Self { times, ended }
    }

    /// A meter of one operation, which is told from now on. To be asked for once per
    /// operation and store.
    pub(crate) fn meter(
        &self,
        store: &'static str,
        port: &'static str,
        operation: &'static str,
    ) -> CallMeter {
        let called = Called {
            store,
            port,
            operation,
        };
        let took: Arc<Latency> = Arc::default();
        let mut times = self.times.0.lock().unwrap_or_else(PoisonError::into_inner);
        times.push((called.clone(), took.clone()));
        CallMeter {
            ok: self
                .ended
                .get_or_create_owned(&called.ended(CallOutcome::Ok)),
            ended: self.ended.clone(),
            called,
            took,
        }
    }
}
