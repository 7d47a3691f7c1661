//! `menshen serve`.

use std::path::Path;

use tokio::signal::unix::{SignalKind, signal};

use crate::banner::banner;
use crate::commands::good_settings;
use crate::settings::Profile;
use crate::wiring::StartError;
use crate::{logging, server};

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
///
/// If the settings are bad or a part cannot be had.
pub async fn run(file: Option<&Path>) -> Result<(), StartError> {
    let (settings, report) = good_settings(file)?;
    logging::start(&settings.log);
    // Production prints one line, so the log is told; a developer reads the banner.
    if settings.profile == Profile::Production {
        for note in &report.notes {
            tracing::warn!(
                setting = note.key.as_str(),
                "a setting is worth knowing of: {note}"
            );
        }
    }
    let (mut terminated, mut interrupted) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let running = server::start(&settings).await?;
    println!("{}", banner(&settings, &report, &running));
    running
        .until(async move {
            tokio::select! {
                _ = terminated.recv() => {}
                _ = interrupted.recv() => {}
            }
            tracing::info!("stopping");
        })
        .await
}
