//! When a key of the keyring begins to seal and tag.

use sea_orm_migration::prelude::*;

use crate::column::moment;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Empty means: when it was made. So does the version before, which leaves it
    /// empty.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::alter()
            .table("keyring")
            .add_column(moment("not_before").null())
            .take();
        manager.alter_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::alter()
            .table("keyring")
            .drop_column("not_before")
            .take();
        manager.alter_table(table).await
    }
}
