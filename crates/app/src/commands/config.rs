//! `menshen config`.

use std::path::Path;

use clap::Subcommand;
use menshen_token::master_key::MasterKeys;
use secrecy::ExposeSecret;

use crate::commands::{problems, read_settings};
use crate::settings::reader::{Problem, Report};
use crate::settings::{Settings, reference};
use crate::wiring::StartError;

/// What to do with the settings.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Print every problem at once.
    #[command(after_help = "Example: menshen --config menshen.toml config check")]
    Check,
    /// Print what is in force, secrets masked.
    #[command(after_help = "Example: menshen config show")]
    Show,
    /// Print the reference of all keys, as docs/configuration.md has it.
    #[command(hide = true)]
    Reference,
    /// Print a file with every key and its default.
    #[command(after_help = "Example: menshen config example > menshen.toml")]
    Example,
}

/// Carries it out.
///
/// # Errors
///
/// If the settings are bad.
pub fn run(action: &Action, file: Option<&Path>) -> Result<(), StartError> {
    match action {
        Action::Reference => print!("{}", reference::markdown()),
        Action::Example => print!("{}", reference::example()),
        Action::Check => {
            let (settings, mut report) = read_settings(file)?;
            check_master_keys(&settings, &mut report);
            for note in &report.notes {
                println!("{note}");
            }
            for warning in &report.warnings {
                println!("production would refuse {warning}");
            }
            if !report.problems.is_empty() {
                return Err(problems(&report).into());
            }
            println!("the settings are good");
        }
        Action::Show => {
            let (_, report) = read_settings(file)?;
            for entry in &report.entries {
                println!("{} = {}", entry.key, entry.effective);
            }
            if !report.problems.is_empty() {
                return Err(problems(&report).into());
            }
        }
    }
    Ok(())
}

/// The keys are looked at as `serve` will, where they are given.
fn check_master_keys(settings: &Settings, report: &mut Report) {
    let given = &settings.secrets.master_keys;
    if given.is_empty() {
        return;
    }
    if let Err(error) = MasterKeys::parse(given.iter().map(ExposeSecret::expose_secret)) {
        report.problems.push(Problem {
            key: "secrets.master_key".to_owned(),
            advice: error.to_string(),
        });
    }
}
