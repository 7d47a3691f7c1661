//! What is counted of WeChat. No label has unbounded values, and none names a
//! person.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use menshen_domain::model::wechat::AppId;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::errcodes::{Duty, Endpoint};
use crate::failure::CallFailure;

/// Counts what happens between WeChat and us; clones count together.
#[derive(Debug, Clone)]
pub struct WeChatMetrics {
    calls: Family<Call, Counter<u64, AtomicU64>>,
    durations: Family<At, Histogram>,
    circuits: Family<Circuit, Gauge>,
    renewals: Family<Renewal, Counter<u64, AtomicU64>>,
    spent_by_us: Family<At, Counter<u64, AtomicU64>>,
    unknown_risks: Counter<u64, AtomicU64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    endpoint: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct At {
    endpoint: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Circuit {
    app: String,
    endpoint: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Renewal {
    cause: &'static str,
}

/// Why WeChat is asked for an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RenewalCause {
    /// There is none, or its time is up.
    Expired,
    /// WeChat refuses the one that should still be good: somebody else made a
    /// new one behind our back.
    ForeignInvalidation,
    /// WeChat gives out the very token that it refuses.
    Forced,
}

impl RenewalCause {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::ForeignInvalidation => "foreign_invalidation",
            Self::Forced => "forced",
        }
    }
}

/// From 5 ms to 5 s.
fn histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.005, 2.0, 11))
}

impl Default for WeChatMetrics {
    fn default() -> Self {
        Self {
            calls: Family::default(),
            durations: Family::new_with_constructor(histogram),
            circuits: Family::default(),
            renewals: Family::default(),
            spent_by_us: Family::default(),
            unknown_risks: Counter::default(),
        }
    }
}

impl WeChatMetrics {
    /// Shows the counts in `registry`, under names that begin with `wechat`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "wechat_calls",
            "Tries of calls to WeChat by endpoint and outcome",
            self.calls.clone(),
        );
        registry.register_with_unit(
            "wechat_call_duration",
            "Time until WeChat's answer",
            Unit::Seconds,
            self.durations.clone(),
        );
        registry.register(
            "wechat_circuit_open",
            "1 while calls of an application to an endpoint of WeChat are not made, since they kept failing",
            self.circuits.clone(),
        );
        registry.register(
            "wechat_token_renewals",
            "Access tokens asked of WeChat by cause; foreign_invalidation means that another system shares the application",
            self.renewals.clone(),
        );
        registry.register(
            "wechat_codes_spent_by_us",
            "Codes that WeChat refused on our own second try, so that the first had spent them",
            self.spent_by_us.clone(),
        );
        registry.register(
            "wechat_unknown_risks",
            "Sign-ups whose risk WeChat did not say",
            self.unknown_risks.clone(),
        );
    }

    pub(crate) fn answered(
        &self,
        endpoint: Endpoint,
        failure: Option<&CallFailure>,
        took: Duration,
    ) {
        let name = endpoint.name();
        let outcome = failure.map_or("ok", outcome);
        self.calls
            .get_or_create(&Call {
                endpoint: name,
                outcome,
            })
            .inc();
        self.durations
            .get_or_create(&At { endpoint: name })
            .observe(took.as_secs_f64());
    }

    pub(crate) fn circuit(&self, app: &AppId, endpoint: Endpoint, open: bool) {
        let circuit = Circuit {
            app: app.as_str().to_owned(),
            endpoint: endpoint.name(),
        };
        self.circuits.get_or_create(&circuit).set(i64::from(open));
    }

    pub(crate) fn renewal(&self, cause: RenewalCause) {
        let cause = cause.as_str();
        self.renewals.get_or_create(&Renewal { cause }).inc();
    }

    pub(crate) fn spent_by_us(&self, endpoint: Endpoint) {
        let endpoint = endpoint.name();
        self.spent_by_us.get_or_create(&At { endpoint }).inc();
    }

    pub(crate) fn unknown_risk(&self) {
        self.unknown_risks.inc();
    }
}

/// The class of a failure: whose it is, and what to look at.
fn outcome(failure: &CallFailure) -> &'static str {
    match failure.duty() {
        Some(Duty::Retry | Duty::Unknown) => "error",
        Some(Duty::RenewToken) => "token_refused",
        Some(Duty::RefuseCode) => "refused",
        Some(Duty::BlockLogin) => "blocked",
        Some(Duty::SlowDown) => "limited",
        Some(Duty::QuotaGone) => "quota",
        Some(Duty::Misconfigured(_)) => "misconfigured",
        None if matches!(failure, CallFailure::NotMade { .. }) => "unreachable",
        None => "unclear",
    }
}
