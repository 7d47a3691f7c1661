//! Values that are sealed anew.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use menshen_domain::model::account::Account;
use menshen_domain::model::changes::{Changes, Step};
use menshen_domain::model::evidence::PhoneProof;
use menshen_domain::model::sweep::{SealedPlace, SweepCounts};
use menshen_domain::model::wechat::{Provider, SessionKey};
use menshen_domain::ports::account_store::Lookup;
use menshen_domain::ports::sealed_rows::{Reseal, SealedRowsError, Stretch};
use menshen_domain::ports::sealer::Sealer as _;
use menshen_domain::ports::signing_key_store::SealedSigningKey;
use tokio::runtime::Handle;
use tokio::task::{JoinSet, block_in_place};

use crate::people::{People, app_id, changed, later, seen};
use crate::sample::{now, phone};
use crate::stores::{SealedValue, Stores};

const FIRST: &str = "tiihtNczf5v6AKRyjwEUhQ==";
const SECOND: &str = "HyVFkGl5F5OQWJZZaNzBBg==";
const PROVIDER: Provider = Provider::WeChatMiniProgram;

/// The changes that make person `n`, with a number and a session key.
fn making(people: &People, n: u32) -> (Account, Changes) {
    let account = people.whole_account(n);
    let mut creation = people.creation(&account);
    creation.steps.push(storing(&account, FIRST));
    (account, creation)
}

fn storing(account: &Account, key: &str) -> Step {
    Step::StoreSessionKey {
        provider: PROVIDER,
        app_id: app_id("wx1"),
        openid: account.identities[0].openid.clone(),
        key: SessionKey::parse(key).unwrap(),
    }
}

/// So many people, and as many signing keys.
async fn fill(stores: &Stores, count: u32) -> Vec<Account> {
    let people = People::new(1);
    let mut accounts = Vec::new();
    for n in 1..=count {
        let (account, creation) = making(&people, n);
        stores.accounts.apply(&creation).await.unwrap();
        accounts.push(account);
    }
    let mut after = None;
    for n in 1..=count {
        let kid = format!("kid-{n:03}");
        let usage = SealedPlace::SigningKeys.usage();
        let sealed = stores.ring.seal(usage, kid.as_bytes(), b"private");
        let key = SealedSigningKey {
            kid: kid.clone(),
            algorithm: "ES256".to_owned(),
            sealed_private_key: sealed.unwrap(),
            not_before: later(Duration::from_secs(u64::from(n))),
            retire_at: None,
        };
        let added = stores.signing_keys.add(&key, after, now()).await;
        assert!(added.unwrap());
        after = Some(kid);
    }
    accounts
}

fn stretch(stores: &Stores, place: SealedPlace, limit: u32) -> Stretch {
    Stretch {
        place,
        target: stores.ring.active_key(place.usage()).unwrap(),
        after: None,
        limit,
    }
}

/// One step over everything.
async fn all(stores: &Stores, place: SealedPlace) -> Reseal {
    let stretch = stretch(stores, place, 500);
    let done = stores.sealed_rows.reseal(&stretch).await.unwrap();
    assert!(done.is_last);
    done
}

async fn values(stores: &Stores, place: SealedPlace) -> Vec<SealedValue> {
    stores.witness.sealed(place).await
}

fn keys(stores: &Stores, values: &[SealedValue]) -> BTreeSet<u32> {
    let keys = values.iter().map(|one| stores.ring.key_of(&one.sealed));
    keys.map(Option::unwrap).collect()
}

/// Each number is found and reads as before, and so does each session key.
async fn assert_whole(stores: &Stores, accounts: &[Account], key: &str) {
    for account in accounts {
        let lookup = Lookup {
            phone: account.phone.clone(),
            ..Lookup::default()
        };
        let found = stores.accounts.observe(&lookup).await.unwrap();
        let found = found.by_phone.expect("somebody with this number");
        assert_eq!((found.id, &found.phone), (account.id, &account.phone));
        let app = app_id("wx1");
        let held = stores.accounts.session_key(account.id, PROVIDER, &app);
        let held = held.await.unwrap().expect("a session key");
        assert_eq!(held.key.expose(), key);
    }
    let usage = SealedPlace::SigningKeys.usage();
    for key in stores.signing_keys.load(now()).await.unwrap() {
        let clear = (stores.ring).open(usage, key.kid.as_bytes(), &key.sealed_private_key);
        assert_eq!(clear.unwrap(), b"private");
    }
}

/// Whichever it is.
pub async fn an_empty_place_is_done_at_once(stores: Stores) {
    for place in SealedPlace::ALL {
        let expected = Reseal {
            is_last: true,
            ..Reseal::default()
        };
        assert_eq!(all(&stores, place).await, expected);
    }
}

