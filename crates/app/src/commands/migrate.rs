//! `menshen migrate`.

use std::path::Path;

use clap::Subcommand;

use crate::commands::good_settings;
use crate::wiring::{self, StartError};

/// What to do with the schema.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Action {
    /// Apply what is pending.
    #[command(after_help = "Example: menshen migrate up")]
    Up,
    /// Show what is applied and what is pending.
    #[command(after_help = "Example: menshen migrate status")]
    Status,
    /// Take the last migrations back; data in what they made is lost.
    #[command(after_help = "Example: menshen migrate down --steps 1")]
    Down {
        /// How many.
        #[arg(long, default_value_t = 1)]
        steps: u32,
    },
}

/// Carries it out.
///
/// # Errors
///
/// If the settings are bad or the database does not answer.
pub async fn run(action: Action, file: Option<&Path>) -> Result<(), StartError> {
    let (settings, _) = good_settings(file)?;
    let database = wiring::database(&settings).await?;
    match action {
        Action::Up => database.migrate_up().await?,
        Action::Down { steps } => database.migrate_down(steps).await?,
        Action::Status => {}
    }
    for migration in database.migration_status().await? {
        println!(
            "{}  {}",
            if migration.applied {
                "applied"
            } else {
                "pending"
            },
            migration.name
        );
    }
    Ok(database.close().await?)
}
