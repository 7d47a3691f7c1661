//! The schema: brought up, told of, taken back, and refused.

#![expect(clippy::unwrap_used, reason = "the functions here serve tests")]

mod support;

use menshen_sql::{Database, DatabaseError, DatabaseOptions};
use menshen_testkit::servers::postgres::PostgresDatabase;
use sea_orm::{ConnectionTrait as _, Statement, TransactionTrait as _};
use tokio::task::JoinSet;

async fn connect(url: &str) -> Database {
    Database::connect(url, DatabaseOptions::default())
        .await
        .unwrap()
}

/// A SQLite and a PostgreSQL database, empty, with what keeps them.
async fn both() -> ([String; 2], (tempfile::TempDir, PostgresDatabase)) {
    let folder = tempfile::tempdir().unwrap();
    let server = PostgresDatabase::fresh().await;
    let file = format!("sqlite://{}/menshen.db", folder.path().display());
    ([file, server.url.clone()], (folder, server))
}

#[tokio::test]
async fn migrations_go_up_and_down_again() {
    let (urls, _kept) = both().await;
    for url in urls {
        let database = connect(&url).await;
        let applied = async || {
            let states = database.migration_status().await.unwrap();
            (
                states.iter().filter(|state| state.applied).count(),
                states.len(),
            )
        };
        let (none, all) = applied().await;
        assert_eq!(none, 0);
        let lacking = database.check_schema().await.unwrap_err();
        assert!(
            matches!(lacking, DatabaseError::SchemaTooOld { .. }),
            "{lacking:?}"
        );
        database.migrate_up().await.unwrap();
        database.migrate_up().await.unwrap();
        assert_eq!(applied().await, (all, all));
        database.check_schema().await.unwrap();
        database.migrate_down(1).await.unwrap();
        assert_eq!(applied().await, (all - 1, all));
        database
            .migrate_down(u32::try_from(all).unwrap())
            .await
            .unwrap();
        assert_eq!(applied().await, (0, all));
        database.migrate_up().await.unwrap();
        database.check_schema().await.unwrap();
        database.ping().await.unwrap();
        database.close().await.unwrap();
        database.ping().await.unwrap_err();
    }
}

#[tokio::test]
async fn a_newer_schema_is_refused_by_name() {
    let (urls, _kept) = both().await;
    for url in urls {
        let database = connect(&url).await;
        database.migrate_up().await.unwrap();
        let newer = "INSERT INTO seaql_migrations (version, applied_at) \
                     VALUES ('m29990101_000001_future', 0)";
        database
            .connection()
            .execute_unprepared(newer)
            .await
            .unwrap();
        for refused in [
            database.check_schema().await,
            database.migrate_up().await,
            database.migrate_down(1).await,
            database.migration_status().await.map(drop),
        ] {
            let error = refused.unwrap_err();
            assert!(
                error.to_string().contains("m29990101_000001_future"),
                "{error}"
            );
        }
    }
}

#[tokio::test]
async fn replicas_that_start_together_take_turns() {
    let (urls, _kept) = both().await;
    for url in urls {
        let mut replicas = JoinSet::new();
        for _ in 0..4 {
            let url = url.clone();
            replicas.spawn(async move { connect(&url).await.migrate_up().await.unwrap() });
        }
        replicas.join_all().await;
        connect(&url).await.check_schema().await.unwrap();
    }
}

#[tokio::test]
async fn audit_rows_are_not_edited() {
    use menshen_domain::ports::account_store::AccountStore as _;
    let (urls, _kept) = both().await;
    for url in urls {
        let database = support::migrated(&url).await;
        let people = menshen_testkit::people::People::new(1);
        let creation = people.creation(&people.account());
        support::store(&database).apply(&creation).await.unwrap();
        let edit = database
            .connection()
            .execute_unprepared("UPDATE audit_events SET reason = 'x'");
        assert!(edit.await.unwrap_err().to_string().contains("append-only"));
    }
}

#[tokio::test]
async fn only_our_engines_are_connected_to() {
    for url in [
        "",
        "mysql://localhost/menshen",
        "menshen.db",
        "postgres://[",
        "sqlite://a?b=c",
    ] {
        let refused = Database::connect(url, DatabaseOptions::default()).await;
        assert!(matches!(refused, Err(DatabaseError::Url(_))), "{url}");
    }
}

#[tokio::test]
async fn a_password_is_in_no_error() {
    let url = "postgres://menshen:hunter2@127.0.0.1:1/menshen";
    let Err(error) = Database::connect(url, DatabaseOptions::default()).await else {
        panic!("nobody listens there")
    };
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

/// A statement that waits for a table lets everybody after it wait as well, readers
/// included: so a migration does not wait for long, and comes again.
#[tokio::test]
async fn a_migration_waits_for_a_table_in_use_and_nobody_waits_for_the_migration() {
    let server = PostgresDatabase::fresh().await;
    let database = support::migrated(&server.url).await;
    let reader = connect(&server.url).await;
    let long = reader.connection().begin().await.unwrap();
    let hold = "LOCK TABLE users IN ACCESS SHARE MODE";
    long.execute_unprepared(hold).await.unwrap();
    let all = database.migration_status().await.unwrap().len();
    let all = u32::try_from(all).unwrap();
    let migrating = tokio::spawn(async move { database.migrate_down(all).await });
    // It has the table in its way at least once.
    let blocked = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    let since = std::time::Instant::now();
    while reader
        .connection()
        .query_all_raw(sql(blocked))
        .await
        .unwrap()
        .is_empty()
    {
        assert!(
            since.elapsed() < std::time::Duration::from_secs(30),
            "no migration"
        );
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    // The lock time of an ordinary statement, two seconds, is never reached.
    for _ in 0..20 {
        let read = reader
            .connection()
            .query_all_raw(sql("SELECT COUNT(*) FROM users"));
        read.await.unwrap();
    }
    assert!(!migrating.is_finished());
    long.commit().await.unwrap();
    migrating.await.unwrap().unwrap();
    let applied = reader.migration_status().await.unwrap();
    assert!(applied.iter().all(|one| !one.applied), "{applied:?}");
}

fn sql(text: &str) -> Statement {
    Statement::from_string(sea_orm::DbBackend::Postgres, text)
}
