//! Clauses about the record of messages.

use std::net::IpAddr;
use std::time::Duration;

use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::client::ClientType;
use menshen_domain::model::identifiers::SendId;
use menshen_domain::model::record::{AttemptRecord, ReceiptRecord, SendRecord};
use menshen_domain::model::sms_delivery::{DeliveryReceipt, SendOutcome, SendVerdict, SmsAttempt};
use menshen_domain::model::sms_message::{AskedThrough, MessagePurpose};
use menshen_domain::model::verification::Purpose;
use menshen_domain::ports::send_records::NewSend;

use super::{after, first, seconds};
use crate::people::{People, about_send};
use crate::sample::{now, phone};
use crate::stores::Stores;

/// A message that is begun.
pub(super) async fn begun(stores: &Stores, people: &People, n: u32, second: i64) -> NewSend {
    let send = NewSend {
        id: SendId::generate(people.randomness(), seconds(second)),
        phone: phone(n),
        purpose: MessagePurpose::Code(Purpose::Login),
        asked: AskedThrough::Client(ClientType::MiniProgram),
        source: IpAddr::from([203, 0, 113, 7]),
        at: seconds(second),
    };
    let row = about_send(&send, AuditAction::CodeRequested);
    stores.send_records.begin(&send, &row).await.unwrap();
    send
}

/// A vendor took the message, after these tries.
pub(super) async fn taken(stores: &Stores, send: &NewSend, tries: &[SmsAttempt]) {
    let row = about_send(send, AuditAction::CodeSent);
    let verdict = SendVerdict::Accepted;
    let finished = stores.send_records.finish(send.id, tries, verdict, &row);
    finished.await.unwrap();
}

/// A try at a vendor.
pub(super) fn attempt(outcome: SendOutcome, message_id: Option<&str>) -> SmsAttempt {
    SmsAttempt {
        vendor: "aliyun",
        outcome,
        vendor_code: Some("OK".to_owned()),
        request_id: Some("R-1".to_owned()),
        message_id: message_id.map(ToOwned::to_owned),
        cost_units: message_id.map(|_| 2),
        took: Duration::from_millis(87),
        at: now(),
    }
}

fn record(send: &NewSend) -> SendRecord {
    SendRecord {
        id: send.id,
        at: send.at,
        phone_masked: send.phone.masked(),
        purpose: "login".to_owned(),
        client_type: "mini_program".to_owned(),
        source: "203.0.113.7".to_owned(),
        verdict: None,
        attempts: Vec::new(),
        receipts: Vec::new(),
    }
}

/// All that is on record, each with its own.
pub async fn messages_are_read_with_their_tries_and_receipts(stores: Stores) {
    let people = People::new(1);
    let first_send = begun(&stores, &people, 1, 0).await;
    let asked_vendors = [
        attempt(SendOutcome::VendorBusy, None),
        attempt(SendOutcome::Accepted, Some("M-1")),
    ];
    taken(&stores, &first_send, &asked_vendors).await;
    let receipt = DeliveryReceipt {
        vendor: "aliyun",
        message_id: "M-1".to_owned(),
        send: None,
        phone: None,
        delivered: true,
        code: Some("DELIVERED".to_owned()),
        segments: Some(1),
        reported_at: seconds(3),
    };
    stores.send_records.note_receipts(&[receipt]).await.unwrap();
    let second_send = begun(&stores, &people, 1, 60).await;
    let tried = |outcome: &str, id: Option<&str>| AttemptRecord {
        vendor: "aliyun".to_owned(),
        outcome: outcome.to_owned(),
        vendor_code: Some("OK".to_owned()),
        request_id: Some("R-1".to_owned()),
        message_id: id.map(ToOwned::to_owned),
        cost_units: id.map(|_| 2),
        took_ms: 87,
        at: now(),
    };
    let told = ReceiptRecord {
        vendor: "aliyun".to_owned(),
        message_id: "M-1".to_owned(),
        delivered: true,
        code: Some("DELIVERED".to_owned()),
        segments: Some(1),
        reported_at: seconds(3),
    };
    let older = SendRecord {
        verdict: Some("accepted".to_owned()),
        attempts: vec![tried("vendor_busy", None), tried("accepted", Some("M-1"))],
        receipts: vec![told],
        ..record(&first_send)
    };
    let read = stores.admin_reader.sends(&phone(1), first(9)).await;
    assert_eq!(read.unwrap(), [record(&second_send), older]);
}

/// Newest first, and none of anybody else's.
pub async fn messages_of_one_number_only_page_by_page(stores: Stores) {
    let people = People::new(1);
    let mut expected = Vec::new();
    for second in 0..7 {
        expected.push(begun(&stores, &people, 1, second / 2).await.id);
        begun(&stores, &people, 2, second).await;
    }
    let mut read: Vec<SendRecord> = Vec::new();
    loop {
        let page = match read.last() {
            None => first(3),
            Some(last) => after(3, last.at, last.id.as_uuid()),
        };
        let found = stores.admin_reader.sends(&phone(1), page).await.unwrap();
        let full = found.len() == 3;
        read.extend(found);
        if !full {
            break;
        }
    }
    assert!(read.is_sorted_by_key(|send| std::cmp::Reverse((send.at, send.id))));
    let mut ids: Vec<_> = read.iter().map(|send| send.id).collect();
    ids.sort();
    expected.sort();
    assert_eq!(ids, expected);
    let nobody = stores.admin_reader.sends(&phone(3), first(3)).await;
    assert!(nobody.unwrap().is_empty());
}
