//! What every `keyring_store` adapter must do.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::sync::Arc;
use std::time::Duration;

use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::SessionsOf;
use menshen_domain::model::session::EndReason;
use menshen_domain::ports::keyring_store::{RemovedKey, Rewrapped, WrappedKey};
use tokio::task::JoinSet;

use crate::people::{People, later};
use crate::stores::Stores;

/// Makes one named test of each clause. The expression gives the
/// [`Stores`](crate::stores::Stores) of an empty database; it is evaluated once
/// per test, and may await.
#[macro_export]
macro_rules! keyring_store {
    ($stores:expr) => {
        $crate::clauses! {
            $crate::suites::keyring_store, $stores,
            an_empty_ring_has_no_keys,
            keys_are_read_as_they_were_added,
            the_keys_of_a_ring_are_in_the_order_in_which_they_begin,
            a_taken_number_adds_none,
            nothing_to_add_is_added,
            keys_are_wrapped_anew,
            what_was_wrapped_meanwhile_stays,
            an_unknown_key_is_passed_over,
            racing_rings_leave_one,
            a_key_that_is_taken_out_is_remembered,
            a_use_never_loses_its_last_key,
            of_many_who_take_a_key_out_one_does,
            a_key_that_came_back_with_a_dump_is_taken_out_again,
            sessions_from_before_are_told_while_they_live,
        }
    };
}

fn key(id: u32, usage: &str) -> WrappedKey {
    WrappedKey {
        id,
        usage: usage.to_owned(),
        wrapped: vec![0, 255, 7],
        created_at: later(Duration::from_secs(u64::from(id))),
        not_before: later(Duration::from_secs(u64::from(id))),
    }
}

/// Nothing was added.
pub async fn an_empty_ring_has_no_keys(stores: Stores) {
    assert!(stores.keyring.load().await.unwrap().is_empty());
}

/// Every member, up to the highest number.
pub async fn keys_are_read_as_they_were_added(stores: Stores) {
    let keys = [
        key(1, "mac.blind_index"),
        key(u32::MAX, "seal.phone_number"),
    ];
    assert!(stores.keyring.add(&keys).await.unwrap());
    assert_eq!(stores.keyring.load().await.unwrap(), keys);
}

/// Not by number, nor by when they were made.
pub async fn the_keys_of_a_ring_are_in_the_order_in_which_they_begin(stores: Stores) {
    let first = WrappedKey {
        not_before: later(Duration::ZERO),
        ..key(9, "a")
    };
    let last = WrappedKey {
        created_at: later(Duration::ZERO),
        not_before: later(Duration::from_secs(100)),
        ..key(2, "a")
    };
    let keys = [last.clone(), key(1, "a"), first.clone()];
    assert!(stores.keyring.add(&keys).await.unwrap());
    let expected = [first, key(1, "a"), last];
    assert_eq!(stores.keyring.load().await.unwrap(), expected);
}

/// All or none.
pub async fn a_taken_number_adds_none(stores: Stores) {
    assert!(stores.keyring.add(&[key(2, "a")]).await.unwrap());
    assert!(
        !stores
            .keyring
            .add(&[key(1, "a"), key(2, "b"), key(3, "a")])
            .await
            .unwrap()
    );
    assert_eq!(stores.keyring.load().await.unwrap(), [key(2, "a")]);
}

/// No key is no fault.
pub async fn nothing_to_add_is_added(stores: Stores) {
    assert!(stores.keyring.add(&[]).await.unwrap());
}

fn anew(id: u32, to: u8) -> Rewrapped {
    Rewrapped {
        id,
        from: key(id, "a").wrapped,
        to: vec![to],
    }
}

/// The wrapping changes and nothing else.
pub async fn keys_are_wrapped_anew(stores: Stores) {
    let keys = [key(1, "a"), key(2, "b"), key(3, "c")];
    stores.keyring.add(&keys).await.unwrap();
    let count = stores.keyring.rewrap(&[anew(1, 4), anew(3, 5)]).await;
    assert_eq!(count.unwrap(), 2);
    let wrapped = |id, usage, wrapped| WrappedKey {
        wrapped: vec![wrapped],
        ..key(id, usage)
    };
    let expected = [wrapped(1, "a", 4), key(2, "b"), wrapped(3, "c", 5)];
    assert_eq!(stores.keyring.load().await.unwrap(), expected);
}

/// And doing it again changes nothing: so may whoever died half-way.
pub async fn what_was_wrapped_meanwhile_stays(stores: Stores) {
    stores
        .keyring
        .add(&[key(1, "a"), key(2, "a")])
        .await
        .unwrap();
    let rewrap = async |keys: &[Rewrapped]| stores.keyring.rewrap(keys).await.unwrap();
    assert_eq!(rewrap(&[anew(1, 4)]).await, 1);
    assert_eq!(rewrap(&[anew(1, 5), anew(2, 5)]).await, 1);
    assert_eq!(rewrap(&[anew(1, 6), anew(2, 6)]).await, 0);
    let keys = stores.keyring.load().await.unwrap();
    let wrapped: Vec<_> = keys.into_iter().map(|key| key.wrapped).collect();
    assert_eq!(wrapped, [vec![4], vec![5]]);
}

/// It has gone meanwhile.
pub async fn an_unknown_key_is_passed_over(stores: Stores) {
    stores.keyring.add(&[key(1, "a")]).await.unwrap();
    let count = stores.keyring.rewrap(&[anew(2, 4), anew(1, 4)]).await;
    assert_eq!(count.unwrap(), 1);
    assert_eq!(stores.keyring.load().await.unwrap().len(), 1);
}

