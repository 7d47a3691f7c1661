//! Work without a request: how often it ran, how it ended, when it last went well.

use std::sync::atomic::AtomicU64;

use chrono::{DateTime, Utc};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Run {
    task: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Task {
    task: &'static str,
}

/// Counts runs of background work. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Background {
    runs: Family<Run, Counter<u64, AtomicU64>>,
    last_success: Family<Task, Gauge>,
}

impl Background {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let all = Self::default();
        registry.register(
            "background_runs",
            "Runs of background work by outcome: ok or failed",
            all.runs.clone(),
        );
        registry.register_with_unit(
            "background_last_success",
            "When background work last went well, in Unix time; 0 before the first time",
            Unit::Seconds,
            all.last_success.clone(),
        );
        all
    }

    /// Tells of a task that has not run yet.
    pub fn announce(&self, task: &'static str) {
        for outcome in ["ok", "failed"] {
            drop(self.runs.get_or_create(&Run { task, outcome }));
        }
        drop(self.last_success.get_or_create(&Task { task }));
    }

    /// Counts one run that ended at `now`.
    pub fn ran(&self, task: &'static str, well: bool, now: DateTime<Utc>) {
        let outcome = if well { "ok" } else { "failed" };
        self.runs.get_or_create(&Run { task, outcome }).inc();
        if well {
            let last = self.last_success.get_or_create(&Task { task });
            last.set(now.timestamp());
        }
    }
}
