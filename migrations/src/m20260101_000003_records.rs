//! The audit log and the outbox, written with what they tell.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::column::{moment, number, text, uuid, word};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        manager.create_table(audit_events(backend)).await?;
        manager.create_table(outbox(backend)).await?;
        let db = manager.get_connection();
        for statement in [
            "CREATE INDEX audit_events_user_idx ON audit_events (user_id, at)",
            "CREATE INDEX outbox_due_idx ON outbox (due_at) WHERE delivered_at IS NULL",
        ] {
            db.execute_unprepared(statement).await?;
        }
        db.execute_unprepared(append_only(backend)).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["outbox", "audit_events"] {
            manager
                .drop_table(Table::drop().table(table).take())
                .await?;
        }
        if manager.get_database_backend() == DbBackend::Postgres {
            manager
                .get_connection()
                .execute_unprepared("DROP FUNCTION refuse_update()")
                .await?;
        }
        Ok(())
    }
}

/// What was written is not edited. Rows past their time are deleted, for which
/// an operator may keep a role of its own.
fn append_only(backend: DbBackend) -> &'static str {
    if backend == DbBackend::Postgres {
        "CREATE FUNCTION refuse_update() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION 'audit events are append-only'; END $$; \
         CREATE TRIGGER audit_events_append_only BEFORE UPDATE ON audit_events \
         FOR EACH ROW EXECUTE FUNCTION refuse_update()"
    } else {
        "CREATE TRIGGER audit_events_append_only BEFORE UPDATE ON audit_events \
         BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END"
    }
}

/// No foreign keys: the log outlives what it tells of.
fn audit_events(backend: DbBackend) -> TableCreateStatement {
    Table::create()
        .table("audit_events")
        .col(uuid("id").primary_key())
        .col(moment("at").not_null())
        .col(word("action", backend).not_null())
        .col(uuid("user_id").null())
        .col(uuid("session_id").null())
        .col(text("subject").null())
        .col(word("method", backend).null())
        .col(text("reason").null())
        .col(text("address").null())
        .col(text("device_id").null())
        .col(text("request_id").null())
        .take()
}

fn outbox(backend: DbBackend) -> TableCreateStatement {
    Table::create()
        .table("outbox")
        .col(uuid("id").primary_key())
        .col(moment("at").not_null())
        .col(uuid("user_id").not_null())
        .col(word("kind", backend).not_null())
        .col(ColumnDef::new("payload").json().not_null())
        .col(number("attempts").not_null().default(0))
        .col(moment("due_at").not_null())
        .col(moment("delivered_at").null())
        .take()
}
