//! What every `audit_log` adapter must do.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::net::IpAddr;

use menshen_domain::model::audit::{AuditAction, AuditEvent};
use menshen_domain::model::identifiers::{SessionId, UserId};
use menshen_domain::model::origin::kept_address;

use crate::fake_keys::FakeMac;
use crate::people::People;
use crate::sample::now;
use crate::stores::{AuditRow, Stores};

/// Makes one named test of each clause. The expression gives the
/// [`Stores`](crate::stores::Stores) of an empty database; it is evaluated once
/// per test, and may await.
#[macro_export]
macro_rules! audit_log {
    ($stores:expr) => {
        $crate::clauses! {
            $crate::suites::audit_log, $stores,
            a_row_tells_all_of_its_event,
            of_an_address_the_network_and_a_tag_are_kept,
            several_rows_are_appended_at_once,
            no_rows_are_no_fault,
            a_row_with_a_known_id_appends_none,
        }
    };
}

/// Every member, where there is one.
pub async fn a_row_tells_all_of_its_event(stores: Stores) {
    let people = People::new(1);
    let bare = AuditEvent::new(AuditAction::CodeSent, now(), people.randomness());
    let full = AuditEvent {
        user: Some(UserId::generate(people.randomness(), now())),
        session: Some(SessionId::generate(people.randomness(), now())),
        subject: Some("138****8000".to_owned()),
        method: Some("sms"),
        reason: Some("wrong".to_owned()),
        address: Some(IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1])),
        device_id: Some("device".to_owned()),
        request_id: Some("request".to_owned()),
        actor: Some("ops.alice".to_owned()),
        ..AuditEvent::new(AuditAction::CodeFailed, now(), people.randomness())
    };
    stores
        .audit_log
        .append(std::slice::from_ref(&bare))
        .await
        .unwrap();
    stores
        .audit_log
        .append(std::slice::from_ref(&full))
        .await
        .unwrap();
    let mut expected = [row(&bare), row(&full)];
    expected.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(stores.witness.audit().await, expected);
}

/// Whatever writes the row, nobody's address is in it; rows of one source are alike.
pub async fn of_an_address_the_network_and_a_tag_are_kept(stores: Stores) {
    let people = People::new(1);
    let from = |last: u8| AuditEvent {
        address: Some(IpAddr::from([203, 0, 113, last])),
        ..event(&people)
    };
    let rows = [from(7), from(8), from(7)];
    stores.audit_log.append(&rows).await.unwrap();
    let kept = stores.witness.audit().await;
    let kept: Vec<_> = kept.iter().filter_map(|row| row.address.clone()).collect();
    assert_eq!(kept.len(), 3);
    let alike = kept
        .iter()
        .filter(|one| **one == kept_address([203, 0, 113, 7].into(), &FakeMac));
    assert_eq!(alike.count(), 2, "{kept:?}");
    for one in kept {
        assert!(one.starts_with("203.0.113.0/24~"), "{one}");
        assert!(
            !one.contains("203.0.113.7") && !one.contains("203.0.113.8"),
            "{one}"
        );
    }
}

fn row(event: &AuditEvent) -> AuditRow {
    AuditRow {
        id: event.id.to_string(),
        action: event.action.as_str().to_owned(),
        user: event.user.map(|user| user.to_string()),
        session: event.session.map(|session| session.to_string()),
        subject: event.subject.clone(),
        method: event.method.map(ToOwned::to_owned),
        reason: event.reason.clone(),
        address: event.address.map(|address| kept_address(address, &FakeMac)),
        device_id: event.device_id.clone(),
        request_id: event.request_id.clone(),
        actor: event.actor.clone(),
    }
}

fn event(people: &People) -> AuditEvent {
    AuditEvent::new(AuditAction::CodeSent, now(), people.randomness())
}

/// In one step.
pub async fn several_rows_are_appended_at_once(stores: Stores) {
    let people = People::new(1);
    let events: Vec<_> = (0..100).map(|_| event(&people)).collect();
    stores.audit_log.append(&events).await.unwrap();
    assert_eq!(stores.witness.audit().await.len(), 100);
}

/// Nothing happened.
pub async fn no_rows_are_no_fault(stores: Stores) {
    stores.audit_log.append(&[]).await.unwrap();
    assert!(stores.witness.audit().await.is_empty());
}

/// The log is not written over, and appends all rows or none.
pub async fn a_row_with_a_known_id_appends_none(stores: Stores) {
    let people = People::new(1);
    let first = event(&people);
    stores
        .audit_log
        .append(std::slice::from_ref(&first))
        .await
        .unwrap();
    let again = AuditEvent {
        reason: Some("other".to_owned()),
        ..first.clone()
    };
    stores
        .audit_log
        .append(&[event(&people), again])
        .await
        .unwrap_err();
    assert_eq!(stores.witness.audit().await, [row(&first)]);
}
