//! Notices of providers.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::sync::Arc;

use menshen_domain::model::account::Account;
use menshen_domain::model::changes::{Changes, Expected, NOTICES_KEPT, NoticeKey, Step};
use menshen_domain::ports::account_store::AccountStoreError;
use tokio::task::JoinSet;

use crate::people::{People, changed, seen};
use crate::sample::now;
use crate::stores::Stores;
use crate::suites::account_store::steps::{apply, create, is_stale, read};

/// The changes that a notice of this number asks for: the number goes.
fn notice(people: &People, account: &Account, n: u8) -> Changes {
    let steps = vec![
        Step::ClaimNotice(NoticeKey([n; 32])),
        Step::ClearPhone(account.id),
    ];
    people.changes(account.id, vec![changed(account)], steps)
}

fn is_seen(result: &Result<(), AccountStoreError>) -> bool {
    matches!(result, Err(AccountStoreError::NoticeSeen))
}

/// The same notice again changes nothing; another one is carried out, and after
/// its time so is the same.
pub async fn a_notice_is_carried_out_once(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    stores
        .accounts
        .apply(&notice(&people, &account, 1))
        .await
        .unwrap();
    let left = read(&stores, account.id).await;
    let rows = stores.witness.audit().await.len();
    let claim = |n, after| {
        let step = Step::ClaimNotice(NoticeKey([n; 32]));
        let mut changes = people.changes(account.id, vec![seen(&left)], vec![step]);
        changes.audit[0].at = now() + after;
        changes
    };
    let none = chrono::TimeDelta::zero();
    let again = stores.accounts.apply(&claim(1, none)).await;
    assert!(is_seen(&again), "{again:?}");
    assert_eq!(read(&stores, account.id).await, left);
    assert_eq!(stores.witness.audit().await.len(), rows);
    stores.accounts.apply(&claim(2, none)).await.unwrap();
    let later = NOTICES_KEPT + chrono::TimeDelta::seconds(1);
    stores.accounts.apply(&claim(1, later)).await.unwrap();
}

/// However often it is delivered at a time, each of ten times.
pub async fn a_notice_at_once_is_carried_out_once(stores: Stores) {
    let people = People::new(1);
    for round in 0..10 {
        let account = people.whole_account(u32::from(round));
        create(&stores, &people, &account).await;
        let mut deliveries = JoinSet::new();
        for _ in 0..4 {
            let accounts = Arc::clone(&stores.accounts);
            let step = Step::ClaimNotice(NoticeKey([round; 32]));
            let changes = people.changes(account.id, vec![seen(&account)], vec![step]);
            deliveries.spawn(async move { apply(&*accounts, &changes).await });
        }
        let outcomes = deliveries.join_all().await;
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let again = outcomes.iter().filter(|outcome| is_seen(outcome)).count();
        assert_eq!((done, again), (1, 3), "round {round}: {outcomes:?}");
    }
}

/// A claim is part of the changes, and goes with them.
pub async fn a_notice_whose_changes_failed_can_be_claimed(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    let mut late = notice(&people, &account, 1);
    late.expected = vec![Expected {
        version: account.version + 1,
        ..changed(&account)
    }];
    let result = stores.accounts.apply(&late).await;
    assert!(is_stale(&result), "{result:?}");
    let mut broken = notice(&people, &account, 1);
    broken.steps.push(Step::ClearPhone(account.id));
    let result = stores.accounts.apply(&broken).await;
    assert!(is_stale(&result), "{result:?}");
    stores
        .accounts
        .apply(&notice(&people, &account, 1))
        .await
        .unwrap();
}
