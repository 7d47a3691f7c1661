//! `menshen config`.

use std::path::Path;

use clap::Subcommand;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_token::master_key::MasterKeys;
use secrecy::ExposeSecret;

use crate::commands::{problems, read_settings};
use crate::live_check::{self, Standing};
use crate::settings::reader::{Problem, Report};
use crate::settings::{Settings, reference, schema};
use crate::wiring::StartError;

/// What to do with the settings.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Print every problem at once.
    #[command(
        after_help = "Example: menshen --config menshen.toml config check --live --phone 13800138000"
    )]
    Check {
        /// Ask the stores, WeChat and the SMS vendors as well, and say what each answers.
        #[arg(long)]
        live: bool,
        /// Have each SMS vendor send a message with the code 000000 to this number.
        #[arg(long, value_name = "NUMBER", requires = "live")]
        phone: Option<String>,
    },
    /// Print what is in force, secrets masked.
    #[command(after_help = "Example: menshen config show")]
    Show,
    /// Print the reference of all keys, as docs/configuration.md has it.
    #[command(hide = true)]
    Reference,
    /// Print all settings as JSON Schema, for editors.
    #[command(after_help = "Example: menshen config schema > menshen.schema.json")]
    Schema,
    /// Print a file with every key and its default.
    #[command(after_help = "Example: menshen config example > menshen.toml")]
    Example,
}

/// Carries it out.
///
/// # Errors
///
/// If the settings are bad.
pub async fn run(action: &Action, file: Option<&Path>) -> Result<(), StartError> {
    match action {
        Action::Reference => print!("{}", reference::markdown()),
        Action::Schema => print!("{}", schema::text()),
        Action::Example => print!("{}", reference::example()),
        Action::Check { live, phone } => {
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
            if *live {
                ask(&settings, phone.as_deref()).await?;
            }
        }
        Action::Show => {
            let (_, report) = read_settings(file)?;
            print!("{}", report.shown());
            if !report.problems.is_empty() {
                return Err(problems(&report).into());
            }
        }
    }
    Ok(())
}

/// Asks everything that is configured, and fails if anything does not work.
async fn ask(settings: &Settings, phone: Option<&str>) -> Result<(), StartError> {
    let phone = phone.map(PhoneNumber::parse).transpose();
    let phone = phone.map_err(|error| format!("--phone is no number to send to: {error}"))?;
    if let Some(phone) = &phone
        && !settings.sms.policy.regions.contains(&phone.region())
    {
        return Err("--phone is of a region that sms.regions does not name".into());
    }
    let findings = live_check::findings(settings, phone.as_ref()).await?;
    for finding in &findings {
        println!("{finding}");
    }
    let wrong = findings
        .iter()
        .filter(|one| one.standing == Standing::Wrong);
    match wrong.count() {
        0 => Ok(()),
        1 => Err("one thing does not work: see above".into()),
        n => Err(format!("{n} things do not work: see above").into()),
    }
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
