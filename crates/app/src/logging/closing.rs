//! What actix says of listeners that this process has closed itself is no fault, and not
//! written: two errors at each stop would wake somebody up.

use std::sync::atomic::{AtomicBool, Ordering};

use tracing::Metadata;
use tracing::subscriber::Interest;
use tracing_subscriber::filter::{DynFilterFn, dynamic_filter_fn};
use tracing_subscriber::layer::Context;

/// Who complains of a listener that takes no more connections.
const ACCEPTING: &str = "actix_server::accept";

static CLOSED: AtomicBool = AtomicBool::new(false);

/// Tells the log that the listeners are closed, and meant to be.
pub fn listeners_are_closed() {
    CLOSED.store(true, Ordering::Relaxed);
}

/// Lets all through but that.
pub(super) fn filter<S>() -> impl tracing_subscriber::Layer<S>
where
    S: tracing::Subscriber,
{
    let filter: DynFilterFn<S, _, _> = dynamic_filter_fn(is_worth_telling);
    filter.with_callsite_filter(|meta| {
        if meta.target() == ACCEPTING {
            Interest::sometimes()
        } else {
            Interest::always()
        }
    })
}

fn is_worth_telling<S>(meta: &Metadata<'_>, _: &Context<'_, S>) -> bool {
    meta.target() != ACCEPTING || !CLOSED.load(Ordering::Relaxed)
}
