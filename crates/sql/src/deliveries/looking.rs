//! What waits, and what died.

use chrono::{DateTime, Utc};
use menshen_domain::model::identifiers::{EventId, UserId};
use menshen_domain::model::webhook::{Delivery, DeliveryState, ReceiverName};
use menshen_domain::ports::outbox::{Backlog, DeliveryFilter, DeliveryRecord};
use sea_orm::{DbBackend, QueryResult, Value};

use crate::database::{Database, rows};
use crate::failure::{Failure, StorageFault};
use crate::moment::micros;

/// Nothing is counted beyond that: a receiver that is down for long would make the count
/// itself a burden.
const COUNTED: u32 = 100_000;

/// The statement of the heads, for those who want to see its plan.
#[must_use]
pub fn heads(
    backend: DbBackend,
    receiver: &ReceiverName,
    due: Option<DateTime<Utc>>,
    limit: u32,
) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = vec![receiver.as_str().into()];
    let mut only = "";
    if let Some(due) = due {
        values.push(micros(due).into());
        only = " AND d.due_at <= $2";
    }
    // SQLite would look for the first of an account among those of all, from the very
    // first on, where its figures tell of few accounts.
    let by = match backend {
        DbBackend::Sqlite => " INDEXED BY webhook_deliveries_order_idx",
        _ => "",
    };
    let merged = match backend {
        DbBackend::Postgres => "CAST(CAST(d.data AS json) ->> 'merged_user_id' AS uuid)",
        _ => "unhex(json_extract(d.data, '$.merged_user_id'), '-')",
    };
    // `NOT EXISTS` would let PostgreSQL compare all with all.
    let sql = format!(
        "SELECT d.event_id, d.user_id, d.kind, d.at, d.data, d.attempts, d.give_up_at \
         FROM webhook_deliveries d WHERE d.receiver = $1 AND d.dead_at IS NULL{only} \
         AND d.seq = (SELECT e.seq FROM webhook_deliveries e{by} \
                      WHERE e.receiver = $1 AND e.user_id = d.user_id AND e.dead_at IS NULL \
                      ORDER BY e.seq LIMIT 1) \
         AND (d.kind <> 'user.merged' \
              OR (SELECT e.seq FROM webhook_deliveries e{by} \
                  WHERE e.receiver = $1 AND e.user_id = {merged} AND e.dead_at IS NULL \
                  AND e.seq < d.seq ORDER BY e.seq LIMIT 1) IS NULL) \
         ORDER BY d.due_at, d.seq LIMIT {}",
        limit.max(1)
    );
    (sql, values)
}

pub(super) async fn find_heads(
    database: &Database,
    receiver: &ReceiverName,
    due: Option<DateTime<Utc>>,
    limit: u32,
) -> Result<Vec<Delivery>, Failure> {
    let (sql, values) = heads(database.backend(), receiver, due, limit);
    let found = rows(database.read(), &sql, values).await?;
    let delivery = |row: &QueryResult| {
        Ok(Delivery {
            event: EventId::from_uuid(row.try_get("", "event_id")?),
            receiver: receiver.clone(),
            user: UserId::from_uuid(row.try_get("", "user_id")?),
            kind: row.try_get("", "kind")?,
            at: row.try_get("", "at")?,
            data: row.try_get("", "data")?,
            attempts: attempts(row)?,
            give_up_at: row.try_get("", "give_up_at")?,
        })
    };
    found.iter().map(delivery).collect()
}

/// Each number by index, and bounded.
pub(super) async fn backlog(database: &Database) -> Result<Vec<Backlog>, Failure> {
    let count = |dead: &str| {
        format!(
            "(SELECT COUNT(*) FROM (SELECT 1 FROM webhook_deliveries d \
             WHERE d.receiver = r.name AND d.dead_at {dead} LIMIT {COUNTED}) counted)"
        )
    };
    let sql = format!(
        "SELECT r.name, {} AS pending, {} AS dead, \
         (SELECT d.at FROM webhook_deliveries d WHERE d.receiver = r.name AND d.dead_at IS NULL \
          ORDER BY d.give_up_at LIMIT 1) AS oldest \
         FROM webhook_receivers r ORDER BY r.name",
        count("IS NULL"),
        count("IS NOT NULL")
    );
    let found = rows(database.read(), &sql, []).await?;
    let all = found.iter().map(|row| {
        Ok(Backlog {
            receiver: receiver(row, "name")?,
            pending: number(row, "pending")?,
            oldest: row.try_get("", "oldest")?,
            dead: number(row, "dead")?,
        })
    });
    let some = |one: &Result<Backlog, Failure>| {
        one.as_ref()
            .map_or(true, |one| one.pending > 0 || one.dead > 0)
    };
    all.filter(some).collect()
}

pub(super) async fn list(
    database: &Database,
    filter: &DeliveryFilter,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<DeliveryRecord>, Failure> {
    let mut values: Vec<Value> = Vec::new();
    let mut conditions = vec!["TRUE".to_owned()];
    let mut holds = |text: &str, value: Value| {
        values.push(value);
        conditions.push(format!("{text} ${}", values.len()));
    };
    if let Some(receiver) = &filter.receiver {
        holds("receiver =", receiver.as_str().into());
    }
    if let Some(before) = before {
        holds("seq <", before.into());
    }
    if let Some(state) = filter.state {
        conditions.push(match state {
            DeliveryState::Pending => "dead_at IS NULL".to_owned(),
            DeliveryState::Dead => "dead_at IS NOT NULL".to_owned(),
        });
    }
    let sql = format!(
        "SELECT seq, event_id, receiver, user_id, kind, at, attempts, due_at, dead_at, \
         last_outcome FROM webhook_deliveries WHERE {} ORDER BY seq DESC LIMIT {}",
        conditions.join(" AND "),
        limit.max(1)
    );
    let found = rows(database.read(), &sql, values).await?;
    found.iter().map(record).collect()
}

fn record(row: &QueryResult) -> Result<DeliveryRecord, Failure> {
    Ok(DeliveryRecord {
        place: row.try_get("", "seq")?,
        event: EventId::from_uuid(row.try_get("", "event_id")?),
        receiver: receiver(row, "receiver")?,
        user: UserId::from_uuid(row.try_get("", "user_id")?),
        kind: row.try_get("", "kind")?,
        at: row.try_get("", "at")?,
        attempts: attempts(row)?,
        due_at: row.try_get("", "due_at")?,
        dead_at: row.try_get("", "dead_at")?,
        outcome: row.try_get("", "last_outcome")?,
    })
}

fn receiver(row: &QueryResult, column: &str) -> Result<ReceiverName, Failure> {
    let name: String = row.try_get("", column)?;
    let name = ReceiverName::parse(&name);
    Ok(name.map_err(|_| StorageFault::unreadable("receiver"))?)
}

fn attempts(row: &QueryResult) -> Result<u32, Failure> {
    let attempts = number(row, "attempts")?;
    Ok(u32::try_from(attempts).unwrap_or(u32::MAX))
}

fn number(row: &QueryResult, column: &'static str) -> Result<u64, Failure> {
    let number: i64 = row.try_get("", column)?;
    Ok(u64::try_from(number).map_err(|_| StorageFault::unreadable(column))?)
}
