use std::sync::Arc;

use menshen_domain::model::sms_delivery::DeliveryReceipt;
use menshen_domain::ports::receipt_observer::MockReceiptObserver;
use menshen_domain::ports::receipt_reader::{
    Acknowledgement, BadReceipt, ReceiptPush, ReceiptReader,
};
use menshen_domain::ports::send_records::{MockSendRecords, ReceiptNote, SendRecordsError};
use menshen_domain::services::note_receipts::{
    MAX_RECEIPTS, NoteReceipts, NoteReceiptsError, Noted,
};
use mockall::Sequence;

use crate::support::{away, epoch};

const RECEIVED: Acknowledgement = Acknowledgement {
    status: 200,
    content_type: "application/json",
    body: r#"{"code":0}"#,
};

/// All is on record but so many.
fn received(strangers: usize) -> Noted {
    Noted {
        acknowledgement: RECEIVED,
        strangers,
    }
}

/// A vendor whose pushes are the ids of delivered messages, one per line.
struct Lines;

impl ReceiptReader for Lines {
    fn vendor(&self) -> &'static str {
        "lines"
    }

    fn read(&self, push: &ReceiptPush<'_>) -> Result<Vec<DeliveryReceipt>, BadReceipt> {
        if push.header("x-signature") != Some("right") {
            return Err(BadReceipt::Forged);
        }
        let text = std::str::from_utf8(push.body).map_err(|_| BadReceipt::Malformed)?;
        Ok(text.lines().map(receipt).collect())
    }

    fn acknowledge(&self) -> Acknowledgement {
        RECEIVED
    }
}

fn receipt(message_id: &str) -> DeliveryReceipt {
    DeliveryReceipt {
        vendor: "lines",
        message_id: message_id.to_owned(),
        send: None,
        phone: None,
        delivered: true,
        code: None,
        segments: None,
        reported_at: epoch(),
    }
}

async fn push(
    records: MockSendRecords,
    observer: MockReceiptObserver,
    vendor: &str,
    body: &[u8],
) -> Result<Noted, NoteReceiptsError> {
    let note = NoteReceipts {
        readers: vec![Arc::new(Lines)],
        records: Arc::new(records),
        observers: vec![Arc::new(observer)],
    };
    let push = ReceiptPush {
        url: None,
        headers: &[("x-other", "1"), ("x-signature", "right")],
        body,
        received_at: epoch(),
    };
    note.execute(vendor, &push).await
}

#[tokio::test]
async fn what_was_news_is_told_after_it_was_recorded_and_all_is_acknowledged() {
    let (mut records, mut observer) = (MockSendRecords::new(), MockReceiptObserver::new());
    let mut order = Sequence::new();
    records
        .expect_note_receipts()
        .withf(|receipts| receipts == ["a", "b", "c"].map(receipt))
        .once()
        .in_sequence(&mut order)
        .returning(|_| {
            Ok(vec![
                ReceiptNote::Repeated,
                ReceiptNote::Noted,
                ReceiptNote::Unknown,
            ])
        });
    observer
        .expect_note()
        .withf(|told| *told == receipt("b"))
        .once()
        .in_sequence(&mut order)
        .return_const(());
    let answer = push(records, observer, "lines", b"a\nb\nc").await;
    assert_eq!(answer.expect("taken"), received(1));
}

/// The vendor pushes again: mocks without expectations see to the rest.
#[tokio::test]
async fn what_is_not_on_record_is_neither_acknowledged_nor_told() {
    let mut records = MockSendRecords::new();
    records
        .expect_note_receipts()
        .once()
        .returning(|_| Err(SendRecordsError::Unavailable(away())));
    let answer = push(records, MockReceiptObserver::new(), "lines", b"a").await;
    assert!(matches!(answer, Err(NoteReceiptsError::Unavailable(_))));
}

#[tokio::test]
async fn a_push_of_steps_on_the_way_is_acknowledged_and_costs_nothing() {
    let (records, observer) = (MockSendRecords::new(), MockReceiptObserver::new());
    let answer = push(records, observer, "lines", b"").await;
    assert_eq!(answer.expect("taken"), received(0));
}

#[tokio::test]
async fn what_is_not_the_vendors_reaches_no_record() {
    for (vendor, body, expected) in [
        ("others", &b"a"[..], "no such vendor pushes receipts here"),
        ("", b"a", "no such vendor pushes receipts here"),
        ("lines", b"\xff", "not a receipt of this vendor"),
    ] {
        let (records, observer) = (MockSendRecords::new(), MockReceiptObserver::new());
        let refused = push(records, observer, vendor, body).await;
        assert_eq!(refused.expect_err("refused").to_string(), expected);
    }
}

#[tokio::test]
async fn a_push_holds_so_many_receipts_and_no_more() {
    for (lines, taken) in [(MAX_RECEIPTS, true), (MAX_RECEIPTS + 1, false)] {
        let (mut records, observer) = (MockSendRecords::new(), MockReceiptObserver::new());
        records
            .expect_note_receipts()
            .times(usize::from(taken))
            .returning(|receipts| Ok(vec![ReceiptNote::Unknown; receipts.len()]));
        let body = "a\n".repeat(lines);
        let answer = push(records, observer, "lines", body.as_bytes()).await;
        match answer {
            Ok(answer) => assert!(taken && answer == received(lines)),
            Err(error) => assert!(!taken && matches!(error, NoteReceiptsError::TooMany)),
        }
    }
}
