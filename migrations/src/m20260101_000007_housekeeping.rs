//! Which replica does what only one has to do, and what is past its time.

use sea_orm_migration::prelude::*;

use crate::column::{moment, uuid, word};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        let leases = Table::create()
            .table("leases")
            .col(word("name", backend).primary_key())
            .col(uuid("holder").not_null())
            .col(moment("expires_at").not_null())
            .take();
        manager.create_table(leases).await?;
        let db = manager.get_connection();
        // Whoever has large tables builds these beforehand, concurrently.
        for statement in [
            // When a session is over; rotations touch neither column.
            "CREATE INDEX IF NOT EXISTS sessions_over_idx ON sessions \
             ((coalesce(ended_at, expires_at)))",
            "CREATE INDEX IF NOT EXISTS outbox_delivered_idx ON outbox (delivered_at) \
             WHERE delivered_at IS NOT NULL",
        ] {
            db.execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for index in ["outbox_delivered_idx", "sessions_over_idx"] {
            let statement = format!("DROP INDEX IF EXISTS {index}");
            db.execute_unprepared(&statement).await?;
        }
        let leases = Table::drop().table("leases").take();
        manager.drop_table(leases).await
    }
}
