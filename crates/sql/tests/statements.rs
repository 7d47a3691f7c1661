//! What a login, a refresh and a look at oneself ask of the database.

mod support;

use std::time::Duration;

use menshen_domain::model::changes::Step;
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::refresh::RefreshState;
use menshen_domain::model::wechat::{Provider, SessionKey};
use menshen_domain::ports::account_store::{AccountStore as _, Lookup};
use menshen_domain::ports::session_store::{Rotation, SessionStore as _};
use menshen_sql::StatementCount;
use menshen_testkit::people::{People, app_id, openid, platform, union_id};
use menshen_testkit::sample::{now, phone};
use support::{migrated, store};

fn lookup() -> Lookup {
    Lookup {
        signed_in: None,
        phone: Some(phone(1)),
        openid: Some((Provider::WeChatMiniProgram, app_id("wx1"), openid(1))),
        union_id: Some((platform(), union_id(1))),
    }
}

#[tokio::test]
async fn each_way_in_asks_what_it_must() {
    let database = migrated("sqlite::memory:").await;
    let (people, store) = (People::new(1), store(&database));
    let session_of = |user| people.session(user, None, Duration::ZERO);
    let one_read = StatementCount {
        reads: 1,
        statements: 1,
        ..StatementCount::default()
    };

    let start = database.statements();
    assert_eq!(store.observe(&lookup()).await.unwrap(), Snapshot::default());
    assert_eq!(
        database.statements().since(start),
        one_read,
        "observing nobody"
    );

    let start = database.statements();
    let account = people.whole_account(1);
    let session = session_of(account.id);
    let mut changes = people.creation(&account);
    let opened = Box::new(session.clone());
    changes.steps.push(Step::OpenSession {
        session: opened,
        max_live: 5,
        code: None,
    });
    store.apply(&changes).await.unwrap();
    let first = StatementCount {
        transactions: 1,
        statements: 7,
        ..StatementCount::default()
    };
    assert_eq!(database.statements().since(start), first, "a first login");

    let start = database.statements();
    assert_eq!(
        store.observe(&lookup()).await.unwrap().by_openid,
        Some(account.clone())
    );
    assert_eq!(
        database.statements().since(start),
        one_read,
        "observing somebody"
    );

    let start = database.statements();
    let mut changes = people.login(&account, session_of(account.id), 5);
    let key = Step::StoreSessionKey {
        provider: Provider::WeChatMiniProgram,
        app_id: app_id("wx1"),
        openid: openid(1),
        key: SessionKey::parse("tiihtNczf5v6AKRyjwEUhQ==").unwrap(),
    };
    changes.steps.insert(0, key);
    store.apply(&changes).await.unwrap();
    let returning = StatementCount {
        transactions: 1,
        statements: 6,
        ..StatementCount::default()
    };
    assert_eq!(
        database.statements().since(start),
        returning,
        "a returning login"
    );

    let start = database.statements();
    store.find(session.id).await.unwrap().unwrap();
    assert_eq!(
        database.statements().since(start),
        one_read,
        "a look at oneself"
    );

    let start = database.statements();
    let found = store.find(session.id).await.unwrap().unwrap();
    let from = found.session.refresh;
    let to = RefreshState {
        current: 1,
        previous: Some(0),
        ..from
    };
    let done = store
        .rotate(session.id, &from, &to, now(), None)
        .await
        .unwrap();
    assert_eq!(done, Rotation::Done);
    let refresh = StatementCount {
        reads: 1,
        single_writes: 1,
        transactions: 0,
        statements: 2,
    };
    assert_eq!(database.statements().since(start), refresh, "a refresh");

    let start = database.statements();
    assert_eq!(
        store.over(session.user, session.id, now()).await.unwrap(),
        None
    );
    assert_eq!(
        database.statements().since(start),
        one_read,
        "whether it is over"
    );
}
