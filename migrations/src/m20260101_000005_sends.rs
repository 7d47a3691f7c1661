//! The record of messages: each one, each attempt at a vendor, each receipt.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::column::{bytes, flag, moment, number, text, uuid, word};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        for table in [sends(backend), attempts(backend), receipts(backend)] {
            manager.create_table(table).await?;
        }
        let db = manager.get_connection();
        for statement in [
            // What is counted against budgets, and what is past its time.
            "CREATE INDEX sms_sends_at_idx ON sms_sends (at)",
            // What one number was sent, and when.
            "CREATE INDEX sms_sends_phone_idx ON sms_sends (phone_index, at)",
            // Not unique: a vendor that gives an id twice must not cost us the record.
            "CREATE INDEX sms_attempts_message_idx ON sms_attempts (message_id, vendor) \
             WHERE message_id IS NOT NULL",
        ] {
            db.execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["sms_receipts", "sms_attempts", "sms_sends"] {
            manager
                .drop_table(Table::drop().table(table).take())
                .await?;
        }
        Ok(())
    }
}

/// One row per message, written before any vendor is asked. It names no account:
/// the blind index leads to whoever has the number.
fn sends(backend: DbBackend) -> TableCreateStatement {
    Table::create()
        .table("sms_sends")
        .col(uuid("id").primary_key())
        .col(moment("at").not_null())
        .col(bytes("phone_index").not_null())
        .col(text("phone_masked").not_null())
        .col(word("purpose", backend).not_null())
        .col(word("client_type", backend).not_null())
        .col(text("source").not_null())
        // Nothing while it is under way, and for ever if the process died then.
        .col(word("verdict", backend).null())
        .take()
}

fn attempts(backend: DbBackend) -> TableCreateStatement {
    Table::create()
        .table("sms_attempts")
        .col(uuid("send_id").not_null())
        .col(number("number").not_null())
        .col(moment("at").not_null())
        .col(number("took_ms").not_null())
        .col(word("vendor", backend).not_null())
        .col(word("outcome", backend).not_null())
        .col(text("vendor_code").null())
        .col(text("request_id").null())
        .col(word("message_id", backend).null())
        .col(number("cost_units").null())
        .primary_key(Index::create().col("send_id").col("number"))
        .foreign_key(&mut of_a_send("sms_attempts"))
        .take()
}

fn receipts(backend: DbBackend) -> TableCreateStatement {
    Table::create()
        .table("sms_receipts")
        .col(uuid("send_id").not_null())
        .col(word("vendor", backend).not_null())
        .col(word("message_id", backend).not_null())
        .col(flag("delivered").not_null())
        .col(text("code").null())
        .col(number("segments").null())
        .col(moment("reported_at").not_null())
        .primary_key(
            Index::create()
                .col("send_id")
                .col("vendor")
                .col("message_id"),
        )
        .foreign_key(&mut of_a_send("sms_receipts"))
        .take()
}

/// A message past its time takes all that is told of it along.
fn of_a_send(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("{table}_send_id_fkey"))
        .from(table, "send_id")
        .to("sms_sends", "id")
        .on_delete(ForeignKeyAction::Cascade)
        .take()
}
