//! Users and the identities that lead to them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::column::{bytes, moment, number, text, uuid, word};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        manager.create_table(users(backend)).await?;
        manager.create_table(identities(backend)).await?;
        for index in [
            Index::create()
                .unique()
                .name("identities_subject_key")
                .table("identities")
                .col("provider")
                .col("app_id")
                .col("subject")
                .take(),
            // Also the way from a user to the identities.
            Index::create()
                .unique()
                .name("identities_place_key")
                .table("identities")
                .col("user_id")
                .col("provider")
                .col("app_id")
                .take(),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["identities", "users"] {
            manager
                .drop_table(Table::drop().table(table).take())
                .await?;
        }
        Ok(())
    }
}

fn users(backend: DbBackend) -> TableCreateStatement {
    Table::create()
        .table("users")
        .col(uuid("id").primary_key())
        .col(word("status", backend).not_null())
        .col(uuid("merged_into").null())
        .col(moment("purge_at").null())
        // Sealed for this row; the index is a MAC of the E.164 form and carries
        // the uniqueness. Both can be made anew offline out of the sealed form.
        .col(bytes("phone_sealed").null())
        .col(bytes("phone_index").null().unique_key())
        .col(word("phone_proof", backend).null())
        // Null only where nothing personal is left.
        .col(text("nickname").null())
        .col(text("avatar_url").null())
        .col(ColumnDef::new("birthday").date().null())
        .col(text("bio").null())
        .col(text("consent_version").null())
        .col(moment("consented_at").null())
        .col(number("version").not_null())
        .col(moment("created_at").not_null())
        .col(moment("updated_at").not_null())
        .col(moment("last_login_at").not_null())
        .take()
}

/// A unionid stands here too, as a subject of the provider `wechat_platform`
/// whose application is the platform: one shape of look-up and one rule of
/// uniqueness serve both.
fn identities(backend: DbBackend) -> TableCreateStatement {
    Table::create()
        .table("identities")
        .col(uuid("id").primary_key())
        .col(uuid("user_id").not_null())
        .col(word("provider", backend).not_null())
        .col(word("app_id", backend).not_null())
        .col(word("subject", backend).not_null())
        .col(bytes("session_key_sealed").null())
        .col(moment("session_key_at").null())
        .col(moment("linked_at").not_null())
        .foreign_key(
            ForeignKey::create()
                .name("identities_user_id_fkey")
                .from("identities", "user_id")
                .to("users", "id"),
        )
        .take()
}
