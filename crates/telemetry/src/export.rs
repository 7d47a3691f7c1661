//! Delivering spans to a collector: OTLP over HTTP, in binary protobuf.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use menshen_outbound::{CallError, Client, Method, Request, Url};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::trace::SpanData;
use prost::Message as _;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::queue::{Message, Tally};

/// How many spans go together at most.
const BATCH: usize = 512;
/// How long spans wait for company.
const GATHERING: Duration = Duration::from_secs(1);
/// How long a delivery may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// What became of spans since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExportCounts {
    /// The collector took them.
    pub exported: u64,
    /// The queue was full.
    pub dropped: u64,
    /// The collector did not take them, or did not answer.
    pub failed: u64,
}

impl Tally {
    pub(crate) fn counts(&self) -> ExportCounts {
        ExportCounts {
            exported: self.exported.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }
}

/// Delivers spans until nobody can make any more.
pub(crate) struct Exporter {
    pub(crate) client: Client,
    pub(crate) url: Url,
    pub(crate) authorization: Option<SecretString>,
    pub(crate) resource: ResourceAttributesWithSchema,
    pub(crate) tally: Arc<Tally>,
}

/// Why spans were not taken. No address: it may tell more than the log should.
#[derive(Debug, thiserror::Error)]
enum NotTaken {
    #[error("the collector answers with status {0}")]
    Status(u16),
    #[error("the collector cannot be reached")]
    Call(#[from] CallError),
}

impl Exporter {
    pub(crate) async fn run(self, mut queue: mpsc::Receiver<Message>) {
        let mut works = true;
        loop {
            let mut batch = Vec::new();
            let (flush, over) = gather(&mut queue, &mut batch).await;
            if !batch.is_empty() {
                let delivered = self.deliver(batch).await;
                works = tell(works, &delivered);
            }
            if let Some(flushed) = flush {
                // Whoever asked may have stopped waiting.
                let _ = flushed.send(());
            }
            if over {
                return;
            }
        }
    }

    async fn deliver(&self, batch: Vec<SpanData>) -> Result<(), NotTaken> {
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let outcome = self.post(batch).await;
        let refused = match &outcome {
            Ok(refused) => (*refused).min(count),
            Err(_) => count,
        };
        let tally = &self.tally;
        tally.failed.fetch_add(refused, Ordering::Relaxed);
        tally.exported.fetch_add(count - refused, Ordering::Relaxed);
        outcome.map(drop)
    }

    /// Answers how many of them the collector would not have.
    async fn post(&self, batch: Vec<SpanData>) -> Result<u64, NotTaken> {
        let body = ExportTraceServiceRequest {
            resource_spans: group_spans_by_resource_and_scope(batch, &self.resource),
        };
        let mut headers = vec![("content-type", "application/x-protobuf".to_owned())];
        if let Some(authorization) = &self.authorization {
            headers.push(("authorization", authorization.expose_secret().to_owned()));
        }
        let request = Request {
            method: Method::POST,
            url: self.url.clone(),
            headers,
            body: Some(body.encode_to_vec()),
        };
        let answer = self.client.send(request, Instant::now() + PATIENCE).await?;
        if !answer.is_success() {
            return Err(NotTaken::Status(answer.status()));
        }
        // Whoever answers in another form has taken them all.
        let told = ExportTraceServiceResponse::decode(answer.body()).unwrap_or_default();
        let refused = told.partial_success.map_or(0, |some| some.rejected_spans);
        Ok(u64::try_from(refused).unwrap_or(0))
    }
}

/// Takes spans from the queue until there are many, or a while has passed, or a
/// flush is asked for; tells of that, and whether the queue has ended.
async fn gather(
    queue: &mut mpsc::Receiver<Message>,
    batch: &mut Vec<SpanData>,
) -> (Option<oneshot::Sender<()>>, bool) {
    let mut deadline = None;
    while batch.len() < BATCH {
        let next = match deadline {
            None => queue.recv().await,
            Some(deadline) => match timeout_at(deadline, queue.recv()).await {
                Ok(next) => next,
                Err(_) => break,
            },
        };
        match next {
            Some(Message::Span(span)) => batch.push(*span),
            Some(Message::Flush(flushed)) => return (Some(flushed), false),
            None => return (None, true),
        }
        deadline = deadline.or_else(|| Some(Instant::now() + GATHERING));
    }
    (None, false)
}

/// One line when it begins to fail, and one when it works again.
fn tell(worked: bool, delivered: &Result<(), NotTaken>) -> bool {
    match delivered {
        Ok(()) if !worked => tracing::info!("traces are delivered again"),
        Err(error) if worked => tracing::warn!(
            error = error as &dyn std::error::Error,
            "traces cannot be delivered; they are dropped and counted"
        ),
        Ok(()) | Err(_) => {}
    }
    delivered.is_ok()
}
