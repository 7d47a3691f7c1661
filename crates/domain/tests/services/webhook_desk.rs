use std::sync::Arc;

use chrono::TimeDelta;
use menshen_domain::model::audit::{AuditAction, AuditEvent};
use menshen_domain::model::identifiers::EventId;
use menshen_domain::model::operator::{Operator, OperatorScope};
use menshen_domain::model::origin::Origin;
use menshen_domain::model::webhook::{DeliveryState, MAX_AGE, ReceiverName, Subscription};
use menshen_domain::ports::audit_log::{AuditLogError, MockAuditLog};
use menshen_domain::ports::outbox::{
    Backlog, DeliveryFilter, DeliveryRecord, MockOutbox, OutboxError, REPLAYED_AT_ONCE, Replay,
};
use menshen_domain::services::administration::{Act, AdministrationError};
use menshen_domain::services::webhook_desk::{Replayed, WebhookDesk};
use uuid::Uuid;

use crate::support::{at, away, epoch, randomness, stopped_clock, user};

fn name(text: &str) -> ReceiverName {
    ReceiverName::parse(text).expect("a name")
}

/// As many as one step touches.
const MANY: u64 = REPLAYED_AT_ONCE as u64;

fn dead_of_a() -> DeliveryFilter {
    DeliveryFilter {
        state: Some(DeliveryState::Dead),
        receiver: Some(name("a")),
    }
}

fn event() -> EventId {
    EventId::from_uuid(Uuid::from_u128(7))
}

fn act() -> Act {
    Act {
        operator: Operator::with_key("alice", OperatorScope::Write).expect("a name"),
        name: "webhooks.replay",
        origin: Origin {
            address: [203, 0, 113, 7].into(),
            user_agent: None,
            request_id: "request-1".to_owned(),
        },
        reason: None,
    }
}

fn desk(outbox: MockOutbox, audit: MockAuditLog) -> WebhookDesk {
    WebhookDesk {
        outbox: Arc::new(outbox),
        audit: Arc::new(audit),
        clock: stopped_clock(),
        randomness: randomness(),
        subscriptions: vec![Subscription {
            receiver: name("a"),
            events: Vec::new(),
        }],
    }
}

/// A log that is told this once.
fn told(action: AuditAction) -> MockAuditLog {
    let mut audit = MockAuditLog::new();
    audit
        .expect_append()
        .withf(move |rows| {
            rows.len() == 1 && rows[0].action == action && rows[0].actor.as_deref() == Some("alice")
        })
        .once()
        .returning(|_| Ok(()));
    audit
}

fn record(place: i64) -> DeliveryRecord {
    DeliveryRecord {
        place,
        event: event(),
        receiver: name("a"),
        user: user(1),
        kind: "user.created".to_owned(),
        at: epoch(),
        attempts: 1,
        due_at: at(5),
        dead_at: None,
        outcome: None,
    }
}

#[tokio::test]
async fn nobody_looks_unseen() {
    let mut audit = MockAuditLog::new();
    audit
        .expect_append()
        .returning(|_| Err(AuditLogError(away())));
    let desk = desk(MockOutbox::new(), audit);
    let listed = desk.list(&act(), &DeliveryFilter::default(), None, 2).await;
    let error = listed.expect_err("a fault");
    assert!(matches!(error, AdministrationError::Unavailable(_)));
}

#[tokio::test]
async fn a_page_tells_of_every_receiver_that_anything_is_there_for() {
    let mut outbox = MockOutbox::new();
    outbox
        .expect_list()
        .withf(|_, before, limit| *before == Some(9) && *limit == 2)
        .once()
        .returning(|_, _, _| Ok(vec![record(8), record(5)]));
    let waiting = Backlog {
        receiver: name("old"),
        pending: 3,
        oldest: Some(epoch()),
        dead: 4,
    };
    outbox
        .expect_backlog()
        .once()
        .return_once(move || Ok(vec![waiting]));
    let desk = desk(outbox, told(AuditAction::AdminRead));
    let filter = DeliveryFilter::default();
    let listed = desk.list(&act(), &filter, Some(9), 2).await;
    let listed = listed.expect("a page");
    assert_eq!((listed.rows.len(), listed.next), (2, Some(5)));
    let told: Vec<_> = listed
        .receivers
        .iter()
        .map(|one| {
            (
                one.receiver.as_str(),
                one.events.is_some(),
                one.pending,
                one.dead,
            )
        })
        .collect();
    assert_eq!(told, [("a", true, 0, 0), ("old", false, 3, 4)]);
}

#[tokio::test]
async fn a_page_that_is_not_full_is_the_last() {
    let mut outbox = MockOutbox::new();
    outbox
        .expect_list()
        .returning(|_, _, _| Ok(vec![record(8)]));
    outbox.expect_backlog().returning(|| Ok(Vec::new()));
    let desk = desk(outbox, told(AuditAction::AdminRead));
    let listed = desk.list(&act(), &DeliveryFilter::default(), None, 2).await;
    assert_eq!(listed.expect("a page").next, None);
}

