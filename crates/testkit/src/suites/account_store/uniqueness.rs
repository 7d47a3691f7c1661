//! What only one may have.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::sync::Arc;
use std::time::Duration;

use menshen_domain::model::account::Account;
use menshen_domain::model::changes::{Changes, Expected, Step};
use menshen_domain::model::evidence::PhoneProof;
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::verification::CodeId;
use menshen_domain::ports::account_store::{AccountStoreError, Lookup};
use tokio::task::JoinSet;

use crate::people::{People, changed, platform, seen, union_id};
use crate::sample::phone;
use crate::stores::Stores;
use crate::suites::account_store::steps::{all_of, apply, create, is_stale, live, read};

/// All of the changes fail with the one that cannot be.
pub async fn a_taken_phone_number_is_stale_and_changes_nothing(stores: Stores) {
    let people = People::new(1);
    let (holder, other) = (people.whole_account(1), people.account());
    create(&stores, &people, &holder).await;
    create(&stores, &people, &other).await;
    let steps = vec![
        Step::LinkIdentity {
            user: other.id,
            identity: people.identity("wx9", 9),
            session_key: None,
        },
        Step::SetPhone {
            user: other.id,
            phone: phone(1),
            proof: PhoneProof::Sms,
        },
    ];
    let result = stores
        .accounts
        .apply(&people.changes(other.id, vec![changed(&other)], steps))
        .await;
    assert!(is_stale(&result), "{result:?}");
    assert_eq!(read(&stores, other.id).await, other);
    assert_eq!(
        stores.accounts.observe(&all_of(1)).await.unwrap().by_phone,
        Some(holder)
    );
}

/// Somebody else holds it.
pub async fn a_taken_openid_is_stale(stores: Stores) {
    let people = People::new(1);
    create(&stores, &people, &people.whole_account(1)).await;
    let mut other = people.account();
    other.identities = vec![people.identity("wx1", 1)];
    let result = stores.accounts.apply(&people.creation(&other)).await;
    assert!(is_stale(&result), "{result:?}");
    let lookup = Lookup {
        signed_in: Some(other.id),
        ..Lookup::default()
    };
    assert_eq!(
        stores.accounts.observe(&lookup).await.unwrap(),
        Snapshot::default()
    );
}

/// Somebody else holds it.
pub async fn a_taken_unionid_is_stale(stores: Stores) {
    let people = People::new(1);
    create(&stores, &people, &people.whole_account(1)).await;
    let mut other = people.account();
    other.union_ids = vec![(platform(), union_id(1))];
    let result = stores.accounts.apply(&people.creation(&other)).await;
    assert!(is_stale(&result), "{result:?}");
}

/// A second openid of an application has no place, nor a second unionid of a
/// platform.
pub async fn an_account_holds_one_openid_per_application(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    let identity = people.identity("wx1", 2);
    let id = identity.id;
    for step in [
        Step::LinkIdentity {
            user: account.id,
            identity,
            session_key: None,
        },
        Step::LinkUnionId {
            user: account.id,
            id,
            platform: platform(),
            union_id: union_id(2),
        },
    ] {
        let changes = people.changes(account.id, vec![changed(&account)], vec![step]);
        let result = stores.accounts.apply(&changes).await;
        assert!(is_stale(&result), "{result:?}");
    }
    assert_eq!(read(&stores, account.id).await, account);
}

fn login_with_code(people: &People, account: &Account, code: CodeId) -> Changes {
    let session = people.session(account.id, None, Duration::ZERO);
    let step = Step::OpenSession {
        session: Box::new(session),
        max_live: 0,
        code: Some(code),
    };
    people.changes(account.id, vec![seen(account)], vec![step])
}

/// Whatever the code store forgot.
pub async fn a_code_opens_one_session(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    let login = |code| login_with_code(&people, &account, CodeId([code; 16]));
    stores.accounts.apply(&login(1)).await.unwrap();
    let again = stores.accounts.apply(&login(1)).await;
    assert!(
        matches!(again, Err(AccountStoreError::CodeSpent)),
        "{again:?}"
    );
    stores.accounts.apply(&login(2)).await.unwrap();
    assert_eq!(live(&stores, account.id).await, 2);
}

/// Of ten at once one signs in, each of twenty times.
pub async fn a_code_opens_one_session_however_many_try(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    for round in 0..20 {
        let mut logins = JoinSet::new();
        for _ in 0..10 {
            let changes = login_with_code(&people, &account, CodeId([round; 16]));
            let accounts = Arc::clone(&stores.accounts);
            logins.spawn(async move { apply(&*accounts, &changes).await });
        }
        let outcomes = logins.join_all().await;
        let opened = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let spent = |o: &&Result<(), _>| matches!(o, Err(AccountStoreError::CodeSpent));
        let refused = outcomes.iter().filter(spent).count();
        assert_eq!((opened, refused), (1, 9), "round {round}: {outcomes:?}");
    }
}

/// A code that binds opens no session, and is spent all the same.
pub async fn a_code_that_was_spent_changes_nothing_again(stores: Stores) {
    let people = People::new(1);
    let account = people.account();
    create(&stores, &people, &account).await;
    let bind = |version, number, code| {
        let expected = Expected {
            version,
            ..changed(&account)
        };
        let set = Step::SetPhone {
            user: account.id,
            phone: phone(number),
            proof: PhoneProof::Sms,
        };
        let spend = Step::SpendCode(CodeId([code; 16]));
        people.changes(account.id, vec![expected], vec![set, spend])
    };
    let version = account.version;
    stores.accounts.apply(&bind(version, 1, 1)).await.unwrap();
    let again = stores.accounts.apply(&bind(version + 1, 2, 1)).await;
    assert!(
        matches!(again, Err(AccountStoreError::CodeSpent)),
        "{again:?}"
    );
    assert_eq!(read(&stores, account.id).await.phone, Some(phone(1)));
    let another = stores.accounts.apply(&bind(version + 1, 2, 2)).await;
    another.unwrap();
    assert_eq!(read(&stores, account.id).await.phone, Some(phone(2)));
}