/// Of eight rings at once one is the ring, each of twenty times.
pub async fn racing_rings_leave_one(stores: Stores) {
    for round in 0..20 {
        let mut adds = JoinSet::new();
        for n in 0..8u8 {
            let keyring = Arc::clone(&stores.keyring);
            let made = |id| WrappedKey {
                wrapped: vec![n],
                ..key(id, "a")
            };
            let keys = [made(2 * round), made(2 * round + 1)];
            adds.spawn(async move { keyring.add(&keys).await.unwrap() });
        }
        let added = adds
            .join_all()
            .await
            .into_iter()
            .filter(|added| *added)
            .count();
        assert_eq!(added, 1, "round {round}");
    }
    let ring = stores.keyring.load().await.unwrap();
    assert_eq!(ring.len(), 40);
    assert!(
        ring.chunks(2)
            .all(|pair| pair[0].wrapped == pair[1].wrapped)
    );
}

fn gone(id: u32, usage: &str, seconds: u64) -> RemovedKey {
    RemovedKey {
        id,
        usage: usage.to_owned(),
        removed_at: later(Duration::from_secs(seconds)),
    }
}

/// The others stay.
pub async fn a_key_that_is_taken_out_is_remembered(stores: Stores) {
    let keys = [key(1, "a"), key(2, "b"), key(3, "a"), key(4, "a")];
    stores.keyring.add(&keys).await.unwrap();
    assert_eq!(stores.keyring.removed().await.unwrap(), []);
    let (first, second) = (gone(3, "a", 20), gone(1, "a", 30));
    assert!(stores.keyring.take_out(&first).await.unwrap());
    assert!(stores.keyring.take_out(&second).await.unwrap());
    let left = stores.keyring.load().await.unwrap();
    assert_eq!(left, [key(2, "b"), key(4, "a")]);
    assert_eq!(stores.keyring.removed().await.unwrap(), [first, second]);
}

/// Nor one that is not there, or is of another use.
pub async fn a_use_never_loses_its_last_key(stores: Stores) {
    let keys = [key(1, "a"), key(2, "b"), key(3, "a")];
    stores.keyring.add(&keys).await.unwrap();
    for (id, usage) in [(3, "a"), (2, "b"), (1, "b"), (4, "a")] {
        let removed = stores.keyring.take_out(&gone(id, usage, 1)).await.unwrap();
        assert!(!removed, "{id} {usage}");
    }
    assert_eq!(stores.keyring.load().await.unwrap(), keys);
    assert_eq!(stores.keyring.removed().await.unwrap(), []);
}

/// Of eight at once, each of ten keys.
pub async fn of_many_who_take_a_key_out_one_does(stores: Stores) {
    let keys: Vec<_> = (1..=11).map(|id| key(id, "a")).collect();
    stores.keyring.add(&keys).await.unwrap();
    for id in 1..=10 {
        let mut tries = JoinSet::new();
        for _ in 0..8 {
            let keyring = Arc::clone(&stores.keyring);
            tries.spawn(async move { keyring.take_out(&gone(id, "a", 1)).await.unwrap() });
        }
        let done = tries.join_all().await;
        assert_eq!(done.iter().filter(|done| **done).count(), 1, "{id}");
    }
    assert_eq!(stores.keyring.load().await.unwrap(), [key(11, "a")]);
}

/// And told of once.
pub async fn a_key_that_came_back_with_a_dump_is_taken_out_again(stores: Stores) {
    let keys = [key(1, "a"), key(2, "a")];
    stores.keyring.add(&keys).await.unwrap();
    assert!(stores.keyring.take_out(&gone(1, "a", 1)).await.unwrap());
    stores.keyring.add(&keys[..1]).await.unwrap();
    let again = gone(1, "a", 2);
    assert!(stores.keyring.take_out(&again).await.unwrap());
    assert_eq!(stores.keyring.removed().await.unwrap(), [again]);
}

/// Until they end or expire; those that began later are not meant.
pub async fn sessions_from_before_are_told_while_they_live(stores: Stores) {
    const HOUR: Duration = Duration::from_hours(1);
    let people = People::new(1);
    let account = people.whole_account(1);
    stores
        .accounts
        .apply(&people.creation(&account))
        .await
        .unwrap();
    let tells = async |before: Duration, now: Duration| {
        let told = stores
            .keyring
            .has_session_from_before(later(before), later(now));
        told.await.unwrap()
    };
    assert!(!tells(HOUR, HOUR).await);
    let mut session = people.session(account.id, None, Duration::ZERO);
    session.expires_at = later(HOUR * 10);
    let (id, user) = (session.id, account.id);
    let login = people.login(&account, session, 0);
    stores.accounts.apply(&login).await.unwrap();
    assert!(tells(HOUR, HOUR).await);
    assert!(!tells(Duration::ZERO, HOUR).await, "it began then");
    assert!(tells(HOUR, HOUR * 9).await);
    assert!(!tells(HOUR, HOUR * 10).await, "it is expired");
    let row = people.audit(AuditAction::SignedOut, user);
    let ended = stores.sessions.end(
        user,
        SessionsOf::One(id),
        EndReason::SignedOut,
        later(HOUR),
        row,
    );
    assert_eq!(ended.await.unwrap(), [id]);
    assert!(!tells(HOUR, HOUR).await, "it has ended");
}
