//! What became of a message.

use std::slice;
use std::time::Duration;

use menshen_domain::model::audit::AuditEvent;
use menshen_domain::model::identifiers::SendId;
use menshen_domain::model::sms_delivery::{SendVerdict, SmsAttempt};
use sea_orm::{EntityTrait as _, Set, Value};
use sqlx::Row as _;

use crate::audit_log;
use crate::database::{rows, run};
use crate::entity::sms_attempt;
use crate::failure::{Failure, StorageFault};
use crate::lane::{Filled, column};
use crate::moment::micros;
use crate::store::SqlStore;

/// What became of finishing a send.
pub(super) enum Finish {
    Done,
    Before,
    NotBegun,
}

pub(super) async fn finish(
    store: &SqlStore,
    id: SendId,
    attempts: &[SmsAttempt],
    verdict: SendVerdict,
    audit: &AuditEvent,
) -> Result<Finish, Failure> {
    let audit = slice::from_ref(audit);
    if let Some(lane) = store.database.lane() {
        store.database.tick_single_write();
        let statement = finish_at_once(store, id, attempts, verdict, audit);
        if let [row] = lane.rows(statement).await?.as_slice() {
            let (finished, begun): (bool, bool) = (row.try_get(0)?, row.try_get(1)?);
            return Ok(match (finished, begun) {
                (true, _) => Finish::Done,
                (false, true) => Finish::Before,
                (false, false) => Finish::NotBegun,
            });
        }
        return Err(StorageFault::new("an answer that is not one row").into());
    }
    let transaction = store.database.begin().await?;
    let sql = "UPDATE sms_sends SET verdict = $1 WHERE id = $2 AND verdict IS NULL";
    let values: [Value; 2] = [verdict.as_str().into(), id.as_uuid().into()];
    if run(&transaction, sql, values).await? == 0 {
        let sql = "SELECT 1 FROM sms_sends WHERE id = $1";
        let begun = rows(&transaction, sql, [id.as_uuid().into()]).await?;
        let is_begun = !begun.is_empty();
        return Ok(if is_begun {
            Finish::Before
        } else {
            Finish::NotBegun
        });
    }
    if !attempts.is_empty() {
        let rows = attempts
            .iter()
            .zip(1..)
            .map(|(one, number)| attempt_row(id, number, one));
        let rows = sms_attempt::Entity::insert_many(rows);
        rows.exec_without_returning(&transaction).await?;
    }
    audit_log::append(&transaction, &store.keys, audit).await?;
    transaction.commit().await?;
    Ok(Finish::Done)
}

/// The verdict, the attempts and the row of the audit log in one statement, on
/// PostgreSQL. Of two at once the second waits for the row, and then finds its verdict.
const FINISH: &str = "\
    WITH finished AS (\
        UPDATE sms_sends SET verdict = $12::text WHERE id = $13::uuid AND verdict IS NULL \
        RETURNING id\
    ), tried AS (\
        INSERT INTO sms_attempts (send_id, number, at, took_ms, vendor, outcome, vendor_code, \
                                  request_id, message_id, cost_units) \
        SELECT finished.id, attempt.* FROM finished, unnest($14::bigint[], $15::timestamptz[], \
            $16::bigint[], $17::text[], $18::text[], $19::text[], $20::text[], $21::text[], \
            $22::bigint[]) AS attempt\
    ), told AS (\
        INSERT INTO audit_events (id, at, action, user_id, session_id, subject, method, reason, \
                                  address, device_id, request_id) \
        SELECT line.* FROM finished, unnest($1::uuid[], $2::timestamptz[], $3::text[], \
            $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[], \
            $10::text[], $11::text[]) AS line\
    ) \
    SELECT EXISTS (SELECT 1 FROM finished), \
           EXISTS (SELECT 1 FROM sms_sends WHERE id = $13::uuid)";

fn finish_at_once(
    store: &SqlStore,
    id: SendId,
    attempts: &[SmsAttempt],
    verdict: SendVerdict,
    audit: &[AuditEvent],
) -> Filled {
    let numbers: Vec<i64> = (1..).take(attempts.len()).collect();
    audit_log::bind(sqlx::query(FINISH), &store.keys, audit)
        .bind(verdict.as_str())
        .bind(id.as_uuid())
        .bind(numbers)
        .bind(column(attempts, |one| micros(one.at)))
        .bind(column(attempts, |one| millis(one.took)))
        .bind(column(attempts, |one| one.vendor.to_owned()))
        .bind(column(attempts, |one| one.outcome.as_str()))
        .bind(column(attempts, |one| one.vendor_code.clone()))
        .bind(column(attempts, |one| one.request_id.clone()))
        .bind(column(attempts, |one| one.message_id.clone()))
        .bind(column(attempts, |one| one.cost_units.map(i64::from)))
}

fn attempt_row(id: SendId, number: i64, attempt: &SmsAttempt) -> sms_attempt::ActiveModel {
    sms_attempt::ActiveModel {
        send_id: Set(id.as_uuid()),
        number: Set(number),
        at: Set(micros(attempt.at)),
        took_ms: Set(millis(attempt.took)),
        vendor: Set(attempt.vendor.to_owned()),
        outcome: Set(attempt.outcome.as_str().to_owned()),
        vendor_code: Set(attempt.vendor_code.clone()),
        request_id: Set(attempt.request_id.clone()),
        message_id: Set(attempt.message_id.clone()),
        cost_units: Set(attempt.cost_units.map(i64::from)),
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
