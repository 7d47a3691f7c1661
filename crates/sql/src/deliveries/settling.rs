//! What became of deliveries.

use chrono::{DateTime, Utc};
use menshen_domain::model::webhook::{Delivery, ReceiverName};
use menshen_domain::model::webhook_retry::Settlement;

use crate::database::{Database, run};
use crate::failure::Failure;
use crate::moment::micros;

pub(super) async fn settle(
    database: &Database,
    delivery: &Delivery,
    settlement: &Settlement,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let (event, receiver) = (
        delivery.event.as_uuid().into(),
        delivery.receiver.as_str().into(),
    );
    let done = match settlement {
        Settlement::Delivered => {
            let sql = "DELETE FROM webhook_deliveries WHERE event_id = $1 AND receiver = $2";
            run(database.write(), sql, [event, receiver]).await
        }
        Settlement::Retry { due_at, outcome } => {
            let values = [
                event,
                receiver,
                micros(*due_at).into(),
                outcome.as_str().into(),
                delivery.user.as_uuid().into(),
            ];
            run(database.write(), RETRY, values).await
        }
        Settlement::Dead { outcome } => {
            let sql = "UPDATE webhook_deliveries \
                       SET dead_at = $3, attempts = attempts + 1, last_outcome = $4 \
                       WHERE event_id = $1 AND receiver = $2 AND dead_at IS NULL";
            let values = [event, receiver, micros(now).into(), outcome.as_str().into()];
            run(database.write(), sql, values).await
        }
    };
    done.map(drop)
}

/// What waits for it is as late: it would stand in the way of whoever looks for what is
/// due.
const RETRY: &str = "\
    UPDATE webhook_deliveries SET due_at = $3, \
    attempts = CASE WHEN event_id = $1 THEN attempts + 1 ELSE attempts END, \
    last_outcome = CASE WHEN event_id = $1 THEN CAST($4 AS text) ELSE last_outcome END \
    WHERE receiver = $2 AND user_id = $5 AND dead_at IS NULL \
    AND seq >= (SELECT own.seq FROM webhook_deliveries own \
                WHERE own.event_id = $1 AND own.receiver = $2 AND own.dead_at IS NULL)";

pub(super) async fn hasten(
    database: &Database,
    receiver: &ReceiverName,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let sql = "UPDATE webhook_deliveries SET due_at = $2 \
               WHERE receiver = $1 AND dead_at IS NULL AND due_at > $2";
    let values = [receiver.as_str().into(), micros(now).into()];
    run(database.write(), sql, values).await.map(drop)
}

pub(super) async fn give_up(
    database: &Database,
    receiver: &ReceiverName,
    now: DateTime<Utc>,
    limit: u32,
) -> Result<u64, Failure> {
    let sql = format!(
        "UPDATE webhook_deliveries SET dead_at = $2 WHERE dead_at IS NULL AND seq IN \
         (SELECT seq FROM webhook_deliveries \
          WHERE receiver = $1 AND dead_at IS NULL AND give_up_at <= $2 \
          ORDER BY give_up_at LIMIT {})",
        limit.max(1)
    );
    let values = [receiver.as_str().into(), micros(now).into()];
    run(database.write(), &sql, values).await
}
