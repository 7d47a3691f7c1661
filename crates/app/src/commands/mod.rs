//! The command line.

pub mod admin;
pub mod config;
pub mod health;
pub mod import;
pub mod keys;
pub mod migrate;
mod operator;
pub mod serve;
pub mod simulate;
pub mod webhooks;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use menshen_domain::ports::clock::Clock as _;

use crate::clock::SystemClock;
use crate::settings::reader::Report;
use crate::settings::{Settings, source};
use crate::wiring::StartError;

/// Menshen, the login service for mini-programs and apps.
#[derive(Debug, Parser)]
#[command(
    name = "menshen",
    version,
    after_help = "Example: menshen --config menshen.toml serve"
)]
pub struct Arguments {
    /// The settings file; by default menshen.toml, if it is there.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the server; what happens without a command, too.
    #[command(after_help = "Example: menshen serve")]
    Serve,
    /// Change the database's schema.
    #[command(after_help = "Example: menshen migrate up")]
    Migrate {
        #[command(subcommand)]
        action: migrate::Action,
    },
    /// Ask the server of these settings whether it is ready, as a container's health
    /// check does; exits with 1 if it is not.
    #[command(after_help = "Example: menshen health")]
    Health,
    /// Look at the settings.
    #[command(after_help = "Example: menshen --config menshen.toml config check")]
    Config {
        #[command(subcommand)]
        action: config::Action,
    },
    /// Look at the signing keys, make a new one, or take one out of use.
    #[command(after_help = "Example: menshen keys rotate")]
    Keys {
        #[command(subcommand)]
        action: keys::Action,
    },
    /// Run the offline WeChat and SMS vendors as a server of their own.
    #[command(after_help = "Example: menshen simulate --listen 127.0.0.1:9090")]
    Simulate(simulate::Options),
    /// Import people from another system: CSV or JSON with phone numbers, openids and
    /// unionids.
    #[command(
        after_help = "Example: menshen import users.csv --dry-run\n         menshen import users.csv --report ids.csv\n         menshen import users.json --from casdoor --wechat-id unionid"
    )]
    Import(import::arguments::Options),
    /// For operators: accounts, audit log, messages, counters, test numbers, keys.
    #[command(after_help = "Example: menshen admin find --phone 13800138000")]
    Admin {
        #[command(subcommand)]
        action: admin::Action,
    },
    /// For operators: events that receivers did not take, and delivering them again.
    #[command(after_help = "Example: menshen webhooks list --state dead")]
    Webhooks {
        #[command(subcommand)]
        action: webhooks::Action,
    },
}

/// Carries the command out.
pub async fn run(arguments: Arguments) -> ExitCode {
    let file = arguments.config.as_deref();
    let done = match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(file).await,
        Command::Migrate { action } => migrate::run(action, file).await,
        Command::Health => health::run(file).await,
        Command::Config { action } => config::run(&action, file).await,
        Command::Keys { action } => keys::run(&action, file).await,
        Command::Simulate(options) => simulate::run(&options, file).await,
        Command::Import(options) => import::run(options, file).await,
        Command::Admin { action } => admin::run(action, file).await,
        Command::Webhooks { action } => webhooks::run(action, file).await,
    };
    crate::logging::flush();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("menshen: {}", chain(&*error));
            ExitCode::FAILURE
        }
    }
}

/// An error with all its sources, in one line; what a source repeats is left out.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        source = cause.source();
    }
    text
}

/// Reads the settings, good or bad.
///
/// # Errors
///
/// If the file cannot be read or is not TOML.
pub fn read_settings(file: Option<&Path>) -> Result<(Settings, Report), StartError> {
    let given = source::collect(file, std::env::vars_os().filter_map(text))
        .map_err(|problem| problem.to_string())?;
    Ok(crate::settings::read(given, SystemClock.now()))
}

/// Reads the settings, and refuses bad ones with every problem at once.
///
/// # Errors
///
/// A block that lists the problems.
pub fn good_settings(file: Option<&Path>) -> Result<(Settings, Report), StartError> {
    let (settings, report) = read_settings(file)?;
    if report.problems.is_empty() {
        Ok((settings, report))
    } else {
        Err(problems(&report).into())
    }
}

/// All problems, one a line.
#[must_use]
pub fn problems(report: &Report) -> String {
    let count = report.problems.len();
    let noun = if count == 1 {
        "one problem"
    } else {
        "problems"
    };
    let head = if count == 1 {
        noun.to_owned()
    } else {
        format!("{count} {noun}")
    };
    let lines: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    format!("the settings have {head}:\n  {}", lines.join("\n  "))
}

fn text((name, value): (std::ffi::OsString, std::ffi::OsString)) -> Option<(String, String)> {
    Some((name.into_string().ok()?, value.into_string().ok()?))
}
