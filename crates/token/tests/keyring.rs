//! The keyring over a database that lives longer than any master key.

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::Rings;
use menshen_domain::ports::keyring_store::{KeyringStore, KeyringStoreError, WrappedKey};
use menshen_domain::ports::mac::{Mac as _, MacUse};
use menshen_domain::ports::sealer::{SealError, SealUse, Sealer as _};
use menshen_testkit::sample::now;
use menshen_token::keyring::{Keyring, KeyringError};
use menshen_token::master_key::{MasterKey, MasterKeys};
use menshen_token::system_randomness::SystemRandomness;
use tokio::task::JoinSet;

fn master() -> MasterKey {
    MasterKey::generate(&SystemRandomness)
}

async fn open(rings: &Rings, masters: &[&MasterKey]) -> Result<Keyring, KeyringError> {
    let masters = masters.iter().map(|master| (*master).clone()).collect();
    let masters = MasterKeys::new(masters).expect("a list of keys");
    Keyring::open(rings, &masters, Arc::new(SystemRandomness), now()).await
}

#[tokio::test]
async fn every_use_has_a_key_of_its_own() {
    let rings = Rings::default();
    let ring = open(&rings, &[&master()]).await.unwrap();
    let mut tags: Vec<_> = MacUse::ALL.map(|usage| ring.tag(usage, b"m")).to_vec();
    tags.sort_unstable();
    tags.dedup();
    assert_eq!(tags.len(), MacUse::ALL.len());
    let stored = rings.load().await.unwrap();
    assert_eq!(stored.len(), MacUse::ALL.len() + SealUse::ALL.len());
}

