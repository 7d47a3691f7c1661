//! Pictures that people upload.

use sea_orm_migration::prelude::*;

use crate::column::{bytes, moment, uuid};

/// Pictures that nobody shows, by why they do not: few rows, whatever the table holds.
const INDEXES: [&str; 3] = [
    "CREATE INDEX avatars_user_idx ON avatars (user_id)",
    "CREATE INDEX avatars_announced_idx ON avatars (announced_at) \
     WHERE shown_at IS NULL AND dropped_at IS NULL",
    "CREATE INDEX avatars_dropped_idx ON avatars (dropped_at) WHERE dropped_at IS NOT NULL",
];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("avatars")
                    .col(bytes("name").not_null().primary_key())
                    .col(uuid("user_id").not_null())
                    .col(moment("announced_at").not_null())
                    .col(moment("shown_at").null())
                    .col(moment("dropped_at").null())
                    .take(),
            )
            .await?;
        // Apart, so that whoever looks for rows passes over no pictures; empty where
        // pictures are kept in a bucket.
        manager
            .create_table(
                Table::create()
                    .table("avatar_files")
                    .col(bytes("name").not_null().primary_key())
                    .col(bytes("bytes").not_null())
                    .take(),
            )
            .await?;
        for index in INDEXES {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["avatar_files", "avatars"] {
            let table = Table::drop().table(table).take();
            manager.drop_table(table).await?;
        }
        Ok(())
    }
}
