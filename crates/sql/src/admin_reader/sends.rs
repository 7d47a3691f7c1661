//! The messages to a number, each with its tries and receipts.

use std::collections::HashMap;

use menshen_domain::model::identifiers::SendId;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::record::{AttemptRecord, Page, ReceiptRecord, SendRecord};
use menshen_domain::ports::mac::MacUse;
use sea_orm::{QueryResult, Value};
use uuid::Uuid;

use super::limit;
use crate::database::rows;
use crate::failure::{Failure, StorageFault};
use crate::moment::micros;
use crate::store::SqlStore;

/// The statement of a page, for those who want to see its plan. The number is given
/// by its blind index.
#[must_use]
pub fn send_page(phone_index: Vec<u8>, page: Page) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = vec![phone_index.into()];
    let mut after = String::new();
    if let Some(position) = page.after {
        values.extend([micros(position.at).into(), position.id.into()]);
        "AND at <= $2 AND (at < $2 OR id < $3) ".clone_into(&mut after);
    }
    let sql = format!(
        "SELECT id, at, phone_masked, purpose, client_type, source, verdict FROM sms_sends \
         WHERE phone_index = $1 {after}ORDER BY at DESC, id DESC LIMIT {}",
        limit(page)
    );
    (sql, values)
}

/// Three statements, whatever the page holds.
pub(super) async fn read(
    store: &SqlStore,
    phone: &PhoneNumber,
    page: Page,
) -> Result<Vec<SendRecord>, Failure> {
    let clear = phone.as_e164().as_bytes();
    let index = store.keys.mac.tag(MacUse::BlindIndex, clear).to_vec();
    let (sql, values) = send_page(index, page);
    let found = rows(store.database.read(), &sql, values).await?;
    let mut sends = found.iter().map(send).collect::<Result<Vec<_>, _>>()?;
    if sends.is_empty() {
        return Ok(sends);
    }
    let ids: Vec<Uuid> = sends.iter().map(|send| send.id.as_uuid()).collect();
    let tries = "SELECT send_id, vendor, outcome, vendor_code, request_id, message_id, cost_units, \
                 took_ms, at FROM sms_attempts WHERE send_id IN ($) ORDER BY send_id, number";
    let mut attempts = by_send(store, tries, &ids, attempt).await?;
    let told = "SELECT send_id, vendor, message_id, delivered, code, segments, reported_at \
                FROM sms_receipts WHERE send_id IN ($) ORDER BY send_id, vendor, message_id";
    let mut receipts = by_send(store, told, &ids, receipt).await?;
    for send in &mut sends {
        send.attempts = attempts.remove(&send.id.as_uuid()).unwrap_or_default();
        send.receipts = receipts.remove(&send.id.as_uuid()).unwrap_or_default();
    }
    Ok(sends)
}

/// What a statement answers for these messages, by message; `$` stands for their ids.
async fn by_send<T>(
    store: &SqlStore,
    sql: &str,
    ids: &[Uuid],
    read: impl Fn(&QueryResult) -> Result<T, Failure>,
) -> Result<HashMap<Uuid, Vec<T>>, Failure> {
    let places: Vec<String> = (1..=ids.len()).map(|place| format!("${place}")).collect();
    let sql = sql.replace("($)", &format!("({})", places.join(", ")));
    let values: Vec<Value> = ids.iter().map(|id| (*id).into()).collect();
    let found = rows(store.database.read(), &sql, values).await?;
    let mut all: HashMap<Uuid, Vec<T>> = HashMap::with_capacity(ids.len());
    for row in &found {
        let of = row.try_get("", "send_id")?;
        all.entry(of).or_default().push(read(row)?);
    }
    Ok(all)
}

fn send(row: &QueryResult) -> Result<SendRecord, Failure> {
    Ok(SendRecord {
        id: SendId::from_uuid(row.try_get("", "id")?),
        at: row.try_get("", "at")?,
        phone_masked: row.try_get("", "phone_masked")?,
        purpose: row.try_get("", "purpose")?,
        client_type: row.try_get("", "client_type")?,
        source: row.try_get("", "source")?,
        verdict: row.try_get("", "verdict")?,
        attempts: Vec::new(),
        receipts: Vec::new(),
    })
}

fn attempt(row: &QueryResult) -> Result<AttemptRecord, Failure> {
    let units: Option<i64> = row.try_get("", "cost_units")?;
    Ok(AttemptRecord {
        vendor: row.try_get("", "vendor")?,
        outcome: row.try_get("", "outcome")?,
        vendor_code: row.try_get("", "vendor_code")?,
        request_id: row.try_get("", "request_id")?,
        message_id: row.try_get("", "message_id")?,
        cost_units: units.map(number).transpose()?,
        took_ms: number(row.try_get("", "took_ms")?)?,
        at: row.try_get("", "at")?,
    })
}

fn receipt(row: &QueryResult) -> Result<ReceiptRecord, Failure> {
    let segments: Option<i64> = row.try_get("", "segments")?;
    Ok(ReceiptRecord {
        vendor: row.try_get("", "vendor")?,
        message_id: row.try_get("", "message_id")?,
        delivered: row.try_get("", "delivered")?,
        code: row.try_get("", "code")?,
        segments: segments.map(number).transpose()?,
        reported_at: row.try_get("", "reported_at")?,
    })
}

fn number(number: i64) -> Result<u64, StorageFault> {
    u64::try_from(number).map_err(|_| StorageFault::unreadable("number"))
}
