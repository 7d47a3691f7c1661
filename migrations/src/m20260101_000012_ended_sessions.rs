//! The ended sessions of an account, for its export and its erasure.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Beside the index of the live ones; rotations touch neither. Whoever has a
        // large table builds it beforehand, concurrently.
        let index = "CREATE INDEX IF NOT EXISTS sessions_ended_idx ON sessions (user_id) \
                     WHERE ended_at IS NOT NULL";
        manager.get_connection().execute_unprepared(index).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = "DROP INDEX IF EXISTS sessions_ended_idx";
        manager.get_connection().execute_unprepared(index).await?;
        Ok(())
    }
}
