//! The keyring: one random key per use, wrapped by the master key.

mod wrapping;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};
use menshen_domain::ports::keyring_store::{KeyringStore, KeyringStoreError, WrappedKey};
use menshen_domain::ports::mac::{Mac, MacUse};
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::ports::sealer::{SealError, SealUse, Sealer};

use crate::cipher::{Cipher, KeyBytes};
use crate::master_key::MasterKeys;
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
    /// Other replicas changed the ring each time it was read.
    #[error("the keyring keeps changing; try again")]
    Contended,
    /// The store did not answer.
    #[error("the keyring cannot be read")]
    Store(#[from] KeyringStoreError),
}

/// The opened keyring. `Debug` shows no key.
pub struct Keyring {
    macs: HashMap<MacUse, MacKeys>,
    seals: HashMap<SealUse, SealKeys>,
    randomness: Arc<dyn Randomness>,
}

struct MacKeys {
    active: hmac::Key,
    older: Vec<hmac::Key>,
}

struct SealKeys {
    active: u32,
    all: BTreeMap<u32, Cipher>,
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
                return Self::open_all(store, stored, &wrapper, randomness).await;
            }
            for key in &missing {
                tracing::info!(key.id, key.usage, "a key of the keyring is made");
            }
            // Whether ours or another replica's were added: they are read anew.
            store.add(&missing).await?;
        }
        Err(KeyringError::Contended)
    }

    async fn open_all(
        store: &dyn KeyringStore,
        mut stored: Vec<WrappedKey>,
        wrapper: &Wrapper,
        randomness: Arc<dyn Randomness>,
    ) -> Result<Self, KeyringError> {
        stored.sort_by_key(|key| (key.created_at, key.id));
        let mut rewrapped = Vec::new();
        let mut opened = Vec::with_capacity(stored.len());
        for key in stored {
            let (bytes, by_first) = wrapper.unwrap(&key)?;
            if !by_first {
                rewrapped.push(wrapper.wrap(key.id, &key.usage, key.created_at, &bytes));
            }
            opened.push((key.id, key.usage, bytes));
        }
        if !rewrapped.is_empty() {
            store.rewrap(&rewrapped).await?;
            let count = rewrapped.len();
            tracing::info!(count, "keys of the keyring are wrapped anew");
        }
        Ok(Self::of(&opened, randomness))
    }

    /// Sorts opened keys, oldest first, by their use.
    fn of(opened: &[(u32, String, KeyBytes)], randomness: Arc<dyn Randomness>) -> Self {
        let of_use = |usage: &'static str| opened.iter().filter(move |(_, word, _)| word == usage);
        let mut ring = Self {
            macs: HashMap::new(),
            seals: HashMap::new(),
            randomness,
        };
        for usage in MacUse::ALL {
            let mut keys: Vec<_> = of_use(usage.as_str())
                .map(|(_, _, key)| hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()))
                .collect();
            if let Some(active) = keys.pop() {
                let older = keys;
                ring.macs.insert(usage, MacKeys { active, older });
            }
        }
        for usage in SealUse::ALL {
            if let Some((active, _, _)) = of_use(usage.as_str()).next_back() {
                let all = of_use(usage.as_str())
                    .map(|(id, _, key)| (*id, Cipher::new(key)))
                    .collect();
                let active = *active;
                ring.seals.insert(usage, SealKeys { active, all });
            }
        }
        ring
    }

    fn mac_keys(&self, usage: MacUse) -> &MacKeys {
        // `open` does not end before every use has a key.
        self.macs.get(&usage).expect("every use has a key")
    }
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
        .map(|(usage, id)| wrapper.generate(id, usage, now))
        .collect()
}

impl Mac for Keyring {
    fn tag(&self, usage: MacUse, message: &[u8]) -> [u8; 32] {
        let mut tag = [0; 32];
        tag.copy_from_slice(hmac::sign(&self.mac_keys(usage).active, message).as_ref());
        tag
    }

    fn verify(&self, usage: MacUse, message: &[u8], tag: &[u8]) -> bool {
        let keys = self.mac_keys(usage);
        std::iter::once(&keys.active)
            .chain(&keys.older)
            .any(|key| hmac::verify(key, message, tag).is_ok())
    }
}

impl Sealer for Keyring {
    /// `version ‖ key id ‖ nonce ‖ ciphertext ‖ tag`.
    fn seal(&self, usage: SealUse, row: &[u8], clear: &[u8]) -> Result<Vec<u8>, SealError> {
        let keys = self.seals.get(&usage).ok_or(SealError)?;
        let cipher = keys.all.get(&keys.active).ok_or(SealError)?;
        let mut sealed = vec![VERSION];
        sealed.extend_from_slice(&keys.active.to_be_bytes());
        let randomness = self.randomness.as_ref();
        cipher
            .seal_onto(&mut sealed, &context(usage, row), clear, randomness)
            .map_err(|_| SealError)?;
        Ok(sealed)
    }

    fn open(&self, usage: SealUse, row: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let [VERSION, a, b, c, d, sealed @ ..] = sealed else {
            return Err(SealError);
        };
        let id = u32::from_be_bytes([*a, *b, *c, *d]);
        let keys = self.seals.get(&usage).ok_or(SealError)?;
        let cipher = keys.all.get(&id).ok_or(SealError)?;
        cipher
            .open(&context(usage, row), sealed)
            .map_err(|_| SealError)
    }
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