/// And under the new key alone.
pub async fn values_of_every_place_are_sealed_anew_and_open_as_before(stores: Stores) {
    let accounts = fill(&stores, 3).await;
    let new = stores.ring.rotate();
    for place in SealedPlace::ALL {
        let done = all(&stores, place).await;
        assert_eq!(
            (done.counts.found, done.counts.resealed),
            (3, 3),
            "{place:?}"
        );
        assert_eq!(done.unopened, Vec::<String>::new());
        let found = values(&stores, place).await;
        assert_eq!(found.len(), 3);
        assert_eq!(keys(&stores, &found), [new].into());
    }
    // Nothing needs the old one any more.
    stores.ring.lose(1);
    assert_whole(&stores, &accounts, FIRST).await;
}

/// They stay, byte by byte.
pub async fn what_stands_under_the_key_costs_no_writing(stores: Stores) {
    fill(&stores, 3).await;
    for place in SealedPlace::ALL {
        let before = values(&stores, place).await;
        let done = all(&stores, place).await;
        // A unionid has a row, and no value.
        let seen = if place == SealedPlace::SessionKeys {
            6
        } else {
            3
        };
        let expected = SweepCounts {
            seen,
            ..SweepCounts::default()
        };
        assert_eq!(done.counts, expected, "{place:?}");
        assert_eq!(values(&stores, place).await, before);
    }
}

/// From the first to the last, whatever the limit.
pub async fn rows_are_gone_through_in_small_steps_and_each_once(stores: Stores) {
    fill(&stores, 7).await;
    for limit in [1, 3, 7] {
        let new = stores.ring.rotate();
        for place in SealedPlace::ALL {
            let mut next = stretch(&stores, place, limit);
            let (mut found, mut steps) = (0, 0);
            loop {
                let done = stores.sealed_rows.reseal(&next).await.unwrap();
                assert!(done.counts.seen <= u64::from(limit));
                assert_eq!(done.counts.found, done.counts.resealed);
                found += done.counts.found;
                steps += 1;
                if done.is_last {
                    break;
                }
                assert!(done.reached.is_some() && steps < 50);
                next.after = done.reached;
            }
            assert_eq!(found, 7, "{place:?} by {limit}");
            let now_under = keys(&stores, &values(&stores, place).await);
            assert_eq!(now_under, [new].into());
        }
    }
}

/// As whoever comes after one that died before it could keep how far it had come.
pub async fn a_step_that_is_repeated_finds_nothing_to_do(stores: Stores) {
    fill(&stores, 3).await;
    stores.ring.rotate();
    for place in SealedPlace::ALL {
        let stretch = stretch(&stores, place, 2);
        let first = stores.sealed_rows.reseal(&stretch).await.unwrap();
        let again = stores.sealed_rows.reseal(&stretch).await.unwrap();
        assert!(first.counts.resealed > 0, "{place:?}");
        assert_eq!(again.counts.found, 0);
        assert_eq!(again.reached, first.reached);
    }
}

/// Whoever has read an account may change it still.
pub async fn nothing_else_of_a_row_changes(stores: Stores) {
    let accounts = fill(&stores, 1).await;
    let find = async || {
        let lookup = Lookup {
            phone: Some(phone(1)),
            ..Lookup::default()
        };
        stores.accounts.observe(&lookup).await.unwrap().by_phone
    };
    let key = async || {
        let app = app_id("wx1");
        let held = stores.accounts.session_key(accounts[0].id, PROVIDER, &app);
        held.await.unwrap().unwrap()
    };
    let signing = async || {
        let keys = stores.signing_keys.load(now()).await.unwrap();
        let lives = keys.into_iter();
        lives
            .map(|key| (key.kid, key.algorithm, key.not_before, key.retire_at))
            .collect::<Vec<_>>()
    };
    let before = (find().await, key().await.stored_at, signing().await);
    stores.ring.rotate();
    for place in SealedPlace::ALL {
        assert_eq!(all(&stores, place).await.counts.resealed, 1);
    }
    let after = (find().await, key().await.stored_at, signing().await);
    assert_eq!(after, before);
}

/// Carries changes out between the reading of a value and its replacement.
fn meanwhile(stores: &Stores, changes: Changes) {
    let (accounts, runtime) = (Arc::clone(&stores.accounts), Handle::current());
    stores.ring.meanwhile(move || {
        let applied = || runtime.block_on(accounts.apply(&changes));
        block_in_place(applied).unwrap();
    });
}

