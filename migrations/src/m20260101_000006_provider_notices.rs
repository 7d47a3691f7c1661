//! Notices of providers that were carried out: each is, once.

use sea_orm_migration::prelude::*;

use crate::column::{bytes, moment};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("provider_notices")
                    // A hash of what the notice says.
                    .col(bytes("key").primary_key())
                    .col(moment("claimed_at").not_null())
                    .take(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("provider_notices_claimed_idx")
                    .table("provider_notices")
                    .col("claimed_at")
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::drop().table("provider_notices").take();
        manager.drop_table(table).await
    }
}
