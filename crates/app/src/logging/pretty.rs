//! Lines for people, as the library writes them, with the request behind.

use std::fmt;

use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::Belonging;

/// Adds the request and the trace to the lines of another format.
pub(super) struct WithRequest<F>(pub(super) F);

impl<S, N, F> FormatEvent<S, N> for WithRequest<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::with_capacity(256);
        // The format itself was told whether it may use colours.
        self.0
            .format_event(context, Writer::new(&mut line), event)?;
        // Whatever breaks the line came with the event: somebody else's text.
        for part in line.trim_end_matches('\n').split_inclusive(['\n', '\r']) {
            let whole = part.trim_end_matches(['\n', '\r']);
            writer.write_str(whole)?;
            writer.write_str(&part[whole.len()..].escape_default().to_string())?;
        }
        for (name, value) in Belonging::now().fields() {
            write!(writer, " {name}={value}")?;
        }
        writer.write_char('\n')
    }
}