#[tokio::test]
async fn a_keyring_is_the_same_after_a_restart() {
    let (rings, master) = (Rings::default(), master());
    let before = open(&rings, &[&master]).await.unwrap();
    let sealed = before.seal(SealUse::PhoneNumber, b"row", b"clear").unwrap();
    let after = open(&rings, &[&master]).await.unwrap();
    for usage in MacUse::ALL {
        assert_eq!(before.tag(usage, b"m"), after.tag(usage, b"m"));
        assert!(after.verify(usage, b"m", &before.tag(usage, b"m")));
    }
    let opened = after.open(SealUse::PhoneNumber, b"row", &sealed).unwrap();
    assert_eq!(opened, b"clear");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_that_start_at_once_get_the_same_keys() {
    for _ in 0..20 {
        let (rings, master) = (Arc::new(Rings::default()), master());
        let mut replicas = JoinSet::new();
        for _ in 0..8 {
            let (rings, master) = (Arc::clone(&rings), master.clone());
            replicas.spawn(async move {
                let ring = open(&rings, &[&master]).await.unwrap();
                MacUse::ALL.map(|usage| ring.tag(usage, b"m"))
            });
        }
        let tags = replicas.join_all().await;
        assert!(tags.iter().all(|other| *other == tags[0]));
    }
}

#[tokio::test]
async fn a_ring_that_no_master_key_opens_is_refused_and_stays_as_it_is() {
    let (rings, right) = (Rings::default(), master());
    open(&rings, &[&right]).await.unwrap();
    let before = rings.load().await.unwrap();
    let error = open(&rings, &[&master(), &master()]).await.unwrap_err();
    assert!(matches!(error, KeyringError::Locked { .. }));
    let text = error.to_string();
    assert!(text.contains("secrets.master_key"), "{text}");
    assert_eq!(rings.load().await.unwrap(), before);
}

#[tokio::test]
async fn changing_the_master_key_wraps_anew_and_changes_no_key() {
    let (rings, old, new) = (Rings::default(), master(), master());
    let tag = |ring: &Keyring| ring.tag(MacUse::BlindIndex, b"+8613800138000");
    let first = tag(&open(&rings, &[&old]).await.unwrap());
    let wrapped = rings.load().await.unwrap();
    // Added last everywhere: nothing is wrapped anew.
    assert_eq!(tag(&open(&rings, &[&old, &new]).await.unwrap()), first);
    assert_eq!(rings.load().await.unwrap(), wrapped);
    // Moved first: all is.
    assert_eq!(tag(&open(&rings, &[&new, &old]).await.unwrap()), first);
    let rewrapped = rings.load().await.unwrap();
    for (old, new) in wrapped.iter().zip(&rewrapped) {
        assert_eq!((old.id, &old.usage), (new.id, &new.usage));
        assert_ne!(old.wrapped, new.wrapped);
    }
    assert_eq!(tag(&open(&rings, &[&new]).await.unwrap()), first);
    assert!(open(&rings, &[&old]).await.is_err());
}

#[tokio::test]
async fn a_use_that_is_new_gets_a_key_beside_the_others() {
    let (rings, master) = (Rings::default(), master());
    let before = open(&rings, &[&master]).await.unwrap();
    // As an older version left it.
    let word = SealUse::SigningKey.as_str();
    rings.0.lock().unwrap().retain(|key| key.usage != word);
    let after = open(&rings, &[&master]).await.unwrap();
    let usage = MacUse::RefreshToken;
    assert_eq!(before.tag(usage, b"m"), after.tag(usage, b"m"));
    let sealed = after.seal(SealUse::SigningKey, b"kid", b"key").unwrap();
    assert!(after.open(SealUse::SigningKey, b"kid", &sealed).is_ok());
}

/// A store that says at first that the numbers up to 100 are taken.
#[derive(Default)]
struct Later {
    rings: Rings,
    asked: AtomicBool,
}

#[async_trait::async_trait]
impl KeyringStore for Later {
    async fn load(&self) -> Result<Vec<WrappedKey>, KeyringStoreError> {
        if self.asked.swap(true, Ordering::SeqCst) {
            return self.rings.load().await;
        }
        Ok(vec![WrappedKey {
            id: 100,
            usage: "another".to_owned(),
            wrapped: Vec::new(),
            created_at: now(),
        }])
    }

    async fn add(&self, keys: &[WrappedKey]) -> Result<bool, KeyringStoreError> {
        self.rings.add(keys).await
    }

    async fn rewrap(&self, keys: &[WrappedKey]) -> Result<(), KeyringStoreError> {
        self.rings.rewrap(keys).await
    }
}

#[tokio::test]
async fn the_newest_key_of_a_use_is_active_and_the_older_ones_still_open() {
    let (rings, master) = (Rings::default(), master());
    let old = open(&rings, &[&master]).await.unwrap();
    let old_tag = old.tag(MacUse::RefreshToken, b"m");
    let old_sealed = old.seal(SealUse::SessionKey, b"row", b"clear").unwrap();
    // A second key for each use, made a second later, as a rotation adds it.
    let later = Later::default();
    let (masters, random) = (MasterKeys::from(master.clone()), Arc::new(SystemRandomness));
    let second = now() + Duration::from_secs(1);
    Keyring::open(&later, &masters, random, second)
        .await
        .unwrap();
    let added = later.load().await.unwrap();
    assert!(rings.add(&added).await.unwrap());

    let ring = open(&rings, &[&master]).await.unwrap();
    assert_ne!(ring.tag(MacUse::RefreshToken, b"m"), old_tag);
    assert!(ring.verify(MacUse::RefreshToken, b"m", &old_tag));
    let opened = ring.open(SealUse::SessionKey, b"row", &old_sealed);
    assert_eq!(opened.unwrap(), b"clear");
    let new_sealed = ring.seal(SealUse::SessionKey, b"row", b"clear").unwrap();
    assert!(old.open(SealUse::SessionKey, b"row", &new_sealed).is_err());
}

#[tokio::test]
async fn a_wrapped_key_opens_in_its_own_place_only() {
    let (rings, master) = (Rings::default(), master());
    open(&rings, &[&master]).await.unwrap();
    let stored = rings.load().await.unwrap();
    let swapped = |change: fn(&mut Vec<WrappedKey>)| {
        let mut keys = stored.clone();
        change(&mut keys);
        Rings(Mutex::new(keys))
    };
    for rings in [
        swapped(|keys| keys[0].id = 1000),
        swapped(|keys| {
            let first = keys[0].wrapped.clone();
            keys[0].wrapped = std::mem::replace(&mut keys[1].wrapped, first);
        }),
        swapped(|keys| keys[0].wrapped[20] ^= 1),
        swapped(|keys| keys[0].wrapped.clear()),
        swapped(|keys| {
            // The blind index may not be made to use the key of something weaker.
            let words = (keys[0].usage.clone(), keys[1].usage.clone());
            (keys[1].usage, keys[0].usage) = words;
        }),
    ] {
        let error = open(&rings, &[&master]).await.unwrap_err();
        assert!(matches!(error, KeyringError::Locked { .. }));
    }
}

#[tokio::test]
async fn a_sealed_value_opens_in_its_own_place_only() {
    let rings = Rings::default();
    let ring = open(&rings, &[&master()]).await.unwrap();
    let sealed = ring.seal(SealUse::PhoneNumber, b"row", b"clear").unwrap();
    for (usage, row) in [
        (SealUse::PhoneNumber, &b"other"[..]),
        (SealUse::PhoneNumber, b""),
        (SealUse::SessionKey, b"row"),
        (SealUse::SigningKey, b"row"),
    ] {
        assert_eq!(ring.open(usage, row, &sealed), Err(SealError));
    }
    let stranger = open(&Rings::default(), &[&master()]).await.unwrap();
    let opened = stranger.open(SealUse::PhoneNumber, b"row", &sealed);
    assert_eq!(opened, Err(SealError));
}

#[tokio::test]
async fn a_sealed_value_that_was_changed_does_not_open() {
    let ring = open(&Rings::default(), &[&master()]).await.unwrap();
    let open = |sealed: &[u8]| ring.open(SealUse::PhoneNumber, b"row", sealed);
    let sealed = ring.seal(SealUse::PhoneNumber, b"row", b"clear").unwrap();
    assert_eq!(open(&sealed).unwrap(), b"clear");
    for length in 0..sealed.len() {
        assert!(open(&sealed[..length]).is_err(), "cut to {length}");
    }
    for position in 0..sealed.len() {
        for bit in 0..8 {
            let mut changed = sealed.clone();
            changed[position] ^= 1 << bit;
            assert!(open(&changed).is_err(), "bit {bit} of byte {position}");
        }
    }
    assert!(open(&[sealed, vec![0]].concat()).is_err());
}

#[tokio::test]
async fn the_same_value_is_never_sealed_alike_and_any_length_comes_back() {
    let ring = open(&Rings::default(), &[&master()]).await.unwrap();
    for length in [0, 1, 15, 16, 17, 4096] {
        let clear = vec![7; length];
        let seal = || ring.seal(SealUse::SessionKey, b"row", &clear).unwrap();
        let (one, two) = (seal(), seal());
        assert_ne!(one, two);
        assert_eq!(ring.open(SealUse::SessionKey, b"row", &one).unwrap(), clear);
    }
}

#[tokio::test]
async fn a_tag_is_for_its_message_and_its_use() {
    let ring = open(&Rings::default(), &[&master()]).await.unwrap();
    let tag = ring.tag(MacUse::RefreshToken, b"message");
    assert!(ring.verify(MacUse::RefreshToken, b"message", &tag));
    assert!(!ring.verify(MacUse::RefreshToken, b"another", &tag));
    assert!(!ring.verify(MacUse::ReplayLedger, b"message", &tag));
    assert!(!ring.verify(MacUse::RefreshToken, b"message", &tag[..31]));
    assert!(!ring.verify(MacUse::RefreshToken, b"message", b""));
}

#[tokio::test]
async fn nothing_of_a_key_is_printed() {
    let ring = open(&Rings::default(), &[&master()]).await.unwrap();
    assert_eq!(format!("{ring:?}"), "Keyring(…)");
}
