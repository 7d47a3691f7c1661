//! How far values have been sealed anew.

use std::sync::atomic::AtomicU64;

use menshen_domain::model::sweep::{SealedPlace, Sweep};
use menshen_domain::ports::sealed_rows::Reseal;
use menshen_domain::services::renew_ring::Standing;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::rounds::{Run, Runs};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Place {
    place: &'static str,
}

/// Counts what was sealed anew, and shows what is left.
#[derive(Debug, Clone, Default)]
pub struct ResealMetrics {
    rows: Family<Place, Counter<u64, AtomicU64>>,
    left: Family<Place, Gauge>,
    unopened: Family<Place, Gauge>,
    last_sweep: Family<Place, Gauge>,
    runs: Runs,
}

impl ResealMetrics {
    /// Names what is counted.
    pub fn register(&self, registry: &mut Registry) {
        for place in SealedPlace::ALL.map(of) {
            drop(self.rows.get_or_create(&place));
            drop(self.left.get_or_create(&place));
            drop(self.unopened.get_or_create(&place));
            drop(self.last_sweep.get_or_create(&place));
        }
        registry.register(
            "reseal_rows",
            "Values that this process sealed anew because their key was replaced",
            self.rows.clone(),
        );
        registry.register(
            "reseal_rows_left",
            "About how many rows are still to be looked at, with those that stay under an older key; 0 where no key was replaced",
            self.left.clone(),
        );
        registry.register(
            "reseal_rows_unopened",
            "Values that do not open with any key of the ring, by the last sweep that looked",
            self.unopened.clone(),
        );
        registry.register(
            "reseal_last_sweep_timestamp_seconds",
            "When a sweep came to its end last, on any process, in Unix time; 0 for never",
            self.last_sweep.clone(),
        );
        registry.register(
            "reseal_runs",
            "Looks whether anything stands under an older key, by what they came to",
            self.runs.family(),
        );
    }

    pub(super) fn ran(&self, run: Run) {
        self.runs.ended(run);
    }

    /// Takes in a batch.
    pub(super) fn swept(&self, sweep: &Sweep, batch: &Reseal) {
        let place = of(sweep.place);
        let resealed = batch.counts.resealed;
        self.rows.get_or_create(&place).inc_by(resealed);
        let left = self.left.get_or_create(&place);
        left.set(gauge(sweep.rows_left()));
        let unopened = self.unopened.get_or_create(&place);
        unopened.set(gauge(sweep.unopened()));
    }

    /// Shows how all places stand, whoever sees to them.
    pub(super) fn show(&self, standings: &[Standing]) {
        for standing in standings {
            let place = of(standing.place);
            let left = self.left.get_or_create(&place);
            left.set(gauge(standing.rows_left));
            let unopened = self.unopened.get_or_create(&place);
            unopened.set(gauge(standing.unopened));
            let last = standing.last_ended.map_or(0, |at| at.timestamp());
            self.last_sweep.get_or_create(&place).set(last);
        }
    }
}

fn of(place: SealedPlace) -> Place {
    Place {
        place: place.as_str(),
    }
}

fn gauge(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
