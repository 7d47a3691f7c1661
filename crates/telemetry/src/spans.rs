//! The spans: one for each request, one for each call of a port within it.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use menshen_outbound::{Client, ClientError, Url, base_url};
use opentelemetry::trace::{
    FutureExt as _, SpanBuilder, SpanKind, Status, TraceContextExt as _, Tracer as _,
    TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use secrecy::SecretString;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::export::{ExportCounts, Exporter, PATIENCE};
use crate::parent;
use crate::queue::{Message, Queue, ROOM, Tally};
use crate::sampling::Share;

/// How tracing is to be done.
#[derive(Debug)]
pub struct TracingConfig {
    /// The collector's base address; `/v1/traces` is put behind it.
    pub endpoint: String,
    /// The whole value of the `Authorization` header, where the collector asks for one.
    pub authorization: Option<SecretString>,
    /// Which share of the requests is traced, from 0 to 1.
    pub sample_ratio: f64,
    /// Whether the `sampled` flag of a caller decides instead.
    pub trust_parent: bool,
    /// `service.name`.
    pub service_name: String,
    /// `service.version`.
    pub service_version: &'static str,
    /// `service.instance.id`: a name of this process.
    pub instance: String,
}

/// Tracing cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum TracingError {
    /// The address of the collector is none.
    #[error("the address of the collector is not a bare http(s) address")]
    Endpoint,
    /// The machine offers no usable TLS set-up.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// The way to make spans; off, it makes none. Clones are the same.
#[derive(Clone, Default)]
pub struct Tracing(Option<Arc<On>>);

struct On {
    tracer: SdkTracer,
    to_export: mpsc::Sender<Message>,
    tally: Arc<Tally>,
}

impl fmt::Debug for Tracing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tracing").field(&self.is_on()).finish()
    }
}

impl Tracing {
    /// Makes no spans.
    #[must_use]
    pub fn off() -> Self {
        Self(None)
    }

    /// Makes spans, and delivers them in a task of the current runtime. Requests to
    /// vendors name their trace from now on.
    ///
    /// # Errors
    ///
    /// See [`TracingError`]. Whether the collector answers is not asked.
    pub fn start(config: TracingConfig) -> Result<Self, TracingError> {
        let url = traces_url(&config.endpoint)?;
        let (to_export, queue) = mpsc::channel(ROOM);
        let tally: Arc<Tally> = Arc::default();
        let resource = Resource::builder_empty()
            .with_service_name(config.service_name)
            .with_attributes([
                KeyValue::new("service.version", config.service_version),
                KeyValue::new("service.instance.id", config.instance),
            ])
            .build();
        let exporter = Exporter {
            client: Client::new(PATIENCE)?,
            url,
            authorization: config.authorization,
            resource: (&resource).into(),
            tally: tally.clone(),
        };
        let provider = SdkTracerProvider::builder()
            .with_sampler(Share::new(config.sample_ratio, config.trust_parent))
            .with_span_processor(Queue {
                to_export: to_export.clone(),
                tally: tally.clone(),
            })
            .build();
        tokio::spawn(exporter.run(queue));
        menshen_outbound::name_traces(traceparent);
        Ok(Self(Some(Arc::new(On {
            tracer: provider.tracer("menshen"),
            to_export,
            tally,
        }))))
    }

    /// True if spans are made.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Begins the span of a request. `parent` is its `traceparent`, good or bad.
    ///
    /// Also one that is not sampled is a span, with a trace that log lines can name;
    /// nothing within it costs anything.
    #[must_use]
    pub fn request(
        &self,
        method: &str,
        route: &'static str,
        request_id: &str,
        parent: Option<&str>,
    ) -> Option<RequestSpan> {
        let on = self.0.as_ref()?;
        let caller = parent.and_then(parent::read);
        let around = caller.map_or_else(Context::new, |caller| {
            Context::new().with_remote_span_context(caller)
        });
        let builder = SpanBuilder::from_name(format!("{method} {route}"))
            .with_kind(SpanKind::Server)
            .with_attributes([
                KeyValue::new("http.request.method", method.to_owned()),
                KeyValue::new("http.route", route),
                KeyValue::new("url.scheme", "http"),
                KeyValue::new("menshen.request_id", request_id.to_owned()),
            ]);
        let span = on.tracer.build_with_context(builder, &around);
        Some(RequestSpan(around.with_span(span)))
    }

