//! Beginning and finishing a send, and what counts.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::sms_delivery::{SendOutcome, SendVerdict, SentCount, SmsAttempt};
use menshen_domain::model::sms_message::{AskedThrough, MessagePurpose};
use menshen_domain::ports::send_records::{NewSend, SendRecordsError};
use tokio::task::JoinSet;

use super::steps::{at, begun, finished, send, sent, taken};
use crate::people::{People, about_send};
use crate::sample::phone;
use crate::stores::{AttemptRow, AuditRow, SendRow, Stores};

fn row(send: &NewSend, verdict: Option<SendVerdict>) -> SendRow {
    SendRow {
        id: send.id.to_string(),
        at: send.at,
        phone_masked: send.phone.masked(),
        purpose: send.purpose.as_str().to_owned(),
        client_type: send.asked.as_str().to_owned(),
        source: send.source.to_string(),
        verdict: verdict.map(|verdict| verdict.as_str().to_owned()),
    }
}

/// Every member, and before the vendor is asked already.
pub async fn a_send_is_recorded_with_all_that_was_tried(stores: Stores) {
    let send = send(&People::new(1), 1, 0);
    begun(&stores, &send).await.unwrap();
    assert_eq!(stores.witness.sends().await, [row(&send, None)]);
    let refused = SmsAttempt {
        vendor: "tencent",
        outcome: SendOutcome::Billing,
        vendor_code: Some("FailedOperation.InsufficientBalanceInSmsPackage".to_owned()),
        request_id: None,
        message_id: None,
        cost_units: None,
        took: Duration::from_micros(12_999),
        at: at(-1),
    };
    let attempts = [refused, taken("900^0")];
    let finished = finished(&stores, &send, &attempts, SendVerdict::Accepted);
    finished.await.unwrap();
    let verdict = Some(SendVerdict::Accepted);
    assert_eq!(stores.witness.sends().await, [row(&send, verdict)]);
    let rows = attempts
        .iter()
        .zip(1..)
        .map(|(attempt, number)| AttemptRow {
            send: send.id.to_string(),
            number,
            at: attempt.at,
            took_ms: i64::try_from(attempt.took.as_millis()).unwrap(),
            vendor: attempt.vendor.to_owned(),
            outcome: attempt.outcome.as_str().to_owned(),
            vendor_code: attempt.vendor_code.clone(),
            request_id: attempt.request_id.clone(),
            message_id: attempt.message_id.clone(),
            cost_units: attempt.cost_units.map(i64::from),
        });
    let rows: Vec<_> = rows.collect();
    assert_eq!(stores.witness.attempts().await, rows);
}

/// With the record and not a moment later, so that no message leaves that the log
/// does not know.
pub async fn the_audit_log_is_told_with_the_record(stores: Stores) {
    let send = send(&People::new(1), 1, 0);
    let row = |action| {
        let event = about_send(&send, action);
        AuditRow {
            id: event.id.to_string(),
            action: action.as_str().to_owned(),
            subject: Some(send.phone.masked()),
            ..AuditRow::default()
        }
    };
    begun(&stores, &send).await.unwrap();
    let asked = row(AuditAction::CodeRequested);
    assert_eq!(stores.witness.audit().await, std::slice::from_ref(&asked));
    let attempts = [taken("900^0")];
    let finished = finished(&stores, &send, &attempts, SendVerdict::Accepted);
    finished.await.unwrap();
    let mut told = [asked, row(AuditAction::CodeSent)];
    told.sort_by(|one, other| one.id.cmp(&other.id));
    assert_eq!(stores.witness.audit().await, told);
}

/// A row that cannot be written leaves no record either.
pub async fn without_the_audit_log_nothing_is_recorded(stores: Stores) {
    let people = People::new(1);
    let (one, other) = (send(&people, 1, 0), send(&people, 2, 1));
    begun(&stores, &one).await.unwrap();
    // The row's id is taken.
    let taken_id = about_send(&one, AuditAction::CodeRequested);
    let refused = stores.send_records.begin(&other, &taken_id).await;
    refused.unwrap_err();
    assert_eq!(stores.witness.sends().await, [row(&one, None)]);
    let attempts = [taken("900^0")];
    let verdict = SendVerdict::Accepted;
    let refused = stores
        .send_records
        .finish(one.id, &attempts, verdict, &taken_id);
    refused.await.unwrap_err();
    assert_eq!(stores.witness.sends().await, [row(&one, None)]);
    assert!(stores.witness.attempts().await.is_empty());
    assert_eq!(stores.witness.audit().await.len(), 1);
}

