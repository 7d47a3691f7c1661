//! The keyring over a database that lives longer than any master key.

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use common::Rings;
use menshen_domain::ports::keyring_store::{KeyringStore as _, RemovedKey, WrappedKey};
use menshen_domain::ports::mac::{Mac as _, MacUse};
use menshen_domain::ports::sealer::{SealError, SealUse, Sealer as _};
use menshen_testkit::sample::now;
use menshen_token::keyring::{Keyring, KeyringError, LEARNT_WITHIN, RingStage};
use menshen_token::master_key::{MasterKey, MasterKeys};
use menshen_token::system_randomness::SystemRandomness;
use tokio::task::JoinSet;

fn master() -> MasterKey {
    MasterKey::generate(&SystemRandomness)
}

async fn open(rings: &Rings, masters: &[&MasterKey]) -> Result<Keyring, KeyringError> {
    open_at(rings, masters, now()).await
}

async fn open_at(
    rings: &Rings,
    masters: &[&MasterKey],
    at: DateTime<Utc>,
) -> Result<Keyring, KeyringError> {
    let masters = masters.iter().map(|master| (*master).clone()).collect();
    let masters = MasterKeys::new(masters).expect("a list of keys");
    Keyring::open(rings, &masters, Arc::new(SystemRandomness), at).await
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

/// Every use whose keys rotate.
fn rotating() -> Vec<&'static str> {
    let macs = MacUse::ALL.into_iter();
    let macs = macs.filter(|usage| *usage != MacUse::BlindIndex);
    let seals = SealUse::ALL.map(SealUse::as_str);
    macs.map(MacUse::as_str).chain(seals).collect()
}

#[tokio::test]
async fn a_new_key_begins_when_every_replica_knows_it_and_the_older_ones_stay_good() {
    let (rings, master) = (Rings::default(), master());
    let one = open(&rings, &[&master]).await.unwrap();
    let two = open(&rings, &[&master]).await.unwrap();
    let tag = |ring: &Keyring| ring.tag(MacUse::RefreshToken, b"m");
    let seal = |ring: &Keyring| ring.seal(SealUse::SessionKey, b"row", b"clear").unwrap();
    let opens = |ring: &Keyring, sealed: &[u8]| {
        let opened = ring.open(SealUse::SessionKey, b"row", sealed);
        opened.is_ok_and(|clear| clear == b"clear")
    };
    let (old_tag, old_sealed) = (tag(&one), seal(&one));
    for usage in rotating() {
        one.rotate(&rings, usage, now()).await.unwrap();
    }
    // Not yet, on either.
    assert_eq!(tag(&one), old_tag);
    let almost = now() + LEARNT_WITHIN - Duration::from_secs(1);
    for ring in [&one, &two] {
        ring.reload(&rings, almost).await.unwrap();
        assert_eq!(tag(ring), old_tag);
        assert_eq!(ring.next_change(almost), Some(now() + LEARNT_WITHIN));
    }
    // One of them is ahead of the other: each takes what the other makes.
    let begun = now() + LEARNT_WITHIN;
    one.reload(&rings, begun).await.unwrap();
    let (new_tag, new_sealed) = (tag(&one), seal(&one));
    assert_ne!(new_tag, old_tag);
    for ring in [&one, &two] {
        for tag in [&old_tag, &new_tag] {
            assert!(ring.verify(MacUse::RefreshToken, b"m", tag));
        }
        let tags = ring.tags(MacUse::RefreshToken, b"m");
        assert!(tags.contains(&old_tag) && tags.contains(&new_tag));
        assert!(opens(ring, &old_sealed) && opens(ring, &new_sealed));
    }
    assert_eq!(tag(&two), old_tag);
    two.reload(&rings, begun).await.unwrap();
    assert_eq!(tag(&two), new_tag);
    assert_eq!(two.next_change(begun), None);
    // And a replica that starts now knows all of it.
    let three = open_at(&rings, &[&master], begun).await.unwrap();
    assert_eq!(tag(&three), new_tag);
    assert!(opens(&three, &old_sealed) && opens(&three, &new_sealed));
    let stages = three.list(begun);
    let of = |stage| stages.iter().filter(|key| key.stage == stage).count();
    assert_eq!(of(RingStage::Older), rotating().len());
    assert_eq!(of(RingStage::Active), rotating().len() + 1);
}

