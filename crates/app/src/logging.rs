//! The log: one line per event, for people or for machines, each with the request
//! and the trace that it belongs to.

mod closing;
mod json;
mod pretty;

use std::io::{self, IsTerminal as _};
use std::sync::OnceLock;
use std::time::Duration;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::fmt::{self, format::Format};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::log_writer::LogWriter;
use crate::request_scope;
use crate::settings::logging::{LogFormat, LogSettings};

pub use closing::listeners_are_closed;

/// What the names of all our crates begin with.
const OURS: &str = "menshen";

/// How long the end of the process waits for whoever reads the log.
const LAST_LINES: Duration = Duration::from_secs(2);

/// Where the lines of this process go, once the log was started.
static WRITER: OnceLock<LogWriter> = OnceLock::new();

/// Waits until every line is written; for the end of the process.
pub fn flush() {
    if let Some(writer) = WRITER.get() {
        writer.flush(LAST_LINES);
    }
}

/// Standard error by way of a thread, or straight where the system gives none.
fn writer() -> BoxMakeWriter {
    if let Some(started) = WRITER.get() {
        return BoxMakeWriter::new(started.clone());
    }
    match LogWriter::start(io::stderr()) {
        Ok(started) => BoxMakeWriter::new(WRITER.get_or_init(|| started).clone()),
        Err(_) => BoxMakeWriter::new(io::stderr),
    }
}

/// Starts the log on standard error.
///
/// Libraries log at `warn` at most, whatever the level: what they trace would
/// hold requests and statements.
pub fn start(settings: &LogSettings) {
    let registry = tracing_subscriber::registry()
        .with(filter(settings.level))
        .with(closing::filter());
    let layer = fmt::layer().with_writer(writer());
    let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let pretty = |format: Format| pretty::WithRequest(format.with_ansi(colours));
    // A second start, in a test, keeps the first.
    let _ = match settings.format {
        LogFormat::Pretty => registry.with(layer.map_event_format(pretty)).try_init(),
        LogFormat::Json => registry.with(layer.event_format(json::Json)).try_init(),
    };
}

/// Our crates at `level`, and everybody else's at `warn` at most.
fn filter(level: tracing::Level) -> Targets {
    let level = LevelFilter::from_level(level);
    // A target is a path of modules, and its crate's name is the beginning of it.
    Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target(OURS, level)
}

/// What the line's request and trace are called; empty for work without a request.
struct Belonging {
    request_id: Option<std::sync::Arc<str>>,
    trace_id: Option<String>,
}

impl Belonging {
    fn now() -> Self {
        Self {
            request_id: request_scope::current(),
            trace_id: menshen_telemetry::trace_id(),
        }
    }

    /// Names and values, in the order in which they are written.
    fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let request = self.request_id.as_deref().map(|id| ("request_id", id));
        let trace = self.trace_id.as_deref().map(|id| ("trace_id", id));
        request.into_iter().chain(trace)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    /// Keeps what is written.
    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("a lock").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Paper {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    impl Paper {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().expect("a lock").clone()).expect("text")
        }
    }

    async fn said(format: LogFormat, say: impl Fn()) -> String {
        let paper = Paper::default();
        let layer = fmt::layer().with_writer(paper.clone()).with_ansi(false);
        let registry = tracing_subscriber::registry().with(filter(tracing::Level::INFO));
        let _guard = match format {
            LogFormat::Json => registry.with(layer.event_format(json::Json)).set_default(),
            LogFormat::Pretty => registry
                .with(layer.map_event_format(pretty::WithRequest))
                .set_default(),
        };
        request_scope::within(Arc::from("request-1"), async { say() }).await;
        say();
        paper.text()
    }

    fn nasty() {
        let error = std::io::Error::other("two\nlines\u{1b}[31m and \"quotes\"");
        let text = "a\r\nb";
        tracing::warn!(
            target: "menshen_redis::link",
            error = &error as &dyn std::error::Error,
            text,
            shown = %text,
            count = 3,
            ratio = 0.5,
            well = true,
            "it\nhappened"
        );
    }

    #[tokio::test]
    async fn a_json_line_is_one_object_that_names_its_request() {
        let text = said(LogFormat::Json, nasty).await;
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("one object a line"))
            .collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(!text.contains('\u{1b}') && !text.contains('\r'), "{text}");
        let line = &lines[0];
        assert!(
            line["timestamp"]
                .as_str()
                .is_some_and(|at| at.ends_with('Z')),
            "{line}"
        );
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["target"], "menshen_redis::link");
        assert_eq!(line["message"], "it\nhappened");
        assert_eq!(line["error"], "two\nlines\u{1b}[31m and \"quotes\"");
        assert_eq!(line["text"], "a\r\nb");
        assert_eq!(line["shown"], "a\r\nb");
        assert_eq!(line["count"], 3);
        assert_eq!(line["ratio"], 0.5);
        assert_eq!(line["well"], true);
        assert_eq!(line["request_id"], "request-1");
        assert!(lines[1].get("request_id").is_none(), "{text}");
    }

    #[tokio::test]
    async fn a_line_for_people_is_one_line_whatever_is_in_it() {
        let text = said(LogFormat::Pretty, nasty).await;
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text:?}");
        assert!(!text.contains('\u{1b}') && !text.contains('\r'), "{text:?}");
        assert!(lines[0].ends_with(" request_id=request-1"), "{text:?}");
        assert!(!lines[1].contains("request_id"), "{text:?}");
    }

    #[tokio::test]
    async fn all_our_crates_log_at_the_level_and_libraries_at_warn() {
        let text = said(LogFormat::Json, || {
            tracing::info!(target: "menshen_anything::new", "ours");
            tracing::debug!(target: "menshen_anything::new", "ours, talkative");
            tracing::info!(target: "sqlx::query", "theirs");
            tracing::warn!(target: "sqlx::query", "theirs, worried");
        })
        .await;
        for (word, said) in [
            ("\"ours\"", true),
            ("ours, talkative", false),
            ("\"theirs\"", false),
            ("theirs, worried", true),
        ] {
            assert_eq!(text.contains(word), said, "{word}: {text}");
        }
    }
}
