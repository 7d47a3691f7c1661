//! Verification codes that proved something without opening a session: each does,
//! once.

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
                    .table("spent_codes")
                    // Random, of the code's record; never the digits.
                    .col(bytes("code_id").primary_key())
                    .col(moment("spent_at").not_null())
                    .take(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("spent_codes_spent_idx")
                    .table("spent_codes")
                    .col("spent_at")
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::drop().table("spent_codes").take();
        manager.drop_table(table).await
    }
}
