//! The keys of the ring at one moment, sorted by what they are for.

use std::collections::{BTreeMap, HashMap};

use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};
use menshen_domain::ports::keyring_store::WrappedKey;
use menshen_domain::ports::mac::MacUse;
use menshen_domain::ports::sealer::SealUse;

use crate::cipher::{Cipher, KeyBytes};

/// A key, opened.
#[derive(Clone)]
pub(super) struct RingKey {
    pub(super) id: u32,
    usage: String,
    pub(super) not_before: DateTime<Utc>,
    pub(super) bytes: KeyBytes,
}

/// Where a key of the ring stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RingStage {
    /// Every replica learns it; nothing is sealed or tagged with it yet.
    Next,
    /// Seals and tags.
    Active,
    /// Only opens and checks what it sealed and tagged.
    Older,
}

/// A key of the ring as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingKeyInfo {
    /// Its number; sealed values name it.
    pub id: u32,
    /// What it is for.
    pub usage: String,
    /// Where it stands.
    pub stage: RingStage,
    /// From when on it seals and tags.
    pub not_before: DateTime<Utc>,
}

/// The keys at one moment.
pub(super) struct Ring {
    pub(super) keys: Vec<RingKey>,
    macs: HashMap<MacUse, MacKeys>,
    pub(super) seals: HashMap<SealUse, SealKeys>,
}

pub(super) struct MacKeys {
    pub(super) active: hmac::Key,
    /// Older ones, and one that waits: another replica's clock may be ahead.
    others: Vec<hmac::Key>,
}

pub(super) struct SealKeys {
    pub(super) active: u32,
    pub(super) all: BTreeMap<u32, Cipher>,
}

impl RingKey {
    pub(super) fn of(stored: &WrappedKey, bytes: KeyBytes) -> Self {
        Self {
            id: stored.id,
            usage: stored.usage.clone(),
            not_before: stored.not_before,
            bytes,
        }
    }

    pub(super) fn is(&self, id: u32, usage: &str) -> bool {
        self.id == id && self.usage == usage
    }
}

impl MacKeys {
    /// The active key first.
    pub(super) fn all(&self) -> impl Iterator<Item = &hmac::Key> {
        std::iter::once(&self.active).chain(&self.others)
    }
}

impl Ring {
    /// Sorts keys by their use, as they stand at `now`.
    pub(super) fn of(mut keys: Vec<RingKey>, now: DateTime<Utc>) -> Self {
        keys.sort_by_key(|key| (key.not_before, key.id));
        let mut ring = Self {
            keys,
            macs: HashMap::new(),
            seals: HashMap::new(),
        };
        for usage in MacUse::ALL {
            let Some(active) = ring.active(usage.as_str(), now) else {
                continue;
            };
            let key = |key: &RingKey| hmac::Key::new(hmac::HMAC_SHA256, key.bytes.as_slice());
            let others = ring.of_use(usage.as_str()).rev();
            let others = others.filter(|other| other.id != active.id).map(key);
            let keys = MacKeys {
                others: others.collect(),
                active: key(active),
            };
            ring.macs.insert(usage, keys);
        }
        for usage in SealUse::ALL {
            let Some(active) = ring.active(usage.as_str(), now) else {
                continue;
            };
            let all = ring.of_use(usage.as_str());
            let all = all.map(|key| (key.id, Cipher::new(&key.bytes)));
            let keys = SealKeys {
                active: active.id,
                all: all.collect(),
            };
            ring.seals.insert(usage, keys);
        }
        ring
    }

    pub(super) fn mac_keys(&self, usage: MacUse) -> &MacKeys {
        // A ring does not open before every use has a key, and keys that are known
        // are never left out.
        self.macs.get(&usage).expect("every use has a key")
    }

    pub(super) fn key(&self, id: u32, usage: &str) -> Option<&RingKey> {
        let mut keys = self.keys.iter();
        keys.find(|key| key.is(id, usage))
    }

    pub(super) fn list(&self, now: DateTime<Utc>) -> Vec<RingKeyInfo> {
        let info = |key: &RingKey| RingKeyInfo {
            id: key.id,
            usage: key.usage.clone(),
            stage: match self.active(&key.usage, now) {
                Some(active) if active.id == key.id => RingStage::Active,
                _ if key.not_before > now => RingStage::Next,
                _ => RingStage::Older,
            },
            not_before: key.not_before,
        };
        self.keys.iter().map(info).collect()
    }

    /// The newest key whose time has come. Where none has, the clock of the replica
    /// that made the first one is ahead of ours.
    fn active(&self, usage: &str, now: DateTime<Utc>) -> Option<&RingKey> {
        let mut keys = self.of_use(usage);
        let begun = keys.rfind(|key| key.not_before <= now);
        begun.or_else(|| self.of_use(usage).next())
    }

    fn of_use<'a, 'b>(
        &'a self,
        usage: &'b str,
    ) -> impl DoubleEndedIterator<Item = &'a RingKey> + use<'a, 'b> {
        self.keys.iter().filter(move |key| key.usage == usage)
    }
}
