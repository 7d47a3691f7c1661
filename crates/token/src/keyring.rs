//! The keyring: one random key per use, wrapped by the master key.

mod ring;
mod wrapping;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};
pub use menshen_domain::model::key_ring::LEARNT_WITHIN;
use menshen_domain::ports::keyring_store::{
    KeyringStore, KeyringStoreError, Rewrapped, WrappedKey,
};
use menshen_domain::ports::mac::{Mac, MacUse};
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::ports::sealer::{SealError, SealUse, Sealer};

use crate::master_key::MasterKeys;
use tokio::sync::Notify;
use zeroize::Zeroizing;

use ring::{Ring, RingKey};
pub use ring::{RingKeyInfo, RingStage};
use wrapping::Wrapper;

/// The first byte of every sealed value.
const VERSION: u8 = 1;

/// How often opening starts again because another replica was faster.
const MAX_ROUNDS: usize = 5;

/// Why the keyring cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// No master key opens a key.
    #[error(
        "key {id} of the keyring (`{usage}`) cannot be opened with any of the master keys: \
         set `secrets.master_key` to the master key that this database was used with \
         (while it is being changed, a list of the new and the old one)"
    )]
    Locked {
        /// The key's number.
        id: u32,
        /// What it is for.
        usage: String,
    },
    /// There is no such use, or its key cannot be replaced while anybody is served.
    #[error(
        "`{usage}` is no use of the keyring whose key can be replaced; \
         `menshen keys list` shows the uses, and `mac.blind_index`, by which every phone \
         number is found, cannot change"
    )]
    NotRotated {
        /// What was asked for.
        usage: String,
    },
    /// The use has a key already that waits for its time.
    #[error("`{usage}` has a new key already, which begins at {until}")]
    Waiting {
        /// The use.
        usage: String,
        /// When it begins.
        until: DateTime<Utc>,
    },
    /// Other replicas changed the ring each time it was read.
    #[error("the keyring keeps changing; try again")]
    Contended,
    /// The store did not answer.
    #[error("the keyring cannot be read")]
    Store(#[from] KeyringStoreError),
}

/// The opened keyring, which takes in new keys while it is used. `Debug` shows no
/// key.
pub struct Keyring {
    wrapper: Wrapper,
    randomness: Arc<dyn Randomness>,
    ring: RwLock<Arc<Ring>>,
    /// Set when something named a key that is not known here.
    wanted: Notify,
}

impl Keyring {
    /// Opens the ring of a database, and completes it: makes a key for each use
    /// that has none, and wraps anew with the first master key what was wrapped
    /// with another. Replicas that do this at once end with the same keys.
    ///
    /// # Errors
    ///
    /// See [`KeyringError`].
    pub async fn open(
        store: &dyn KeyringStore,
        masters: &MasterKeys,
        randomness: Arc<dyn Randomness>,
        now: DateTime<Utc>,
    ) -> Result<Self, KeyringError> {
        let wrapper = Wrapper::new(masters, Arc::clone(&randomness));
        for _ in 0..MAX_ROUNDS {
            let stored = store.load().await?;
            let missing = missing_keys(&stored, &wrapper, now);
            if missing.is_empty() {
                let keys = open_all(&stored, &wrapper)?;
                rewrap(store, &stored, &keys, &wrapper).await?;
                return Ok(Self {
                    wrapper,
                    randomness,
                    ring: RwLock::new(Arc::new(Ring::of(keys, now))),
                    wanted: Notify::new(),
                });
            }
            for key in &missing {
                tracing::info!(key.id, key.usage, "a key of the keyring is made");
            }
            // Whether ours or another replica's were added: they are read anew.
            store.add(&missing).await?;
        }
        Err(KeyringError::Contended)
    }