/// No vendor was asked, since all circuits were open.
pub async fn a_send_without_an_attempt_is_finished_too(stores: Stores) {
    let send = send(&People::new(1), 1, 0);
    begun(&stores, &send).await.unwrap();
    let verdict = SendVerdict::Unavailable;
    let finished = finished(&stores, &send, &[], verdict);
    finished.await.unwrap();
    assert_eq!(stores.witness.sends().await, [row(&send, Some(verdict))]);
    assert!(stores.witness.attempts().await.is_empty());
}

/// The first row stays as it is.
pub async fn a_send_is_begun_once(stores: Stores) {
    let people = People::new(1);
    let first = send(&people, 1, 0);
    begun(&stores, &first).await.unwrap();
    let again = NewSend {
        id: first.id,
        ..send(&people, 2, 1)
    };
    let told = about_send(&send(&people, 3, 2), AuditAction::CodeRequested);
    let refused = stores.send_records.begin(&again, &told).await;
    assert!(matches!(refused, Err(SendRecordsError::Conflict)));
    assert_eq!(stores.witness.sends().await, [row(&first, None)]);
    assert_eq!(stores.witness.audit().await.len(), 1);
}

/// The first verdict stays, and no attempt is added to it.
pub async fn a_send_is_finished_once(stores: Stores) {
    let first = send(&People::new(1), 1, 0);
    sent(&stores, &first, "900^0").await;
    let again = [taken("900^1")];
    let told = about_send(&first, AuditAction::CodeRefused);
    let verdict = SendVerdict::Unavailable;
    let refused = stores.send_records.finish(first.id, &again, verdict, &told);
    assert!(matches!(refused.await, Err(SendRecordsError::Conflict)));
    let verdict = Some(SendVerdict::Accepted);
    assert_eq!(stores.witness.sends().await, [row(&first, verdict)]);
    assert_eq!(stores.witness.attempts().await.len(), 1);
    assert_eq!(stores.witness.audit().await.len(), 2);
}

/// And leaves no attempt behind.
pub async fn what_was_not_begun_is_not_finished(stores: Stores) {
    let send = send(&People::new(1), 1, 0);
    let attempts = [taken("900^0")];
    let refused = finished(&stores, &send, &attempts, SendVerdict::Accepted);
    assert!(matches!(refused.await, Err(SendRecordsError::NotFound)));
    assert!(stores.witness.attempts().await.is_empty());
    assert!(stores.witness.audit().await.is_empty());
}

/// A vendor's mistake does not cost us the record.
pub async fn two_attempts_may_have_one_vendors_id(stores: Stores) {
    let people = People::new(1);
    for n in 0..2 {
        sent(&stores, &send(&people, n, 0), "900^0").await;
    }
    assert_eq!(stores.witness.attempts().await.len(), 2);
}

/// What was begun and never finished may have left: the process died meanwhile.
pub async fn what_may_have_left_counts_and_nothing_else(stores: Stores) {
    let people = People::new(1);
    let mut expected = Vec::new();
    let verdicts = SendVerdict::ALL.map(Some).into_iter().chain([None]);
    for (verdict, second) in verdicts.zip(0..) {
        let send = send(&people, 1, second);
        begun(&stores, &send).await.unwrap();
        if let Some(verdict) = verdict {
            let finished = finished(&stores, &send, &[], verdict);
            finished.await.unwrap();
        }
        if verdict.is_none_or(SendVerdict::counts) {
            let at = at(second);
            expected.push(SentCount { at, times: 1 });
        }
    }
    assert_eq!(expected.len(), 3);
    let sent = stores.send_records.sent_since(at(0)).await.unwrap();
    assert_eq!(sent, expected);
}

/// The moment itself is in.
pub async fn what_is_older_counts_no_more(stores: Stores) {
    let people = People::new(1);
    for second in [2, 0, 1] {
        sent(&stores, &send(&people, 1, second), "900^0").await;
    }
    let since = async |moment| {
        let sent = stores.send_records.sent_since(moment).await.unwrap();
        sent.iter().map(|one| one.at).collect::<Vec<_>>()
    };
    assert_eq!(since(at(0)).await, [at(0), at(1), at(2)]);
    assert_eq!(since(at(1)).await, [at(1), at(2)]);
    let later = at(1) + TimeDelta::microseconds(1);
    assert_eq!(since(later).await, [at(2)]);
    assert!(since(at(3)).await.is_empty());
}

