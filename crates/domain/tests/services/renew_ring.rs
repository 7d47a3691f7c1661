use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use menshen_domain::model::identifiers::HolderId;
use menshen_domain::model::key_ring::{EPHEMERAL_FOR, SETTLED_WITHIN};
use menshen_domain::model::retention::Pace;
use menshen_domain::model::sweep::{RowMark, SealedPlace, Sweep, SweepCounts};
use menshen_domain::ports::clock::MockClock;
use menshen_domain::ports::keyring_store::{
    KeyringStoreError, MockKeyringStore, RemovedKey, WrappedKey,
};
use menshen_domain::ports::lease_store::{Grant, LeaseName, LeaseStoreError, MockLeaseStore};
use menshen_domain::ports::sealed_rows::{MockSealedRows, Reseal, SealedRowsError, Stretch};
use menshen_domain::services::renew_ring::{
    RenewRing, RenewRingError, STEPS_PER_RENEWAL, Step, TERM,
};

use crate::support::{away, epoch};

const PHONES: SealedPlace = SealedPlace::PhoneNumbers;
const DAY: Duration = Duration::from_hours(24);
const SESSION_LIFE: Duration = Duration::from_hours(24 * 180);

/// A key that has begun so long ago.
fn key(id: u32, usage: &str, ago: Duration) -> WrappedKey {
    WrappedKey {
        id,
        usage: usage.to_owned(),
        wrapped: vec![],
        created_at: epoch() - ago,
        not_before: epoch() - ago,
    }
}

/// Two keys for numbers, the newer one since an hour ago.
fn rotated() -> Vec<WrappedKey> {
    let usage = "seal.phone_number";
    vec![key(1, usage, DAY), key(2, usage, Duration::from_hours(1))]
}

fn grant(at: DateTime<Utc>) -> Grant {
    Grant {
        at,
        until: at + TERM,
    }
}

fn free() -> MockLeaseStore {
    let mut leases = MockLeaseStore::new();
    leases
        .expect_take()
        .withf(|name, _, term| *name == LeaseName::RESEALING && *term == TERM)
        .returning(|_, _, _| Ok(Some(grant(epoch()))));
    leases
        .expect_renew()
        .returning(|_, _, _| Ok(Some(grant(epoch()))));
    leases
}

fn ring(keys: Vec<WrappedKey>) -> MockKeyringStore {
    let mut ring = MockKeyringStore::new();
    ring.expect_load().returning(move || Ok(keys.clone()));
    ring
}

/// What is kept of sweeps, as the store has it.
type Kept = Arc<Mutex<Vec<Sweep>>>;

/// A store that keeps sweeps; nothing else is expected yet.
fn keeping(sweeps: Vec<Sweep>) -> (MockSealedRows, Kept) {
    let kept: Kept = Arc::new(Mutex::new(sweeps));
    let (read, written) = (kept.clone(), kept.clone());
    let mut rows = MockSealedRows::new();
    rows.expect_sweeps()
        .returning(move || Ok(read.lock().expect("the list").clone()));
    rows.expect_keep().returning(move |sweep| {
        let mut kept = written.lock().expect("the list");
        kept.retain(|other| other.place != sweep.place);
        kept.push(sweep.clone());
        Ok(())
    });
    (rows, kept)
}

/// What one batch comes to: these rows were found and sealed anew, and it is the last
/// one or not.
fn batch(found: u64, reached: u8, is_last: bool) -> Reseal {
    Reseal {
        counts: SweepCounts {
            seen: 10,
            found,
            resealed: found,
            unopened: 0,
        },
        reached: Some(RowMark(vec![reached])),
        is_last,
        unopened: vec![],
    }
}

/// A place of so many batches, each of which finds as much; and what was asked.
fn full(rows: &mut MockSealedRows, batches: u8, found: u64) -> Arc<Mutex<Vec<Stretch>>> {
    let asked: Arc<Mutex<Vec<Stretch>>> = Arc::default();
    let told = asked.clone();
    rows.expect_size().returning(|_| Ok(1000));
    rows.expect_reseal().returning(move |stretch| {
        told.lock().expect("the list").push(stretch.clone());
        let reached = stretch.after.as_ref().map_or(0, |mark| mark.0[0]) + 1;
        Ok(batch(found, reached, reached == batches))
    });
    asked
}

