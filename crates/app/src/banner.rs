//! What a first run prints.

use std::fmt::Write as _;

use secrecy::ExposeSecret as _;

use crate::master_key::key_file;
use crate::server::Running;
use crate::settings::reader::Report;
use crate::settings::wechat::SIMULATOR;
use crate::settings::{Profile, Settings};

/// The block that greets a developer; one line in production.
#[must_use]
pub fn banner(settings: &Settings, report: &Report, running: &Running) -> String {
    let base = format!("http://{}", running.address);
    let version = env!("CARGO_PKG_VERSION");
    if settings.profile == Profile::Production {
        return format!("Menshen {version} listens on {base}\n");
    }
    let mut text = format!("\n  Menshen 门神 {version} · development profile\n\n");
    let mut line = |name: &str, value: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name:<12} {value}");
    };
    line("Playground", &format!("{base}/playground"));
    if !settings.admin.keys.is_empty() {
        let door = running.doors.operators.unwrap_or(running.address);
        line("Console", &format!("http://{door}/console"));
    }
    if let Some(door) = running.doors.metrics {
        line("Metrics", &format!("http://{door}/metrics"));
    }
    line("API docs", &format!("{base}/docs"));
    line("JWKS", &format!("{base}/.well-known/jwks.json"));
    line("Data", &data(settings));
    if let Some(address) = running.simulator_address {
        let wechat = settings.wechat.is_simulated();
        let what = if wechat {
            "WeChat and the SMS vendor"
        } else {
            "the SMS vendor"
        };
        line(
            "Simulated",
            &format!("{what}, on http://{address}: nobody is called, no message is sent"),
        );
    }
    // One from the settings is shown nowhere: this one ends with the process.
    let made = settings.sms.receipts.secret.is_none();
    if let Some(address) = running.receipt_address.as_ref().filter(|_| made) {
        let secret = address.secret().expose_secret();
        line(
            "Receipts",
            &format!("{base}/v1/sms/receipts/<vendor>/{secret} until this process ends"),
        );
    }
    if settings.wechat.base_urls.iter().all(|url| url != SIMULATOR) {
        line("WeChat", &settings.wechat.base_urls.join(", "));
    }
    for warning in &report.warnings {
        line("Note", &format!("production would refuse {warning}"));
    }
    for note in &report.notes {
        let _ = writeln!(text, "  {:<12} {note}", "Note");
    }
    text.push_str(
        "\n  Stop with Ctrl-C. Settings: docs/configuration.md, or menshen config show.\n",
    );
    text
}

fn data(settings: &Settings) -> String {
    match key_file(&settings.stores.database_url) {
        None => "in memory: forgotten when the process ends".to_owned(),
        Some(_) if settings.stores.is_postgres() => "PostgreSQL, key in data/master.key".to_owned(),
        Some(key) => {
            let file = settings.stores.database_url.file().unwrap_or_default();
            format!("{}, key in {}", file.display(), key.display())
        }
    }
}
