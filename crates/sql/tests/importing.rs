//! Imports that race for the same people wait for one another in one direction.

#![expect(clippy::unwrap_used, reason = "the functions here serve tests")]

mod support;

use std::time::Duration;

use menshen_domain::ports::account_import::AccountImport as _;
use menshen_sql::Database;
use menshen_testkit::people::People;
use menshen_testkit::servers::postgres::PostgresDatabase;
use menshen_testkit::suites::account_import::{imported, making};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use support::{migrated, store};
use tokio::task::JoinSet;

const ROUNDS: u32 = 5;
const IMPORTS: u32 = 8;
const PEOPLE: u32 = 400;
const PATIENCE: Duration = Duration::from_mins(1);

/// PostgreSQL sees after a second that two wait for each other; that second is lost
/// for all who wait behind them, who may give up.
#[tokio::test]
async fn imports_of_the_same_people_never_wait_for_each_other() {
    let server = PostgresDatabase::fresh().await;
    let database = migrated(&server.url).await;
    for round in 0..ROUNDS {
        let mut tries = JoinSet::new();
        for task in 0..IMPORTS {
            let people = People::new(u64::from(100 * round + task));
            let range = round * PEOPLE..(round + 1) * PEOPLE;
            let mut accounts: Vec<_> = range.map(|n| imported(&people, n)).collect();
            let behind = usize::try_from(task * PEOPLE / IMPORTS).unwrap();
            accounts.rotate_left(behind);
            let batch = making(&people, &accounts);
            let store = store(&database);
            tries.spawn(async move { store.apply(&batch).await });
        }
        let outcomes = tries.join_all().await;
        let made = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(made, 1, "{outcomes:?}");
    }
    // What a connection has counted is told when it ends, a moment later.
    database.connection().clone().close().await.unwrap();
    let database = migrated(&server.url).await;
    let told = async {
        loop {
            let (rollbacks, deadlocks) = counted(&database).await;
            if rollbacks >= i64::from(ROUNDS * (IMPORTS - 1)) {
                return deadlocks;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let told = tokio::time::timeout(PATIENCE, told).await;
    assert_eq!(told.expect("all that was undone"), 0);
}

/// What the server has undone, and how often since two waited for each other.
async fn counted(database: &Database) -> (i64, i64) {
    let sql = "SELECT xact_rollback, deadlocks FROM pg_stat_database \
               WHERE datname = current_database()";
    let asked = Statement::from_string(DbBackend::Postgres, sql);
    let row = database.connection().query_one_raw(asked).await;
    let row = row.unwrap().unwrap();
    let number = |column| row.try_get::<i64>("", column).unwrap();
    (number("xact_rollback"), number("deadlocks"))
}
