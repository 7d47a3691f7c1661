//! Each wait at PostgreSQL has an end, whatever the server was told.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod support;

use std::time::Duration;

use menshen_domain::model::audit::AuditAction;
use menshen_domain::ports::account_store::{AccountStore as _, AccountStoreError, Lookup};
use menshen_domain::ports::audit_log::AuditLog as _;
use menshen_sql::{Database, DatabaseOptions};
use menshen_testkit::people::{People, changed};
use menshen_testkit::sample::phone;
use menshen_testkit::servers::postgres::PostgresDatabase;
use sea_orm::{ConnectionTrait as _, DbErr, Statement, TransactionTrait as _};
use support::{migrated, store};
use tokio::time::Instant;

/// What a busy machine adds to a bound.
const SLACK: Duration = Duration::from_secs(3);

async fn connect(url: &str, options: DatabaseOptions) -> Database {
    Database::connect(url, options).await.unwrap()
}

async fn run(database: &Database, sql: &str) -> Result<(), DbErr> {
    let done = database.connection().execute_unprepared(sql).await;
    done.map(drop)
}

async fn ask(database: &Database, sql: &str) -> String {
    let statement = Statement::from_string(database.connection().get_database_backend(), sql);
    let row = database.connection().query_one_raw(statement).await;
    row.unwrap().unwrap().try_get_by_index(0).unwrap()
}

#[tokio::test]
async fn a_statement_that_goes_on_and_on_is_ended() {
    let server = PostgresDatabase::fresh().await;
    let statement = Duration::from_millis(300);
    let options = DatabaseOptions {
        statement,
        ..DatabaseOptions::default()
    };
    let database = connect(&server.url, options).await;
    let asked = Instant::now();
    let error = run(&database, "SELECT pg_sleep(30)").await.unwrap_err();
    assert!(error.to_string().contains("statement timeout"), "{error}");
    assert!(asked.elapsed() < statement + SLACK);
}

/// Of an operator, say, who changes a table by hand and goes to lunch.
#[tokio::test]
async fn a_lock_that_is_held_is_waited_for_so_long_and_no_longer() {
    let server = PostgresDatabase::fresh().await;
    let database = migrated(&server.url).await;
    let lock = Duration::from_millis(300);
    let options = DatabaseOptions {
        lock,
        ..DatabaseOptions::default()
    };
    let bounded = connect(&server.url, options).await;
    let (store, people) = (store(&bounded), People::new(1));
    let operator = database.connection().begin().await.unwrap();
    let sql = "LOCK TABLE audit_events IN EXCLUSIVE MODE";
    operator.execute_unprepared(sql).await.unwrap();
    let row = people.audit(AuditAction::SignedOut, people.account().id);
    let asked = Instant::now();
    store.append(std::slice::from_ref(&row)).await.unwrap_err();
    assert!(asked.elapsed() < lock + SLACK);
    operator.rollback().await.unwrap();
    store.append(&[row]).await.unwrap();
}

#[tokio::test]
async fn a_pool_that_is_used_up_is_waited_for_so_long_and_no_longer() {
    let server = PostgresDatabase::fresh().await;
    let acquire = Duration::from_millis(300);
    let options = DatabaseOptions {
        max_connections: 1,
        acquire,
        ..DatabaseOptions::default()
    };
    let database = connect(&server.url, options).await;
    database.migrate_up().await.unwrap();
    let store = store(&database);
    let lookup = Lookup {
        phone: Some(phone(1)),
        ..Lookup::default()
    };
    store.observe(&lookup).await.unwrap();
    let held = database.connection().begin().await.unwrap();
    let asked = Instant::now();
    store.observe(&lookup).await.unwrap_err();
    assert!(asked.elapsed() < acquire + SLACK);
    let state = database.pool_state();
    assert_eq!((state.limit, state.open, state.idle), (1, 1, 0));
    assert_eq!((state.timeouts, state.breaks), (1, 0));
    held.rollback().await.unwrap();
    store.observe(&lookup).await.unwrap();
    assert_eq!(database.pool_state().timeouts, 1);
}

/// What an operator has set for the database is not what we need.
#[tokio::test]
async fn our_bounds_and_isolation_hold_whatever_the_database_was_told() {
    let server = PostgresDatabase::fresh().await;
    let admin = connect(&server.url, DatabaseOptions::default()).await;
    let name = ask(&admin, "SELECT current_database()::text").await;
    for setting in [
        "default_transaction_isolation = 'serializable'",
        "statement_timeout = 0",
        "lock_timeout = 0",
        "idle_in_transaction_session_timeout = 0",
        "timezone = 'Asia/Shanghai'",
    ] {
        let sql = format!("ALTER DATABASE {name} SET {setting}");
        run(&admin, &sql).await.unwrap();
    }
    let database = connect(&server.url, DatabaseOptions::default()).await;
    for (setting, held) in [
        ("transaction_isolation", "read committed"),
        ("statement_timeout", "3s"),
        ("lock_timeout", "2s"),
        ("idle_in_transaction_session_timeout", "5s"),
        ("timezone", "UTC"),
    ] {
        assert_eq!(ask(&database, &format!("SHOW {setting}")).await, held);
    }
}

