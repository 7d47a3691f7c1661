//! What became of the word to numbers that accounts have lost. No label names one.

use menshen_domain::model::number_notice::NoticeOutcome;
use menshen_domain::ports::number_notices::NoticeObserver;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfOutcome {
    outcome: &'static str,
}

/// Counts notices by outcome. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct NoticeMetrics(Family<OfOutcome, Counter>);

impl NoticeMetrics {
    /// Everything is told from the start: what is not there cannot be seen to begin.
    pub(super) fn new(registry: &mut Registry) -> Self {
        let all = Self::default();
        for outcome in NoticeOutcome::ALL.map(NoticeOutcome::as_str) {
            drop(all.0.get_or_create(&OfOutcome { outcome }));
        }
        registry.register(
            "number_notices",
            "Numbers that an account has lost, by what became of telling them",
            all.0.clone(),
        );
        all
    }
}

impl NoticeObserver for NoticeMetrics {
    fn came_to(&self, outcome: NoticeOutcome) {
        let outcome = outcome.as_str();
        self.0.get_or_create(&OfOutcome { outcome }).inc();
    }
}
