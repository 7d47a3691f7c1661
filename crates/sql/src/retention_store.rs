//! Removing what was kept long enough, each batch one short statement by index.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use menshen_domain::model::identifiers::first_uuid_of;
use menshen_domain::model::retention::RecordKind;
use menshen_domain::ports::retention_store::{Batch, Removed, RetentionStore, RetentionStoreError};
use sea_orm::{DbBackend, QueryResult, Value};

use crate::database::{Database, rows};
use crate::failure::Failure;
use crate::moment::micros;

#[async_trait]
impl RetentionStore for Database {
    async fn remove(&self, batch: Batch) -> Result<Removed, RetentionStoreError> {
        let removed = self.within(async {
            let (sql, values) = removal(self.backend(), &batch);
            let removed = rows(self.write(), &sql, values).await?;
            report(&removed)
        });
        removed
            .await
            .map_err(|failure| RetentionStoreError(failure.boxed()))
    }
}

/// The statement that removes a batch, for those who want to see its plan.
#[must_use]
pub fn removal(backend: DbBackend, batch: &Batch) -> (String, Vec<Value>) {
    let plan = plan(batch.kind);
    let sql = plan.statement(backend, batch.limit.max(1));
    (sql, plan.values(batch))
}

fn report(removed: &[QueryResult]) -> Result<Removed, Failure> {
    let mut reached: Option<DateTime<Utc>> = None;
    for row in removed {
        reached = reached.max(Some(row.try_get("", "since")?));
    }
    Ok(Removed {
        rows: removed.len() as u64,
        reached,
    })
}

/// By which index a kind is found in the order of its age.
#[derive(Clone, Copy)]
enum Order {
    /// Of the column or expression itself.
    Moment,
    /// Of the primary key: a UUIDv7 that was made at that moment.
    Id,
}

/// How a kind is removed.
struct Plan {
    table: &'static str,
    key: &'static str,
    /// What its age counts from.
    since: &'static str,
    order: Order,
    /// What else must hold.
    only: &'static str,
    /// Whether somebody may be writing such a row.
    contended: bool,
}

fn plan(kind: RecordKind) -> Plan {
    let plan = |table, key, since| Plan {
        table,
        key,
        since,
        order: Order::Moment,
        only: "",
        contended: true,
    };
    match kind {
        RecordKind::Sessions => plan("sessions", "id", "coalesce(ended_at, expires_at)"),
        RecordKind::AuditEvents => Plan {
            order: Order::Id,
            // Nobody may: to lock a row would need the right to.
            contended: false,
            ..plan("audit_events", "id", "at")
        },
        RecordKind::Messages => plan("sms_sends", "id", "at"),
        RecordKind::DeliveredEvents => Plan {
            only: " AND delivered_at IS NOT NULL",
            ..plan("outbox", "id", "delivered_at")
        },
        RecordKind::UndeliveredEvents => Plan {
            order: Order::Id,
            only: " AND delivered_at IS NULL",
            ..plan("outbox", "id", "at")
        },
        RecordKind::Deliveries => plan("webhook_deliveries", "seq", "give_up_at"),
        RecordKind::SpentCodes => plan("spent_codes", "code_id", "spent_at"),
        RecordKind::Notices => plan("provider_notices", "key", "claimed_at"),
        RecordKind::SigningKeys => Plan {
            only: " AND seq < (SELECT max(seq) FROM signing_keys)",
            ..plan("signing_keys", "kid", "retire_at")
        },
    }
}

impl Plan {
    /// The limit stands in the text: as a parameter, PostgreSQL would plan for a
    /// tenth of the table. Rows are found by their keys again, which every engine
    /// that speaks its language can do, unlike by their place.
    fn statement(&self, backend: DbBackend, limit: u32) -> String {
        let Self {
            table,
            key,
            since,
            only,
            ..
        } = self;
        let (range, order) = match self.order {
            Order::Moment => (format!("{since} < $1 AND {since} >= $2"), *since),
            Order::Id => (
                format!("{key} < $3 AND {key} >= $4 AND {since} < $1 AND {since} >= $2"),
                *key,
            ),
        };
        let postgres = backend == DbBackend::Postgres;
        let lock = if postgres && self.contended {
            " FOR UPDATE SKIP LOCKED"
        } else {
            ""
        };
        let chosen = format!(
            "SELECT {key} FROM {table} WHERE {range}{only} ORDER BY {order} LIMIT {limit}{lock}"
        );
        let these = if postgres {
            format!("= ANY (ARRAY({chosen}))")
        } else {
            format!("IN ({chosen})")
        };
        format!("DELETE FROM {table} WHERE {key} {these} RETURNING {since} AS since")
    }

    fn values(&self, batch: &Batch) -> Vec<Value> {
        let since = batch.since.unwrap_or(DateTime::UNIX_EPOCH);
        let (before, since) = (micros(batch.before), micros(since));
        let moments = [before.into(), since.into()];
        match self.order {
            Order::Moment => moments.into(),
            Order::Id => {
                // Up to the last id of the last millisecond.
                let end = first_uuid_of(before + TimeDelta::milliseconds(1));
                let [a, b] = moments;
                vec![a, b, end.into(), first_uuid_of(since).into()]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_statement_locks_what_it_may_only_delete() {
        for kind in RecordKind::ALL {
            let sql = plan(kind).statement(DbBackend::Postgres, 7);
            let locks = sql.contains("FOR UPDATE SKIP LOCKED");
            assert_eq!(locks, kind != RecordKind::AuditEvents, "{sql}");
            assert!(sql.contains("LIMIT 7"), "{sql}");
            let sql = plan(kind).statement(DbBackend::Sqlite, 7);
            assert!(!sql.contains("LOCK") && !sql.contains("ANY"), "{sql}");
        }
    }
}
