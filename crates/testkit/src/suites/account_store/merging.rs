//! Two accounts become one.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::sync::Arc;

use menshen_domain::model::account::{Account, AccountStatus};
use menshen_domain::model::changes::{Changes, Step};
use menshen_domain::model::profile::Profile;
use menshen_domain::model::session::EndReason;
use tokio::task::JoinSet;

use crate::people::{People, changed, platform, union_id};
use crate::sample::{now, phone};
use crate::stores::Stores;
use crate::suites::account_store::steps::{MINUTE, all_of, apply, create, is_stale, profile, read};

/// A phone-less account with an identity of `wx2` and a unionid, and the one with
/// a phone number and an identity of `wx1` that it is to be merged into.
async fn two_accounts(stores: &Stores, people: &People, n: u32) -> (Account, Account) {
    let mut from = people.account();
    from.identities = vec![people.identity("wx2", n)];
    from.union_ids = vec![(platform(), union_id(n))];
    let mut into = people.account();
    into.phone = Some(phone(n));
    into.identities = vec![people.identity("wx1", n)];
    create(stores, people, &from).await;
    create(stores, people, &into).await;
    (from, into)
}

fn merge(people: &People, from: &Account, into: &Account) -> Changes {
    let mut filled = into.profile.clone();
    filled.fill_from(&profile());
    let step = Step::Merge {
        from: from.id,
        into: into.id,
        profile: filled,
    };
    people.changes(into.id, vec![changed(from), changed(into)], vec![step])
}

/// The survivor has them all, and the profile it was given.
pub async fn a_merge_moves_all_identities(stores: Stores) {
    let people = People::new(1);
    let (from, into) = two_accounts(&stores, &people, 1).await;
    let merge = merge(&people, &from, &into);
    stores.accounts.apply(&merge).await.unwrap();
    let found = stores.accounts.observe(&all_of(1)).await.unwrap();
    let survivor = found.by_phone.unwrap();
    assert_eq!(found.by_union_id.as_ref(), Some(&survivor));
    let apps: Vec<_> = survivor
        .identities
        .iter()
        .map(|one| one.app_id.as_str())
        .collect();
    assert_eq!(apps.len(), 2, "{apps:?}");
    let nickname = into.profile.nickname.clone();
    assert_eq!(
        survivor.profile,
        Profile {
            nickname,
            ..profile()
        }
    );
    assert_eq!((survivor.id, survivor.version), (into.id, into.version + 1));
}

/// It answers as an alias to whoever is signed in, and matches nothing.
pub async fn a_merged_account_is_an_alias_without_personal_data(stores: Stores) {
    let people = People::new(1);
    let (from, into) = two_accounts(&stores, &people, 1).await;
    stores
        .accounts
        .apply(&merge(&people, &from, &into))
        .await
        .unwrap();
    let alias = read(&stores, from.id).await;
    assert_eq!(alias.status, AccountStatus::Merged { into: into.id });
    assert_eq!(alias.version, from.version + 1);
    assert!(alias.identities.is_empty() && alias.union_ids.is_empty() && alias.phone.is_none());
    assert_ne!(alias.profile.nickname, from.profile.nickname);
    assert!(alias.profile.bio.is_none() && alias.profile.birthday.is_none());
    let again = stores.accounts.apply(&merge(&people, &alias, &into)).await;
    assert!(is_stale(&again), "{again:?}");
}

/// The sessions of the survivor live on.
pub async fn a_merge_ends_the_sessions_of_the_alias(stores: Stores) {
    let people = People::new(1);
    let (from, into) = two_accounts(&stores, &people, 1).await;
    let [old, new] = [&from, &into].map(|one| people.session(one.id, None, MINUTE));
    for (account, session) in [(&from, &old), (&into, &new)] {
        stores
            .accounts
            .apply(&people.login(account, session.clone(), 5))
            .await
            .unwrap();
    }
    stores
        .accounts
        .apply(&merge(&people, &from, &into))
        .await
        .unwrap();
    assert_eq!(
        stores.sessions.over(old.user, old.id, now()).await.unwrap(),
        Some(EndReason::Merged)
    );
    assert_eq!(
        stores.sessions.over(new.user, new.id, now()).await.unwrap(),
        None
    );
    let told = stores.witness.outbox().await;
    let ends = told
        .iter()
        .filter(|row| row.kind == "session.ended" && row.payload.contains("merged"));
    assert_eq!(ends.count(), 1);
}

/// Whoever erases the survivor later need not look for what the alias has left.
pub async fn a_merged_account_leaves_no_device_behind(stores: Stores) {
    let people = People::new(1);
    let (from, into) = two_accounts(&stores, &people, 1).await;
    let session = people.session(from.id, Some("phone-1"), MINUTE);
    let id = session.id;
    let login = people.login(&from, session, 5);
    stores.accounts.apply(&login).await.unwrap();
    let merged = stores.accounts.apply(&merge(&people, &from, &into)).await;
    merged.unwrap();
    let left = stores.sessions.find(id).await.unwrap().unwrap().session;
    assert_eq!(
        (left.client.device_id, left.client.device_name),
        (None, None)
    );
    assert!(left.address.is_unspecified());
}

/// A into B and B into A: one of them happens, each of twenty times.
pub async fn opposite_merges_at_once_give_one(stores: Stores) {
    let people = People::new(1);
    for round in 0..20 {
        let (a, b) = two_accounts(&stores, &people, round).await;
        let mut merges = JoinSet::new();
        for changes in [merge(&people, &a, &b), merge(&people, &b, &a)] {
            let accounts = Arc::clone(&stores.accounts);
            merges.spawn(async move { apply(&*accounts, &changes).await });
        }
        let outcomes = merges.join_all().await;
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let stale = outcomes.iter().filter(|outcome| is_stale(outcome)).count();
        assert_eq!((done, stale), (1, 1), "round {round}: {outcomes:?}");
        let [a, b] = [read(&stores, a.id).await, read(&stores, b.id).await];
        assert_eq!(a.identities.len() + b.identities.len(), 2, "round {round}");
        assert!(
            a.identities.is_empty() || b.identities.is_empty(),
            "round {round}"
        );
    }
}
