//! What operators look at is found by index, however much there is.

#![expect(clippy::unwrap_used, reason = "the functions here serve tests")]

#[path = "support/filling.rs"]
mod filling;
mod support;

use chrono::TimeDelta;
use menshen_domain::model::audit::{AuditAction, AuditEvent};
use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::operator::{Operator, OperatorScope};
use menshen_domain::model::record::{ActionWord, AuditFilter, Page, Position};
use menshen_domain::model::webhook::ReceiverName;
use menshen_domain::ports::admin_reader::AdminReader as _;
use menshen_domain::ports::audit_log::AuditLog as _;
use menshen_sql::{Database, StatementCount, audit_page, send_page, sent_to_number, webhook_heads};
use menshen_testkit::fake_keys::FakeMac;
use menshen_testkit::people::People;
use menshen_testkit::sample::{now, phone};
use menshen_testkit::servers::postgres::PostgresDatabase;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement, Value};
use support::{migrated, store};
use tempfile::TempDir;

/// Rows of each table, one a second, the last one now.
const MANY: u64 = 30_000;

/// Both engines, filled, with what keeps them, and somebody of whom little is told.
async fn both() -> ([Database; 2], UserId, (TempDir, PostgresDatabase)) {
    let folder = tempfile::tempdir().unwrap();
    let server = PostgresDatabase::fresh().await;
    let file = format!("sqlite://{}/menshen.db", folder.path().display());
    let databases = [migrated(&file).await, migrated(&server.url).await];
    let people = People::new(1);
    let user = UserId::generate(people.randomness(), now());
    let operator = Operator::with_key("ops.alice", OperatorScope::Read).unwrap();
    for database in &databases {
        filling::fill(database.connection(), MANY, now().timestamp()).await;
        // A few, from long ago: whoever reads backwards reads nearly everything.
        let rows: Vec<_> = (0..5)
            .map(|n| {
                let at = now() - TimeDelta::seconds(i64::try_from(MANY).unwrap() - 100 - n);
                let row = AuditEvent::new(AuditAction::AccountDisabled, at, people.randomness());
                row.with_user(user).with_actor(&operator)
            })
            .collect();
        store(database).append(&rows).await.unwrap();
        let connection = database.connection();
        connection.execute_unprepared("ANALYZE").await.unwrap();
    }
    (databases, user, (folder, server))
}

