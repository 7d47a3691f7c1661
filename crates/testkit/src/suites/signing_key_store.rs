//! What every `signing_key_store` adapter must do.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::sync::Arc;
use std::time::Duration;

use menshen_domain::ports::signing_key_store::{KeyLife, SealedSigningKey};
use tokio::task::JoinSet;

use crate::people::later;
use crate::sample::now;
use crate::stores::Stores;

/// Makes one named test of each clause. The expression gives the
/// [`Stores`](crate::stores::Stores) of an empty database; it is evaluated once
/// per test, and may await.
#[macro_export]
macro_rules! signing_key_store {
    ($stores:expr) => {
        $crate::clauses! {
            $crate::suites::signing_key_store, $stores,
            an_empty_store_has_no_keys,
            a_key_is_read_as_it_was_added,
            keys_are_oldest_first,
            a_successor_retires_its_predecessor,
            a_retired_key_is_not_loaded,
            only_the_newest_key_has_a_successor,
            the_first_key_is_the_first,
            a_key_is_added_once,
            racing_successors_leave_one,
            lives_are_revised_all_or_none,
        }
    };
}

const HOUR: Duration = Duration::from_hours(1);

fn key(kid: &str) -> SealedSigningKey {
    SealedSigningKey {
        kid: kid.to_owned(),
        algorithm: "ES256".to_owned(),
        sealed_private_key: vec![0, 255, 7],
        not_before: now(),
        retire_at: None,
    }
}

async fn add(stores: &Stores, kid: &str, after: Option<&str>) -> bool {
    let after = after.map(ToOwned::to_owned);
    stores
        .signing_keys
        .add(&key(kid), after, later(HOUR))
        .await
        .unwrap()
}

async fn kids(stores: &Stores) -> Vec<String> {
    let keys = stores.signing_keys.load(now()).await.unwrap();
    keys.into_iter().map(|key| key.kid).collect()
}

/// Nothing was added.
pub async fn an_empty_store_has_no_keys(stores: Stores) {
    assert!(kids(&stores).await.is_empty());
}

/// Every member of it.
pub async fn a_key_is_read_as_it_was_added(stores: Stores) {
    let first = SealedSigningKey {
        retire_at: Some(later(HOUR)),
        ..key("first")
    };
    assert!(
        stores
            .signing_keys
            .add(&first, None, later(HOUR))
            .await
            .unwrap()
    );
    assert_eq!(stores.signing_keys.load(now()).await.unwrap(), [first]);
}

/// In the order in which they were added, whatever they are called.
pub async fn keys_are_oldest_first(stores: Stores) {
    assert!(add(&stores, "c", None).await);
    assert!(add(&stores, "a", Some("c")).await);
    assert!(add(&stores, "b", Some("a")).await);
    assert_eq!(kids(&stores).await, ["c", "a", "b"]);
}

/// At the time that was said.
pub async fn a_successor_retires_its_predecessor(stores: Stores) {
    add(&stores, "first", None).await;
    add(&stores, "second", Some("first")).await;
    let first = SealedSigningKey {
        retire_at: Some(later(HOUR)),
        ..key("first")
    };
    assert_eq!(
        stores.signing_keys.load(now()).await.unwrap(),
        [first, key("second")]
    );
}

/// From that moment on.
pub async fn a_retired_key_is_not_loaded(stores: Stores) {
    add(&stores, "first", None).await;
    add(&stores, "second", Some("first")).await;
    let loaded = async |at| stores.signing_keys.load(at).await.unwrap().len();
    assert_eq!(loaded(later(HOUR) - Duration::from_micros(1)).await, 2);
    assert_eq!(loaded(later(HOUR)).await, 1);
}

/// Another replica was faster: nothing changes.
pub async fn only_the_newest_key_has_a_successor(stores: Stores) {
    add(&stores, "first", None).await;
    add(&stores, "second", Some("first")).await;
    let before = stores.signing_keys.load(now()).await.unwrap();
    assert!(!add(&stores, "third", Some("first")).await);
    assert!(!add(&stores, "third", Some("unknown")).await);
    assert_eq!(stores.signing_keys.load(now()).await.unwrap(), before);
}

/// Where there is one already, another first key is refused.
pub async fn the_first_key_is_the_first(stores: Stores) {
    assert!(!add(&stores, "second", Some("first")).await);
    assert!(add(&stores, "first", None).await);
    assert!(!add(&stores, "other", None).await);
    assert_eq!(kids(&stores).await, ["first"]);
}

/// Its id is taken then.
pub async fn a_key_is_added_once(stores: Stores) {
    add(&stores, "first", None).await;
    add(&stores, "second", Some("first")).await;
    assert!(!add(&stores, "first", Some("second")).await);
    assert_eq!(
        stores.signing_keys.load(now()).await.unwrap()[1],
        key("second")
    );
}

/// Of eight at once one succeeds, each of twenty times.
pub async fn racing_successors_leave_one(stores: Stores) {
    let mut newest: Option<String> = None;
    for round in 0..20 {
        let mut adds = JoinSet::new();
        for n in 0..8 {
            let (keys, after) = (Arc::clone(&stores.signing_keys), newest.clone());
            adds.spawn(async move {
                let kid = format!("key-{round}-{n}");
                keys.add(&key(&kid), after, later(HOUR))
                    .await
                    .unwrap()
                    .then_some(kid)
            });
        }
        let added: Vec<_> = adds.join_all().await.into_iter().flatten().collect();
        assert_eq!(added.len(), 1, "round {round}: {added:?}");
        assert_eq!(kids(&stores).await.len(), round + 1);
        newest = added.into_iter().next();
    }
}

/// And only while the newest is the one that was seen.
pub async fn lives_are_revised_all_or_none(stores: Stores) {
    add(&stores, "first", None).await;
    add(&stores, "second", Some("first")).await;
    let before = stores.signing_keys.load(now()).await.unwrap();
    let life = |kid: &str, not_before, retire_at| KeyLife {
        kid: kid.to_owned(),
        not_before,
        retire_at,
    };
    let earlier = now() - HOUR;
    let lives = [
        life("first", now(), Some(later(HOUR * 2))),
        life("second", earlier, None),
    ];
    let revise = async |lives: &[KeyLife], newest| {
        let revised = stores.signing_keys.revise(lives, newest).await;
        revised.unwrap()
    };
    assert!(!revise(&lives, "first").await);
    let unknown = [lives[0].clone(), life("unknown", now(), None)];
    assert!(!revise(&unknown, "second").await);
    assert_eq!(stores.signing_keys.load(now()).await.unwrap(), before);
    assert!(revise(&lives, "second").await);
    let first = SealedSigningKey {
        retire_at: Some(later(HOUR * 2)),
        ..key("first")
    };
    let second = SealedSigningKey {
        not_before: earlier,
        ..key("second")
    };
    let revised = stores.signing_keys.load(now()).await.unwrap();
    assert_eq!(revised, [first, second]);
    // What ends now is not loaded any more.
    assert!(revise(&[life("first", now(), Some(now()))], "second").await);
    assert_eq!(kids(&stores).await, ["second"]);
}