    /// Carries out a call of a port, within a span of its own where the request is
    /// traced. `ended` says how it ended: a word, and whether that is a failure.
    pub async fn call<T>(
        &self,
        names: PortCall,
        call: impl Future<Output = T>,
        ended: impl FnOnce(&T) -> (&'static str, bool),
    ) -> T {
        let Some(on) = &self.0 else {
            return call.await;
        };
        let around = Context::current();
        if !around.span().span_context().is_sampled() {
            return call.await;
        }
        let builder = SpanBuilder::from_name(names.span)
            .with_kind(SpanKind::Internal)
            .with_attributes([
                KeyValue::new("menshen.port", names.port),
                KeyValue::new("menshen.adapter", names.adapter),
            ]);
        let span = on.tracer.build_with_context(builder, &around);
        let within = around.with_span(span);
        let answer = call.with_context(within.clone()).await;
        let (outcome, failed) = ended(&answer);
        let span = within.span();
        span.set_attribute(KeyValue::new("menshen.outcome", outcome));
        if failed {
            span.set_attribute(KeyValue::new("error.type", outcome));
            span.set_status(Status::error(""));
        }
        span.end();
        answer
    }

    /// What became of spans; nothing while tracing is off.
    #[must_use]
    pub fn counts(&self) -> Option<ExportCounts> {
        Some(self.0.as_ref()?.tally.counts())
    }

    /// Delivers what is waiting, for as long as `within` at most.
    pub async fn flush(&self, within: Duration) {
        let Some(on) = &self.0 else {
            return;
        };
        let (flushed, done) = oneshot::channel();
        let flush = async {
            if on.to_export.send(Message::Flush(flushed)).await.is_ok() {
                // Gone without an answer is flushed as well as it can be.
                let _ = done.await;
            }
        };
        if timeout(within, flush).await.is_err() {
            tracing::warn!("the last traces were not delivered in time");
        }
    }
}

/// The names of a call of a port.
#[derive(Debug, Clone, Copy)]
pub struct PortCall {
    /// `port.operation`.
    pub span: &'static str,
    /// The port.
    pub port: &'static str,
    /// Who carries it out.
    pub adapter: &'static str,
}

/// The span of a request.
#[derive(Debug, Clone)]
pub struct RequestSpan(Context);

impl RequestSpan {
    /// What happens in `work` belongs to the request.
    pub fn around<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        work.with_context(self.0.clone())
    }

    /// Carries out `work`, which belongs to the request, at once.
    pub fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        let _attached = self.0.clone().attach();
        work()
    }

    /// The request is answered.
    pub fn end(&self, status: u16, code: &'static str) {
        let span = self.0.span();
        span.set_attribute(KeyValue::new(
            "http.response.status_code",
            i64::from(status),
        ));
        span.set_attribute(KeyValue::new("menshen.outcome", code));
        if status >= 500 {
            span.set_attribute(KeyValue::new("error.type", code));
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

/// Work that belongs to the current request wherever it goes on.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> + use<F> {
    work.with_context(Context::current())
}

/// The id of the trace that the current request belongs to, in hexadecimal digits.
#[must_use]
pub fn trace_id() -> Option<String> {
    Context::map_current(|context| {
        let span = context.span();
        let span = span.span_context();
        span.is_valid().then(|| span.trace_id().to_string())
    })
}

fn traceparent() -> Option<String> {
    Context::map_current(|context| parent::write(context.span().span_context()))
}

fn traces_url(endpoint: &str) -> Result<Url, TracingError> {
    let text = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    base_url(&text).map_err(|_| TracingError::Endpoint)
}