async fn explain(database: &Database, sql: &str, values: Vec<Value>) -> String {
    let db = database.connection();
    let backend = db.get_database_backend();
    let (explain, column) = match backend {
        DbBackend::Postgres => ("EXPLAIN (ANALYZE, TIMING OFF)", "QUERY PLAN"),
        _ => ("EXPLAIN QUERY PLAN", "detail"),
    };
    let statement = Statement::from_sql_and_values(backend, format!("{explain} {sql}"), values);
    let rows = db.query_all_raw(statement).await.unwrap();
    let lines = rows
        .iter()
        .map(|row| row.try_get::<String>("", column).unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

/// No table is read whole, and little is read that is not shown.
fn is_by_index(plan: &str, what: &str) {
    assert!(!plan.contains("Seq Scan"), "{what}: {plan}");
    for line in plan.lines().filter(|line| line.contains("SCAN ")) {
        assert!(line.contains("USING"), "{what}: {plan}");
    }
    for line in plan.lines() {
        let removed = line.trim().strip_prefix("Rows Removed by Filter: ");
        let removed: u64 = removed.map_or(0, |number| number.parse().unwrap());
        assert!(removed < 1000, "{what}: {plan}");
    }
}

fn action(word: &str) -> ActionWord {
    ActionWord::parse(word).unwrap()
}

/// A receiver that is down for a day has many pending; those of one account each, or all
/// of one.
#[tokio::test]
async fn heads_of_deliveries_are_found_among_many() {
    let (databases, _, _kept) = both().await;
    let crm = ReceiverName::parse("crm").unwrap();
    for database in databases {
        for accounts in ["", ", user_id = event_id"] {
            let pending = format!("UPDATE webhook_deliveries SET dead_at = NULL{accounts}");
            let connection = database.connection();
            connection.execute_unprepared(&pending).await.unwrap();
            connection.execute_unprepared("ANALYZE").await.unwrap();
            for due in [Some(now()), None] {
                let (sql, values) = webhook_heads(connection.get_database_backend(), &crm, due, 64);
                let plan = explain(&database, &sql, values).await;
                let in_order = plan.contains("webhook_deliveries_order_idx");
                // Where all are of one account, the first of all is its first, too.
                let of_one = accounts.is_empty() && plan.contains("webhook_deliveries_pkey");
                let indexed = plan.contains("webhook_deliveries_due_idx") && (in_order || of_one);
                assert!(
                    indexed && !plan.contains("Seq Scan"),
                    "{accounts} {due:?}: {plan}"
                );
            }
        }
    }
}

#[tokio::test]
async fn each_condition_of_the_audit_list_has_an_index() {
    let (databases, user, _kept) = both().await;
    let none = AuditFilter::default();
    let filters = [
        none.clone(),
        AuditFilter {
            user: Some(user),
            ..none.clone()
        },
        AuditFilter {
            action: Some(action("account.disabled")),
            ..none.clone()
        },
        AuditFilter {
            action: Some(action("login.signed_in")),
            ..none.clone()
        },
        AuditFilter {
            action: Some(action("account.erased")),
            ..none.clone()
        },
        AuditFilter {
            actor: Some("ops.alice".to_owned()),
            ..none.clone()
        },
        AuditFilter {
            actor: Some("nobody".to_owned()),
            ..none.clone()
        },
        AuditFilter {
            user: Some(user),
            action: Some(action("account.erased")),
            actor: Some("ops.alice".to_owned()),
            ..none.clone()
        },
        AuditFilter {
            user: Some(user),
            address: Some([203, 0, 113, 7].into()),
            ..none.clone()
        },
        AuditFilter {
            from: Some(now() - TimeDelta::hours(3)),
            to: Some(now() - TimeDelta::hours(2)),
            ..none
        },
    ];
    let middle = Position {
        at: now() - TimeDelta::hours(1),
        id: menshen_domain::model::identifiers::first_uuid_of(now() - TimeDelta::hours(1)),
    };
    for database in databases {
        for filter in &filters {
            for after in [None, Some(middle)] {
                let (sql, values) = audit_page(filter, &FakeMac, Page { limit: 50, after });
                let plan = explain(&database, &sql, values).await;
                is_by_index(&plan, &format!("{filter:?} {after:?}"));
            }
        }
    }
}

#[tokio::test]
async fn messages_and_counts_are_found_by_index_in_few_statements() {
    let (databases, _, _kept) = both().await;
    for database in databases {
        let after = Some(Position {
            at: now(),
            id: uuid::Uuid::nil(),
        });
        for after in [None, after] {
            let (sql, values) = send_page(vec![7; 32], Page { limit: 50, after });
            is_by_index(&explain(&database, &sql, values).await, "sends");
        }
        // What a limiter that forgot is told of a number.
        let (sql, values) = sent_to_number(vec![7; 32], now() - TimeDelta::days(1), 10);
        is_by_index(&explain(&database, &sql, values).await, "sent to a number");
        let store = store(&database);
        let before = database.statements();
        let hour = now() - TimeDelta::hours(2);
        let counts = store
            .counts(hour, hour + TimeDelta::hours(1))
            .await
            .unwrap();
        assert_eq!(counts.events[0].times, 3600, "{:?}", counts.events);
        assert_eq!(counts.sends[0].times, 3600);
        assert_eq!(
            (counts.vendors[0].tries, counts.vendors[0].units),
            (3600, 3600)
        );
        let page = Page {
            limit: 100,
            after: None,
        };
        store.sends(&phone(1), page).await.unwrap();
        let asked = database.statements().since(before);
        let reads = StatementCount {
            reads: 4,
            statements: 4,
            ..StatementCount::default()
        };
        assert_eq!(asked, reads);
    }
}
