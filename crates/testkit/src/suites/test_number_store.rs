//! What every `test_number_store` adapter must do.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use menshen_domain::model::audit::{AuditAction, AuditEvent};
use menshen_domain::model::identifiers::TestNumberId;
use menshen_domain::model::sms_code::SmsCode;
use menshen_domain::model::test_number::{MOST, NewTestNumber, StoredTestNumber};
use menshen_domain::ports::test_number_store::TestNumberStoreError;
use tokio::task::JoinSet;

use crate::fake_keys::FakeMac;
use crate::people::People;
use crate::sample::{now, phone};
use crate::stores::Stores;

/// Makes one named test of each clause. The expression gives the
/// [`Stores`](crate::stores::Stores) of an empty database; it is evaluated once
/// per test, and may await.
#[macro_export]
macro_rules! test_number_store {
    ($stores:expr) => {
        $crate::clauses! {
            $crate::suites::test_number_store, $stores,
            what_was_made_is_listed_until_its_end,
            a_newer_one_takes_the_place_of_an_older,
            there_are_never_more_than_allowed,
            simultaneous_ones_are_never_more_than_allowed,
            what_is_past_its_end_makes_room,
            what_was_removed_is_gone_and_told_once,
        }
    };
}

fn days(days: i64) -> DateTime<Utc> {
    now() + TimeDelta::days(days)
}

fn number(people: &People, n: u32, until: DateTime<Utc>, at: DateTime<Utc>) -> StoredTestNumber {
    let new = NewTestNumber {
        phone: phone(n),
        code: SmsCode::parse("246810").unwrap(),
        until,
        note: Some("app review".to_owned()),
    };
    let id = TestNumberId::generate(people.randomness(), at);
    StoredTestNumber::new(&FakeMac, id, "ops.alice", new, at).unwrap()
}

fn row(people: &People, action: AuditAction) -> AuditEvent {
    AuditEvent::new(action, now(), people.randomness())
}

async fn put(
    stores: &Stores,
    people: &People,
    number: &StoredTestNumber,
) -> Result<(), TestNumberStoreError> {
    let row = row(people, AuditAction::TestNumberMade);
    stores.test_numbers.put(number, row).await
}

/// With all that it holds; the one that ends last first.
pub async fn what_was_made_is_listed_until_its_end(stores: Stores) {
    let people = People::new(1);
    let [soon, late] = [(1, 1), (2, 5)].map(|(n, end)| number(&people, n, days(end), now()));
    put(&stores, &people, &soon).await.unwrap();
    put(&stores, &people, &late).await.unwrap();
    let listed = |at| stores.test_numbers.list(at);
    assert_eq!(listed(now()).await.unwrap(), [late.clone(), soon]);
    assert_eq!(listed(days(1)).await.unwrap(), [late]);
    assert!(listed(days(5)).await.unwrap().is_empty());
    assert_eq!(stores.witness.audit().await.len(), 2);
}

/// A number has one code.
pub async fn a_newer_one_takes_the_place_of_an_older(stores: Stores) {
    let people = People::new(1);
    let [older, newer] = [1, 2].map(|end| number(&people, 1, days(end), now()));
    put(&stores, &people, &older).await.unwrap();
    put(&stores, &people, &newer).await.unwrap();
    assert_eq!(stores.test_numbers.list(now()).await.unwrap(), [newer]);
}

/// One too many is refused, and nothing is written; the place of one's own is free.
pub async fn there_are_never_more_than_allowed(stores: Stores) {
    let people = People::new(1);
    let most = u32::try_from(MOST).unwrap();
    for n in 0..most {
        let one = number(&people, n, days(1), now());
        put(&stores, &people, &one).await.unwrap();
    }
    let more = number(&people, most, days(1), now());
    let refused = put(&stores, &people, &more).await;
    assert!(matches!(refused, Err(TestNumberStoreError::Full)));
    assert_eq!(stores.witness.audit().await.len(), MOST);
    let again = number(&people, 0, days(2), now());
    put(&stores, &people, &again).await.unwrap();
    assert_eq!(stores.test_numbers.list(now()).await.unwrap().len(), MOST);
}

/// The last place goes to one of those who come at once.
pub async fn simultaneous_ones_are_never_more_than_allowed(stores: Stores) {
    let (people, stores) = (People::new(1), Arc::new(stores));
    let most = u32::try_from(MOST).unwrap();
    for n in 1..most {
        let one = number(&people, n, days(1), now());
        put(&stores, &people, &one).await.unwrap();
    }
    let mut tries = JoinSet::new();
    for n in 0..8 {
        let (stores, people) = (Arc::clone(&stores), people.clone());
        tries.spawn(async move {
            let one = number(&people, 1000 + n, days(1), now());
            put(&stores, &people, &one).await
        });
    }
    let made = tries.join_all().await;
    let made = made.iter().filter(|made| made.is_ok()).count();
    assert_eq!(made, 1);
    assert_eq!(stores.test_numbers.list(now()).await.unwrap().len(), MOST);
}

/// It goes when another one comes.
pub async fn what_is_past_its_end_makes_room(stores: Stores) {
    let people = People::new(1);
    for n in 0..u32::try_from(MOST).unwrap() {
        let one = number(&people, n, days(1), now());
        put(&stores, &people, &one).await.unwrap();
    }
    let later = number(&people, 1000, days(2), days(1));
    put(&stores, &people, &later).await.unwrap();
    assert_eq!(stores.test_numbers.list(now()).await.unwrap(), [later]);
}

/// Once, with one row.
pub async fn what_was_removed_is_gone_and_told_once(stores: Stores) {
    let people = People::new(1);
    let one = number(&people, 1, days(1), now());
    put(&stores, &people, &one).await.unwrap();
    for there in [true, false] {
        let row = row(&people, AuditAction::TestNumberRemoved);
        let removed = stores.test_numbers.remove(one.id, row).await;
        assert_eq!(removed.unwrap(), there);
    }
    assert!(stores.test_numbers.list(now()).await.unwrap().is_empty());
    let rows = stores.witness.audit().await;
    let actions: Vec<_> = rows.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions.len(), 2, "{actions:?}");
    assert!(actions.contains(&"test_number.removed"));
}
