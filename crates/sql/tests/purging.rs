//! Much that is past its time goes in small steps that are in nobody's way.

#![expect(clippy::unwrap_used, reason = "the functions here serve tests")]

#[path = "support/filling.rs"]
mod filling;
mod support;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use menshen_domain::model::retention::RecordKind;
use menshen_domain::ports::account_store::AccountStore as _;
use menshen_domain::ports::retention_store::{Batch, Removed, RetentionStore as _};
use menshen_domain::ports::session_store::SessionStore as _;
use menshen_sql::{Database, StatementCount};
use menshen_testkit::people::People;
use menshen_testkit::sample::now;
use menshen_testkit::servers::postgres::PostgresDatabase;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement, TransactionTrait as _};
use support::{migrated, store};
use tempfile::TempDir;

/// Rows of each table that are past their time; a tenth as many are not.
const OLD: u64 = 50_000;
/// As many where it is not about how many.
const SOME: u64 = 10_000;
const LIMIT: u32 = 500;

fn cutoff() -> DateTime<Utc> {
    now() - TimeDelta::days(30)
}

/// Old rows up to the cutoff, and a tenth as many from then on.
async fn fill(database: &Database, old: u64) {
    let (young, db) = (old / 10, database.connection());
    let end = cutoff().timestamp() - 1 + i64::try_from(young).unwrap();
    filling::fill(db, old + young, end).await;
    db.execute_unprepared("ANALYZE").await.unwrap();
}

/// Both engines, filled, with what keeps them.
async fn both(old: u64) -> ([Database; 2], (TempDir, PostgresDatabase)) {
    let folder = tempfile::tempdir().unwrap();
    let server = PostgresDatabase::fresh().await;
    let file = format!("sqlite://{}/menshen.db", folder.path().display());
    let databases = [migrated(&file).await, migrated(&server.url).await];
    for database in &databases {
        fill(database, old).await;
    }
    (databases, (folder, server))
}

async fn count(database: &Database, what: &str) -> u64 {
    let db = database.connection();
    let sql = format!("SELECT COUNT(*) AS many FROM {what}");
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql));
    let many: i64 = row.await.unwrap().unwrap().try_get("", "many").unwrap();
    u64::try_from(many).unwrap()
}

/// Removes a kind, batch by batch; answers the batches.
async fn purge(database: &Database, kind: RecordKind) -> Vec<Removed> {
    let mut batches = Vec::new();
    let mut batch = Batch {
        kind,
        before: cutoff(),
        since: None,
        limit: LIMIT,
    };
    loop {
        let removed = database.remove(batch).await.unwrap();
        batches.push(removed);
        if removed.rows < u64::from(LIMIT) {
            return batches;
        }
        batch.since = removed.reached;
    }
}

#[tokio::test]
async fn each_batch_is_one_statement_of_few_rows() {
    let (databases, _kept) = both(OLD).await;
    for database in databases {
        for (kind, table, old) in [
            (RecordKind::Sessions, "sessions", OLD),
            (RecordKind::AuditEvents, "audit_events", OLD),
            (RecordKind::Messages, "sms_sends", OLD),
            (RecordKind::Deliveries, "webhook_deliveries", OLD),
            // These first, so that the others could go along.
            (RecordKind::UndeliveredEvents, "outbox", OLD / 2),
            (RecordKind::DeliveredEvents, "outbox", OLD / 2),
        ] {
            let (before, start) = (count(&database, table).await, database.statements());
            let batches = purge(&database, kind).await;
            let asked = database.statements().since(start);
            let all: u64 = batches.iter().map(|batch| batch.rows).sum();
            assert_eq!(all, old, "{kind:?}");
            assert_eq!(before - count(&database, table).await, old, "{kind:?}");
            assert_eq!(batches.len() as u64, old / u64::from(LIMIT) + 1, "{kind:?}");
            assert!(batches.iter().all(|batch| batch.rows <= u64::from(LIMIT)));
            assert!(batches.is_sorted_by_key(|batch| batch.reached.or(Some(now()))));
            let single = StatementCount {
                single_writes: batches.len() as u64,
                statements: batches.len() as u64,
                ..StatementCount::default()
            };
            assert_eq!(asked, single, "{kind:?}");
        }
        let left = OLD / 10;
        for table in [
            "sessions",
            "audit_events",
            "sms_sends",
            "sms_attempts",
            "outbox",
            "webhook_deliveries",
        ] {
            assert_eq!(count(&database, table).await, left, "{table}");
        }
    }
}