fn renew(leases: MockLeaseStore, ring: MockKeyringStore, rows: MockSealedRows) -> RenewRing {
    at(leases, ring, rows, epoch())
}

fn at(
    leases: MockLeaseStore,
    ring: MockKeyringStore,
    rows: MockSealedRows,
    now: DateTime<Utc>,
) -> RenewRing {
    let mut clock = MockClock::new();
    clock.expect_now().returning(move || now);
    RenewRing {
        leases: Arc::new(leases),
        ring: Arc::new(ring),
        rows: Arc::new(rows),
        clock: Arc::new(clock),
        holder: HolderId::from_uuid(uuid::Uuid::from_u128(7)),
        session_life: SESSION_LIFE,
        pace: Pace {
            batch: 10,
            pause: Duration::ZERO,
            interval: Duration::from_mins(10),
        },
    }
}

/// Takes all steps of a round; how many there were.
async fn all_steps(renew: &RenewRing) -> usize {
    let mut round = renew.begin().await.expect("a round").expect("free");
    for steps in 0..1_000 {
        match renew.step(&mut round).await.expect("a step") {
            Step::Swept(..) => {}
            Step::Done => return steps,
            other => panic!("{other:?}"),
        }
    }
    panic!("a round without an end")
}

fn ended(found: u64, unopened: u64, at: DateTime<Utc>) -> Sweep {
    let mut sweep = Sweep::begin(PHONES, 2, 10, at, None);
    let counts = SweepCounts {
        seen: 10,
        found,
        resealed: found - unopened,
        unopened,
    };
    sweep.take_in(counts, None, true, at);
    sweep
}

#[tokio::test]
async fn what_another_replica_sees_to_is_left_alone() {
    let mut leases = MockLeaseStore::new();
    leases.expect_take().once().returning(|_, _, _| Ok(None));
    let renew = renew(leases, MockKeyringStore::new(), MockSealedRows::new());
    assert!(renew.begin().await.expect("an answer").is_none());
}

#[tokio::test]
async fn a_fault_of_any_port_ends_the_round() {
    let mut leases = MockLeaseStore::new();
    leases
        .expect_take()
        .returning(|_, _, _| Err(LeaseStoreError(away())));
    let renew_without = renew(leases, MockKeyringStore::new(), MockSealedRows::new());
    let error = renew_without.begin().await.expect_err("a fault");
    assert!(matches!(error, RenewRingError::Lease(_)));

    let mut ring_away = MockKeyringStore::new();
    ring_away
        .expect_load()
        .returning(|| Err(KeyringStoreError(away())));
    let renew_without = renew(free(), ring_away, MockSealedRows::new());
    let error = renew_without.begin().await.expect_err("a fault");
    assert!(matches!(error, RenewRingError::Ring(_)));

    let mut rows = MockSealedRows::new();
    rows.expect_sweeps()
        .returning(|| Err(SealedRowsError::Unavailable(away())));
    let renew_without = renew(free(), ring(rotated()), rows);
    let error = renew_without.begin().await.expect_err("a fault");
    assert!(matches!(error, RenewRingError::Rows(_)));
}

#[tokio::test]
async fn where_no_key_was_followed_no_row_is_looked_at() {
    let keys = SealedPlace::ALL.map(|place| key(1, place.usage().as_str(), DAY));
    let (rows, _) = keeping(vec![]);
    let renew = renew(free(), ring(keys.to_vec()), rows);
    assert_eq!(all_steps(&renew).await, 0);
    assert_eq!(renew.retire().await.expect("an answer"), []);
}

