//! Times as a histogram that no thread waits for: one addition per bucket and
//! one for the sum, without a lock.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

/// Upper bounds in microseconds: from a tenth of a millisecond to ten seconds,
/// dense where the targets are.
const BOUNDS: [u32; 16] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000,
];

/// How long something took, each time.
#[derive(Default)]
pub(crate) struct Latency {
    /// How many ended within each bound, and beyond all of them.
    counts: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

impl fmt::Debug for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Latency").finish_non_exhaustive()
    }
}

impl Latency {
    /// Takes one time in.
    pub(crate) fn observe(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|bound| u64::from(*bound) < micros);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }
}

impl EncodeMetric for Latency {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let bounds = BOUNDS.iter().map(|bound| f64::from(*bound) / 1e6);
        let bounds = bounds.chain([f64::INFINITY]);
        let counts = self
            .counts
            .iter()
            .map(|count| count.load(Ordering::Relaxed));
        let buckets: Vec<(f64, u64)> = bounds.zip(counts).collect();
        // Of the same reading, so that it never differs from its buckets.
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = Duration::from_micros(self.micros.load(Ordering::Relaxed)).as_secs_f64();
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

/// Times by label, all of which are known from the start.
#[derive(Debug)]
pub(crate) struct LatencyBy<L>(pub(crate) Vec<(L, Arc<Latency>)>);

impl<L: EncodeLabelSet> EncodeMetric for LatencyBy<L> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        for (labels, latency) in &self.0 {
            latency.encode(encoder.encode_family(labels)?)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::{Registry, Unit};

    use super::*;

    #[test]
    fn a_time_is_counted_in_the_buckets_that_it_fits() {
        let latency = Arc::new(Latency::default());
        for micros in [0, 100, 101, 7_000, 3_600_000_000] {
            latency.observe(Duration::from_micros(micros));
        }
        let mut registry = Registry::default();
        let by = LatencyBy(vec![(vec![("of", "it")], latency)]);
        registry.register_with_unit("took", "How long it took", Unit::Seconds, by);
        let mut text = String::new();
        encode(&mut text, &registry).expect("text");
        for line in [
            "took_seconds_bucket{le=\"0.0001\",of=\"it\"} 2",
            "took_seconds_bucket{le=\"0.00025\",of=\"it\"} 3",
            "took_seconds_bucket{le=\"0.005\",of=\"it\"} 3",
            "took_seconds_bucket{le=\"0.01\",of=\"it\"} 4",
            "took_seconds_bucket{le=\"10.0\",of=\"it\"} 4",
            "took_seconds_bucket{le=\"+Inf\",of=\"it\"} 5",
            "took_seconds_count{of=\"it\"} 5",
            "took_seconds_sum{of=\"it\"} 3600.007201",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }
}
