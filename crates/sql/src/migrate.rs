//! The schema: brought up to date, and refused where it is newer than we are.

use std::time::Duration;

use menshen_migrations::{Migrator, MigratorTrait as _};
use sea_orm::{
    ConnectionTrait as _, DatabaseTransaction, DbBackend, SqliteTransactionMode,
    TransactionOptions, TransactionTrait as _,
};

use crate::database::{Database, DatabaseError};
use crate::failure::{StorageFault, is_lock_timeout};

/// The lock of PostgreSQL that those who migrate hold: `menshen` in ASCII.
const MIGRATION_LOCK: i64 = 0x006d_656e_7368_656e;

/// How often a migration is tried that finds a table in use: for about a minute.
const TRIES: usize = 30;
/// How long everybody else has their way meanwhile.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy)]
enum Direction {
    Up,
    Down(u32),
}

/// Why a migration was not applied.
enum Obstacle {
    /// A table is in use.
    Busy,
    Other(DatabaseError),
}

impl From<DatabaseError> for Obstacle {
    fn from(error: DatabaseError) -> Self {
        Self::Other(error)
    }
}

/// One migration, and whether the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationState {
    /// Its name.
    pub name: String,
    /// Whether the database has it.
    pub applied: bool,
}

impl Database {
    /// Applies every pending migration, each in a transaction of its own. Replicas
    /// that start together take turns.
    ///
    /// On PostgreSQL no statement of a migration waits longer than a second for a
    /// table that somebody reads for long: everybody else would queue behind it. The
    /// transaction is undone and tried again instead, for a minute.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::SchemaTooNew`], [`DatabaseError::Unavailable`].
    pub async fn migrate_up(&self) -> Result<(), DatabaseError> {
        while self.migrate(Direction::Up).await? {}
        Ok(())
    }

    /// Takes the newest migrations back, with all that their tables hold.
    ///
    /// # Errors
    ///
    /// As of [`migrate_up`](Self::migrate_up).
    pub async fn migrate_down(&self, steps: u32) -> Result<(), DatabaseError> {
        self.migrate(Direction::Down(steps)).await.map(drop)
    }

    /// One transaction; true if migrations are left that could go the same way.
    async fn migrate(&self, direction: Direction) -> Result<bool, DatabaseError> {
        for _ in 1..TRIES {
            match self.try_to_migrate(direction).await {
                Err(Obstacle::Busy) => tokio::time::sleep(PAUSE).await,
                Err(Obstacle::Other(error)) => return Err(error),
                Ok(more) => return Ok(more),
            }
        }
        match self.try_to_migrate(direction).await {
            Err(Obstacle::Busy) => {
                let words = "somebody holds on to a table that is to be changed";
                Err(DatabaseError::Unavailable(StorageFault::new(words)))
            }
            Err(Obstacle::Other(error)) => Err(error),
            Ok(more) => Ok(more),
        }
    }

    async fn try_to_migrate(&self, direction: Direction) -> Result<bool, Obstacle> {
        let transaction = self.begin_migration().await?;
        let applied = menshen_migrations::applied(&transaction).await;
        let applied = applied.map_err(DatabaseError::from)?;
        refuse_newer(&applied)?;
        // Locks of one migration at a time: two that each want a table, while a login
        // holds one and wants the other, would be a deadlock.
        let done = match direction {
            Direction::Up => Migrator::up(&transaction, Some(1)).await,
            Direction::Down(steps) => Migrator::down(&transaction, Some(steps)).await,
        };
        done.map_err(|error| {
            if is_lock_timeout(&error) {
                Obstacle::Busy
            } else {
                Obstacle::Other(error.into())
            }
        })?;
        transaction.commit().await.map_err(DatabaseError::from)?;
        Ok(applied.len() + 1 < menshen_migrations::known().len())
    }

    /// The migrations that this version knows, oldest first. Changes nothing.
    ///
    /// # Errors
    ///
    /// As of [`migrate_up`](Self::migrate_up).
    pub async fn migration_status(&self) -> Result<Vec<MigrationState>, DatabaseError> {
        let applied = menshen_migrations::applied(self.connection()).await?;
        refuse_newer(&applied)?;
        let state = |name: String| MigrationState {
            applied: applied.contains(&name),
            name,
        };
        Ok(menshen_migrations::known().into_iter().map(state).collect())
    }

    /// Makes sure that the schema is exactly the one that this version knows.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::SchemaTooOld`], [`DatabaseError::SchemaTooNew`],
    /// [`DatabaseError::Unavailable`].
    pub async fn check_schema(&self) -> Result<(), DatabaseError> {
        let pending = self
            .migration_status()
            .await?
            .into_iter()
            .find(|one| !one.applied);
        match pending {
            Some(MigrationState { name, .. }) => {
                Err(DatabaseError::SchemaTooOld { migration: name })
            }
            None => Ok(()),
        }
    }

    async fn begin_migration(&self) -> Result<DatabaseTransaction, DatabaseError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let transaction = self.connection().begin_with_options(options).await?;
        if self.backend() == DbBackend::Postgres {
            let lock = format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})");
            for statement in [
                "SET LOCAL statement_timeout = 0",
                "SET LOCAL lock_timeout = '60s'",
                &lock,
                "SET LOCAL lock_timeout = '1s'",
            ] {
                transaction.execute_unprepared(statement).await?;
            }
        }
        Ok(transaction)
    }
}

fn refuse_newer(applied: &[String]) -> Result<(), DatabaseError> {
    let known = menshen_migrations::known();
    match applied.iter().find(|name| !known.contains(name)) {
        Some(migration) => Err(DatabaseError::SchemaTooNew {
            migration: migration.clone(),
        }),
        None => Ok(()),
    }
}
