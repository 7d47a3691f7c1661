//! How far values have been sealed anew under newer keys, and which keys of the
//! ring are gone because of it.

use sea_orm_migration::prelude::*;

use crate::column::{bytes, moment, number, word};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        // The newest sweep of each place.
        let sweeps = Table::create()
            .table("reseal_sweeps")
            .col(word("place", backend).primary_key())
            .col(number("target").not_null())
            .col(moment("begun_at").not_null())
            .col(number("size").not_null())
            // The last row that was looked at.
            .col(bytes("after").null())
            .col(number("seen").not_null())
            .col(number("found").not_null())
            .col(number("resealed").not_null())
            .col(number("unopened").not_null())
            .col(moment("ended_at").null())
            // How the one before ended.
            .col(moment("before_at").null())
            .col(number("before_unopened").null())
            .take();
        // Apart from the ring, which the version before reads as a whole.
        let removed = Table::create()
            .table("keyring_removed")
            .col(number("id").primary_key())
            .col(word("usage", backend).not_null())
            .col(moment("removed_at").not_null())
            .take();
        manager.create_table(sweeps).await?;
        manager.create_table(removed).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["keyring_removed", "reseal_sweeps"] {
            manager
                .drop_table(Table::drop().table(table).take())
                .await?;
        }
        Ok(())
    }
}
