//! The record of messages.

mod receipts;

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use menshen_domain::model::identifiers::SendId;
use menshen_domain::model::sms_delivery::{DeliveryReceipt, SendVerdict, SentCount, SmsAttempt};
use menshen_domain::ports::mac::MacUse;
use menshen_domain::ports::send_records::{NewSend, ReceiptNote, SendRecords, SendRecordsError};
use sea_orm::{DbBackend, EntityTrait as _, QueryResult, Set, Value};
use sqlx::Row as _;

use crate::database::{again, rows, run};
use crate::entity::sms_attempt;
use crate::failure::{Failure, StorageFault};
use crate::lane::{Filled, column};
use crate::moment::micros;
use crate::store::SqlStore;

#[async_trait]
impl SendRecords for SqlStore {
    async fn begin(&self, send: &NewSend) -> Result<(), SendRecordsError> {
        match self.database.within(begin(self, send)).await {
            Err(Failure::Taken(_)) => Err(SendRecordsError::Conflict),
            begun => begun.map_err(unavailable),
        }
    }

    async fn finish(
        &self,
        id: SendId,
        attempts: &[SmsAttempt],
        verdict: SendVerdict,
    ) -> Result<(), SendRecordsError> {
        let finished = self
            .database
            .within(again(|| finish(self, id, attempts, verdict)))
            .await;
        match finished.map_err(unavailable)? {
            Finish::Done => Ok(()),
            Finish::Before => Err(SendRecordsError::Conflict),
            Finish::NotBegun => Err(SendRecordsError::NotFound),
        }
    }

    async fn note_receipts(
        &self,
        receipts: &[DeliveryReceipt],
    ) -> Result<Vec<ReceiptNote>, SendRecordsError> {
        let noted = self
            .database
            .within(again(|| receipts::note(&self.database, receipts)))
            .await;
        noted.map_err(unavailable)
    }

    async fn sent_since(&self, since: DateTime<Utc>) -> Result<Vec<SentCount>, SendRecordsError> {
        self.database
            .within(sent_since(self, since))
            .await
            .map_err(unavailable)
    }
}

fn unavailable(failure: Failure) -> SendRecordsError {
    SendRecordsError::Unavailable(failure.boxed())
}

async fn begin(store: &SqlStore, send: &NewSend) -> Result<(), Failure> {
    let clear = send.phone.as_e164().as_bytes();
    // The index of the accounts: it leads from a person to what was sent.
    let index = store.keys.mac.tag(MacUse::BlindIndex, clear);
    let sql = "INSERT INTO sms_sends \
               (id, at, phone_index, phone_masked, purpose, client_type, source) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = vec![
        send.id.as_uuid().into(),
        micros(send.at).into(),
        index.to_vec().into(),
        send.phone.masked().into(),
        send.purpose.as_str().into(),
        send.client_type.as_str().into(),
        send.source.to_string().into(),
    ];
    store.database.tell_often(sql, values).await?;
    Ok(())
}

/// What became of finishing a send.
enum Finish {
    Done,
    Before,
    NotBegun,
}

async fn finish(
    store: &SqlStore,
    id: SendId,
    attempts: &[SmsAttempt],
    verdict: SendVerdict,
) -> Result<Finish, Failure> {
    if let Some(lane) = store.database.lane() {
        store.database.tick_single_write();
        let statement = finish_at_once(id, attempts, verdict);
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
    transaction.commit().await?;
    Ok(Finish::Done)
}

/// The verdict and the attempts in one statement, on PostgreSQL. Of two at once
/// the second waits for the row, and then finds its verdict.
const FINISH: &str = "\
    WITH finished AS (\
        UPDATE sms_sends SET verdict = $1::text WHERE id = $2::uuid AND verdict IS NULL \
        RETURNING id\
    ), tried AS (\
        INSERT INTO sms_attempts (send_id, number, at, took_ms, vendor, outcome, vendor_code, \
                                  request_id, message_id, cost_units) \
        SELECT finished.id, attempt.* FROM finished, unnest($3::bigint[], $4::timestamptz[], \
            $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], \
            $11::bigint[]) AS attempt\
    ) \
    SELECT EXISTS (SELECT 1 FROM finished), \
           EXISTS (SELECT 1 FROM sms_sends WHERE id = $2::uuid)";

fn finish_at_once(id: SendId, attempts: &[SmsAttempt], verdict: SendVerdict) -> Filled {
    let numbers: Vec<i64> = (1..).take(attempts.len()).collect();
    sqlx::query(FINISH)
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

async fn sent_since(store: &SqlStore, since: DateTime<Utc>) -> Result<Vec<SentCount>, Failure> {
    let second = match store.database.backend() {
        DbBackend::Postgres => "date_trunc('second', at)",
        // Moments are texts there: this is one up to its seconds.
        _ => "substr(at, 1, 19)",
    };
    // A day has at most 86 400 seconds, however many messages.
    let sql = format!(
        "SELECT MAX(at) AS last_at, COUNT(*) AS times FROM sms_sends \
         WHERE at >= $1 AND (verdict IS NULL OR verdict IN ('{}', '{}')) \
         GROUP BY {second} ORDER BY last_at",
        SendVerdict::Accepted.as_str(),
        SendVerdict::Unknown.as_str(),
    );
    let counts = rows(store.database.read(), &sql, [micros(since).into()]).await?;
    counts.iter().map(count).collect()
}

fn count(row: &QueryResult) -> Result<SentCount, Failure> {
    let times: i64 = row.try_get("", "times")?;
    Ok(SentCount {
        at: row.try_get("", "last_at")?,
        times: u32::try_from(times).map_err(|_| StorageFault::unreadable("count"))?,
    })
}
