//! What became of spans, where tracing is on.

use std::fmt;

use menshen_telemetry::Tracing;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;

/// Looks at the counts at each scrape.
#[derive(Debug)]
pub(crate) struct Traces(pub(crate) Tracing);

impl Collector for Traces {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(counts) = self.0.counts() else {
            return Ok(());
        };
        let mut by_outcome = encoder.encode_descriptor(
            "trace_spans",
            "Finished spans: exported, dropped since the queue was full, or failed at the collector",
            None,
            MetricType::Counter,
        )?;
        for (outcome, count) in [
            ("exported", counts.exported),
            ("dropped", counts.dropped),
            ("failed", counts.failed),
        ] {
            let labels = [("outcome", outcome)];
            ConstCounter::new(count).encode(by_outcome.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
