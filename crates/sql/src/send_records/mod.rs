//! The record of messages.

mod beginning;
mod finishing;
mod receipts;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use menshen_domain::model::audit::AuditEvent;
use menshen_domain::model::identifiers::SendId;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::sms_delivery::{DeliveryReceipt, SendVerdict, SentCount, SmsAttempt};
use menshen_domain::model::sms_message::MessagePurpose;
use menshen_domain::ports::send_records::{NewSend, ReceiptNote, SendRecords, SendRecordsError};
use sea_orm::{DbBackend, QueryResult, Value};

use crate::database::{again, rows};
use crate::failure::{Failure, StorageFault};
use crate::moment::micros;
use crate::store::SqlStore;
use finishing::Finish;

#[async_trait]
impl SendRecords for SqlStore {
    async fn begin(&self, send: &NewSend, audit: &AuditEvent) -> Result<(), SendRecordsError> {
        let begun = again(|| beginning::begin(self, send, audit));
        match self.database.within(begun).await {
            Err(Failure::Taken(_)) => Err(SendRecordsError::Conflict),
            begun => begun.map_err(unavailable),
        }
    }

    async fn finish(
        &self,
        id: SendId,
        attempts: &[SmsAttempt],
        verdict: SendVerdict,
        audit: &AuditEvent,
    ) -> Result<(), SendRecordsError> {
        let finished = again(|| finishing::finish(self, id, attempts, verdict, audit));
        let finished = self.database.within(finished).await;
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

    async fn sent_to(
        &self,
        phone: &PhoneNumber,
        since: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<SentCount>, SendRecordsError> {
        self.database
            .within(sent_to(self, phone, since, most))
            .await
            .map_err(unavailable)
    }
}

fn unavailable(failure: Failure) -> SendRecordsError {
    SendRecordsError::Unavailable(failure.boxed())
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

/// The statement of the messages to a number, for those who want to see its plan. The
/// number is given by its blind index.
#[must_use]
pub fn sent_to_number(
    phone_index: Vec<u8>,
    since: DateTime<Utc>,
    most: u32,
) -> (String, Vec<Value>) {
    // The index tells the time of each: no more rows are read than are answered, and
    // those that came to nothing.
    let sql = format!(
        "SELECT at FROM sms_sends WHERE phone_index = $1 AND at >= $2 AND purpose <> '{}' \
         AND (verdict IS NULL OR verdict IN ('{}', '{}')) ORDER BY at DESC LIMIT {most}",
        MessagePurpose::NUMBER_NOTICE,
        SendVerdict::Accepted.as_str(),
        SendVerdict::Unknown.as_str(),
    );
    (sql, vec![phone_index.into(), micros(since).into()])
}

async fn sent_to(
    store: &SqlStore,
    phone: &PhoneNumber,
    since: DateTime<Utc>,
    most: u32,
) -> Result<Vec<SentCount>, Failure> {
    let index = beginning::index(store, phone).to_vec();
    let (sql, values) = sent_to_number(index, since, most);
    let found = rows(store.database.read(), &sql, values).await?;
    let times = found.iter().rev().map(|row| {
        let at = row.try_get("", "at")?;
        Ok(SentCount { at, times: 1 })
    });
    times.collect()
}

fn count(row: &QueryResult) -> Result<SentCount, Failure> {
    let times: i64 = row.try_get("", "times")?;
    Ok(SentCount {
        at: row.try_get("", "last_at")?,
        times: u32::try_from(times).map_err(|_| StorageFault::unreadable("count"))?,
    })
}
