use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use menshen_domain::model::identifiers::{EventId, HolderId};
use menshen_domain::model::webhook::{
    Delivery, Listener, MAX_AGE, ReceiverName, SendFault, SendOutcome, Subscription,
};
use menshen_domain::model::webhook_circuit::FAILURES;
use menshen_domain::model::webhook_retry::Settlement;
use menshen_domain::ports::clock::MockClock;
use menshen_domain::ports::lease_store::{Grant, LeaseName, LeaseStoreError, MockLeaseStore};
use menshen_domain::ports::outbox::{Backlog, HandedOver, MockOutbox, OutboxError};
use menshen_domain::ports::webhook_sender::MockWebhookSender;
use menshen_domain::services::deliver_webhooks::{
    Circuits, DeliverWebhooks, DeliverWebhooksError, HANDED_OVER, HEADS, TERM,
};
use uuid::Uuid;

use crate::support::{at, away, epoch, randomness, user};

const REFUSED: SendOutcome = SendOutcome::Refused { status: 500 };

fn name(text: &str) -> ReceiverName {
    ReceiverName::parse(text).expect("a name")
}

fn subscription(text: &str) -> Subscription {
    Subscription {
        receiver: name(text),
        events: Vec::new(),
    }
}

fn delivery(n: u128) -> Delivery {
    Delivery {
        event: EventId::from_uuid(Uuid::from_u128(n)),
        receiver: name("a"),
        user: user(n),
        kind: "user.created".to_owned(),
        at: epoch(),
        data: "{}".to_owned(),
        attempts: 0,
        give_up_at: epoch() + MAX_AGE,
    }
}

/// What the test moves, and what is mocked.
struct Parts {
    leases: MockLeaseStore,
    outbox: MockOutbox,
    sender: MockWebhookSender,
    seconds: Arc<Mutex<i64>>,
}

impl Parts {
    fn new() -> Self {
        Self {
            leases: MockLeaseStore::new(),
            outbox: MockOutbox::new(),
            sender: MockWebhookSender::new(),
            seconds: Arc::default(),
        }
    }

    fn service(self) -> DeliverWebhooks {
        let mut clock = MockClock::new();
        let seconds = self.seconds;
        clock
            .expect_now()
            .returning(move || at(*seconds.lock().expect("the time")));
        DeliverWebhooks {
            leases: Arc::new(self.leases),
            outbox: Arc::new(self.outbox),
            sender: Arc::new(self.sender),
            clock: Arc::new(clock),
            randomness: randomness(),
            holder: HolderId::from_uuid(Uuid::from_u128(5)),
            subscriptions: vec![subscription("a"), subscription("b")],
            since: at(-60),
            circuits: Circuits::default(),
        }
    }
}

fn granted() -> Grant {
    Grant {
        at: epoch(),
        until: epoch() + TERM,
    }
}

#[tokio::test]
async fn another_replica_delivers_and_nothing_is_asked() {
    let mut parts = Parts::new();
    parts
        .leases
        .expect_take()
        .once()
        .returning(|_, _, _| Ok(None));
    let begun = parts.service().begin().await.expect("an answer");
    assert_eq!(begun, None);
}

#[tokio::test]
async fn whoever_has_the_lease_knows_who_hears_from_when_on() {
    let mut parts = Parts::new();
    parts
        .leases
        .expect_take()
        .withf(|name, holder, term| {
            *name == LeaseName::WEBHOOKS && holder.as_uuid().as_u128() == 5 && *term == TERM
        })
        .once()
        .returning(|_, _, _| Ok(Some(granted())));
    parts
        .outbox
        .expect_meet()
        .withf(|names, since, now| {
            *names == [name("a"), name("b")] && (*since, *now) == (at(-60), epoch())
        })
        .once()
        .returning(|_, since, _| Ok(vec![at(-900), since]));
    let listener = |text: &str, since| Listener {
        subscription: subscription(text),
        since: at(since),
    };
    let begun = parts.service().begin().await.expect("an answer");
    assert_eq!(begun, Some(vec![listener("a", -900), listener("b", -60)]));
}

