//! Receipts, and which message each is about.

use std::collections::{HashMap, HashSet};

use menshen_domain::model::sms_delivery::DeliveryReceipt;
use menshen_domain::ports::send_records::ReceiptNote;
use sea_orm::{QueryResult, Value};
use uuid::Uuid;

use crate::database::{Database, rows};
use crate::failure::Failure;
use crate::moment::micros;

/// Which receipt it is: of which send, from which vendor, by its message id.
type Key<'a> = (Uuid, &'a str, &'a str);

/// Three statements at most, however many receipts.
pub(super) async fn note(
    database: &Database,
    receipts: &[DeliveryReceipt],
) -> Result<Vec<ReceiptNote>, Failure> {
    let sends = sends(database, receipts).await?;
    let keys: Vec<Option<Key<'_>>> = receipts
        .iter()
        .zip(sends)
        .map(|(receipt, send)| Some((send?, receipt.vendor, receipt.message_id.as_str())))
        .collect();
    let chosen = choose(receipts, &keys);
    let mut notes: Vec<ReceiptNote> = keys
        .iter()
        .map(|key| match key {
            Some(_) => ReceiptNote::Repeated,
            None => ReceiptNote::Unknown,
        })
        .collect();
    for noted in save(database, receipts, &chosen).await? {
        let key = (noted.0, noted.1.as_str(), noted.2.as_str());
        if let Some(&position) = chosen.get(&key) {
            notes[position] = ReceiptNote::Noted;
        }
    }
    Ok(notes)
}

/// The send that each receipt is about, if it is one of ours.
async fn sends(
    database: &Database,
    receipts: &[DeliveryReceipt],
) -> Result<Vec<Option<Uuid>>, Failure> {
    let named = receipts.iter().filter_map(|receipt| receipt.send);
    let begun = begun(database, named.map(|send| send.as_uuid()).collect()).await?;
    let named = |receipt: &DeliveryReceipt| {
        let send = receipt.send?.as_uuid();
        let asked = begun.get(&send)?;
        (asked.is_empty() || asked.contains(receipt.vendor)).then_some(send)
    };
    let rest = receipts.iter().filter(|receipt| named(receipt).is_none());
    let attempted = attempted(database, rest).await?;
    let found = receipts.iter().map(|receipt| {
        let key = (receipt.vendor.to_owned(), receipt.message_id.clone());
        named(receipt).or_else(|| attempted.get(&key).copied())
    });
    Ok(found.collect())
}

/// Those of the sends that are ours, with the vendors that were asked for each:
/// none as long as the answer is not recorded.
async fn begun(
    database: &Database,
    sends: HashSet<Uuid>,
) -> Result<HashMap<Uuid, HashSet<String>>, Failure> {
    let mut begun: HashMap<Uuid, HashSet<String>> = HashMap::new();
    if sends.is_empty() {
        return Ok(begun);
    }
    let sql = format!(
        "SELECT s.id AS id, a.vendor AS vendor FROM sms_sends s \
         LEFT JOIN sms_attempts a ON a.send_id = s.id WHERE s.id IN ({})",
        placeholders(1, sends.len())
    );
    let values = sends.into_iter().map(Value::from);
    for row in rows(database.read(), &sql, values).await? {
        let asked = begun.entry(row.try_get("", "id")?).or_default();
        asked.extend(row.try_get::<Option<String>>("", "vendor")?);
    }
    Ok(begun)
}

/// The send of the last attempt that got a vendor's id, for each such id.
async fn attempted(
    database: &Database,
    receipts: impl Iterator<Item = &DeliveryReceipt>,
) -> Result<HashMap<(String, String), Uuid>, Failure> {
    let mut by_vendor: HashMap<&str, HashSet<&str>> = HashMap::new();
    for receipt in receipts {
        let ids = by_vendor.entry(receipt.vendor).or_default();
        ids.insert(&receipt.message_id);
    }
    let mut found = HashMap::new();
    // A push is of one vendor: this is one statement.
    for (vendor, ids) in by_vendor {
        let sql = format!(
            "SELECT message_id, send_id FROM sms_attempts \
             WHERE vendor = $1 AND message_id IN ({}) ORDER BY at",
            placeholders(2, ids.len())
        );
        let values = std::iter::once(vendor.into()).chain(ids.into_iter().map(Value::from));
        let values: Vec<Value> = values.collect();
        for row in rows(database.read(), &sql, values).await? {
            let key = (vendor.to_owned(), row.try_get("", "message_id")?);
            found.insert(key, row.try_get("", "send_id")?);
        }
    }
    Ok(found)
}

/// Of the receipts with one key the one that counts: the first delivery, or else
/// the first. A statement cannot touch a row twice.
fn choose<'a>(receipts: &[DeliveryReceipt], keys: &[Option<Key<'a>>]) -> HashMap<Key<'a>, usize> {
    let mut chosen = HashMap::new();
    for (position, key) in keys.iter().enumerate() {
        let Some(key) = *key else { continue };
        let best = chosen.entry(key).or_insert(position);
        if receipts[position].delivered && !receipts[*best].delivered {
            *best = position;
        }
    }
    chosen
}

/// Saves the chosen receipts in one statement; answers the keys of those that
/// told anything new.
async fn save(
    database: &Database,
    receipts: &[DeliveryReceipt],
    chosen: &HashMap<Key<'_>, usize>,
) -> Result<Vec<(Uuid, String, String)>, Failure> {
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    // Everybody locks rows in one order, so that no two wait for each other.
    let mut sorted: Vec<_> = chosen.iter().collect();
    sorted.sort_unstable();
    let mut tuples = Vec::with_capacity(sorted.len());
    let mut values: Vec<Value> = Vec::with_capacity(sorted.len() * 7);
    for ((send, vendor, message_id), position) in sorted {
        let receipt = &receipts[*position];
        tuples.push(format!("({})", placeholders(values.len() + 1, 7)));
        values.extend([
            (*send).into(),
            (*vendor).into(),
            (*message_id).into(),
            receipt.delivered.into(),
            receipt.code.clone().into(),
            receipt.segments.map(i64::from).into(),
            micros(receipt.reported_at).into(),
        ]);
    }
    let sql = format!(
        "INSERT INTO sms_receipts \
         (send_id, vendor, message_id, delivered, code, segments, reported_at) VALUES {} \
         ON CONFLICT (send_id, vendor, message_id) DO UPDATE SET \
         delivered = excluded.delivered, code = excluded.code, \
         segments = excluded.segments, reported_at = excluded.reported_at \
         WHERE excluded.delivered AND NOT sms_receipts.delivered \
         RETURNING send_id, vendor, message_id",
        tuples.join(", ")
    );
    let saved = rows(database.write(), &sql, values).await?;
    saved.iter().map(saved_key).collect()
}

fn saved_key(row: &QueryResult) -> Result<(Uuid, String, String), Failure> {
    Ok((
        row.try_get("", "send_id")?,
        row.try_get("", "vendor")?,
        row.try_get("", "message_id")?,
    ))
}

/// `$first, …`, so many.
fn placeholders(first: usize, count: usize) -> String {
    let each: Vec<String> = (first..first + count).map(|n| format!("${n}")).collect();
    each.join(", ")
}