/// An outbox that is asked once for this, and touches so many.
fn replaying(wanted: Replay, count: u64, subject: &'static str) -> MockOutbox {
    let is_told = move |row: &AuditEvent| {
        row.action == AuditAction::WebhooksReplayed
            && row.subject.as_deref() == Some(subject)
            && row.actor.as_deref() == Some("alice")
            && row.method == Some("webhooks.replay")
    };
    let mut outbox = MockOutbox::new();
    outbox
        .expect_replay()
        .withf(move |which, now, until, row| {
            *which == wanted && *now == epoch() && *until == epoch() + MAX_AGE && is_told(row)
        })
        .once()
        .returning(move |_, _, _, _| Ok(count));
    outbox
}

#[tokio::test]
async fn a_replay_is_for_another_day_and_in_the_audit_log() {
    assert_eq!(MAX_AGE, TimeDelta::hours(24));
    let one = Replay::Event(event(), Some(name("a")));
    let subject = "00000000-0000-0000-0000-000000000007 a";
    let replay = async |outbox, which: &Replay| {
        let desk = desk(outbox, MockAuditLog::new());
        desk.replay(&act(), which).await.expect("it is")
    };
    let wanted = |count, more| Replayed { count, more };
    let replayed = replay(replaying(one.clone(), 1, subject), &one).await;
    assert_eq!(replayed, wanted(1, false));
    let all = Replay::Dead(Some(name("a")));
    for (left, more) in [(1, true), (0, false)] {
        let mut outbox = replaying(all.clone(), MANY, "dead a");
        outbox
            .expect_list()
            .withf(|filter, before, limit| {
                *filter == dead_of_a() && before.is_none() && *limit == 1
            })
            .once()
            .returning(move |_, _, _| Ok((0..left).map(record).collect()));
        assert_eq!(replay(outbox, &all).await, wanted(MANY, more));
    }
    let mut outbox = replaying(all.clone(), MANY, "dead a");
    let away = |_: &DeliveryFilter, _, _| Err(OutboxError(away()));
    outbox.expect_list().once().returning(away);
    assert_eq!(replay(outbox, &all).await, wanted(MANY, true), "perhaps");
    // Nobody is asked where the portion was not full.
    let replayed = replay(replaying(all.clone(), MANY - 1, "dead a"), &all).await;
    assert_eq!(replayed, wanted(MANY - 1, false));
}

/// Somebody else replays the rest between two portions, or there is none.
#[tokio::test]
async fn all_are_replayed_and_that_the_last_portion_is_empty_is_no_refusal() {
    for (portions, sum) in [
        (&[(MANY, 1), (MANY, 1), (3, 0)][..], MANY * 2 + 3),
        (&[(MANY, 1), (0, 0)], MANY),
        (&[(MANY, 0)], MANY),
        (&[(7, 0)], 7),
    ] {
        let mut outbox = MockOutbox::new();
        let mut replayed = portions.iter().map(|portion| portion.0);
        outbox
            .expect_replay()
            .withf(|which, _, _, _| *which == Replay::Dead(None))
            .times(portions.len())
            .returning(move |_, _, _, _| Ok(replayed.next().expect("a portion")));
        let full = portions.iter().filter(|portion| portion.0 == MANY);
        let mut left = full.map(|portion| portion.1);
        outbox.expect_list().returning(move |_, _, _| {
            let left = left.next().expect("a full portion");
            Ok((0..left).map(record).collect())
        });
        // A log without expectations fails at the first refusal.
        let desk = desk(outbox, MockAuditLog::new());
        let all = desk.replay_all(&act(), None).await.expect("all");
        assert_eq!((all.count, all.more), (sum, false), "{portions:?}");
    }
    let outbox = replaying(Replay::Dead(None), 0, "dead");
    let desk = desk(outbox, told(AuditAction::AdminRefused));
    let none = desk.replay_all(&act(), None).await.expect("none is fine");
    assert_eq!(none.count, 0);
}

#[tokio::test]
async fn what_is_not_there_is_told_as_such_and_noted() {
    let one = Replay::Event(event(), None);
    let subject = "00000000-0000-0000-0000-000000000007";
    let replay = async |outbox, which: &Replay| {
        let desk = desk(outbox, told(AuditAction::AdminRefused));
        desk.replay(&act(), which).await
    };
    let replayed = replay(replaying(one.clone(), 0, subject), &one).await;
    let error = replayed.expect_err("nothing");
    assert!(matches!(error, AdministrationError::NotFound), "{error:?}");
    let all = Replay::Dead(Some(name("a")));
    let replayed = replay(replaying(all.clone(), 0, "dead a"), &all).await;
    assert_eq!(replayed.expect("none is fine").count, 0);
}

#[tokio::test]
async fn an_outbox_that_is_away_is_told() {
    let mut outbox = MockOutbox::new();
    outbox
        .expect_replay()
        .returning(|_, _, _, _| Err(OutboxError(away())));
    let desk = desk(outbox, MockAuditLog::new());
    let replayed = desk.replay(&act(), &Replay::Dead(None)).await;
    let error = replayed.expect_err("a fault");
    assert!(matches!(error, AdministrationError::Unavailable(_)));
}
