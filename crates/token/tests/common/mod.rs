//! What the tests of this crate share: stores in memory, and a deployment.
#![allow(
    dead_code,
    reason = "each test binary uses its own part of what is shared"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use menshen_domain::model::client::ClientType;
use menshen_domain::model::identifiers::{EventId, SessionId, UserId};
use menshen_domain::model::token::{AccessClaims, Scope};
use menshen_domain::ports::keyring_store::{
    KeyringStore, KeyringStoreError, RemovedKey, Rewrapped, WrappedKey,
};
use menshen_domain::ports::signing_key_store::{
    KeyLife, SealedSigningKey, SigningKeyStore, SigningKeyStoreError,
};
use menshen_testkit::sample::now;
use menshen_token::algorithm::Algorithm;
use menshen_token::key_set::{KeySet, TokenConfig};
use menshen_token::keyring::Keyring;
use menshen_token::master_key::{MasterKey, MasterKeys};
use menshen_token::system_randomness::SystemRandomness;
use uuid::Uuid;

/// A keyring in memory.
#[derive(Default)]
pub(crate) struct Rings(
    pub(crate) Mutex<Vec<WrappedKey>>,
    pub(crate) Mutex<Vec<RemovedKey>>,
);

#[async_trait]
impl KeyringStore for Rings {
    async fn load(&self) -> Result<Vec<WrappedKey>, KeyringStoreError> {
        // Room for another replica between its reading and its writing.
        tokio::task::yield_now().await;
        Ok(self.0.lock().expect("no panic").clone())
    }

    async fn add(&self, keys: &[WrappedKey]) -> Result<bool, KeyringStoreError> {
        let mut stored = self.0.lock().expect("no panic");
        let taken = |key: &WrappedKey| stored.iter().any(|other| other.id == key.id);
        if keys.iter().any(taken) {
            return Ok(false);
        }
        stored.extend_from_slice(keys);
        Ok(true)
    }

    async fn rewrap(&self, keys: &[Rewrapped]) -> Result<usize, KeyringStoreError> {
        let mut count = 0;
        for stored in self.0.lock().expect("no panic").iter_mut() {
            let same = |key: &&Rewrapped| key.id == stored.id && key.from == stored.wrapped;
            if let Some(key) = keys.iter().find(same) {
                stored.wrapped.clone_from(&key.to);
                count += 1;
            }
        }
        Ok(count)
    }

    async fn take_out(&self, key: &RemovedKey) -> Result<bool, KeyringStoreError> {
        let mut stored = self.0.lock().expect("no panic");
        let of_use = |other: &&WrappedKey| other.usage == key.usage;
        let newer = stored.iter().filter(of_use).any(|other| other.id > key.id);
        let is_there = stored.iter().filter(of_use).any(|other| other.id == key.id);
        if newer && is_there {
            stored.retain(|other| other.id != key.id);
            self.1.lock().expect("no panic").push(key.clone());
        }
        Ok(newer && is_there)
    }

    async fn removed(&self) -> Result<Vec<RemovedKey>, KeyringStoreError> {
        Ok(self.1.lock().expect("no panic").clone())
    }

    async fn has_session_from_before(
        &self,
        _: DateTime<Utc>,
        _: DateTime<Utc>,
    ) -> Result<bool, KeyringStoreError> {
        Ok(false)
    }
}

/// Signing keys in memory.
#[derive(Default)]
pub(crate) struct Keys {
    pub(crate) rows: Mutex<Vec<SealedSigningKey>>,
    pub(crate) down: Mutex<bool>,
    pub(crate) loads: AtomicUsize,
}

impl Keys {
    fn answer(&self) -> Result<(), SigningKeyStoreError> {
        if *self.down.lock().expect("no panic") {
            return Err(SigningKeyStoreError("down".into()));
        }
        Ok(())
    }
}

#[async_trait]
impl SigningKeyStore for Keys {
    async fn load(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Vec<SealedSigningKey>, SigningKeyStoreError> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        self.answer()?;
        let rows = self.rows.lock().expect("no panic").clone();
        tokio::task::yield_now().await;
        let live = |row: &SealedSigningKey| row.retire_at.is_none_or(|at| at > now);
        Ok(rows.into_iter().filter(live).collect())
    }

    async fn add(
        &self,
        key: &SealedSigningKey,
        after: Option<String>,
        retire_predecessor_at: DateTime<Utc>,
    ) -> Result<bool, SigningKeyStoreError> {
        self.answer()?;
        let mut rows = self.rows.lock().expect("no panic");
        if rows.last().map(|row| row.kid.clone()) != after {
            return Ok(false);
        }
        if let Some(predecessor) = rows.last_mut() {
            predecessor.retire_at = Some(retire_predecessor_at);
        }
        rows.push(key.clone());
        Ok(true)
    }

    async fn revise(&self, lives: &[KeyLife], newest: &str) -> Result<bool, SigningKeyStoreError> {
        self.answer()?;
        let mut rows = self.rows.lock().expect("no panic");
        let known = |life: &KeyLife| rows.iter().any(|row| row.kid == life.kid);
        if rows.last().is_none_or(|row| row.kid != newest) || !lives.iter().all(known) {
            return Ok(false);
        }
        for row in rows.iter_mut() {
            if let Some(life) = lives.iter().find(|life| life.kid == row.kid) {
                (row.not_before, row.retire_at) = (life.not_before, life.retire_at);
            }
        }
        Ok(true)
    }
}

/// A database with its keyring.
pub(crate) struct Deployment {
    pub(crate) keys: Arc<Keys>,
    pub(crate) ring: Arc<Keyring>,
}

impl Deployment {
    pub(crate) async fn new() -> Self {
        let master = MasterKeys::from(MasterKey::generate(&SystemRandomness));
        let random = Arc::new(SystemRandomness);
        let ring = Keyring::open(&Rings::default(), &master, random, now()).await;
        Self {
            keys: Arc::default(),
            ring: Arc::new(ring.expect("a keyring")),
        }
    }

    /// Another replica over the same database.
    pub(crate) async fn replica(&self, config: TokenConfig, now: DateTime<Utc>) -> KeySet {
        let (keys, ring) = (Arc::clone(&self.keys), Arc::clone(&self.ring));
        let random = Arc::new(SystemRandomness);
        let set = KeySet::open(config, keys, ring, random, now).await;
        set.expect("signing keys")
    }
}

/// What the tests configure.
pub(crate) fn config(algorithm: Algorithm) -> TokenConfig {
    TokenConfig {
        issuer: "menshen".to_owned(),
        audience: "menshen".to_owned(),
        algorithm,
        key_rotation: Duration::from_hours(24 * 90),
        longest_access_ttl: Duration::from_hours(1),
    }
}

/// The claims of a token that is issued at `at`, for an hour.
pub(crate) fn claims(at: DateTime<Utc>, scope: Scope) -> AccessClaims {
    AccessClaims {
        user: UserId::from_uuid(Uuid::from_u128(1)),
        session: SessionId::from_uuid(Uuid::from_u128(2)),
        id: EventId::from_uuid(Uuid::from_u128(3)),
        client_type: ClientType::App,
        scope,
        issued_at: at,
        expires_at: at + Duration::from_hours(1),
    }
}
