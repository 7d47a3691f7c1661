//! What every `keyring_store` adapter must do.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::sync::Arc;
use std::time::Duration;

use menshen_domain::ports::keyring_store::WrappedKey;
use tokio::task::JoinSet;

use crate::people::later;
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
            the_keys_of_a_ring_are_oldest_first,
            a_taken_number_adds_none,
            nothing_to_add_is_added,
            keys_are_wrapped_anew,
            an_unknown_key_wraps_none_anew,
            racing_rings_leave_one,
        }
    };
}

fn key(id: u32, usage: &str) -> WrappedKey {
    WrappedKey {
        id,
        usage: usage.to_owned(),
        wrapped: vec![0, 255, 7],
        created_at: later(Duration::from_secs(u64::from(id))),
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

/// By the time at which they were made, not by number.
pub async fn the_keys_of_a_ring_are_oldest_first(stores: Stores) {
    let old = WrappedKey {
        created_at: later(Duration::ZERO),
        ..key(9, "a")
    };
    assert!(
        stores
            .keyring
            .add(&[key(1, "a"), old.clone()])
            .await
            .unwrap()
    );
    assert_eq!(stores.keyring.load().await.unwrap(), [old, key(1, "a")]);
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

/// The wrapping changes and nothing else.
pub async fn keys_are_wrapped_anew(stores: Stores) {
    stores
        .keyring
        .add(&[key(1, "a"), key(2, "b"), key(3, "c")])
        .await
        .unwrap();
    let anew = |id, usage| WrappedKey {
        wrapped: vec![1, 2],
        ..key(id, usage)
    };
    stores
        .keyring
        .rewrap(&[anew(1, "a"), anew(3, "c")])
        .await
        .unwrap();
    let expected = [anew(1, "a"), key(2, "b"), anew(3, "c")];
    assert_eq!(stores.keyring.load().await.unwrap(), expected);
}

/// All or none.
pub async fn an_unknown_key_wraps_none_anew(stores: Stores) {
    stores.keyring.add(&[key(1, "a")]).await.unwrap();
    let anew = WrappedKey {
        wrapped: vec![1, 2],
        ..key(1, "a")
    };
    stores
        .keyring
        .rewrap(&[anew, key(2, "b")])
        .await
        .unwrap_err();
    assert_eq!(stores.keyring.load().await.unwrap(), [key(1, "a")]);
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