#[tokio::test]
async fn none_is_looked_at_before_the_newer_key_is_used_everywhere() {
    let usage = "seal.phone_number";
    let early = SETTLED_WITHIN.saturating_sub(Duration::from_secs(1));
    let keys = vec![key(1, usage, DAY), key(2, usage, early)];
    let (rows, _) = keeping(vec![]);
    let renew = renew(free(), ring(keys), rows);
    assert_eq!(all_steps(&renew).await, 0);
    assert_eq!(renew.retire().await.expect("an answer"), []);
}

#[tokio::test]
async fn of_two_clocks_the_earlier_one_counts() {
    let usage = "seal.phone_number";
    let early = SETTLED_WITHIN.saturating_sub(Duration::from_secs(1));
    let keys = vec![key(1, usage, DAY), key(2, usage, early)];
    let (rows, _) = keeping(vec![]);
    let ahead = epoch() + TimeDelta::days(1);
    let renew = at(free(), ring(keys), rows, ahead);
    assert_eq!(all_steps(&renew).await, 0);
}

#[tokio::test]
async fn a_sweep_goes_on_batch_by_batch_and_is_kept_after_each() {
    let (mut rows, kept) = keeping(vec![]);
    let asked = full(&mut rows, 3, 10);
    let renew = renew(free(), ring(rotated()), rows);
    let mut round = renew.begin().await.expect("a round").expect("free");
    for n in 1..=3 {
        let step = renew.step(&mut round).await.expect("a step");
        let Step::Swept(sweep, _) = step else {
            panic!("{step:?}")
        };
        assert_eq!(kept.lock().unwrap().first(), Some(&*sweep));
        assert_eq!((sweep.counts.seen, sweep.size), (n * 10, 1000));
    }
    let step = renew.step(&mut round).await.expect("a step");
    assert!(matches!(step, Step::Done), "{step:?}");
    let asked = asked.lock().unwrap();
    let mark = |n| Some(RowMark(vec![n]));
    let after: Vec<_> = asked.iter().map(|one| one.after.clone()).collect();
    assert_eq!(after, [None, mark(1), mark(2)]);
    assert!(asked.iter().all(|one| one.target == 2 && one.limit == 10));
}

#[tokio::test]
async fn whoever_comes_after_one_that_died_goes_on_where_it_stopped() {
    let mut half = Sweep::begin(PHONES, 2, 1000, epoch() - TimeDelta::minutes(20), None);
    let first = batch(10, 1, false);
    half.take_in(first.counts, first.reached, false, epoch());
    let begun_at = half.begun_at;
    let (mut rows, kept) = keeping(vec![half]);
    let asked = full(&mut rows, 2, 10);
    let renew = renew(free(), ring(rotated()), rows);
    assert_eq!(all_steps(&renew).await, 1);
    assert_eq!(asked.lock().unwrap()[0].after, Some(RowMark(vec![1])));
    let kept = kept.lock().unwrap();
    assert_eq!((kept[0].begun_at, kept[0].counts.seen), (begun_at, 20));
}

#[tokio::test]
async fn a_key_leaves_after_two_sweeps_of_which_the_second_found_nothing() {
    let (mut rows, kept) = keeping(vec![]);
    let left = Arc::new(Mutex::new(10));
    rows.expect_size().returning(|_| Ok(1000));
    let found = left.clone();
    rows.expect_reseal().returning(move |_| {
        let found = std::mem::take(&mut *found.lock().expect("a number"));
        Ok(batch(found, 1, true))
    });
    let mut ring = ring(rotated());
    let expected = RemovedKey {
        id: 1,
        usage: "seal.phone_number".to_owned(),
        removed_at: epoch(),
    };
    let gone = expected.clone();
    ring.expect_take_out()
        .withf(move |key| *key == gone)
        .once()
        .returning(|_| Ok(true));
    let renew = renew(free(), ring, rows);
    assert_eq!(all_steps(&renew).await, 1);
    assert_eq!(renew.retire().await.expect("an answer"), []);
    assert!(!kept.lock().unwrap()[0].is_clean());
    assert_eq!(all_steps(&renew).await, 1);
    assert_eq!(renew.retire().await.expect("an answer"), [expected]);
    // Nothing more is looked at.
    assert_eq!(all_steps(&renew).await, 0);
}

