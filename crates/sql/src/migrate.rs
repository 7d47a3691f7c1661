//! The schema: brought up to date, and refused where it is newer than we are.

use menshen_migrations::{Migrator, MigratorTrait as _};
use sea_orm::{
    ConnectionTrait as _, DatabaseTransaction, DbBackend, SqliteTransactionMode,
    TransactionOptions, TransactionTrait as _,
};

use crate::database::{Database, DatabaseError};

/// The lock of PostgreSQL that those who migrate hold: `menshen` in ASCII.
const MIGRATION_LOCK: i64 = 0x006d_656e_7368_656e;

/// One migration, and whether the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationState {
    /// Its name.
    pub name: String,
    /// Whether the database has it.
    pub applied: bool,
}

impl Database {
    /// Applies every pending migration, in one transaction. Replicas that start
    /// together take turns.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::SchemaTooNew`], [`DatabaseError::Unavailable`].
    pub async fn migrate_up(&self) -> Result<(), DatabaseError> {
        let transaction = self.begin_migration().await?;
        refuse_newer(&menshen_migrations::applied(&transaction).await?)?;
        Migrator::up(&transaction, None).await?;
        Ok(transaction.commit().await?)
    }

    /// Takes the newest migrations back, with all that their tables hold.
    ///
    /// # Errors
    ///
    /// As of [`migrate_up`](Self::migrate_up).
    pub async fn migrate_down(&self, steps: u32) -> Result<(), DatabaseError> {
        let transaction = self.begin_migration().await?;
        refuse_newer(&menshen_migrations::applied(&transaction).await?)?;
        Migrator::down(&transaction, Some(steps)).await?;
        Ok(transaction.commit().await?)
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
