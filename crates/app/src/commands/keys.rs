//! `menshen keys`.

use std::path::Path;

use clap::Subcommand;
use menshen_domain::ports::clock::Clock as _;
use menshen_token::key_set::KeyStage;

use crate::clock::SystemClock;
use crate::commands::good_settings;
use crate::key_audit::tell_new_key;
use crate::logging;
use crate::wiring::{self, StartError};

/// What to do with the signing keys.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Show the keys.
    #[command(after_help = "Example: menshen keys list")]
    List,
    /// Make a new key; it is published now and signs in a quarter of an hour.
    #[command(after_help = "Example: menshen keys rotate")]
    Rotate,
}

/// Carries it out.
///
/// # Errors
///
/// If the settings are bad or the database does not answer.
pub async fn run(action: &Action, file: Option<&Path>) -> Result<(), StartError> {
    let (settings, _) = good_settings(file)?;
    logging::start(&settings.log);
    let database = wiring::database(&settings).await?;
    wiring::check_schema(&database).await?;
    let (store, _, key_set) = wiring::keys(&settings, &database).await?;
    let now = SystemClock.now();
    if let Action::Rotate = action {
        let kid = key_set.rotate(now).await?;
        tell_new_key(&store, &kid).await;
    }
    for key in key_set.list(now) {
        let stage = match key.stage {
            KeyStage::Next => "next",
            KeyStage::Signing => "signing",
            KeyStage::Checking => "checking",
        };
        let until = key
            .retire_at
            .map_or_else(String::new, |at| format!("  until {}", at.to_rfc3339()));
        println!(
            "{}  {}  {stage}  from {}{until}",
            key.kid,
            key.algorithm,
            key.not_before.to_rfc3339()
        );
    }
    Ok(database.close().await?)
}