#[tokio::test]
async fn what_finds_phone_numbers_does_not_rotate_and_a_key_that_waits_is_awaited() {
    let (rings, master) = (Rings::default(), master());
    let ring = open(&rings, &[&master]).await.unwrap();
    let before = rings.load().await.unwrap();
    for usage in [MacUse::BlindIndex.as_str(), "nonsense", ""] {
        let error = ring.rotate(&rings, usage, now()).await.unwrap_err();
        assert!(matches!(error, KeyringError::NotRotated { .. }), "{usage}");
    }
    assert_eq!(rings.load().await.unwrap(), before);
    let usage = MacUse::RefreshToken.as_str();
    ring.rotate(&rings, usage, now()).await.unwrap();
    let error = ring.rotate(&rings, usage, now()).await.unwrap_err();
    assert!(matches!(error, KeyringError::Waiting { .. }), "{error}");
    let later = now() + LEARNT_WITHIN;
    ring.rotate(&rings, usage, later).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keys_that_are_made_at_once_are_all_there() {
    let (rings, master) = (Arc::new(Rings::default()), master());
    let before = {
        open(&rings, &[&master]).await.unwrap();
        rings.load().await.unwrap().len()
    };
    let mut operators = JoinSet::new();
    for usage in rotating().into_iter().take(4) {
        let (rings, master) = (Arc::clone(&rings), master.clone());
        operators.spawn(async move {
            let ring = open(&rings, &[&master]).await.unwrap();
            ring.rotate(&*rings, usage, now()).await.unwrap().id
        });
    }
    let mut ids = operators.join_all().await;
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4);
    assert_eq!(rings.load().await.unwrap().len(), before + 4);
}

#[tokio::test]
async fn a_value_of_an_unknown_key_asks_for_the_ring_to_be_read() {
    let (rings, master) = (Rings::default(), master());
    let one = open(&rings, &[&master]).await.unwrap();
    let two = open(&rings, &[&master]).await.unwrap();
    let usage = SealUse::PhoneNumber;
    one.rotate(&rings, usage.as_str(), now()).await.unwrap();
    let begun = now() + LEARNT_WITHIN;
    one.reload(&rings, begun).await.unwrap();
    let sealed = one.seal(usage, b"row", b"clear").unwrap();
    // A replica that could not look after its keys for five minutes.
    assert_eq!(two.open(usage, b"row", &sealed), Err(SealError));
    let wanted = tokio::time::timeout(Duration::from_secs(5), two.wanted());
    wanted.await.expect("the ring is wanted");
    two.reload(&rings, begun).await.unwrap();
    assert_eq!(two.open(usage, b"row", &sealed).unwrap(), b"clear");
}

/// Replicas with the old master key alone, with both in either order, and with the
/// new one alone, in every order in which two of them may come.
#[tokio::test]
async fn the_master_key_rolls_out_in_every_mixed_order() {
    let (old, new) = (master(), master());
    let lists: [&[&MasterKey]; 4] = [&[&old], &[&old, &new], &[&new, &old], &[&new]];
    // Which lists may run beside each other: those of neighbouring steps.
    for step in 0..3 {
        for order in [[step, step + 1], [step + 1, step]] {
            let rings = Rings::default();
            // As the step before left it.
            let first = open(&rings, lists[step]).await.unwrap();
            let tag = first.tag(MacUse::BlindIndex, b"m");
            for turn in 0..6 {
                let which = order[turn % 2];
                let opened = open(&rings, lists[which]).await;
                // To go from `new, old` to `new` all must have wrapped with it.
                let ring = opened.unwrap_or_else(|error| panic!("{order:?}, {turn}: {error}"));
                assert_eq!(ring.tag(MacUse::BlindIndex, b"m"), tag);
                // Whoever runs goes on.
                first.reload(&rings, now()).await.unwrap();
                assert_eq!(first.tag(MacUse::BlindIndex, b"m"), tag);
            }
        }
    }
}

#[tokio::test]
async fn whoever_skips_a_step_does_not_start_and_whoever_runs_goes_on() {
    let (rings, old, new) = (Rings::default(), master(), master());
    let running = open(&rings, &[&old]).await.unwrap();
    let sealed = running
        .seal(SealUse::PhoneNumber, b"row", b"clear")
        .unwrap();
    let ahead = open(&rings, &[&new, &old]).await.unwrap();
    // It was not told of the new master key, and is asked to start again.
    let error = open(&rings, &[&old]).await.unwrap_err();
    assert!(matches!(error, KeyringError::Locked { .. }));
    running.reload(&rings, now()).await.unwrap();
    let opened = running.open(SealUse::PhoneNumber, b"row", &sealed);
    assert_eq!(opened.unwrap(), b"clear");
    // It cannot make keys, and does not learn those that others make.
    let usage = SealUse::SessionKey.as_str();
    let error = running.rotate(&rings, usage, now()).await.unwrap_err();
    assert!(matches!(error, KeyringError::Locked { .. }));
    ahead.rotate(&rings, usage, now()).await.unwrap();
    let error = running.reload(&rings, now()).await.unwrap_err();
    assert!(matches!(error, KeyringError::Locked { .. }));
    let again = running.seal(SealUse::SessionKey, b"row", b"clear").unwrap();
    assert!(ahead.open(SealUse::SessionKey, b"row", &again).is_ok());
}

