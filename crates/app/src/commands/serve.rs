//! `menshen serve`.

use std::path::Path;

use tokio::signal::unix::{SignalKind, signal};

use crate::banner::banner;
use crate::commands::good_settings;
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