    /// Takes in keys that were made elsewhere, and lets those begin whose time has
    /// come. To be called at least once a minute. Keys that are known already are
    /// not opened again, so that a process goes on when the ring was wrapped with a
    /// master key that it does not have; a new key that it cannot open is left out.
    /// A key is forgotten only where the store says that it was taken out of the ring:
    /// nothing needs it then, and nobody who knows it is believed any more.
    ///
    /// # Errors
    ///
    /// [`KeyringError::Store`], and [`KeyringError::Locked`] for a key that was left
    /// out: everything else was taken in.
    pub async fn reload(
        &self,
        store: &dyn KeyringStore,
        now: DateTime<Utc>,
    ) -> Result<(), KeyringError> {
        let known = self.ring();
        let (mut keys, mut locked) = (Vec::new(), None);
        for stored in store.load().await? {
            let opened = match known.key(stored.id, &stored.usage) {
                Some(key) => Ok(key.bytes.clone()),
                None => self.wrapper.unwrap(&stored).map(|(bytes, _)| bytes),
            };
            match opened {
                Ok(bytes) => keys.push(RingKey::of(&stored, bytes)),
                Err(error) => locked = Some(error),
            }
        }
        let removed = store.removed().await?;
        let lost = |known: &&RingKey| {
            keys.iter().all(|key| key.id != known.id)
                && removed.iter().all(|key| !known.is(key.id, &key.usage))
        };
        let lost: Vec<_> = known.keys.iter().filter(lost).cloned().collect();
        keys.extend(lost);
        let ring = Arc::new(Ring::of(keys, now));
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
        locked.map_or(Ok(()), Err)
    }

    /// Makes a key that takes the place of a use's present one in
    /// [`LEARNT_WITHIN`], when every replica knows it. What was sealed or tagged
    /// before stays good. Answers the new key.
    ///
    /// # Errors
    ///
    /// [`KeyringError::NotRotated`] and [`KeyringError::Waiting`]; as of
    /// [`open`](Self::open).
    pub async fn rotate(
        &self,
        store: &dyn KeyringStore,
        usage: &str,
        now: DateTime<Utc>,
    ) -> Result<RingKeyInfo, KeyringError> {
        let usage = rotating(usage)?;
        for _ in 0..MAX_ROUNDS {
            let stored = store.load().await?;
            // Also makes sure that our master key is the ring's.
            open_all(&stored, &self.wrapper)?;
            if let Some(waits) = stored
                .iter()
                .find(|key| key.usage == usage && key.not_before > now)
            {
                return Err(KeyringError::Waiting {
                    usage: usage.to_owned(),
                    until: waits.not_before,
                });
            }
            let last = stored.iter().map(|key| key.id).max().unwrap_or(0);
            let begin = now + LEARNT_WITHIN;
            let id = last.saturating_add(1);
            let key = self.wrapper.generate(id, usage, now, begin);
            if store.add(std::slice::from_ref(&key)).await? {
                tracing::info!(key.id, key.usage, from = %begin, "a key of the keyring is made");
                self.reload(store, now).await?;
                return Ok(RingKeyInfo {
                    id,
                    usage: key.usage,
                    stage: RingStage::Next,
                    not_before: begin,
                });
            }
        }
        Err(KeyringError::Contended)
    }

    /// The keys in the order in which they begin.
    #[must_use]
    pub fn list(&self, now: DateTime<Utc>) -> Vec<RingKeyInfo> {
        self.ring().list(now)
    }

    /// When the next key begins, if one waits.
    #[must_use]
    pub fn next_change(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let ring = self.ring();
        let waiting = ring.keys.iter().map(|key| key.not_before);
        waiting.filter(|begin| *begin > now).min()
    }

    /// Returns when something named a key that is not known here: the ring is to be
    /// [reloaded](Self::reload).
    pub async fn wanted(&self) {
        self.wanted.notified().await;
    }

    fn ring(&self) -> Arc<Ring> {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&ring)
    }
}

/// The word of a use whose keys rotate.
fn rotating(word: &str) -> Result<&'static str, KeyringError> {
    let macs = MacUse::ALL.into_iter();
    // Every number of the database is found by it: it changes offline only.
    let macs = macs.filter(|usage| *usage != MacUse::BlindIndex);
    let seals = SealUse::ALL.map(SealUse::as_str);
    let mut words = macs.map(MacUse::as_str).chain(seals);
    words
        .find(|known| *known == word)
        .ok_or_else(|| KeyringError::NotRotated {
            usage: word.to_owned(),
        })
}

fn open_all(stored: &[WrappedKey], wrapper: &Wrapper) -> Result<Vec<RingKey>, KeyringError> {
    let opened = stored
        .iter()
        .map(|key| Ok(RingKey::of(key, wrapper.unwrap(key)?.0)));
    opened.collect()
}

