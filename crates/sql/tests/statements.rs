//! What a login, a refresh and a look at oneself ask of the database.

#![expect(
    clippy::unwrap_used,
    reason = "the functions here are tests of several engines"
)]

mod support;

use std::time::{Duration, Instant};

use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::Step;
use menshen_domain::model::client::ClientType;
use menshen_domain::model::identifiers::SendId;
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::refresh::RefreshState;
use menshen_domain::model::sms_delivery::{SendOutcome, SendVerdict, SmsAttempt};
use menshen_domain::model::sms_message::{AskedThrough, MessagePurpose};
use menshen_domain::model::verification::Purpose;
use menshen_domain::model::wechat::{Provider, SessionKey};
use menshen_domain::ports::account_store::{AccountStore as _, Lookup};
use menshen_domain::ports::send_records::{NewSend, SendRecords as _};
use menshen_domain::ports::session_store::{Rotation, SessionStore as _};
use menshen_sql::{Database, SqlStore, StatementCount};
use menshen_testkit::people::{People, about_send, app_id, openid, platform, union_id};
use menshen_testkit::sample::{now, phone};
use menshen_testkit::servers::postgres::PostgresDatabase;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use support::{migrated, store};

fn lookup() -> Lookup {
    Lookup {
        signed_in: None,
        phone: Some(phone(1)),
        openid: Some((Provider::WeChatMiniProgram, app_id("wx1"), openid(1))),
        union_id: Some((platform(), union_id(1))),
    }
}

/// What a login writes, and a message.
struct Writes {
    first: StatementCount,
    returning: StatementCount,
    begun: StatementCount,
    finished: StatementCount,
}

#[tokio::test]
async fn each_way_into_sqlite_asks_what_it_must() {
    let transaction_of = |statements| StatementCount {
        transactions: 1,
        statements,
        ..StatementCount::default()
    };
    let writes = Writes {
        first: transaction_of(7),
        returning: transaction_of(6),
        begun: transaction_of(2),
        finished: transaction_of(3),
    };
    each_way_in(migrated("sqlite::memory:").await, writes).await;
}

#[tokio::test]
async fn a_login_writes_to_postgres_in_one_statement() {
    let server = PostgresDatabase::fresh().await;
    let once = StatementCount {
        single_writes: 1,
        statements: 1,
        ..StatementCount::default()
    };
    let writes = Writes {
        first: once,
        returning: once,
        begun: once,
        finished: once,
    };
    each_way_in(migrated(&server.url).await, writes).await;
}

async fn each_way_in(database: Database, writes: Writes) {
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
    assert_eq!(
        database.statements().since(start),
        writes.first,
        "a first login"
    );

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
    assert_eq!(
        database.statements().since(start),
        writes.returning,
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
    message(&database, &store, &writes).await;
}

/// With its rows of the audit log.
async fn message(database: &Database, store: &SqlStore, writes: &Writes) {
    let send = NewSend {
        id: SendId::generate(People::new(2).randomness(), now()),
        phone: phone(1),
        purpose: MessagePurpose::Code(Purpose::Login),
        asked: AskedThrough::Client(ClientType::Web),
        source: [203, 0, 113, 7].into(),
        at: now(),
    };
    let start = database.statements();
    let asked = about_send(&send, AuditAction::CodeRequested);
    store.begin(&send, &asked).await.unwrap();
    let begun = database.statements().since(start);
    assert_eq!(begun, writes.begun, "a message that is about to leave");

    let start = database.statements();
    let attempts = [SmsAttempt {
        vendor: "aliyun",
        outcome: SendOutcome::Accepted,
        vendor_code: None,
        request_id: None,
        message_id: None,
        cost_units: None,
        took: Duration::ZERO,
        at: now(),
    }];
    let told = about_send(&send, AuditAction::CodeSent);
    let finished = store.finish(send.id, &attempts, SendVerdict::Accepted, &told);
    finished.await.unwrap();
    let finished = database.statements().since(start);
    assert_eq!(finished, writes.finished, "what became of it");
}

/// How often the three tables of logins were read whole, on a server that is asked
/// anew: a connection tells what it did when it ends, at the latest.
async fn whole_reads(url: &str) -> (i64, i64) {
    let database = migrated(url).await;
    let sql = "SELECT sum(seq_scan)::bigint, sum(idx_scan)::bigint FROM pg_stat_user_tables \
               WHERE relname IN ('users', 'identities', 'sessions')";
    let statement = Statement::from_string(DbBackend::Postgres, sql);
    let row = database.connection().query_one_raw(statement).await;
    let row = row.unwrap().unwrap();
    let reads = (
        row.try_get_by_index(0).unwrap(),
        row.try_get_by_index(1).unwrap(),
    );
    database.close().await.unwrap();
    reads
}

#[tokio::test]
async fn no_way_in_reads_a_small_table_whole() {
    let server = PostgresDatabase::fresh().await;
    let database = migrated(&server.url).await;
    let (people, store) = (People::new(1), store(&database));
    let account = people.whole_account(1);
    store.apply(&people.creation(&account)).await.unwrap();
    let analyze = Statement::from_string(DbBackend::Postgres, "ANALYZE");
    database.connection().execute_raw(analyze).await.unwrap();
    database.close().await.unwrap();
    let before = whole_reads(&server.url).await;

    let database = migrated(&server.url).await;
    let store = support::store(&database);
    for _ in 0..10 {
        let found = store.observe(&lookup()).await.unwrap().by_phone.unwrap();
        let session = people.session(found.id, None, Duration::ZERO);
        let (id, from) = (session.id, session.refresh);
        let login = people.login(&found, session, 5);
        store.apply(&login).await.unwrap();
        store.find(id).await.unwrap().unwrap();
        assert_eq!(store.over(found.id, id, now()).await.unwrap(), None);
        let to = RefreshState { current: 1, ..from };
        let done = store.rotate(id, &from, &to, now(), None).await.unwrap();
        assert_eq!(done, Rotation::Done);
    }
    database.close().await.unwrap();

    let until = Instant::now() + Duration::from_secs(20);
    let after = loop {
        let after = whole_reads(&server.url).await;
        // Ten rounds of five statements, each by an index of at least one table.
        if after.1 >= before.1 + 50 {
            break after;
        }
        assert!(Instant::now() < until, "{before:?}, then {after:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(after.0, before.0, "{before:?}, then {after:?}");
}
