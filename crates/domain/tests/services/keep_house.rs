use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use menshen_domain::model::identifiers::HolderId;
use menshen_domain::model::retention::{Chore, Pace, RecordKind, RetentionPolicy};
use menshen_domain::ports::account_store::{AccountStoreError, MockAccountStore};
use menshen_domain::ports::avatar_records::MockAvatarRecords;
use menshen_domain::ports::avatar_store::MockAvatarStore;
use menshen_domain::ports::clock::MockClock;
use menshen_domain::ports::lease_store::{Grant, LeaseName, LeaseStoreError, MockLeaseStore};
use menshen_domain::ports::retention_store::{
    Batch, MockRetentionStore, Removed, RetentionStoreError,
};
use menshen_domain::services::avatars::SweepAvatars;
use menshen_domain::services::erase_due::EraseDue;
use menshen_domain::services::keep_house::{KeepHouse, STEPS_PER_RENEWAL, Step, TERM};

use crate::support::{away, epoch, randomness};

const DAY: Duration = Duration::from_hours(24);

/// The kinds that a round begins with, in its order, behind the erasures.
const KINDS: [RecordKind; 9] = RecordKind::ALL;

fn grant(at: DateTime<Utc>) -> Grant {
    Grant {
        at,
        until: at + TERM,
    }
}

/// A lease that is free, by a clock that is as far ahead of ours.
fn free(ahead: TimeDelta) -> MockLeaseStore {
    let mut leases = MockLeaseStore::new();
    leases
        .expect_take()
        .withf(|name, _, term| *name == LeaseName::HOUSEKEEPING && *term == TERM)
        .once()
        .returning(move |_, _, _| Ok(Some(grant(epoch() + ahead))));
    leases
}

/// Nobody is due.
fn keep_house(leases: MockLeaseStore, store: MockRetentionStore) -> KeepHouse {
    let mut accounts = MockAccountStore::new();
    accounts
        .expect_due_for_erasure()
        .returning(|_, _, _| Ok(Vec::new()));
    keep_house_of(leases, store, accounts)
}

/// No picture is to be removed.
fn nothing_unwanted() -> MockAvatarRecords {
    let mut records = MockAvatarRecords::new();
    records.expect_unwanted().returning(|_, _| Ok(Vec::new()));
    records
}

fn keep_house_of(
    leases: MockLeaseStore,
    store: MockRetentionStore,
    accounts: MockAccountStore,
) -> KeepHouse {
    let mut clock = MockClock::new();
    clock.expect_now().returning(epoch);
    KeepHouse {
        leases: Arc::new(leases),
        store: Arc::new(store),
        erase: Arc::new(EraseDue {
            accounts: Arc::new(accounts),
            randomness: randomness(),
        }),
        avatars: Arc::new(SweepAvatars {
            store: Arc::new(MockAvatarStore::new()),
            records: Arc::new(nothing_unwanted()),
        }),
        clock: Arc::new(clock),
        holder: HolderId::from_uuid(uuid::Uuid::from_u128(7)),
        policy: RetentionPolicy {
            sessions: DAY * 30,
            audit_events: DAY * 180,
            messages: DAY * 90,
            delivered_events: DAY * 7,
            undelivered_events: DAY * 7,
            deliveries: DAY * 30,
        },
        pace: Pace {
            batch: 10,
            pause: Duration::ZERO,
            interval: Duration::from_mins(10),
        },
    }
}

/// A store that has so many batches of each kind, and a list of what it is asked.
fn full(
    mut batches: impl FnMut(RecordKind) -> u32,
) -> (MockRetentionStore, Arc<Mutex<Vec<Batch>>>) {
    let mut left: Vec<_> = KINDS
        .into_iter()
        .map(|kind| (kind, batches(kind)))
        .collect();
    let asked: Arc<Mutex<Vec<Batch>>> = Arc::default();
    let told = asked.clone();
    let mut store = MockRetentionStore::new();
    store.expect_remove().returning(move |batch| {
        told.lock().expect("the list").push(batch);
        let mut kinds = left.iter_mut();
        let found = kinds.find(|(kind, _)| *kind == batch.kind);
        let (_, left) = found.expect("a kind");
        if *left == 0 {
            return Ok(Removed::default());
        }
        *left -= 1;
        Ok(Removed {
            rows: batch.limit.into(),
            reached: Some(epoch() - TimeDelta::days(1000 - i64::from(*left))),
        })
    });
    (store, asked)
}

/// Takes all steps; what they came to in the end, and how many there were.
async fn all_steps(house: &KeepHouse) -> (Step, usize) {
    let mut round = house.begin().await.expect("a lease").expect("free");
    for steps in 0..1_000 {
        let step = house.step(&mut round).await.expect("a step");
        if matches!(step, Step::Done | Step::LeaseLost) {
            return (step, steps);
        }
    }
    panic!("a round without an end")
}

