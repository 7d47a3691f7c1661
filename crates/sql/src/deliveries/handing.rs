//! From the outbox to one delivery for each receiver.

use chrono::{DateTime, TimeDelta, Utc};
use menshen_domain::model::webhook::{Listener, MAX_AGE, ReceiverName};
use menshen_domain::ports::outbox::HandedOver;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Value};
use uuid::Uuid;

use crate::database::{Database, rows, run};
use crate::failure::{Failure, StorageFault};
use crate::moment::micros;

/// A receiver that was away for as long is new: what happened meanwhile is gone from
/// the outbox, too.
const FORGOTTEN: TimeDelta = TimeDelta::days(7);

/// Rows of one statement at most: the engines bound its values.
const ROWS: usize = 500;

pub(super) async fn meet(
    database: &Database,
    receivers: &[ReceiverName],
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<DateTime<Utc>>, Failure> {
    let sql = "INSERT INTO webhook_receivers (name, since, seen_at) VALUES ($1, $2, $3) \
               ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at, \
               since = CASE WHEN webhook_receivers.seen_at < $4 THEN excluded.since \
                       ELSE webhook_receivers.since END \
               RETURNING since";
    let mut all = Vec::with_capacity(receivers.len());
    for receiver in receivers {
        let values = [
            receiver.as_str().into(),
            micros(since).into(),
            micros(now).into(),
            micros(now - FORGOTTEN).into(),
        ];
        let met = rows(database.write(), sql, values).await?;
        let met = met
            .first()
            .ok_or_else(|| StorageFault::new("no receiver"))?;
        all.push(met.try_get("", "since")?);
    }
    Ok(all)
}

/// An event of the outbox, as it stands.
struct Event {
    id: Uuid,
    at: DateTime<Utc>,
    user: Uuid,
    kind: String,
    data: String,
}

pub(super) async fn hand_over(
    database: &Database,
    listeners: &[Listener],
    now: DateTime<Utc>,
    limit: u32,
) -> Result<HandedOver, Failure> {
    // Most looks find nothing, and SQLite has one writer, who is not kept.
    let any = "SELECT 1 FROM outbox WHERE delivered_at IS NULL LIMIT 1";
    if rows(database.read(), any, []).await?.is_empty() {
        return Ok(HandedOver::default());
    }
    let transaction = database.begin().await?;
    let events = waiting(&transaction, database.backend(), limit).await?;
    let mut deliveries = 0;
    let wanted: Vec<_> = events
        .iter()
        .flat_map(|event| {
            let wants = |one: &&Listener| one.wants(&event.kind, event.at);
            listeners.iter().filter(wants).map(move |one| (event, one))
        })
        .collect();
    for some in wanted.chunks(ROWS) {
        deliveries += insert(&transaction, some, now).await?;
    }
    mark(&transaction, &events, now).await?;
    transaction.commit().await?;
    Ok(HandedOver {
        events: events.len() as u64,
        deliveries,
    })
}

/// The earliest events that were not handed over. Whoever comes second waits for whoever
/// is at it: to pass rows over would hand later ones over first.
async fn waiting(
    db: &impl ConnectionTrait,
    backend: DbBackend,
    limit: u32,
) -> Result<Vec<Event>, Failure> {
    let (order, lock) = match backend {
        DbBackend::Postgres => ("seq", " FOR UPDATE"),
        _ => ("rowid", ""),
    };
    // The text of the JSON, as it was written: each try is to say the same bytes.
    let sql = format!(
        "SELECT id, at, user_id, kind, CAST(payload AS text) AS data FROM outbox \
         WHERE delivered_at IS NULL ORDER BY {order} LIMIT {}{lock}",
        limit.max(1)
    );
    rows(db, &sql, []).await?.iter().map(event).collect()
}

fn event(row: &QueryResult) -> Result<Event, Failure> {
    Ok(Event {
        id: row.try_get("", "id")?,
        at: row.try_get("", "at")?,
        user: row.try_get("", "user_id")?,
        kind: row.try_get("", "kind")?,
        data: row.try_get("", "data")?,
    })
}

/// In the order of the events: the rows are numbered as they are inserted.
async fn insert(
    db: &impl ConnectionTrait,
    wanted: &[(&Event, &Listener)],
    now: DateTime<Utc>,
) -> Result<u64, Failure> {
    let mut tuples = Vec::with_capacity(wanted.len());
    let mut values: Vec<Value> = Vec::with_capacity(wanted.len() * 8);
    for (event, listener) in wanted {
        let places: Vec<_> = (1..=8)
            .map(|place| format!("${}", values.len() + place))
            .collect();
        tuples.push(format!("({})", places.join(", ")));
        values.extend([
            event.id.into(),
            listener.subscription.receiver.as_str().into(),
            event.user.into(),
            event.kind.as_str().into(),
            event.at.into(),
            event.data.as_str().into(),
            micros(now).into(),
            micros(event.at + MAX_AGE).into(),
        ]);
    }
    let sql = format!(
        "INSERT INTO webhook_deliveries \
         (event_id, receiver, user_id, kind, at, data, due_at, give_up_at) VALUES {} \
         ON CONFLICT (event_id, receiver) DO NOTHING",
        tuples.join(", ")
    );
    run(db, &sql, values).await
}

async fn mark(
    db: &impl ConnectionTrait,
    events: &[Event],
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    if events.is_empty() {
        return Ok(());
    }
    let places: Vec<_> = (2..events.len() + 2)
        .map(|place| format!("${place}"))
        .collect();
    let sql = format!(
        "UPDATE outbox SET delivered_at = $1 WHERE id IN ({})",
        places.join(", ")
    );
    let mut values: Vec<Value> = vec![micros(now).into()];
    values.extend(events.iter().map(|event| Value::from(event.id)));
    run(db, &sql, values).await.map(drop)
}
