//! `log.*`: how the log looks and how much it says.

use std::io::IsTerminal as _;

use crate::settings::form;
use crate::settings::given::Given;
use crate::settings::parse;
use crate::settings::reader::Reader;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object per line.
    Json,
}

/// `log.*`.
#[derive(Debug)]
pub struct LogSettings {
    /// How log lines look.
    pub format: LogFormat,
    /// From which level on lines are written.
    pub level: tracing::Level,
}

/// Reads `log.*`.
pub fn read(reader: &mut Reader) -> LogSettings {
    LogSettings {
        format: reader.read(
            "log.format",
            "auto",
            "`pretty`, `json`, or `auto`: pretty on a terminal, else json",
            form::shaped(form::one_of(&["pretty", "json", "auto"]), format),
        ),
        level: reader.read(
            "log.level",
            "info",
            "`error`, `warn`, `info`, `debug` or `trace`",
            form::shaped(form::one_of(&LEVELS), level),
        ),
    }
}

fn format(given: &Given) -> Result<LogFormat, String> {
    match parse::text(given)?.as_str() {
        "pretty" => Ok(LogFormat::Pretty),
        "auto" if std::io::stderr().is_terminal() => Ok(LogFormat::Pretty),
        "auto" | "json" => Ok(LogFormat::Json),
        _ => Err("write pretty, json or auto".to_owned()),
    }
}

const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

fn level(given: &Given) -> Result<tracing::Level, String> {
    parse::text(given)?
        .parse()
        .map_err(|_| "write error, warn, info, debug or trace".to_owned())
}
