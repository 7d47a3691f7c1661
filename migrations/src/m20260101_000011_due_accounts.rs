//! Which cancelled accounts are to be erased.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Only of accounts that are being cancelled, which are few. Whoever has a
        // large table builds it beforehand, concurrently.
        let index = "CREATE INDEX IF NOT EXISTS users_purge_idx ON users (purge_at, id) \
                     WHERE purge_at IS NOT NULL";
        manager.get_connection().execute_unprepared(index).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = "DROP INDEX IF EXISTS users_purge_idx";
        manager.get_connection().execute_unprepared(index).await?;
        Ok(())
    }
}
