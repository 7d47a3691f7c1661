//! Which requests are traced.

use opentelemetry::trace::{Link, SpanKind, TraceContextExt as _, TraceId};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample};

/// A share of all traces, told apart by their ids, so that services which use the
/// same share choose the same traces. Within a request all follow the request.
#[derive(Debug, Clone)]
pub(crate) struct Share {
    ratio: Sampler,
    trust_parent: bool,
}

impl Share {
    /// With `trust_parent` the caller decides where there is one: only where
    /// nobody but a gateway of ours can send a `traceparent`.
    pub(crate) fn new(ratio: f64, trust_parent: bool) -> Self {
        Self {
            ratio: Sampler::TraceIdRatioBased(ratio),
            trust_parent,
        }
    }
}

impl ShouldSample for Share {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let mut result = self
            .ratio
            .should_sample(parent, trace_id, name, kind, attributes, links);
        let caller = parent.map(|parent| parent.span().span_context().clone());
        if let Some(caller) = caller.filter(opentelemetry::trace::SpanContext::is_valid)
            && (self.trust_parent || !caller.is_remote())
        {
            result.decision = if caller.is_sampled() {
                SamplingDecision::RecordAndSample
            } else {
                SamplingDecision::Drop
            };
        }
        result
    }
}
