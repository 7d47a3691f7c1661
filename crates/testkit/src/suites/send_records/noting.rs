//! Receipts: late, twice, in any order, and of others.

use std::sync::Arc;

use menshen_domain::model::identifiers::SendId;
use menshen_domain::model::sms_delivery::{DeliveryReceipt, SendVerdict, SmsAttempt};
use menshen_domain::ports::send_records::ReceiptNote::{Noted, Repeated, Unknown};
use tokio::task::JoinSet;

use super::steps::{at, begun, finished, note, receipt, send, sent, taken, told};
use crate::people::People;
use crate::stores::{ReceiptRow, Stores};

/// With every member.
pub async fn a_receipt_is_noted_once(stores: Stores) {
    let send = send(&People::new(1), 1, 0);
    sent(&stores, &send, "900^0").await;
    let told = receipt("900^0", true);
    assert_eq!(note(&stores, told.clone()).await, Noted);
    assert_eq!(note(&stores, told.clone()).await, Repeated);
    let row = ReceiptRow {
        send: send.id.to_string(),
        vendor: told.vendor.to_owned(),
        message_id: told.message_id,
        delivered: true,
        code: told.code,
        segments: Some(1),
        reported_at: told.reported_at,
    };
    assert_eq!(stores.witness.receipts().await, [row]);
}

/// Whatever comes after it.
pub async fn a_delivery_is_final(stores: Stores) {
    sent(&stores, &send(&People::new(1), 1, 0), "900^0").await;
    assert_eq!(note(&stores, receipt("900^0", true)).await, Noted);
    let late = DeliveryReceipt {
        reported_at: at(99),
        ..receipt("900^0", false)
    };
    assert_eq!(note(&stores, late).await, Repeated);
    let expected = (true, Some("DELIVERED".to_owned()));
    assert_eq!(told(&stores).await, [expected]);
}

/// Also to one that happened before it, and to one only.
pub async fn a_failure_gives_way_to_a_delivery(stores: Stores) {
    sent(&stores, &send(&People::new(1), 1, 0), "900^0").await;
    assert_eq!(note(&stores, receipt("900^0", false)).await, Noted);
    let earlier = DeliveryReceipt {
        reported_at: at(1),
        ..receipt("900^0", true)
    };
    assert_eq!(note(&stores, earlier.clone()).await, Noted);
    assert_eq!(note(&stores, earlier).await, Repeated);
    let expected = (true, Some("DELIVERED".to_owned()));
    assert_eq!(told(&stores).await, [expected]);
}

/// Whoever counts failures counts a message once.
pub async fn the_first_of_two_failures_stays(stores: Stores) {
    sent(&stores, &send(&People::new(1), 1, 0), "900^0").await;
    assert_eq!(note(&stores, receipt("900^0", false)).await, Noted);
    let other = DeliveryReceipt {
        code: Some("USER_REJECT".to_owned()),
        ..receipt("900^0", false)
    };
    assert_eq!(note(&stores, other).await, Repeated);
    let expected = (false, Some("IS_CLOSE".to_owned()));
    assert_eq!(told(&stores).await, [expected]);
}

/// Each is answered in its place; of copies in one push one is noted.
pub async fn receipts_of_one_push_are_noted_together(stores: Stores) {
    let people = People::new(1);
    for n in 0..40 {
        sent(&stores, &send(&people, n, 0), &format!("900^{n}")).await;
    }
    assert_eq!(note(&stores, receipt("900^3", true)).await, Noted);
    let mut push: Vec<_> = (0..40)
        .map(|n| receipt(&format!("900^{n}"), n % 2 == 0))
        .collect();
    push.insert(0, receipt("others", true));
    push.push(receipt("900^0", true));
    // The delivery of a message whose failure stands in the same push.
    push.push(receipt("900^1", true));
    let notes = stores.send_records.note_receipts(&push).await.unwrap();
    let mut expected = vec![Unknown];
    expected.extend([Noted; 40]);
    expected.extend([Repeated, Noted]);
    expected[1 + 1] = Repeated;
    expected[1 + 3] = Repeated;
    assert_eq!(notes, expected);
    let delivered = told(&stores).await.iter().filter(|one| one.0).count();
    assert_eq!(delivered, 20 + 2);
}

/// The answer was lost, or the process died before it could record it: the
/// vendor brings our own id back.
pub async fn a_receipt_finds_its_send_by_our_id_before_the_answer_is_recorded(stores: Stores) {
    let send = send(&People::new(1), 1, 0);
    begun(&stores, &send).await.unwrap();
    assert_eq!(note(&stores, receipt("900^0", true)).await, Unknown);
    let named = DeliveryReceipt {
        send: Some(send.id),
        ..receipt("900^0", true)
    };
    assert_eq!(note(&stores, named.clone()).await, Noted);
    assert_eq!(note(&stores, named).await, Repeated);
    let rows = stores.witness.receipts().await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].send, send.id.to_string());
}