#[tokio::test]
async fn a_value_that_does_not_open_keeps_its_key_and_is_looked_for_a_day_later() {
    let sweep = ended(3, 3, epoch());
    let (rows, _) = keeping(vec![sweep.clone()]);
    let renew_now = renew(free(), ring(rotated()), rows);
    assert_eq!(all_steps(&renew_now).await, 0);
    assert_eq!(renew_now.retire().await.expect("an answer"), []);
    let standing = renew_now.outlook(epoch()).await.expect("an answer");
    let standing = standing.standings()[0];
    assert_eq!((standing.rows_left, standing.unopened), (3, 3));
    assert_eq!(standing.last_ended, Some(epoch()));

    let (mut rows, _) = keeping(vec![ended(3, 3, epoch() - TimeDelta::days(1))]);
    let keys = {
        let usage = "seal.phone_number";
        vec![key(1, usage, DAY * 9), key(2, usage, DAY * 8)]
    };
    full(&mut rows, 1, 0);
    assert_eq!(all_steps(&renew(free(), ring(keys), rows)).await, 1);
}

#[tokio::test]
async fn a_sweep_for_a_key_that_was_followed_begins_anew() {
    let usage = "seal.phone_number";
    let mut keys = rotated();
    keys.push(key(3, usage, Duration::from_mins(30)));
    let mut half = Sweep::begin(PHONES, 2, 1000, epoch() - TimeDelta::minutes(40), None);
    half.take_in(
        SweepCounts::default(),
        Some(RowMark(vec![9])),
        false,
        epoch(),
    );
    let (mut rows, kept) = keeping(vec![half]);
    let asked = full(&mut rows, 1, 0);
    let mut ring = ring(keys);
    let left = Arc::new(Mutex::new(vec![]));
    let told = left.clone();
    ring.expect_take_out().times(2).returning(move |key| {
        told.lock().expect("the list").push(key.id);
        Ok(true)
    });
    let renew = renew(free(), ring, rows);
    assert_eq!(all_steps(&renew).await, 1);
    {
        let asked = asked.lock().unwrap();
        assert_eq!((asked[0].target, &asked[0].after), (3, &None));
    }
    assert_eq!(kept.lock().unwrap()[0].target, 3);
    assert_eq!(renew.retire().await.expect("an answer").len(), 2);
    assert_eq!(*left.lock().unwrap(), [1, 2]);
}

#[tokio::test]
async fn whoever_lost_the_lease_looks_at_nothing_more() {
    let (mut rows, _) = keeping(vec![]);
    let asked = full(&mut rows, 200, 0);
    let mut leases = MockLeaseStore::new();
    leases
        .expect_take()
        .returning(|_, _, _| Ok(Some(grant(epoch()))));
    leases.expect_renew().once().returning(|_, _, _| Ok(None));
    let renew = renew(leases, ring(rotated()), rows);
    let mut round = renew.begin().await.expect("a round").expect("free");
    for _ in 0..STEPS_PER_RENEWAL {
        let step = renew.step(&mut round).await.expect("a step");
        assert!(matches!(step, Step::Swept(..)), "{step:?}");
    }
    let step = renew.step(&mut round).await.expect("a step");
    assert!(matches!(step, Step::LeaseLost), "{step:?}");
    assert_eq!(asked.lock().unwrap().len(), STEPS_PER_RENEWAL as usize);
}

