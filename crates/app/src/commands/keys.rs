//! `menshen keys`.

use std::path::Path;
use std::sync::Arc;

use clap::Subcommand;
use menshen_domain::model::key_ring::Departure;
use menshen_domain::model::sweep::Sweep;
use menshen_domain::ports::clock::Clock as _;
use menshen_domain::services::renew_ring::Outlook;
use menshen_token::key_set::KeyStage;
use menshen_token::keyring::RingStage;

use crate::clock::ServerClock;
use crate::commands::good_settings;
use crate::commands::operator::who_runs_it;
use crate::key_audit::{tell_dropped_key, tell_new_key, tell_new_ring_key};
use crate::logging;
use crate::wiring::{self, StartError};

/// What to do with the signing keys and the keyring.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Show the keys.
    #[command(after_help = "Example: menshen keys list")]
    List,
    /// Make a new signing key, which is published now and signs in a quarter of an
    /// hour; or a new key of the keyring, which begins in five minutes.
    #[command(
        after_help = "Example: menshen keys rotate\n         menshen keys rotate --ring seal.phone_number"
    )]
    Rotate {
        /// A use of the keyring, as `menshen keys list` names it.
        #[arg(long, value_name = "USE")]
        ring: Option<String>,
    },
    /// In an emergency: take a key out of use now; what it signed is worth nothing
    /// within a minute, on all replicas.
    #[command(after_help = "Example: menshen keys drop Zm9vYmFyYmF6cXV4")]
    Drop {
        /// The key, as `menshen keys list` names it.
        #[arg(allow_hyphen_values = true)]
        kid: String,
    },
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
    let (store, keyring, key_set) = wiring::keys(&settings, &database).await?;
    // The time by which replicas let keys begin.
    let clock = Arc::new(ServerClock::of(&database).await?);
    let now = clock.now();
    let operator = who_runs_it();
    let by = Some(&operator);
    match action {
        Action::List => {}
        Action::Rotate { ring: Some(usage) } => {
            let key = keyring.rotate(&database, usage, now).await?;
            tell_new_ring_key(&store, key.id, &key.usage, by).await;
        }
        Action::Rotate { ring: None } => {
            let kid = key_set.rotate(now).await?;
            tell_new_key(&store, &kid, by).await;
        }
        Action::Drop { kid } => {
            let dropped = key_set.drop_key(kid, now).await?;
            tell_dropped_key(&store, kid, by).await;
            if let Some(made) = dropped.made {
                tell_new_key(&store, &made, by).await;
            }
        }
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
    let renew = wiring::renew_ring(&settings, &store, clock);
    let outlook = renew.outlook(now).await?;
    for key in keyring.list(now) {
        let stage = match key.stage {
            RingStage::Next => "next",
            RingStage::Active => "active",
            RingStage::Older => "older",
        };
        let from = key.not_before.to_rfc3339();
        let until = departure(&outlook, key.id);
        println!(
            "ring {}  {}  {stage}  from {from}{until}",
            key.id, key.usage
        );
    }
    Ok(database.close().await?)
}

/// When an older key leaves the ring, or what it waits for.
fn departure(outlook: &Outlook, id: u32) -> String {
    let Some(key) = outlook.older.iter().find(|key| key.id == id) else {
        return String::new();
    };
    match key.departure {
        Departure::At(at) | Departure::AfterSessions { at, .. } => {
            format!("  until {}", at.to_rfc3339())
        }
        Departure::AfterSweep { place, begun_from } => {
            let counts = |sweep: &&Sweep| sweep.place == place && sweep.begun_at >= begun_from;
            match outlook.sweeps.iter().find(counts) {
                Some(sweep) => format!("  rows left {}", sweep.rows_left()),
                None => format!("  rows are counted from {}", begun_from.to_rfc3339()),
            }
        }
    }
}
