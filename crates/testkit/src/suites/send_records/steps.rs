//! Sends, attempts and receipts that the clauses work with.

use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::client::ClientType;
use menshen_domain::model::identifiers::{SendId, UserId};
use menshen_domain::model::sms_delivery::{DeliveryReceipt, SendOutcome, SendVerdict, SmsAttempt};
use menshen_domain::model::sms_message::{AskedThrough, MessagePurpose};
use menshen_domain::model::verification::Purpose;
use menshen_domain::ports::send_records::{NewSend, ReceiptNote, SendRecordsError};

use crate::people::{People, about_send};
use crate::sample::{now, phone};
use crate::stores::Stores;

/// A send of its own for each call, at this second.
pub(super) fn send(people: &People, n: u32, second: i64) -> NewSend {
    let at = at(second);
    let user = UserId::generate(people.randomness(), at);
    NewSend {
        id: SendId::generate(people.randomness(), at),
        phone: phone(n),
        purpose: MessagePurpose::Code(Purpose::BindPhone(user)),
        asked: AskedThrough::Client(ClientType::MiniProgram),
        source: IpAddr::from([203, 0, 113, 7]),
        at,
    }
}

/// So many seconds after the suite's now.
pub(super) fn at(second: i64) -> DateTime<Utc> {
    now() + TimeDelta::seconds(second)
}

/// The vendor took it, and named it so.
pub(super) fn taken(message_id: &str) -> SmsAttempt {
    SmsAttempt {
        vendor: "aliyun",
        outcome: SendOutcome::Accepted,
        vendor_code: Some("OK".to_owned()),
        request_id: Some("R-1".to_owned()),
        message_id: Some(message_id.to_owned()),
        cost_units: Some(1),
        took: Duration::from_millis(87),
        at: now(),
    }
}

/// Begins a send, with the row of the audit log that belongs to it.
pub(super) async fn begun(stores: &Stores, send: &NewSend) -> Result<(), SendRecordsError> {
    let told = about_send(send, AuditAction::CodeRequested);
    stores.send_records.begin(send, &told).await
}

/// Finishes a send, with the row of the audit log that belongs to it.
pub(super) async fn finished(
    stores: &Stores,
    send: &NewSend,
    attempts: &[SmsAttempt],
    verdict: SendVerdict,
) -> Result<(), SendRecordsError> {
    let told = about_send(send, AuditAction::CodeSent);
    let records = &stores.send_records;
    records.finish(send.id, attempts, verdict, &told).await
}

/// A send that the vendor took and named so.
pub(super) async fn sent(stores: &Stores, send: &NewSend, message_id: &str) {
    begun(stores, send).await.unwrap();
    let attempts = [taken(message_id)];
    let finished = finished(stores, send, &attempts, SendVerdict::Accepted);
    finished.await.unwrap();
}

/// A receipt about the message that the vendor named so.
pub(super) fn receipt(message_id: &str, delivered: bool) -> DeliveryReceipt {
    DeliveryReceipt {
        vendor: "aliyun",
        message_id: message_id.to_owned(),
        send: None,
        phone: None,
        delivered,
        code: Some(if delivered { "DELIVERED" } else { "IS_CLOSE" }.to_owned()),
        segments: Some(1),
        reported_at: at(3),
    }
}

/// What one receipt adds.
pub(super) async fn note(stores: &Stores, receipt: DeliveryReceipt) -> ReceiptNote {
    let notes = stores.send_records.note_receipts(&[receipt]).await.unwrap();
    assert_eq!(notes.len(), 1);
    notes[0]
}

/// Whether each message that a receipt told of was delivered, and the vendor's
/// word for it.
pub(super) async fn told(stores: &Stores) -> Vec<(bool, Option<String>)> {
    let rows = stores.witness.receipts().await;
    rows.into_iter()
        .map(|row| (row.delivered, row.code))
        .collect()
}