#[tokio::test]
async fn what_another_replica_sees_to_is_left_alone() {
    let mut leases = MockLeaseStore::new();
    leases.expect_take().once().returning(|_, _, _| Ok(None));
    let house = keep_house(leases, MockRetentionStore::new());
    assert!(house.begin().await.expect("an answer").is_none());
}

#[tokio::test]
async fn without_the_lease_nothing_is_removed() {
    let mut leases = MockLeaseStore::new();
    let away = |_, _, _| Err(LeaseStoreError(away()));
    leases.expect_take().once().returning(away);
    let house = keep_house(leases, MockRetentionStore::new());
    house.begin().await.expect_err("a fault");
}

#[tokio::test]
async fn each_kind_goes_by_its_own_time() {
    let (store, asked) = full(|_| 0);
    let mut leases = free(TimeDelta::zero());
    leases
        .expect_renew()
        .returning(|_, _, _| Ok(Some(grant(epoch()))));
    let house = keep_house(leases, store);
    let (step, steps) = all_steps(&house).await;
    assert!(matches!(step, Step::Done), "{step:?}");
    assert_eq!(steps, KINDS.len() + 2);
    let asked = asked.lock().unwrap();
    for (kind, batch) in KINDS.into_iter().zip(&*asked) {
        let wanted = Batch {
            kind,
            before: house.policy.cutoff(kind, epoch()).expect("a time"),
            since: None,
            limit: 10,
        };
        assert_eq!(*batch, wanted);
    }
}

#[tokio::test]
async fn what_is_kept_for_ever_is_never_asked_for() {
    let (store, asked) = full(|_| 0);
    let mut leases = free(TimeDelta::zero());
    leases
        .expect_renew()
        .returning(|_, _, _| Ok(Some(grant(epoch()))));
    let mut house = keep_house(leases, store);
    house.policy.audit_events = Duration::ZERO;
    all_steps(&house).await;
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), KINDS.len() - 1);
    assert!(
        asked
            .iter()
            .all(|batch| batch.kind != RecordKind::AuditEvents)
    );
}

#[tokio::test]
async fn of_two_clocks_the_earlier_one_counts() {
    for ahead in [TimeDelta::days(1_000), TimeDelta::days(-1_000)] {
        let (store, asked) = full(|_| 0);
        let mut leases = free(ahead);
        leases
            .expect_renew()
            .returning(|_, _, _| Ok(Some(grant(epoch()))));
        let house = keep_house(leases, store);
        all_steps(&house).await;
        let earlier = epoch() + ahead.min(TimeDelta::zero());
        let wanted = house.policy.cutoff(KINDS[0], earlier);
        assert_eq!(Some(asked.lock().unwrap()[0].before), wanted);
    }
}

#[tokio::test]
async fn kinds_take_turns_until_each_has_nothing_left() {
    let much = |kind| match kind {
        RecordKind::Sessions => 3,
        RecordKind::Messages => 1,
        _ => 0,
    };
    let (store, asked) = full(much);
    let mut leases = free(TimeDelta::zero());
    leases
        .expect_renew()
        .returning(|_, _, _| Ok(Some(grant(epoch()))));
    let house = keep_house(leases, store);
    all_steps(&house).await;
    let asked = asked.lock().unwrap();
    let order: Vec<_> = asked.iter().map(|batch| batch.kind).collect();
    let (sessions, messages) = (RecordKind::Sessions, RecordKind::Messages);
    assert_eq!(order[..KINDS.len()], KINDS);
    assert_eq!(
        order[KINDS.len()..],
        [sessions, messages, sessions, sessions]
    );
    // Each batch begins where the last one of its kind ended.
    let since: Vec<_> = asked.iter().map(|batch| batch.since).collect();
    assert!(since[..KINDS.len()].iter().all(Option::is_none));
    let days_ago = |days| Some(epoch() - TimeDelta::days(days));
    assert_eq!(since[KINDS.len()..], [998, 1000, 999, 1000].map(days_ago));
}

#[tokio::test]
async fn the_lease_is_renewed_on_the_way_and_not_at_each_step() {
    let (store, asked) = full(|_| 20);
    let mut leases = free(TimeDelta::zero());
    // One looks for accounts, one for pictures.
    let steps = KINDS.len() * 21 + 2;
    let renewals = (steps - 1) / STEPS_PER_RENEWAL as usize;
    leases
        .expect_renew()
        .withf(|name, _, term| *name == LeaseName::HOUSEKEEPING && *term == TERM)
        .times(renewals)
        .returning(|_, _, _| Ok(Some(grant(epoch()))));
    let house = keep_house(leases, store);
    let (_, taken) = all_steps(&house).await;
    assert_eq!((taken, asked.lock().unwrap().len()), (steps, steps - 2));
}