/// By somebody who signed in, or took another number.
pub async fn a_value_that_was_written_meanwhile_stays(stores: Stores) {
    let mut account = fill(&stores, 1).await.remove(0);
    let people = People::new(2);
    let new = stores.ring.rotate();

    let login = people.changes(
        account.id,
        vec![seen(&account)],
        vec![storing(&account, SECOND)],
    );
    meanwhile(&stores, login);
    let done = all(&stores, SealedPlace::SessionKeys).await;
    assert_eq!((done.counts.found, done.counts.resealed), (1, 0));

    let user = account.id;
    let steps = vec![
        Step::ClearPhone(user),
        Step::SetPhone {
            user,
            phone: phone(9),
            proof: PhoneProof::Sms,
        },
    ];
    meanwhile(
        &stores,
        people.changes(user, vec![changed(&account)], steps),
    );
    let done = all(&stores, SealedPlace::PhoneNumbers).await;
    assert_eq!((done.counts.found, done.counts.resealed), (1, 0));

    account.phone = Some(phone(9));
    assert_whole(&stores, &[account], SECOND).await;
    for place in [SealedPlace::SessionKeys, SealedPlace::PhoneNumbers] {
        assert_eq!(all(&stores, place).await.counts.found, 0);
        assert_eq!(keys(&stores, &values(&stores, place).await), [new].into());
    }
}

/// It does not come back.
pub async fn a_value_that_was_taken_away_meanwhile_stays_away(stores: Stores) {
    let account = fill(&stores, 1).await.remove(0);
    stores.ring.rotate();
    let user = account.id;
    let steps = vec![Step::ClearPhone(user)];
    let people = People::new(2);
    meanwhile(
        &stores,
        people.changes(user, vec![changed(&account)], steps),
    );
    let done = all(&stores, SealedPlace::PhoneNumbers).await;
    assert_eq!((done.counts.found, done.counts.resealed), (1, 0));
    assert_eq!(values(&stores, SealedPlace::PhoneNumbers).await, []);
}

/// The others of the same step are sealed anew; once its key is found again, so is
/// it.
pub async fn a_value_that_does_not_open_is_counted_and_stays(stores: Stores) {
    let mut accounts = fill(&stores, 2).await;
    stores.ring.rotate();
    let (third, creation) = making(&People::new(3), 3);
    stores.accounts.apply(&creation).await.unwrap();
    accounts.push(third);
    let newest = stores.ring.rotate();
    stores.ring.lose(1);
    for place in [SealedPlace::PhoneNumbers, SealedPlace::SessionKeys] {
        let before = values(&stores, place).await;
        for (found, resealed) in [(3, 1), (2, 0)] {
            let done = all(&stores, place).await;
            let counts = (
                done.counts.found,
                done.counts.resealed,
                done.counts.unopened,
            );
            assert_eq!(counts, (found, resealed, 2), "{place:?}");
            let of_first = before
                .iter()
                .filter(|one| stores.ring.key_of(&one.sealed) == Some(1));
            let ids: BTreeSet<_> = of_first.clone().map(|one| one.row.clone()).collect();
            assert_eq!(done.unopened.into_iter().collect::<BTreeSet<_>>(), ids);
            let after = values(&stores, place).await;
            assert!(of_first.clone().all(|one| after.contains(one)));
        }
    }
    stores.ring.find(1);
    for place in SealedPlace::ALL {
        all(&stores, place).await;
        let now_under = keys(&stores, &values(&stores, place).await);
        assert_eq!(now_under, [newest].into());
    }
    assert_whole(&stores, &accounts, FIRST).await;
}

/// The ring was not read for a while.
pub async fn where_another_key_seals_nothing_is_changed(stores: Stores) {
    fill(&stores, 1).await;
    for place in SealedPlace::ALL {
        let before = values(&stores, place).await;
        let mut stretch = stretch(&stores, place, 500);
        stretch.target += 1;
        let refused = stores.sealed_rows.reseal(&stretch).await;
        assert!(matches!(refused, Err(SealedRowsError::OtherKey)));
        assert_eq!(values(&stores, place).await, before);
    }
}

/// Of two whose leases ended, each of ten times.
pub async fn two_at_once_lose_nothing(stores: Stores) {
    let accounts = fill(&stores, 8).await;
    for round in 0..10 {
        let new = stores.ring.rotate();
        for place in SealedPlace::ALL {
            let mut both = JoinSet::new();
            for _ in 0..2 {
                let rows = Arc::clone(&stores.sealed_rows);
                let stretch = stretch(&stores, place, 500);
                both.spawn(async move { rows.reseal(&stretch).await.unwrap() });
            }
            let done = both.join_all().await;
            let resealed: u64 = done.iter().map(|one| one.counts.resealed).sum();
            // What one of them passed over the other one has.
            assert_eq!(resealed, 8, "round {round}: {done:?}");
            let now_under = keys(&stores, &values(&stores, place).await);
            assert_eq!(now_under, [new].into());
        }
    }
    assert_whole(&stores, &accounts, FIRST).await;
}

/// With those that have no value.
pub async fn sizes_are_told(stores: Stores) {
    fill(&stores, 3).await;
    for (place, size) in [
        (SealedPlace::PhoneNumbers, 3),
        (SealedPlace::SessionKeys, 6),
        (SealedPlace::SigningKeys, 3),
    ] {
        assert_eq!(stores.sealed_rows.size(place).await.unwrap(), size);
    }
}
