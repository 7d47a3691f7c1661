//! People in the tables before anything is measured, each with a WeChat identity
//! and one live session, as the server itself would have written them.
//!
//! Their phone numbers are unknown: only the server has the keys to seal one.
//! Whoever signs in by SMS is made over HTTP.

use std::str::FromStr as _;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, SqliteConnection};

use crate::world::APP_ID;

const POSTGRES: &[&str] = &[
    include_str!("fill/postgres/begin.sql"),
    include_str!("fill/postgres/users.sql"),
    include_str!("fill/postgres/identities.sql"),
    include_str!("fill/postgres/sessions.sql"),
    include_str!("fill/postgres/end.sql"),
];
const SQLITE: &[&str] = &[
    include_str!("fill/sqlite/users.sql"),
    include_str!("fill/sqlite/identities.sql"),
    include_str!("fill/sqlite/sessions.sql"),
    include_str!("fill/sqlite/end.sql"),
];

/// Fills a database that has its schema, and nobody in it.
///
/// # Errors
///
/// The database's.
pub fn fill(url: &str, users: u64) -> Result<(), sqlx::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        if url.starts_with("postgres") {
            postgres(url, users).await
        } else {
            sqlite(url, users).await
        }
    })
}

async fn postgres(url: &str, users: u64) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    for statement in POSTGRES {
        // Several in one go, such as VACUUM, which no transaction may hold.
        for part in statement.split(';').map(str::trim) {
            if !part.is_empty() {
                let sql = told(part, users);
                sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
                    .execute(&mut connection)
                    .await?;
            }
        }
    }
    connection.close().await
}

async fn sqlite(url: &str, users: u64) -> Result<(), sqlx::Error> {
    let options = SqliteConnectOptions::from_str(url)?
        .journal_mode(SqliteJournalMode::Wal)
        .foreign_keys(false)
        .disable_statement_logging();
    let mut connection = SqliteConnection::connect_with(&options).await?;
    for statement in SQLITE {
        let sql = told(statement, users);
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
            .execute(&mut connection)
            .await?;
    }
    connection.close().await
}

/// The statement with its numbers: ours, and nobody else's words.
fn told(statement: &str, users: u64) -> String {
    let last = users.saturating_sub(1).to_string();
    statement.replace(":last", &last).replace(":app", APP_ID)
}
