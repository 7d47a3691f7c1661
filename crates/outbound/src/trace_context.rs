//! Naming the trace that a request belongs to, where tracing is on.

use std::sync::OnceLock;

/// The W3C's header.
pub(crate) const HEADER: &str = "traceparent";

static CURRENT: OnceLock<fn() -> Option<String>> = OnceLock::new();

/// From now on each request carries what `current` answers, if anything, as its
/// `traceparent`; nothing else of a trace ever leaves. The first of several calls
/// counts: it is one process, and one way to trace.
pub fn name_traces(current: fn() -> Option<String>) {
    let _ = CURRENT.set(current);
}

/// The `traceparent` of whoever asks; nothing while tracing is off.
pub(crate) fn current() -> Option<String> {
    CURRENT.get()?()
}
