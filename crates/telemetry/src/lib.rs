//! Tracing with OpenTelemetry: where the time of a request went, told to an OTLP
//! collector.
//!
//! Off by default, and then nothing is made and nothing is asked per request. On, a
//! span is made for each request that is sampled, and one for each call of a port
//! within it. Finished spans wait in a bounded queue for one task that delivers them:
//! with the collector away they are dropped and counted, and no request waits.
//!
//! No span holds a path, a query, a body, a header, an address or a name of anybody:
//! only words of ours and statuses.

mod export;
mod parent;
mod queue;
mod sampling;
mod spans;

pub use export::ExportCounts;
pub use spans::{PortCall, RequestSpan, Tracing, TracingConfig, TracingError, carried, trace_id};