/// With the time of the last, so that none counts for too short a time.
pub async fn messages_of_one_second_are_counted_together(stores: Stores) {
    let people = People::new(1);
    let moments =
        [0, 999_999, 500_000, 1_000_000].map(|micros| at(0) + TimeDelta::microseconds(micros));
    for moment in moments {
        let send = NewSend {
            at: moment,
            ..send(&people, 1, 0)
        };
        begun(&stores, &send).await.unwrap();
    }
    let sent = stores.send_records.sent_since(at(0)).await.unwrap();
    let expected = [(moments[1], 3), (moments[3], 1)];
    assert_eq!(sent, expected.map(|(at, times)| SentCount { at, times }));
}

/// None is lost, and none is mixed up with another.
pub async fn simultaneous_sends_are_all_recorded(stores: Stores) {
    let (stores, people) = (Arc::new(stores), People::new(1));
    let mut racing = JoinSet::new();
    for n in 0..30 {
        let (stores, send) = (Arc::clone(&stores), send(&people, n, i64::from(n)));
        racing.spawn(async move { sent(&stores, &send, &format!("900^{n}")).await });
    }
    racing.join_all().await;
    assert_eq!(stores.witness.attempts().await.len(), 30);
    let counted = stores.send_records.sent_since(at(0)).await.unwrap();
    assert_eq!(counted.len(), 30);
}

/// Oldest first, those of others and older ones left out, at most so many.
pub async fn the_newest_messages_to_a_number_are_told_by_themselves(stores: Stores) {
    let people = People::new(1);
    for (number, second) in [(1, 5), (1, 1), (2, 3), (1, 5), (1, 9)] {
        sent(&stores, &send(&people, number, second), "900^0").await;
    }
    let told = async |number, since, most| {
        let records = &stores.send_records;
        let told = records.sent_to(&phone(number), at(since), most).await;
        let told = told.unwrap().into_iter();
        told.map(|one| (one.at, one.times)).collect::<Vec<_>>()
    };
    let all = [(at(1), 1), (at(5), 1), (at(5), 1), (at(9), 1)];
    assert_eq!(told(1, 0, 10).await, all);
    assert_eq!(told(1, 1, 10).await, all, "the moment itself is in");
    assert_eq!(told(1, 2, 10).await, all[1..]);
    assert_eq!(told(1, 0, 2).await, all[2..]);
    assert_eq!(told(2, 0, 10).await, [(at(3), 1)]);
    assert!(told(3, 0, 10).await.is_empty());
}

/// As for the whole deployment.
pub async fn of_a_number_only_what_may_have_left_is_told(stores: Stores) {
    let people = People::new(1);
    let mut expected = Vec::new();
    let verdicts = SendVerdict::ALL.map(Some).into_iter().chain([None]);
    for (verdict, second) in verdicts.zip(0..) {
        let send = send(&people, 1, second);
        begun(&stores, &send).await.unwrap();
        if let Some(verdict) = verdict {
            let finished = finished(&stores, &send, &[], verdict);
            finished.await.unwrap();
        }
        if verdict.is_none_or(SendVerdict::counts) {
            expected.push(at(second));
        }
    }
    let told = stores.send_records.sent_to(&phone(1), at(0), 10).await;
    let told: Vec<_> = told.unwrap().iter().map(|one| one.at).collect();
    assert_eq!(told, expected);
}

/// It costs as any message does, and whoever has the number may need a code now.
pub async fn a_notice_counts_for_all_and_not_for_its_number(stores: Stores) {
    let people = People::new(1);
    let notice = NewSend {
        purpose: MessagePurpose::NumberNotice,
        asked: AskedThrough::Operator,
        ..send(&people, 1, 3)
    };
    sent(&stores, &notice, "900^0").await;
    sent(&stores, &send(&people, 1, 5), "900^1").await;
    let records = &stores.send_records;
    let all = records.sent_since(at(0)).await.unwrap();
    let to_number = records.sent_to(&phone(1), at(0), 10).await.unwrap();
    let moments = |told: Vec<SentCount>| told.iter().map(|one| one.at).collect::<Vec<_>>();
    assert_eq!(moments(all), [at(3), at(5)]);
    assert_eq!(moments(to_number), [at(5)]);
    let kept = stores.witness.sends().await;
    let words = kept
        .iter()
        .map(|one| (one.purpose.as_str(), one.client_type.as_str()));
    let words: Vec<_> = words.collect();
    assert!(words.contains(&("number_notice", "operator")), "{words:?}");
}