#[tokio::test]
async fn a_place_that_fails_keeps_no_other_one() {
    let of_place = |place: SealedPlace| {
        let usage = place.usage().as_str();
        let id = place as u32 * 2 + 1;
        [
            key(id, usage, DAY),
            key(id + 1, usage, Duration::from_hours(1)),
        ]
    };
    let keys = SealedPlace::ALL.into_iter().flat_map(of_place).collect();
    let (mut rows, kept) = keeping(vec![]);
    rows.expect_size().returning(|_| Ok(1000));
    rows.expect_reseal().returning(|stretch| {
        if stretch.place == SealedPlace::SessionKeys {
            return Err(SealedRowsError::OtherKey);
        }
        Ok(batch(0, 1, true))
    });
    let mut ring = ring(keys);
    ring.expect_take_out()
        .withf(|key| key.usage != "seal.session_key")
        .times(2)
        .returning(|_| Ok(true));
    let renew = renew(free(), ring, rows);
    let mut round = renew.begin().await.expect("a round").expect("free");
    let mut failed = vec![];
    loop {
        match renew.step(&mut round).await.expect("a step") {
            Step::Swept(..) => {}
            Step::Failed(place, _) => failed.push(place),
            Step::Done => break,
            Step::LeaseLost => panic!("the lease"),
        }
    }
    assert_eq!(failed, [SealedPlace::SessionKeys]);
    assert_eq!(kept.lock().unwrap().len(), 2);
    assert_eq!(renew.retire().await.expect("an answer").len(), 2);
}

#[tokio::test]
async fn keys_of_short_lived_things_leave_by_the_clock() {
    let ago = EPHEMERAL_FOR + SETTLED_WITHIN;
    for (ago, leaves) in [
        (ago, true),
        (ago.saturating_sub(Duration::from_secs(1)), false),
    ] {
        let keys = |usage: &str| vec![key(1, usage, DAY * 99), key(2, usage, ago)];
        for usage in ["mac.ephemeral_key", "seal.ephemeral_value"] {
            let mut ring = ring(keys(usage));
            if leaves {
                ring.expect_take_out().once().returning(|_| Ok(true));
            }
            let (rows, _) = keeping(vec![]);
            let gone = renew(free(), ring, rows).retire().await;
            assert_eq!(gone.expect("an answer").len(), usize::from(leaves));
        }
    }
}

#[tokio::test]
async fn the_key_of_refresh_tokens_waits_for_sessions_that_were_given_longer_lives() {
    let ago = SESSION_LIFE + SETTLED_WITHIN;
    let usage = "mac.refresh_token";
    for lives in [true, false] {
        let mut ring = ring(vec![key(1, usage, ago * 2), key(2, usage, ago)]);
        ring.expect_has_session_from_before()
            .withf(|before, now| *before == epoch() - SESSION_LIFE && *now == epoch())
            .once()
            .returning(move |_, _| Ok(lives));
        if !lives {
            ring.expect_take_out().once().returning(|_| Ok(true));
        }
        let (rows, _) = keeping(vec![]);
        let gone = renew(free(), ring, rows).retire().await;
        assert_eq!(gone.expect("an answer").is_empty(), lives);
    }
    // Before that nobody asks.
    let ago = ago.saturating_sub(Duration::from_secs(1));
    let ring = ring(vec![key(1, usage, ago * 2), key(2, usage, ago)]);
    let (rows, _) = keeping(vec![]);
    let gone = renew(free(), ring, rows).retire().await;
    assert_eq!(gone.expect("an answer"), []);
}

#[tokio::test]
async fn a_key_that_another_replica_took_out_is_told_of_by_that_one() {
    let (rows, _) = keeping(vec![ended(0, 0, epoch())]);
    let mut ring = ring(rotated());
    ring.expect_take_out().once().returning(|_| Ok(false));
    let gone = renew(free(), ring, rows).retire().await;
    assert_eq!(gone.expect("an answer"), []);
}

#[tokio::test]
async fn a_finished_round_answers_for_all_replicas_until_after_the_next_look() {
    let mut leases = MockLeaseStore::new();
    leases
        .expect_renew()
        .withf(|name, _, term| *name == LeaseName::RESEALING && *term == Duration::from_mins(20))
        .once()
        .returning(|_, _, _| Ok(Some(grant(epoch()))));
    leases
        .expect_release()
        .withf(|name, holder| *name == LeaseName::RESEALING && holder.as_uuid().as_u128() == 7)
        .once()
        .returning(|_, _| Ok(()));
    let renew = renew(leases, MockKeyringStore::new(), MockSealedRows::new());
    assert!(renew.rest().await.expect("an answer"));
    renew.leave().await.expect("an answer");
}
