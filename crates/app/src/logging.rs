//! The log: one line per event, for people or for machines.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::settings::logging::{LogFormat, LogSettings};

/// Starts the log on standard error.
///
/// Libraries log at `warn` at most, whatever the level: what they trace would
/// hold requests and statements.
pub fn start(settings: &LogSettings) {
    let ours = [
        "menshen",
        "menshen_app",
        "menshen_domain",
        "menshen_memory",
        "menshen_outbound",
        "menshen_sms",
        "menshen_sql",
        "menshen_token",
        "menshen_wechat",
        "menshen_simulator",
    ];
    let level = settings.level.as_str().to_lowercase();
    let rest = if level == "error" { "error" } else { "warn" };
    let directives: Vec<String> = ours.iter().map(|name| format!("{name}={level}")).collect();
    let filter = EnvFilter::new(format!("{rest},{}", directives.join(",")));
    let registry = tracing_subscriber::registry().with(filter);
    // A second start, in a test, keeps the first.
    let _ = match settings.format {
        LogFormat::Pretty => registry
            .with(fmt::layer().with_writer(std::io::stderr))
            .try_init(),
        LogFormat::Json => registry
            .with(
                fmt::layer()
                    .json()
                    .flatten_event(true)
                    .with_writer(std::io::stderr),
            )
            .try_init(),
    };
}