/// With our id or without it, it is one receipt; and an id that is not ours is
/// passed over.
pub async fn a_receipt_finds_its_send_by_the_vendors_id(stores: Stores) {
    let people = People::new(1);
    let (one, other) = (send(&people, 1, 0), send(&people, 2, 0));
    sent(&stores, &one, "900^0").await;
    let stranger = Some(other.id);
    for (named, expected) in [
        (stranger, Noted),
        (None, Repeated),
        (Some(one.id), Repeated),
    ] {
        let receipt = DeliveryReceipt {
            send: named,
            ..receipt("900^0", true)
        };
        assert_eq!(note(&stores, receipt).await, expected, "{named:?}");
    }
}

/// Whoever else was told our id, or guessed it, says nothing about a message that
/// another vendor carried.
pub async fn a_receipt_names_no_send_that_its_vendor_was_not_asked_for(stores: Stores) {
    let send = send(&People::new(1), 1, 0);
    sent(&stores, &send, "900^0").await;
    let other = |message_id: &str| DeliveryReceipt {
        vendor: "tencent",
        send: Some(send.id),
        ..receipt(message_id, false)
    };
    for message_id in ["900^0", "2640:1", "2640:2"] {
        assert_eq!(note(&stores, other(message_id)).await, Unknown);
    }
    assert!(stores.witness.receipts().await.is_empty());
    assert_eq!(note(&stores, receipt("900^0", true)).await, Noted);
}

/// Vendors begin their numbers anew, simulators do so at every start.
pub async fn a_vendors_id_that_came_twice_is_the_later_sends(stores: Stores) {
    let people = People::new(1);
    let (first, second) = (send(&people, 1, 0), send(&people, 2, 60));
    for (send, minute) in [(&second, 1), (&first, 0)] {
        begun(&stores, send).await.unwrap();
        let attempts = [SmsAttempt {
            at: at(minute * 60),
            ..taken("900^0")
        }];
        let verdict = SendVerdict::Accepted;
        let finished = finished(&stores, send, &attempts, verdict);
        finished.await.unwrap();
    }
    assert_eq!(note(&stores, receipt("900^0", true)).await, Noted);
    let rows = stores.witness.receipts().await;
    assert_eq!(rows[0].send, second.id.to_string());
}

/// Another vendor's id, an unknown one, an id of ours that never was: nothing is
/// kept of any.
pub async fn a_receipt_of_somebody_else_is_unknown(stores: Stores) {
    let people = People::new(1);
    sent(&stores, &send(&people, 1, 0), "900^0").await;
    let never = SendId::generate(people.randomness(), at(0));
    for stranger in [
        receipt("900^1", true),
        DeliveryReceipt {
            vendor: "tencent",
            ..receipt("900^0", true)
        },
        DeliveryReceipt {
            send: Some(never),
            ..receipt("900^1", false)
        },
    ] {
        assert_eq!(note(&stores, stranger).await, Unknown);
    }
    assert!(stores.witness.receipts().await.is_empty());
}

/// A push of steps on the way holds none.
pub async fn no_receipts_are_no_fault(stores: Stores) {
    let notes = stores.send_records.note_receipts(&[]).await.unwrap();
    assert!(notes.is_empty());
}

/// Vendors repeat before the first answer is there.
pub async fn simultaneous_copies_of_a_receipt_are_noted_once(stores: Stores) {
    let (stores, people) = (Arc::new(stores), People::new(1));
    for round in 0..10 {
        let id = format!("900^{round}");
        sent(&stores, &send(&people, round, 0), &id).await;
        let mut racing = JoinSet::new();
        for _ in 0..8 {
            let (stores, receipt) = (Arc::clone(&stores), receipt(&id, true));
            racing.spawn(async move { note(&stores, receipt).await });
        }
        let notes = racing.join_all().await;
        let first = notes.iter().filter(|note| **note == Noted).count();
        assert_eq!(first, 1, "round {round}: {notes:?}");
    }
}

/// No two wait for each other for ever, each of many times.
pub async fn simultaneous_pushes_in_opposite_orders_all_end(stores: Stores) {
    const PUSHED: u32 = 60;
    let (stores, people) = (Arc::new(stores), People::new(1));
    for round in 0..5 {
        let ids = (0..PUSHED).map(|n| format!("900{round}^{n}"));
        let ids: Vec<String> = ids.collect();
        for id in &ids {
            sent(&stores, &send(&people, round, 0), id).await;
        }
        for delivered in [false, true] {
            let push = ids.iter().map(|id| receipt(id, delivered));
            let mut push: Vec<_> = push.collect();
            let mut racing = JoinSet::new();
            for _ in 0..8 {
                push.reverse();
                let (stores, push) = (Arc::clone(&stores), push.clone());
                racing
                    .spawn(async move { stores.send_records.note_receipts(&push).await.unwrap() });
            }
            let notes = racing.join_all().await.concat();
            let first = notes.iter().filter(|note| **note == Noted).count();
            assert_eq!(first, PUSHED as usize, "round {round}");
        }
    }
}
