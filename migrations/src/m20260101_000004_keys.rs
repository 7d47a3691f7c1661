//! The keyring, wrapped by the master key, and the signing keys, sealed.

use sea_orm_migration::prelude::*;

use crate::column::{bytes, moment, number, word};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        let keyring = Table::create()
            .table("keyring")
            .col(number("id").primary_key())
            .col(word("usage", backend).not_null())
            .col(bytes("wrapped").not_null())
            .col(moment("created_at").not_null())
            .take();
        let signing_keys = Table::create()
            .table("signing_keys")
            .col(word("kid", backend).primary_key())
            .col(word("algorithm", backend).not_null())
            .col(bytes("sealed").not_null())
            .col(moment("not_before").not_null())
            .col(moment("retire_at").null())
            // Two successors of one key have the same number: the second fails.
            .col(number("seq").not_null().unique_key())
            .take();
        manager.create_table(keyring).await?;
        manager.create_table(signing_keys).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["signing_keys", "keyring"] {
            manager
                .drop_table(Table::drop().table(table).take())
                .await?;
        }
        Ok(())
    }
}
