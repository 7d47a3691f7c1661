//! Messages that had no verified-to-sent budget. No label names a number or a network.

use menshen_domain::model::spend::{Overdrawn, SpendScope, SpendSpan};
use menshen_domain::ports::spend_observer::SpendObserver;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// What becomes of a message without a budget.
const RECORDED: &str = "recorded";
const REFUSED: &str = "refused";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfBudget {
    scope: &'static str,
    window: &'static str,
    fate: &'static str,
}

/// Counts messages without a budget. Clones count together.
#[derive(Debug, Clone)]
pub struct SpendMetrics(Family<OfBudget, Counter>);

impl SpendMetrics {
    /// Everything is told from the start: what is not there cannot be seen to begin.
    pub(super) fn new(registry: &mut Registry) -> Self {
        let all: Family<OfBudget, Counter> = Family::default();
        for scope in SpendScope::WORDS {
            for window in SpendSpan::ALL.map(SpendSpan::as_str) {
                for fate in [RECORDED, REFUSED] {
                    let budget = OfBudget {
                        scope,
                        window,
                        fate,
                    };
                    drop(all.get_or_create(&budget));
                }
            }
        }
        registry.register(
            "sms_overdrawn",
            "Messages without a verified-to-sent budget, by whose it is, over which time, and what became of them",
            all.clone(),
        );
        Self(all)
    }
}

impl SpendObserver for SpendMetrics {
    fn overdrawn(&self, overdrawn: &Overdrawn, refused: bool) {
        let budget = OfBudget {
            scope: overdrawn.scope.as_str(),
            window: overdrawn.span.as_str(),
            fate: if refused { REFUSED } else { RECORDED },
        };
        self.0.get_or_create(&budget).inc();
    }
}
