//! SQLite: one writer, a few readers, the file for the owner's eyes only.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use sea_orm::SqlxSqliteConnector;
use sea_orm::sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sea_orm::sqlx::{self, ConnectOptions as _, Connection as _};

use crate::connect::{DatabaseOptions, Follower, Pools};
use crate::database::DatabaseError;
use crate::failure::StorageFault;
use crate::url::Keeping;

/// Opens the database, and makes the file and its folder if they are missing.
///
/// Write transactions queue for the one writer as they would for a lock, and so
/// wait as long as for one. With a write-ahead log and `synchronous = FULL` a
/// commit has reached the disk when it is answered; `NORMAL` would survive a
/// killed process but not a lost power supply.
pub(super) async fn connect(
    settings: SqliteConnectOptions,
    keeping: Keeping,
    options: DatabaseOptions,
) -> Result<Pools, DatabaseError> {
    let settings = settings
        .foreign_keys(true)
        .busy_timeout(options.lock)
        .disable_statement_logging();
    if keeping == Keeping::Memory {
        // The database lives as long as its one connection: whatever would end
        // that is switched off, the test of an idle connection included, which
        // ends it when the caller goes away meanwhile.
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .test_before_acquire(false)
            .acquire_timeout(options.lock)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(settings)
            .await
            .map_err(fault)?;
        let connection = SqlxSqliteConnector::from_sqlx_sqlite_pool(pool);
        return Ok(Pools {
            reader: connection.clone(),
            writer: connection,
            health: Arc::default(),
            readers_apart: false,
            follower: Follower::NOBODY,
        });
    }
    prepare(settings.get_filename()).map_err(DatabaseError::File)?;
    let settings = settings
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .test_before_acquire(false)
        .acquire_timeout(options.lock)
        .after_release(|connection, _| Box::pin(is_at_rest(connection)))
        .connect_with(settings.clone())
        .await
        .map_err(fault)?;
    let reader = SqlitePoolOptions::new()
        .max_connections(options.max_connections.max(1))
        .test_before_acquire(false)
        .acquire_timeout(options.acquire)
        .connect_with(settings.pragma("query_only", "on"))
        .await
        .map_err(fault)?;
    Ok(Pools {
        reader: SqlxSqliteConnector::from_sqlx_sqlite_pool(reader),
        writer: SqlxSqliteConnector::from_sqlx_sqlite_pool(writer),
        health: Arc::default(),
        readers_apart: true,
        follower: Follower::NOBODY,
    })
}

/// False for a connection that still counts a transaction as open.
///
/// When a `COMMIT` finds no room on the disk, SQLite undoes the transaction by
/// itself. The `ROLLBACK` that follows has nothing to undo and fails, and the
/// driver takes every later transaction for one within the first: what they
/// "commit" is acknowledged, never written, and gone with the process.
async fn is_at_rest(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    if connection.is_in_transaction() {
        // A rollback may be on its way still; the answer comes after it.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

#[expect(clippy::needless_pass_by_value, reason = "shaped for map_err")]
fn fault(error: sea_orm::sqlx::Error) -> DatabaseError {
    DatabaseError::Unavailable(StorageFault::new(error.to_string()))
}

/// Makes the folder (0700) and the file (0600); SQLite gives the log files the
/// mode of the database.
fn prepare(file: &Path) -> io::Result<()> {
    if let Some(folder) = file.parent().filter(|path| !path.as_os_str().is_empty()) {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}
