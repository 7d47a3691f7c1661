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

use crate::database::{rows, run};
use crate::entity::{sms_attempt, sms_send};
use crate::failure::{Failure, StorageFault};
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
            .within(finish(self, id, attempts, verdict))
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
            .within(receipts::note(&self.database, receipts))
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
    let row = sms_send::ActiveModel {
        id: Set(send.id.as_uuid()),
        at: Set(micros(send.at)),
        // The index of the accounts: it leads from a person to what was sent.
        phone_index: Set(store.keys.mac.tag(MacUse::BlindIndex, clear).to_vec()),
        phone_masked: Set(send.phone.masked()),
        purpose: Set(send.purpose.as_str().to_owned()),
        client_type: Set(send.client_type.as_str().to_owned()),
        source: Set(send.source.to_string()),
        verdict: Set(None),
    };
    let inserted = sms_send::Entity::insert(row).exec_without_returning(store.database.write());
    inserted.await?;
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