#[tokio::test]
async fn without_the_lease_or_the_outbox_nothing_begins() {
    let mut parts = Parts::new();
    parts
        .leases
        .expect_take()
        .returning(|_, _, _| Err(LeaseStoreError(away())));
    let error = parts.service().begin().await.expect_err("a fault");
    assert!(matches!(error, DeliverWebhooksError::Lease(_)), "{error:?}");
    let mut parts = Parts::new();
    parts
        .leases
        .expect_take()
        .returning(|_, _, _| Ok(Some(granted())));
    parts
        .outbox
        .expect_meet()
        .returning(|_, _, _| Err(OutboxError(away())));
    let error = parts.service().begin().await.expect_err("a fault");
    assert!(
        matches!(error, DeliverWebhooksError::Outbox(_)),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_lease_is_kept_lost_and_given_back() {
    let mut parts = Parts::new();
    let mut answers = vec![Ok(None), Ok(Some(granted()))];
    let renewed = move |_, _, _| answers.pop().expect("an answer");
    parts.leases.expect_renew().times(2).returning(renewed);
    parts
        .leases
        .expect_release()
        .once()
        .returning(|_, _| Ok(()));
    let service = parts.service();
    assert!(service.renew().await.expect("an answer"));
    assert!(!service.renew().await.expect("an answer"));
    service.leave().await.expect("it is given back");
}

#[tokio::test]
async fn events_are_handed_over_so_many_at_a_time() {
    let mut parts = Parts::new();
    let some = HandedOver {
        events: 7,
        deliveries: 9,
    };
    parts
        .outbox
        .expect_hand_over()
        .withf(|listeners, now, limit| {
            listeners.len() == 1 && *now == epoch() && *limit == HANDED_OVER
        })
        .once()
        .returning(move |_, _, _| Ok(some));
    let listener = Listener {
        subscription: subscription("a"),
        since: epoch(),
    };
    let handed = parts.service().hand_over(&[listener]).await;
    assert_eq!(handed.expect("an answer"), some);
}

#[tokio::test]
async fn what_arrived_is_settled() {
    let mut parts = Parts::new();
    parts
        .sender
        .expect_send()
        .once()
        .returning(|_| SendOutcome::Delivered);
    parts
        .outbox
        .expect_settle()
        .withf(|one, settlement, now| {
            *one == delivery(1) && *settlement == Settlement::Delivered && *now == epoch()
        })
        .once()
        .returning(|_, _, _| Ok(()));
    let tried = parts.service().deliver(&delivery(1)).await;
    let tried = tried.expect("an answer").expect("a try");
    assert_eq!(tried.settlement, Settlement::Delivered);
}

#[tokio::test]
async fn what_failed_is_tried_again_later_and_given_up_after_a_day() {
    let mut parts = Parts::new();
    parts.sender.expect_send().returning(|_| REFUSED);
    parts.outbox.expect_settle().returning(|_, _, _| Ok(()));
    let service = parts.service();
    let tried = service.deliver(&delivery(1)).await.expect("an answer");
    match tried.expect("a try").settlement {
        Settlement::Retry { due_at, outcome } => {
            assert!(due_at > epoch() && due_at <= at(2), "{due_at}");
            assert_eq!(outcome, "http_500");
        }
        other => panic!("{other:?}"),
    }
    let mut old = delivery(2);
    old.give_up_at = epoch();
    let tried = service.deliver(&old).await.expect("an answer");
    let outcome = "http_500".to_owned();
    assert_eq!(
        tried.expect("a try").settlement,
        Settlement::Dead { outcome }
    );
}

#[tokio::test]
async fn what_cannot_be_settled_is_told() {
    let mut parts = Parts::new();
    parts
        .sender
        .expect_send()
        .returning(|_| SendOutcome::Delivered);
    parts
        .outbox
        .expect_settle()
        .returning(|_, _, _| Err(OutboxError(away())));
    let tried = parts.service().deliver(&delivery(1)).await;
    tried.expect_err("a fault");
}

#[tokio::test]
async fn a_receiver_that_is_down_is_left_alone_and_the_others_are_not() {
    let mut parts = Parts::new();
    let seconds = parts.seconds.clone();
    let failures = usize::try_from(FAILURES).expect("a few");
    parts
        .sender
        .expect_send()
        .times(failures)
        .returning(|_| SendOutcome::Failed(SendFault::TimedOut));
    parts.outbox.expect_settle().returning(|_, _, _| Ok(()));
    // A probe takes one, due or not.
    parts
        .outbox
        .expect_heads()
        .withf(|receiver, due, limit| *receiver == name("a") && due.is_none() && *limit == 1)
        .once()
        .returning(|_, _, _| Ok(vec![delivery(9)]));
    parts
        .outbox
        .expect_heads()
        .withf(|receiver, due, limit| {
            *receiver == name("b") && *due == Some(epoch()) && *limit == HEADS
        })
        .once()
        .returning(|_, _, _| Ok(vec![delivery(1), delivery(2)]));
    let service = parts.service();
    for n in 0..u128::from(FAILURES) + 3 {
        let tried = service.deliver(&delivery(n)).await.expect("an answer");
        assert_eq!(tried.is_some(), n < u128::from(FAILURES), "{n}");
    }
    assert_eq!(service.due(&name("a")).await.expect("an answer"), []);
    assert_eq!(service.due(&name("b")).await.expect("an answer").len(), 2);
    *seconds.lock().expect("the time") = 11;
    assert_eq!(
        service.due(&name("a")).await.expect("an answer"),
        [delivery(9)]
    );
}

#[tokio::test]
async fn what_waits_for_a_receiver_is_due_once_it_is_back() {
    let mut parts = Parts::new();
    let seconds = parts.seconds.clone();
    let wait = Some(Duration::from_secs(30));
    let mut outcomes = vec![
        SendOutcome::Delivered,
        SendOutcome::Delivered,
        SendOutcome::Busy { status: 429, wait },
    ];
    parts
        .sender
        .expect_send()
        .returning(move |_| outcomes.pop().expect("an outcome"));
    parts.outbox.expect_settle().returning(|_, _, _| Ok(()));
    parts
        .outbox
        .expect_hasten()
        .withf(|receiver, now| *receiver == name("a") && *now == at(31))
        .once()
        .returning(|_, _| Ok(()));
    let service = parts.service();
    service.deliver(&delivery(1)).await.expect("an answer");
    let during = service.deliver(&delivery(1)).await.expect("an answer");
    assert_eq!(during, None, "it asked to be left alone");
    *seconds.lock().expect("the time") = 31;
    for n in [1, 2] {
        let tried = service.deliver(&delivery(n)).await.expect("an answer");
        assert!(tried.is_some());
    }
}

#[tokio::test]
async fn who_is_gone_gets_nothing_any_more() {
    let mut parts = Parts::new();
    let seconds = parts.seconds.clone();
    parts
        .sender
        .expect_send()
        .once()
        .returning(|_| SendOutcome::Gone);
    parts.outbox.expect_settle().returning(|_, _, _| Ok(()));
    let service = parts.service();
    service.deliver(&delivery(1)).await.expect("an answer");
    *seconds.lock().expect("the time") = 1_000_000;
    assert_eq!(
        service.deliver(&delivery(2)).await.expect("an answer"),
        None
    );
    assert_eq!(service.due(&name("a")).await.expect("an answer"), []);
}

#[tokio::test]
async fn what_nobody_is_sent_is_given_up_in_the_end() {
    let mut parts = Parts::new();
    let backlog = |receiver, pending| Backlog {
        receiver: name(receiver),
        pending,
        oldest: Some(epoch() - TimeDelta::days(2)),
        dead: 1,
    };
    // `a` is down, `b` is well, `old` is in no settings, `done` waits for nothing.
    let all = vec![
        backlog("a", 3),
        backlog("b", 3),
        backlog("done", 0),
        backlog("old", 3),
    ];
    parts
        .outbox
        .expect_backlog()
        .once()
        .return_once(move || Ok(all));
    parts
        .outbox
        .expect_meet()
        .once()
        .returning(|names, since, _| Ok(vec![since; names.len()]));
    let given_up = |receiver: &ReceiverName| ["a", "old"].contains(&receiver.as_str());
    parts
        .outbox
        .expect_give_up()
        .withf(move |receiver, now, _| given_up(receiver) && *now == epoch())
        .times(2)
        .returning(|_, _, _| Ok(2));
    parts.sender.expect_send().returning(|_| SendOutcome::Gone);
    parts.outbox.expect_settle().returning(|_, _, _| Ok(()));
    let service = parts.service();
    service.deliver(&delivery(1)).await.expect("an answer");
    let (backlog, given_up) = service.tidy().await.expect("an answer");
    assert_eq!((backlog.len(), given_up), (4, 4));
}
