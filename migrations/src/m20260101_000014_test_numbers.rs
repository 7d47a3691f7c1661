//! Test numbers that operators make while the service runs.

use sea_orm_migration::prelude::*;

use crate::column::{bytes, moment, text, uuid, word};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        manager
            .create_table(
                Table::create()
                    .table("test_numbers")
                    .col(uuid("id").primary_key())
                    // Keyed hashes: neither number nor code stands here.
                    .col(bytes("phone_tag").not_null().unique_key())
                    .col(text("phone_masked").not_null())
                    .col(bytes("code_tag").not_null())
                    .col(moment("until").not_null())
                    .col(moment("made_at").not_null())
                    .col(word("made_by", backend).not_null())
                    .col(text("note").null())
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::drop().table("test_numbers").take();
        manager.drop_table(table).await
    }
}
