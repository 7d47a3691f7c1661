//! Looking after the keys while the server runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use menshen_domain::ports::audit_log::AuditLog;
use menshen_domain::ports::clock::Clock as _;
use menshen_sql::Database;
use menshen_token::key_set::KeySet;
use menshen_token::keyring::{Keyring, KeyringError};

use crate::clock::ServerClock;
use crate::key_audit::tell_new_key;
use crate::metrics::background::Background;
use crate::rounds::jittered;

/// What this work is called in metrics.
const KEYRING: &str = "keyring";
const SIGNING_KEYS: &str = "signing_keys";

/// How often at least: a key that was dropped elsewhere is of no use here within a
/// minute (S-67), also where one try fails.
const EVERY: Duration = Duration::from_secs(20);

/// How often the database is asked for the time.
const TIME_IS_ASKED_EVERY: Duration = Duration::from_mins(1);

/// How soon after one reading of the ring the next begins, however much is sealed
/// with keys that are not known.
const AT_MOST_EVERY: Duration = Duration::from_secs(2);

/// What looking after keys needs, whichever they are.
#[derive(Clone)]
pub(crate) struct KeyCare {
    /// The time that counts.
    pub(crate) clock: Arc<ServerClock>,
    /// Where the ring is, and who tells the time.
    pub(crate) database: Database,
    /// Where each run is counted.
    pub(crate) background: Background,
}

impl KeyCare {
    async fn set_clock(&self) {
        if let Err(error) = self.clock.set(&self.database).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the database was not asked for the time"
            );
        }
    }
}

/// Takes in what other replicas did to the keys of the ring, and lets those begin
/// whose time has come, for ever.
pub(crate) async fn look_after_ring(ring: Arc<Keyring>, care: KeyCare) {
    care.background.announce(KEYRING);
    let mut locked = false;
    loop {
        let now = care.clock.now();
        let until_change = ring.next_change(now).map(|at| (at - now).to_std());
        let span = until_change
            .and_then(Result::ok)
            .unwrap_or(EVERY)
            .min(EVERY);
        tokio::time::sleep(AT_MOST_EVERY).await;
        tokio::select! {
            () = tokio::time::sleep(jittered(span).saturating_sub(AT_MOST_EVERY)) => {}
            () = ring.wanted() => {}
        }
        let reloaded = ring.reload(&care.database, care.clock.now()).await;
        care.background
            .ran(KEYRING, reloaded.is_ok(), care.clock.now());
        match reloaded {
            Ok(()) => locked = false,
            Err(error @ KeyringError::Locked { .. }) => {
                if !std::mem::replace(&mut locked, true) {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "a new key of the keyring cannot be opened: what others seal with it \
                         cannot be read here"
                    );
                }
            }
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the keyring was not looked after"
            ),
        }
    }
}

/// Takes in what other replicas did to the signing keys, and makes a new one when
/// it is due, for ever.
pub(crate) async fn look_after_keys(key_set: Arc<KeySet>, audit: Arc<dyn AuditLog>, care: KeyCare) {
    care.background.announce(SIGNING_KEYS);
    let mut asked = Instant::now();
    loop {
        tokio::time::sleep(jittered(EVERY)).await;
        if asked.elapsed() >= TIME_IS_ASKED_EVERY {
            care.set_clock().await;
            asked = Instant::now();
        }
        let maintained = key_set.maintain(care.clock.now()).await;
        care.background
            .ran(SIGNING_KEYS, maintained.is_ok(), care.clock.now());
        match maintained {
            Ok(None) => {}
            Ok(Some(kid)) => tell_new_key(&*audit, &kid, None).await,
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "signing keys were not looked after"
            ),
        }
    }
}