/// Wraps with the first master key what was wrapped with another.
async fn rewrap(
    store: &dyn KeyringStore,
    stored: &[WrappedKey],
    keys: &[RingKey],
    wrapper: &Wrapper,
) -> Result<(), KeyringError> {
    let mut rewrapped = Vec::new();
    for (stored, key) in stored.iter().zip(keys) {
        let (_, by_first) = wrapper.unwrap(stored)?;
        if !by_first {
            rewrapped.push(Rewrapped {
                id: stored.id,
                from: stored.wrapped.clone(),
                to: wrapper.wrap(stored.id, &stored.usage, &key.bytes),
            });
        }
    }
    if !rewrapped.is_empty() {
        let count = store.rewrap(&rewrapped).await?;
        tracing::info!(count, "keys of the keyring are wrapped anew");
    }
    Ok(())
}

/// New keys for the uses that have none.
fn missing_keys(stored: &[WrappedKey], wrapper: &Wrapper, now: DateTime<Utc>) -> Vec<WrappedKey> {
    let macs = MacUse::ALL.map(MacUse::as_str);
    let seals = SealUse::ALL.map(SealUse::as_str);
    let last = stored.iter().map(|key| key.id).max().unwrap_or(0);
    macs.into_iter()
        .chain(seals)
        .filter(|usage| stored.iter().all(|key| key.usage != *usage))
        .zip(last.saturating_add(1)..)
        .map(|(usage, id)| wrapper.generate(id, usage, now, now))
        .collect()
}

impl Mac for Keyring {
    fn tag(&self, usage: MacUse, message: &[u8]) -> [u8; 32] {
        sign(&self.ring().mac_keys(usage).active, message)
    }

    fn tags(&self, usage: MacUse, message: &[u8]) -> Vec<[u8; 32]> {
        let ring = self.ring();
        let keys = ring.mac_keys(usage).all();
        keys.map(|key| sign(key, message)).collect()
    }

    fn verify(&self, usage: MacUse, message: &[u8], tag: &[u8]) -> bool {
        let ring = self.ring();
        let mut keys = ring.mac_keys(usage).all();
        keys.any(|key| hmac::verify(key, message, tag).is_ok())
    }
}

impl Sealer for Keyring {
    /// `version ‖ key id ‖ nonce ‖ ciphertext ‖ tag`.
    fn seal(&self, usage: SealUse, row: &[u8], clear: &[u8]) -> Result<Vec<u8>, SealError> {
        let ring = self.ring();
        let keys = ring.seals.get(&usage).ok_or(SealError)?;
        let cipher = keys.all.get(&keys.active).ok_or(SealError)?;
        let mut sealed = vec![VERSION];
        sealed.extend_from_slice(&keys.active.to_be_bytes());
        let randomness = self.randomness.as_ref();
        cipher
            .seal_onto(&mut sealed, &context(usage, row), clear, randomness)
            .map_err(|_| SealError)?;
        Ok(sealed)
    }

    fn key_of(&self, sealed: &[u8]) -> Option<u32> {
        parts(sealed).map(|(id, _)| id)
    }

    fn active_key(&self, usage: SealUse) -> Result<u32, SealError> {
        let ring = self.ring();
        let keys = ring.seals.get(&usage).ok_or(SealError)?;
        Ok(keys.active)
    }

    fn open(&self, usage: SealUse, row: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (id, sealed) = parts(sealed).ok_or(SealError)?;
        let ring = self.ring();
        let keys = ring.seals.get(&usage).ok_or(SealError)?;
        let Some(cipher) = keys.all.get(&id) else {
            self.wanted.notify_one();
            return Err(SealError);
        };
        cipher
            .open(&context(usage, row), sealed)
            .map_err(|_| SealError)
    }

    fn reseal(&self, usage: SealUse, row: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let clear = Zeroizing::new(self.open(usage, row, sealed)?);
        self.seal(usage, row, &clear)
    }
}

/// The number of the key, and the box.
fn parts(sealed: &[u8]) -> Option<(u32, &[u8])> {
    let [VERSION, a, b, c, d, sealed @ ..] = sealed else {
        return None;
    };
    Some((u32::from_be_bytes([*a, *b, *c, *d]), sealed))
}

fn sign(key: &hmac::Key, message: &[u8]) -> [u8; 32] {
    let mut tag = [0; 32];
    tag.copy_from_slice(hmac::sign(key, message).as_ref());
    tag
}

/// What a sealed value is bound to. No use's word holds a NUL, so that no two
/// places are spelt alike.
fn context(usage: SealUse, row: &[u8]) -> Vec<u8> {
    [usage.as_str().as_bytes(), &[0], row].concat()
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(…)")
    }
}
