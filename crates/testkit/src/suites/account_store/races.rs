//! Many at once.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::sync::Arc;
use std::time::Duration;

use menshen_domain::model::changes::Step;
use menshen_domain::model::evidence::PhoneProof;
use menshen_domain::model::identifiers::UserId;
use menshen_domain::ports::account_store::{AccountStore, AccountStoreError};
use tokio::task::JoinSet;

use crate::people::{People, changed};
use crate::sample::phone;
use crate::stores::Stores;
use crate::suites::account_store::steps::{all_of, apply, create, is_stale, live, read};

/// Fifty logins at once, each of twenty times, on a limit of five.
pub async fn racing_logins_keep_the_limit(stores: Stores) {
    let people = People::new(1);
    for round in 0..20 {
        let account = people.whole_account(round);
        create(&stores, &people, &account).await;
        let mut logins = JoinSet::new();
        for age in 0..50 {
            let session = people.session(account.id, None, Duration::from_secs(age));
            let changes = people.login(&account, session, 5);
            let accounts = Arc::clone(&stores.accounts);
            logins.spawn(async move { apply(&*accounts, &changes).await.unwrap() });
        }
        logins.join_all().await;
        assert_eq!(live(&stores, account.id).await, 5, "round {round}");
    }
}

/// Sixteen logins at once, each of which looks first, on a limit of one and of
/// three, each of twenty times.
pub async fn racing_logins_that_look_first_keep_the_limit(stores: Stores) {
    let people = People::new(1);
    for round in 0..20 {
        let limit = if round % 2 == 0 { 1 } else { 3 };
        let user = people.whole_account(round);
        create(&stores, &people, &user).await;
        let mut logins = JoinSet::new();
        for _ in 0..16 {
            let (people, accounts) = (people.clone(), Arc::clone(&stores.accounts));
            logins.spawn(async move {
                let account = loop {
                    // A store that is too busy is asked again.
                    if let Ok(found) = accounts.observe(&all_of(round)).await {
                        break found.by_openid.unwrap();
                    }
                };
                let session = people.session(account.id, None, Duration::ZERO);
                let changes = people.login(&account, session, limit);
                apply(&*accounts, &changes).await.unwrap();
            });
        }
        logins.join_all().await;
        let live = live(&stores, user.id).await;
        assert_eq!(live, usize::try_from(limit).unwrap(), "round {round}");
    }
}

/// Signs person `n` in, in as many rounds as it takes.
async fn first_login(accounts: Arc<dyn AccountStore>, people: People, n: u32) -> UserId {
    loop {
        // A store that is too busy is asked again.
        let Ok(found) = accounts.observe(&all_of(n)).await else {
            continue;
        };
        let session = |user| people.session(user, None, Duration::ZERO);
        let (user, changes) = if let Some(account) = found.by_phone {
            (account.id, people.login(&account, session(account.id), 0))
        } else {
            let account = people.whole_account(n);
            let mut changes = people.creation(&account);
            let session = Box::new(session(account.id));
            changes.steps.push(Step::OpenSession {
                session,
                max_live: 0,
                code: None,
            });
            (account.id, changes)
        };
        match apply(&*accounts, &changes).await {
            Ok(()) => return user,
            Err(AccountStoreError::Stale) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// Sixteen first logins of one person at once make one account, each of twenty
/// times.
pub async fn racing_first_logins_make_one_account(stores: Stores) {
    let people = People::new(1);
    for round in 0..20 {
        let mut logins = JoinSet::new();
        for _ in 0..16 {
            logins.spawn(first_login(
                Arc::clone(&stores.accounts),
                people.clone(),
                round,
            ));
        }
        let users = logins.join_all().await;
        assert!(
            users.iter().all(|user| *user == users[0]),
            "round {round}: {users:?}"
        );
        assert_eq!(live(&stores, users[0]).await, 16, "round {round}");
    }
}

/// Twenty changes of one version at once: one happens, each of twenty times.
pub async fn racing_changes_of_one_version_apply_once(stores: Stores) {
    let people = People::new(1);
    for round in 0..20 {
        let account = people.whole_account(round);
        create(&stores, &people, &account).await;
        let mut tries = JoinSet::new();
        for n in 0..20 {
            let number = phone(1_000 + round * 20 + n);
            let step = Step::SetPhone {
                user: account.id,
                phone: number,
                proof: PhoneProof::Sms,
            };
            let changes = people.changes(account.id, vec![changed(&account)], vec![step]);
            let accounts = Arc::clone(&stores.accounts);
            tries.spawn(async move { apply(&*accounts, &changes).await });
        }
        let outcomes = tries.join_all().await;
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let stale = outcomes.iter().filter(|outcome| is_stale(outcome)).count();
        assert_eq!((done, stale), (1, 19), "round {round}: {outcomes:?}");
        assert_eq!(read(&stores, account.id).await.version, account.version + 1);
    }
}