#[tokio::test]
async fn whoever_lost_the_lease_removes_nothing_more() {
    let (store, asked) = full(|_| 20);
    let mut leases = free(TimeDelta::zero());
    leases.expect_renew().once().returning(|_, _, _| Ok(None));
    let house = keep_house(leases, store);
    let (step, _) = all_steps(&house).await;
    assert!(matches!(step, Step::LeaseLost), "{step:?}");
    // One of them looked for accounts, one for pictures.
    assert_eq!(asked.lock().unwrap().len(), STEPS_PER_RENEWAL as usize - 2);
}

#[tokio::test]
async fn a_lease_that_cannot_be_renewed_ends_the_round() {
    let (store, _) = full(|_| 20);
    let mut leases = free(TimeDelta::zero());
    let away = |_, _, _| Err(LeaseStoreError(away()));
    leases.expect_renew().once().returning(away);
    let house = keep_house(leases, store);
    let mut round = house.begin().await.expect("a lease").expect("free");
    for _ in 0..STEPS_PER_RENEWAL {
        house.step(&mut round).await.expect("a step");
    }
    house.step(&mut round).await.expect_err("a fault");
}

#[tokio::test]
async fn a_kind_that_cannot_be_removed_keeps_no_other_one() {
    let mut store = MockRetentionStore::new();
    store.expect_remove().times(KINDS.len()).returning(|batch| {
        if batch.kind == RecordKind::AuditEvents {
            return Err(RetentionStoreError(away()));
        }
        Ok(Removed::default())
    });
    let mut leases = free(TimeDelta::zero());
    leases
        .expect_renew()
        .returning(|_, _, _| Ok(Some(grant(epoch()))));
    let house = keep_house(leases, store);
    let mut round = house.begin().await.expect("a lease").expect("free");
    let mut failed = Vec::new();
    loop {
        match house.step(&mut round).await.expect("a step") {
            Step::Failed(chore, ..) => failed.push(chore),
            Step::Did(..) => {}
            Step::Done => break,
            Step::LeaseLost => panic!("the lease"),
        }
    }
    assert_eq!(failed, [Chore::Remove(RecordKind::AuditEvents)]);
}

#[tokio::test]
async fn a_finished_round_answers_for_all_replicas_until_after_the_next_look() {
    let mut leases = MockLeaseStore::new();
    leases
        .expect_renew()
        .withf(|_, _, term| *term == Duration::from_mins(20))
        .once()
        .returning(|_, _, _| Ok(Some(grant(epoch()))));
    leases
        .expect_release()
        .withf(|name, holder| *name == LeaseName::HOUSEKEEPING && holder.as_uuid().as_u128() == 7)
        .once()
        .returning(|_, _| Ok(()));
    let house = keep_house(leases, MockRetentionStore::new());
    assert!(house.rest().await.expect("an answer"));
    house.leave().await.expect("an answer");
}

#[tokio::test]
async fn whoever_asked_to_be_forgotten_comes_first_and_by_the_same_clock() {
    let mut accounts = MockAccountStore::new();
    accounts
        .expect_due_for_erasure()
        .withf(|now, after, limit| {
            *now == epoch() - TimeDelta::hours(1) && after.is_none() && *limit == 10
        })
        .once()
        .returning(|_, _, _| Ok(Vec::new()));
    let (store, asked) = full(|_| 0);
    let mut leases = free(TimeDelta::hours(-1));
    leases
        .expect_renew()
        .returning(|_, _, _| Ok(Some(grant(epoch()))));
    let house = keep_house_of(leases, store, accounts);
    let mut round = house.begin().await.expect("a lease").expect("free");
    let step = house.step(&mut round).await.expect("a step");
    assert!(
        matches!(step, Step::Did(Chore::EraseAccounts, 0)),
        "{step:?}"
    );
    assert!(asked.lock().unwrap().is_empty(), "the rest comes later");
}

#[tokio::test]
async fn accounts_that_cannot_be_looked_for_keep_no_kind() {
    let mut accounts = MockAccountStore::new();
    accounts
        .expect_due_for_erasure()
        .once()
        .returning(|_, _, _| Err(AccountStoreError::Unavailable(away())));
    let (store, asked) = full(|_| 0);
    let mut leases = free(TimeDelta::zero());
    leases
        .expect_renew()
        .returning(|_, _, _| Ok(Some(grant(epoch()))));
    let house = keep_house_of(leases, store, accounts);
    all_steps(&house).await;
    assert_eq!(asked.lock().unwrap().len(), KINDS.len());
}
