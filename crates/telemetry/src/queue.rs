//! Finished spans on their way to whoever delivers them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use tokio::sync::{mpsc, oneshot};

/// How many finished spans wait at most; one is well under a kilobyte.
pub(crate) const ROOM: usize = 4096;

/// What the delivering task is told.
pub(crate) enum Message {
    /// A span to be delivered.
    Span(Box<SpanData>),
    /// Deliver all that came before this, and say so.
    Flush(oneshot::Sender<()>),
}

/// What became of spans.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) exported: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) failed: AtomicU64,
}

/// Puts finished spans into the queue, or drops them: a request never waits.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) to_export: mpsc::Sender<Message>,
    pub(crate) tally: Arc<Tally>,
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if !span.span_context.is_sampled() {
            return;
        }
        if self
            .to_export
            .try_send(Message::Span(Box::new(span)))
            .is_err()
        {
            self.tally.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Done by [`Tracing::shutdown`](crate::Tracing::shutdown), which can wait.
    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}
