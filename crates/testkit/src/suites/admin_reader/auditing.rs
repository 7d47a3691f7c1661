//! Clauses about the audit log.

use std::net::IpAddr;

use chrono::TimeDelta;
use menshen_domain::model::audit::{AuditAction, AuditEvent};
use menshen_domain::model::identifiers::{SessionId, UserId};
use menshen_domain::model::operator::{Operator, OperatorScope};
use menshen_domain::model::origin::kept_address;
use menshen_domain::model::record::{ActionWord, AuditFilter, AuditRecord, Page};

use super::{after, first, seconds};
use crate::fake_keys::FakeMac;
use crate::people::People;
use crate::sample::now;
use crate::stores::Stores;

async fn page(stores: &Stores, filter: &AuditFilter, page: Page) -> Vec<AuditRecord> {
    stores
        .admin_reader
        .audit_events(filter, page)
        .await
        .unwrap()
}

/// All pages of a filter, of so many rows each.
async fn all(stores: &Stores, filter: &AuditFilter, limit: u32) -> Vec<AuditRecord> {
    let mut rows: Vec<AuditRecord> = Vec::new();
    loop {
        let next = match rows.last() {
            None => first(limit),
            Some(last) => after(limit, last.at, last.id.as_uuid()),
        };
        let found = page(stores, filter, next).await;
        let full = found.len() == limit as usize;
        assert!(found.len() <= limit as usize);
        rows.extend(found);
        if !full {
            return rows;
        }
    }
}

fn by(user: UserId) -> AuditFilter {
    AuditFilter {
        user: Some(user),
        ..AuditFilter::default()
    }
}

fn of(action: AuditAction) -> AuditFilter {
    AuditFilter {
        action: Some(ActionWord::parse(action.as_str()).unwrap()),
        ..AuditFilter::default()
    }
}

fn event(people: &People, action: AuditAction, second: i64) -> AuditEvent {
    AuditEvent::new(action, seconds(second), people.randomness())
}

/// Every member, where there is one.
pub async fn a_row_is_read_as_it_was_written(stores: Stores) {
    let people = People::new(1);
    let operator = Operator::with_key("ops.alice", OperatorScope::Write).unwrap();
    let bare = event(&people, AuditAction::CodeSent, 0);
    let full = AuditEvent {
        user: Some(UserId::generate(people.randomness(), now())),
        session: Some(SessionId::generate(people.randomness(), now())),
        subject: Some("138****8000".to_owned()),
        method: Some("users.disable"),
        reason: Some("abuse".to_owned()),
        address: Some(IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1])),
        device_id: Some("device".to_owned()),
        request_id: Some("request".to_owned()),
        ..event(&people, AuditAction::AccountDisabled, 1).with_actor(&operator)
    };
    let rows = [bare.clone(), full.clone()];
    stores.audit_log.append(&rows).await.unwrap();
    let read = page(&stores, &AuditFilter::default(), first(9)).await;
    assert_eq!(read, [record(&full), record(&bare)]);
    assert_eq!(read[0].actor.as_deref(), Some("ops.alice"));
}

fn record(event: &AuditEvent) -> AuditRecord {
    AuditRecord {
        id: event.id,
        at: event.at,
        action: event.action.as_str().to_owned(),
        user: event.user,
        session: event.session,
        subject: event.subject.clone(),
        method: event.method.map(ToOwned::to_owned),
        reason: event.reason.clone(),
        address: event.address.map(|address| kept_address(address, &FakeMac)),
        device_id: event.device_id.clone(),
        request_id: event.request_id.clone(),
        actor: event.actor.clone(),
    }
}

/// Whatever the size of the pages, with and without a condition.
pub async fn pages_hold_every_row_once_newest_first(stores: Stores) {
    let people = People::new(1);
    let user = UserId::generate(people.randomness(), now());
    let rows: Vec<_> = (0..23)
        .map(|second| event(&people, AuditAction::SignedIn, second).with_user(user))
        .collect();
    stores.audit_log.append(&rows).await.unwrap();
    let mut expected: Vec<_> = rows.iter().map(record).collect();
    expected.reverse();
    for filter in [AuditFilter::default(), by(user), of(AuditAction::SignedIn)] {
        for limit in [1, 4, 23, 100] {
            assert_eq!(all(&stores, &filter, limit).await, expected, "{filter:?}");
        }
    }
}

