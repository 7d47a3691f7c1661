//! Sessions.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::column::{bytes, moment, number, text, uuid, word};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        manager.create_table(sessions(backend)).await?;
        // Live sessions only, so that it stays small however many have ended.
        manager
            .get_connection()
            .execute_unprepared(
                "CREATE INDEX sessions_live_idx ON sessions (user_id, client_type, created_at) \
                 WHERE ended_at IS NULL",
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("sessions").take())
            .await
    }
}

fn sessions(backend: DbBackend) -> TableCreateStatement {
    Table::create()
        .table("sessions")
        .col(uuid("id").primary_key())
        .col(uuid("user_id").not_null())
        .col(word("client_type", backend).not_null())
        .col(word("device_id", backend).null())
        .col(text("device_name").null())
        .col(text("client_version").null())
        .col(word("app_id", backend).null())
        .col(text("address").not_null())
        .col(text("user_agent").null())
        .col(moment("created_at").not_null())
        .col(moment("last_seen_at").not_null())
        .col(moment("proven_at").not_null())
        .col(moment("expires_at").not_null())
        .col(moment("ended_at").null())
        .col(word("end_reason", backend).null())
        .col(number("generation").not_null())
        .col(number("previous_generation").null())
        .col(moment("current_issued_at").not_null())
        .col(moment("previous_exchanged_at").null())
        .col(number("replay_noted").null())
        // A verification code opens one session, whatever the code store forgot.
        .col(bytes("code_id").null().unique_key())
        .foreign_key(
            ForeignKey::create()
                .name("sessions_user_id_fkey")
                .from("sessions", "user_id")
                .to("users", "id"),
        )
        .take()
}