/// An operator's transaction takes two accounts in the other order, and the engine
/// ends ours: whoever decides is told to look again.
#[tokio::test]
async fn a_deadlock_is_stale() {
    let server = PostgresDatabase::fresh().await;
    let database = migrated(&server.url).await;
    let (store, people) = (store(&database), People::new(1));
    let mut accounts = [people.whole_account(1), people.whole_account(2)];
    accounts.sort_by_key(|account| account.id);
    for account in &accounts {
        store.apply(&people.creation(account)).await.unwrap();
    }
    let [first, second] = &accounts;
    let operator = database.connection().begin().await.unwrap();
    // Ours notices first, and so is the one that is ended.
    let patient = "SET LOCAL deadlock_timeout = '20s'; SET LOCAL lock_timeout = '20s'";
    operator.execute_unprepared(patient).await.unwrap();
    let lock =
        |account: uuid::Uuid| format!("UPDATE users SET version = version WHERE id = '{account}'");
    let held = operator
        .execute_unprepared(&lock(second.id.as_uuid()))
        .await;
    held.unwrap();
    let both = vec![changed(first), changed(second)];
    let changes = people.changes(first.id, both, Vec::new());
    let ours = tokio::spawn({
        let store = store.clone();
        async move { store.apply(&changes).await }
    });
    // It has the first account, and waits for the second.
    let waiting = "SELECT count(*)::text FROM pg_stat_activity \
                   WHERE wait_event_type = 'Lock' AND datname = current_database()";
    let since = Instant::now();
    while ask(&database, waiting).await == "0" {
        assert!(since.elapsed() < SLACK, "nobody waits");
    }
    let theirs = operator.execute_unprepared(&lock(first.id.as_uuid())).await;
    let outcome = ours.await.unwrap();
    assert!(
        matches!(outcome, Err(AccountStoreError::Stale)),
        "{outcome:?}"
    );
    theirs.unwrap();
    operator.rollback().await.unwrap();
}

/// Where the engine cannot put two transactions in an order, as stricter
/// isolation, or another engine of this protocol, tells with the same code.
#[tokio::test]
async fn a_serialization_failure_is_stale() {
    let server = PostgresDatabase::fresh().await;
    let database = migrated(&server.url).await;
    let (store, people) = (store(&database), People::new(1));
    let refuse = "CREATE FUNCTION refuse_order() RETURNS trigger LANGUAGE plpgsql AS \
                  $$ BEGIN RAISE EXCEPTION 'no order' USING ERRCODE = '40001'; END $$; \
                  CREATE TRIGGER refuse BEFORE INSERT ON users \
                  FOR EACH ROW EXECUTE FUNCTION refuse_order()";
    run(&database, refuse).await.unwrap();
    let creation = people.creation(&people.account());
    let outcome = store.apply(&creation).await;
    assert!(
        matches!(outcome, Err(AccountStoreError::Stale)),
        "{outcome:?}"
    );
    run(&database, "DROP TRIGGER refuse ON users")
        .await
        .unwrap();
    store.apply(&creation).await.unwrap();
}

/// Steps of sessions are not decided anew by anybody: the store carries them out
/// again itself.
#[tokio::test]
async fn an_end_that_the_engine_undid_is_carried_out_again() {
    use menshen_domain::model::changes::SessionsOf;
    use menshen_domain::model::session::EndReason;
    use menshen_domain::ports::session_store::SessionStore as _;
    use menshen_testkit::sample::now;

    let server = PostgresDatabase::fresh().await;
    let database = migrated(&server.url).await;
    let (store, people) = (store(&database), People::new(1));
    let account = people.account();
    let mut creation = people.creation(&account);
    let session = people.session(account.id, None, Duration::ZERO);
    creation
        .steps
        .push(menshen_domain::model::changes::Step::OpenSession {
            session: Box::new(session.clone()),
            max_live: 5,
            code: None,
        });
    store.apply(&creation).await.unwrap();
    // A sequence is not undone with its transaction: the first try fails, the
    // second does not.
    let refuse = "CREATE SEQUENCE tries; \
                  CREATE FUNCTION refuse_once() RETURNS trigger LANGUAGE plpgsql AS \
                  $$ BEGIN IF nextval('tries') = 1 THEN \
                  RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END IF; \
                  RETURN NEW; END $$; \
                  CREATE TRIGGER refuse BEFORE UPDATE ON sessions \
                  FOR EACH ROW EXECUTE FUNCTION refuse_once()";
    run(&database, refuse).await.unwrap();
    let row = people.audit(AuditAction::SignedOut, account.id);
    let ended = store.end(
        account.id,
        SessionsOf::All,
        EndReason::SignedOut,
        now(),
        row,
    );
    assert_eq!(ended.await.unwrap(), [session.id]);
    assert_eq!(
        ask(&database, "SELECT last_value::text FROM tries").await,
        "2"
    );
}

/// What is asked with each request is prepared once per connection.
#[tokio::test]
async fn statements_of_the_hot_paths_are_prepared() {
    let server = PostgresDatabase::fresh().await;
    let options = DatabaseOptions {
        max_connections: 1,
        ..DatabaseOptions::default()
    };
    let database = connect(&server.url, options).await;
    database.migrate_up().await.unwrap();
    let (store, people) = (store(&database), People::new(1));
    let prepared = "SELECT count(*)::text FROM pg_prepared_statements WHERE statement LIKE \
                    '%users%' OR statement LIKE '%sessions%' OR statement LIKE '%audit_events%'";
    let mut counts = Vec::new();
    for round in 0..3 {
        let account = people.whole_account(round);
        let lookup = Lookup {
            phone: account.phone.clone(),
            ..Lookup::default()
        };
        store.observe(&lookup).await.unwrap();
        store.apply(&people.creation(&account)).await.unwrap();
        store.observe(&lookup).await.unwrap();
        counts.push(ask(&database, prepared).await);
    }
    assert_ne!(counts[0], "0");
    assert_eq!(counts[1], counts[0]);
    assert_eq!(counts[2], counts[0]);
}