/// Their order is that of their ids, whatever the microseconds.
pub async fn rows_of_one_millisecond_are_all_there(stores: Stores) {
    let people = People::new(1);
    let user = UserId::generate(people.randomness(), now());
    let at = |micro| now() + TimeDelta::microseconds(micro);
    let row = |micro| AuditEvent::new(AuditAction::SignedIn, at(micro), people.randomness());
    let rows: Vec<_> = (0..20).map(|n| row(n % 5 * 100).with_user(user)).collect();
    stores.audit_log.append(&rows).await.unwrap();
    let mut expected: Vec<_> = rows.iter().map(|row| row.id).collect();
    expected.sort();
    for filter in [AuditFilter::default(), by(user), of(AuditAction::SignedIn)] {
        for limit in [1, 3, 7] {
            let read = all(&stores, &filter, limit).await;
            let mut ids: Vec<_> = read.iter().map(|row| row.id).collect();
            ids.sort();
            assert_eq!(ids, expected, "{filter:?} by {limit}");
        }
    }
}

/// Account, action and operator.
pub async fn conditions_hold_together(stores: Stores) {
    let people = People::new(1);
    let [one, two] = [(); 2].map(|()| UserId::generate(people.randomness(), now()));
    let operator = Operator::with_key("ops.bob", OperatorScope::Read).unwrap();
    let rows = [
        event(&people, AuditAction::SignedIn, 1).with_user(one),
        event(&people, AuditAction::AdminRead, 2)
            .with_user(one)
            .with_actor(&operator),
        event(&people, AuditAction::AdminRead, 3)
            .with_user(two)
            .with_actor(&operator),
        event(&people, AuditAction::CodeSent, 4),
    ];
    stores.audit_log.append(&rows).await.unwrap();
    let actor = AuditFilter {
        actor: Some("ops.bob".to_owned()),
        ..AuditFilter::default()
    };
    let both = AuditFilter {
        actor: actor.actor.clone(),
        ..by(one)
    };
    let all_three = AuditFilter {
        action: of(AuditAction::SignedIn).action,
        ..both.clone()
    };
    for (filter, expected) in [
        (by(one), vec![1, 0]),
        (of(AuditAction::AdminRead), vec![2, 1]),
        (actor, vec![2, 1]),
        (both, vec![1]),
        (all_three, vec![]),
        (of(AuditAction::Erased), vec![]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|n: usize| rows[n].id).collect();
        let read = page(&stores, &filter, first(9)).await;
        let ids: Vec<_> = read.iter().map(|row| row.id).collect();
        assert_eq!(ids, expected, "{filter:?}");
    }
}

/// A source is found by its address, and its neighbours are not.
pub async fn rows_of_an_address_are_found(stores: Stores) {
    let people = People::new(1);
    let from = |second, last: u8| AuditEvent {
        address: Some(IpAddr::from([203, 0, 113, last])),
        ..event(&people, AuditAction::SignedIn, second)
    };
    let rows = [from(1, 7), from(2, 8), from(3, 7)];
    stores.audit_log.append(&rows).await.unwrap();
    for (last, expected) in [(7, vec![2, 0]), (8, vec![1]), (9, vec![])] {
        let filter = AuditFilter {
            address: Some(IpAddr::from([203, 0, 113, last])),
            from: Some(seconds(0)),
            ..AuditFilter::default()
        };
        let read = page(&stores, &filter, first(9)).await;
        let ids: Vec<_> = read.iter().map(|row| row.id).collect();
        let expected: Vec<_> = expected.into_iter().map(|n: usize| rows[n].id).collect();
        assert_eq!(ids, expected, "{last}");
    }
}

/// The beginning is within, the end is not.
pub async fn a_span_of_time_has_an_end_and_a_beginning(stores: Stores) {
    let people = People::new(1);
    let user = UserId::generate(people.randomness(), now());
    let rows: Vec<_> = (0..6)
        .map(|second| event(&people, AuditAction::SignedIn, second).with_user(user))
        .collect();
    stores.audit_log.append(&rows).await.unwrap();
    for filter in [AuditFilter::default(), by(user), of(AuditAction::SignedIn)] {
        let span = AuditFilter {
            from: Some(seconds(2)),
            to: Some(seconds(5)),
            ..filter
        };
        for limit in [1, 9] {
            let read = all(&stores, &span, limit).await;
            let ids: Vec<_> = read.iter().map(|row| row.id).collect();
            assert_eq!(ids, [rows[4].id, rows[3].id, rows[2].id], "{span:?}");
        }
    }
}
