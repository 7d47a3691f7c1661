//! Deliveries of events to receivers, and the order of events.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::column::{moment, number, text, uuid, word};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        manager.create_table(deliveries(backend)).await?;
        manager.create_table(receivers(backend)).await?;
        let db = manager.get_connection();
        for statement in order(backend).iter().chain(INDEXES) {
            db.execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for statement in disorder(manager.get_database_backend()) {
            db.execute_unprepared(statement).await?;
        }
        for table in ["webhook_receivers", "webhook_deliveries"] {
            manager
                .drop_table(Table::drop().table(table).take())
                .await?;
        }
        Ok(())
    }
}

/// Events are handed over in the order in which they were written: ids of one
/// millisecond have none. SQLite numbers its rows anyway; on PostgreSQL a default does
/// it, for rows of versions that do not know of the column, too, and without a word of
/// it in the statement of a login. Older rows have none: nobody waits for them.
fn order(backend: DbBackend) -> &'static [&'static str] {
    match backend {
        DbBackend::Postgres => &[
            "ALTER TABLE outbox ADD COLUMN seq bigint",
            "CREATE SEQUENCE outbox_seq OWNED BY outbox.seq",
            "ALTER TABLE outbox ALTER COLUMN seq SET DEFAULT nextval('outbox_seq')",
            "CREATE INDEX outbox_waiting_idx ON outbox (seq NULLS FIRST) WHERE delivered_at IS NULL",
            "DROP INDEX outbox_due_idx",
        ],
        _ => &[
            "CREATE INDEX outbox_waiting_idx ON outbox (delivered_at) WHERE delivered_at IS NULL",
            "DROP INDEX outbox_due_idx",
        ],
    }
}

fn disorder(backend: DbBackend) -> &'static [&'static str] {
    const DUE: &str = "CREATE INDEX outbox_due_idx ON outbox (due_at) WHERE delivered_at IS NULL";
    match backend {
        DbBackend::Postgres => &[
            "DROP INDEX outbox_waiting_idx",
            "ALTER TABLE outbox DROP COLUMN seq",
            DUE,
        ],
        _ => &["DROP INDEX outbox_waiting_idx", DUE],
    }
}

const INDEXES: &[&str] = &[
    "CREATE UNIQUE INDEX webhook_deliveries_event_idx ON webhook_deliveries (event_id, receiver)",
    "CREATE INDEX webhook_deliveries_due_idx ON webhook_deliveries (receiver, due_at, seq) \
     WHERE dead_at IS NULL",
    "CREATE INDEX webhook_deliveries_order_idx ON webhook_deliveries (receiver, user_id, seq) \
     WHERE dead_at IS NULL",
    "CREATE INDEX webhook_deliveries_late_idx ON webhook_deliveries (receiver, give_up_at) \
     WHERE dead_at IS NULL",
    "CREATE INDEX webhook_deliveries_dead_idx ON webhook_deliveries (receiver, seq) \
     WHERE dead_at IS NOT NULL",
    "CREATE INDEX webhook_deliveries_over_idx ON webhook_deliveries (give_up_at)",
];

/// What is to be told whom. A row goes when it was told. It holds all that is sent, so
/// that it outlives the outbox; no foreign keys, for it outlives the account, too.
fn deliveries(backend: DbBackend) -> TableCreateStatement {
    Table::create()
        .table("webhook_deliveries")
        .col(number("seq").not_null().auto_increment().primary_key())
        .col(uuid("event_id").not_null())
        .col(word("receiver", backend).not_null())
        .col(uuid("user_id").not_null())
        .col(word("kind", backend).not_null())
        .col(moment("at").not_null())
        .col(text("data").not_null())
        .col(number("attempts").not_null().default(0))
        .col(moment("due_at").not_null())
        .col(moment("give_up_at").not_null())
        .col(moment("dead_at").null())
        .col(text("last_outcome").null())
        .take()
}

/// Who was there, since when, and when they were there last.
fn receivers(backend: DbBackend) -> TableCreateStatement {
    Table::create()
        .table("webhook_receivers")
        .col(word("name", backend).primary_key())
        .col(moment("since").not_null())
        .col(moment("seen_at").not_null())
        .take()
}
