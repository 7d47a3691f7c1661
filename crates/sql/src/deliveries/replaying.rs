//! Delivering again what somebody asks for.

use chrono::{DateTime, Utc};
use menshen_domain::model::audit::AuditEvent;
use menshen_domain::ports::outbox::{REPLAYED_AT_ONCE, Replay};
use sea_orm::Value;

use crate::audit_log;
use crate::database::run;
use crate::failure::Failure;
use crate::moment::micros;
use crate::store::SqlStore;

pub(super) async fn replay(
    store: &SqlStore,
    which: &Replay,
    now: DateTime<Utc>,
    give_up_at: DateTime<Utc>,
    audit: &AuditEvent,
) -> Result<u64, Failure> {
    let mut values: Vec<Value> = vec![micros(now).into(), micros(give_up_at).into()];
    let (Replay::Event(_, receiver) | Replay::Dead(receiver)) = which;
    let mut only = "";
    if let Some(receiver) = receiver {
        values.push(receiver.as_str().into());
        only = " AND receiver = $3";
    }
    let these = match which {
        Replay::Event(event, _) => {
            values.push(event.as_uuid().into());
            format!("event_id = ${}{only}", values.len())
        }
        Replay::Dead(_) => format!(
            "seq IN (SELECT seq FROM webhook_deliveries \
             WHERE dead_at IS NOT NULL{only} ORDER BY seq LIMIT {REPLAYED_AT_ONCE})"
        ),
    };
    let sql = format!(
        "UPDATE webhook_deliveries \
         SET dead_at = NULL, attempts = 0, due_at = $1, give_up_at = $2 WHERE {these}"
    );
    let transaction = store.database.begin().await?;
    let replayed = run(&transaction, &sql, values).await?;
    if replayed > 0 {
        audit_log::append(&transaction, &store.keys, std::slice::from_ref(audit)).await?;
        transaction.commit().await?;
    }
    Ok(replayed)
}
