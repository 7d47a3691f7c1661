//! Who did what the audit log tells, where it was not the person; and ways to find
//! its rows by what happened and by who did it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Whoever has a large log adds the column and builds the indexes beforehand,
    /// concurrently.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = match manager.get_database_backend() {
            DbBackend::Postgres => {
                r#"ALTER TABLE audit_events ADD COLUMN IF NOT EXISTS actor text COLLATE "C""#
            }
            _ => "ALTER TABLE audit_events ADD COLUMN actor text",
        };
        let db = manager.get_connection();
        for statement in [
            column,
            "CREATE INDEX IF NOT EXISTS audit_events_action_idx ON audit_events (action, id)",
            // Few rows are an operator's.
            "CREATE INDEX IF NOT EXISTS audit_events_actor_idx ON audit_events (actor, id) \
             WHERE actor IS NOT NULL",
        ] {
            db.execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for statement in [
            "DROP INDEX IF EXISTS audit_events_actor_idx",
            "DROP INDEX IF EXISTS audit_events_action_idx",
            "ALTER TABLE audit_events DROP COLUMN actor",
        ] {
            db.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