/// What the engine says that it does for each statement of the adapter.
async fn plans(database: &Database) -> Vec<(RecordKind, String)> {
    let db = database.connection();
    let backend = db.get_database_backend();
    let mut plans = Vec::new();
    for kind in RecordKind::ALL {
        let batch = Batch {
            kind,
            before: cutoff(),
            since: Some(cutoff() - TimeDelta::days(1)),
            limit: LIMIT,
        };
        let (sql, values) = menshen_sql::removal(backend, &batch);
        let explain = match backend {
            DbBackend::Postgres => format!("EXPLAIN {sql}"),
            _ => format!("EXPLAIN QUERY PLAN {sql}"),
        };
        let statement = Statement::from_sql_and_values(backend, explain, values);
        let lines = db.query_all_raw(statement).await.unwrap();
        let column = if backend == DbBackend::Postgres {
            "QUERY PLAN"
        } else {
            "detail"
        };
        let lines = lines
            .iter()
            .map(|row| row.try_get::<String>("", column).unwrap());
        plans.push((kind, lines.collect::<Vec<_>>().join("\n")));
    }
    plans
}

#[tokio::test]
async fn each_statement_finds_its_rows_by_index_in_their_order() {
    let (databases, _kept) = both(SOME).await;
    for database in databases {
        for (kind, plan) in plans(&database).await {
            let index = match kind {
                RecordKind::Sessions => "sessions_over_idx",
                RecordKind::AuditEvents => "audit_events",
                RecordKind::Messages => "sms_sends_at_idx",
                RecordKind::DeliveredEvents => "outbox_delivered_idx",
                RecordKind::UndeliveredEvents => "outbox",
                RecordKind::Deliveries => "webhook_deliveries_over_idx",
                // A handful of rows.
                RecordKind::SpentCodes | RecordKind::Notices | RecordKind::SigningKeys => continue,
            };
            assert!(plan.contains(index), "{kind:?}: {plan}");
            for slow in ["Seq Scan", "Sort", "SCAN ", "TEMP B-TREE"] {
                assert!(!plan.contains(slow), "{kind:?}: {plan}");
            }
        }
    }
}

/// The next batch of the oldest sessions.
fn sessions_since(since: Option<DateTime<Utc>>) -> Batch {
    Batch {
        kind: RecordKind::Sessions,
        before: cutoff(),
        since,
        limit: LIMIT,
    }
}

/// Somebody signs in for the first time and again, beside each batch of many: with
/// all of them in one statement, one person would get in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logins_get_through_beside_each_batch() {
    let (databases, _kept) = both(OLD).await;
    for database in databases {
        let (people, store) = (People::new(1), store(&database));
        let (mut logins, mut removed, mut since) = (0, 0, None);
        while removed < OLD {
            let purging = tokio::spawn({
                let database = database.clone();
                async move { database.remove(sessions_since(since)).await }
            });
            let account = people.whole_account(logins);
            store.apply(&people.creation(&account)).await.unwrap();
            let session = people.session(account.id, None, Duration::ZERO);
            let id = session.id;
            store
                .apply(&people.login(&account, session, 5))
                .await
                .unwrap();
            assert_eq!(store.over(account.id, id, now()).await.unwrap(), None);
            logins += 1;
            let batch = purging.await.unwrap().unwrap();
            assert!(batch.rows > 0, "{removed} of {OLD}");
            (removed, since) = (removed + batch.rows, batch.reached);
        }
        assert_eq!(removed, OLD);
        assert_eq!(u64::from(logins), OLD / u64::from(LIMIT));
        assert_eq!(
            count(&database, "sessions").await,
            OLD / 10 + u64::from(logins)
        );
    }
}

/// Nor does whoever removes wait for those who write.
#[tokio::test]
async fn a_row_that_somebody_writes_is_left_for_later() {
    let server = PostgresDatabase::fresh().await;
    let database = migrated(&server.url).await;
    fill(&database, SOME).await;
    for (kind, table, old) in [
        (RecordKind::Sessions, "sessions", SOME),
        (RecordKind::Messages, "sms_sends", SOME),
        (RecordKind::DeliveredEvents, "outbox", SOME / 2),
    ] {
        let transaction = database.connection().begin().await.unwrap();
        let oldest = format!(
            "UPDATE {table} SET id = id WHERE id = \
             (SELECT id FROM {table} ORDER BY id OFFSET 1 LIMIT 1)"
        );
        transaction.execute_unprepared(&oldest).await.unwrap();
        let removed = |batches: Vec<Removed>| batches.iter().map(|one| one.rows).sum::<u64>();
        assert_eq!(removed(purge(&database, kind).await), old - 1, "{kind:?}");
        transaction.commit().await.unwrap();
        assert_eq!(removed(purge(&database, kind).await), 1, "{kind:?}");
    }
}