#[tokio::test]
async fn a_process_that_died_while_wrapping_anew_is_caught_up_with() {
    let (rings, old, new) = (Rings::default(), master(), master());
    let first = open(&rings, &[&old]).await.unwrap();
    let wrapped_by_old = rings.load().await.unwrap();
    open(&rings, &[&new, &old]).await.unwrap();
    // Half of it was done.
    for (key, old) in rings.0.lock().unwrap().iter_mut().zip(&wrapped_by_old) {
        if key.id % 2 == 0 {
            key.wrapped.clone_from(&old.wrapped);
        }
    }
    let second = open(&rings, &[&new, &old]).await.unwrap();
    for usage in MacUse::ALL {
        assert_eq!(first.tag(usage, b"m"), second.tag(usage, b"m"));
    }
    assert!(open(&rings, &[&new]).await.is_ok());
}

#[tokio::test]
async fn a_wrapped_key_opens_in_its_own_place_only() {
    let (rings, master) = (Rings::default(), master());
    open(&rings, &[&master]).await.unwrap();
    let stored = rings.load().await.unwrap();
    let swapped = |change: fn(&mut Vec<WrappedKey>)| {
        let mut keys = stored.clone();
        change(&mut keys);
        Rings(Mutex::new(keys), Mutex::default())
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

#[tokio::test]
async fn a_key_that_vanished_from_the_database_is_not_forgotten() {
    let (rings, master) = (Rings::default(), master());
    let ring = open(&rings, &[&master]).await.unwrap();
    let tag = ring.tag(MacUse::RefreshToken, b"m");
    let sealed = ring.seal(SealUse::PhoneNumber, b"row", b"clear").unwrap();
    // As after a dump of another time was restored.
    rings.0.lock().unwrap().clear();
    ring.reload(&rings, now()).await.unwrap();
    assert_eq!(ring.tag(MacUse::RefreshToken, b"m"), tag);
    assert!(ring.open(SealUse::PhoneNumber, b"row", &sealed).is_ok());
}

#[tokio::test]
async fn a_key_that_was_taken_out_is_forgotten_and_its_use_goes_on() {
    let (rings, master) = (Rings::default(), master());
    let ring = open(&rings, &[&master]).await.unwrap();
    let tag = ring.tag(MacUse::RefreshToken, b"m");
    let sealed = ring.seal(SealUse::PhoneNumber, b"row", b"clear").unwrap();
    let uses = [SealUse::PhoneNumber.as_str(), MacUse::RefreshToken.as_str()];
    let older: Vec<_> = ring
        .list(now())
        .into_iter()
        .filter(|key| uses.contains(&key.usage.as_str()))
        .collect();
    for usage in uses {
        ring.rotate(&rings, usage, now()).await.unwrap();
    }
    let begun = now() + LEARNT_WITHIN;
    ring.reload(&rings, begun).await.unwrap();
    let resealed = ring.seal(SealUse::PhoneNumber, b"row", b"clear").unwrap();
    for key in older {
        let removed = RemovedKey {
            id: key.id,
            usage: key.usage,
            removed_at: begun,
        };
        assert!(rings.take_out(&removed).await.unwrap());
    }
    ring.reload(&rings, begun).await.unwrap();
    let open = |sealed: &[u8]| ring.open(SealUse::PhoneNumber, b"row", sealed);
    assert_eq!(open(&sealed), Err(SealError));
    assert_eq!(open(&resealed).unwrap(), b"clear");
    assert!(!ring.verify(MacUse::RefreshToken, b"m", &tag));
    assert_eq!(ring.tags(MacUse::RefreshToken, b"m").len(), 1);
}

#[tokio::test]
async fn a_sealed_value_tells_its_key_without_being_opened() {
    let (rings, master) = (Rings::default(), master());
    let ring = open(&rings, &[&master]).await.unwrap();
    let usage = SealUse::PhoneNumber;
    let seal = |ring: &Keyring| ring.seal(usage, b"row", b"clear").unwrap();
    let first = seal(&ring);
    let (before, key) = (ring.active_key(usage).unwrap(), ring.key_of(&first));
    assert_eq!(key, Some(before));
    ring.rotate(&rings, usage.as_str(), now()).await.unwrap();
    ring.reload(&rings, now() + LEARNT_WITHIN).await.unwrap();
    let after = ring.active_key(usage).unwrap();
    assert_ne!(before, after);
    assert_eq!(ring.key_of(&seal(&ring)), Some(after));
    assert_eq!(ring.key_of(&first), Some(before));
    // Whose key nobody knows is told all the same; what is no sealed value is not.
    let stranger = open(&Rings::default(), &[&master]).await.unwrap();
    assert_eq!(stranger.key_of(&first), Some(before));
    for nonsense in [&b""[..], &[1, 0, 0, 0], &[2, 0, 0, 0, 7, 1, 2]] {
        assert_eq!(ring.key_of(nonsense), None);
    }
}
