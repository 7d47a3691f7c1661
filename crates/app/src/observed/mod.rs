//! Ports that are watched: each call is timed, counted and, within a traced request,
//! a span. Neither the domain nor an adapter knows of it.
//!
//! [`ports`] lists the operations, [`errors`] says how their errors are counted, and
//! [`counting`] counts what only shows at a port.

pub(crate) mod counting;
mod errors;
mod ports;

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use menshen_telemetry::{PortCall, Tracing};

use crate::metrics::Metrics;
use crate::metrics::calls::{CallMeter, CallOutcome};

/// A port whose calls are watched.
pub(crate) struct Observed<P: ?Sized> {
    inner: Arc<P>,
    /// In the order of the port's operations.
    operations: Box<[Operation]>,
    tracing: Tracing,
}

/// What is at hand for one operation.
struct Operation {
    names: PortCall,
    /// None for what counts itself: the calls of vendors.
    meter: Option<CallMeter>,
}

/// A port that can be watched.
pub(crate) trait Port {
    /// The port's name in metrics.
    const NAME: &'static str;
    /// Its operations, and the names of their spans.
    const OPERATIONS: &'static [(&'static str, &'static str)];
}

/// An answer that tells how its call ended.
trait Ended {
    fn outcome(&self) -> CallOutcome;
}

/// An error that tells how its call ended.
trait Failure {
    fn outcome(&self) -> CallOutcome;
}

impl<T, E: Failure> Ended for Result<T, E> {
    fn outcome(&self) -> CallOutcome {
        self.as_ref().err().map_or(CallOutcome::Ok, E::outcome)
    }
}

impl CallOutcome {
    /// True for what somebody should look at; the others are answers.
    const fn is_fault(self) -> bool {
        matches!(
            self,
            Self::Full | Self::Misconfigured | Self::Unavailable | Self::Abandoned
        )
    }
}

/// Wraps ports, as they are wired.
pub(crate) struct Observer<'a> {
    pub(crate) metrics: &'a Metrics,
    pub(crate) tracing: &'a Tracing,
}

impl Observer<'_> {
    /// A port of a store, timed and counted under the store's name.
    pub(crate) fn store<P: ?Sized + Port>(
        &self,
        store: &'static str,
        inner: Arc<P>,
    ) -> Observed<P> {
        let stores = &self.metrics.stores;
        self.watch(store, inner, |operation| {
            Some(stores.meter(store, P::NAME, operation))
        })
    }

    /// A port to the outside, whose adapter counts by itself.
    pub(crate) fn outside<P: ?Sized + Port>(
        &self,
        adapter: &'static str,
        inner: Arc<P>,
    ) -> Observed<P> {
        self.watch(adapter, inner, |_| None)
    }

    fn watch<P: ?Sized + Port>(
        &self,
        adapter: &'static str,
        inner: Arc<P>,
        meter: impl Fn(&'static str) -> Option<CallMeter>,
    ) -> Observed<P> {
        let operation = |&(operation, span): &(&'static str, &'static str)| Operation {
            names: PortCall {
                span,
                port: P::NAME,
                adapter,
            },
            meter: meter(operation),
        };
        Observed {
            inner,
            operations: P::OPERATIONS.iter().map(operation).collect(),
            tracing: self.tracing.clone(),
        }
    }
}

impl<P: ?Sized> Observed<P> {
    /// Waits for a call, and takes note of it. `operation` is a constant below the
    /// number of the port's operations.
    async fn call<T: Ended>(&self, operation: usize, call: impl Future<Output = T>) -> T {
        let operation = &self.operations[operation];
        let watch = Watch {
            meter: operation.meter.as_ref(),
            began: Instant::now(),
            outcome: CallOutcome::Abandoned,
        };
        let ended = |answer: &T| {
            let outcome = answer.outcome();
            (outcome.as_str(), outcome.is_fault())
        };
        let answer = self.tracing.call(operation.names, call, ended).await;
        watch.ended(answer.outcome());
        answer
    }
}

/// A call that is going on. One that nobody waits for any more is counted too.
struct Watch<'a> {
    meter: Option<&'a CallMeter>,
    began: Instant,
    outcome: CallOutcome,
}

impl Watch<'_> {
    fn ended(mut self, outcome: CallOutcome) {
        self.outcome = outcome;
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if let Some(meter) = self.meter {
            meter.ended(self.outcome, self.began.elapsed());
        }
    }
}

/// The place of an operation in its port's list, found while compiling.
const fn place(operations: &[(&str, &str)], name: &str) -> usize {
    let mut at = 0;
    while at < operations.len() {
        if same(operations[at].0.as_bytes(), name.as_bytes()) {
            return at;
        }
        at += 1;
    }
    // While compiling: it ends a build, never a server.
    panic!("a port does not list the operation")
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}
