//! What every `outbox` adapter must do.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

mod farewells;
mod scene;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use menshen_domain::model::event::{EventName, Notice};
use menshen_domain::model::identifiers::{EventId, SessionId};
use menshen_domain::model::webhook::{Delivery, DeliveryState, MAX_AGE};
use menshen_domain::model::webhook_retry::Settlement;
use menshen_domain::ports::outbox::{
    Backlog, DeliveryFilter, HandedOver, REPLAYED_AT_ONCE, Replay,
};
use tokio::task::JoinSet;

pub use self::farewells::{
    a_merge_is_told_after_all_that_is_told_of_who_went,
    an_account_is_not_heard_of_after_it_was_erased,
};
use self::scene::{HOUR, Scene, ids, listener, name, nobody};
use crate::people::later;
use crate::sample::now;
use crate::stores::Stores;

/// Makes one named test of each clause. The expression gives the
/// [`Stores`](crate::stores::Stores) of an empty database; it is evaluated once
/// per test, and may await.
#[macro_export]
macro_rules! outbox {
    ($stores:expr) => {
        $crate::clauses! {
            $crate::suites::outbox, $stores,
            a_receiver_hears_from_when_it_was_met,
            an_event_is_handed_over_once_to_whoever_wants_it,
            events_of_one_act_keep_their_order,
            an_account_is_not_heard_of_after_it_was_erased,
            a_merge_is_told_after_all_that_is_told_of_who_went,
            what_a_receiver_was_not_there_for_is_handed_to_nobody,
            one_delivery_of_an_account_is_a_head_at_a_time,
            a_delivery_that_waits_makes_the_later_ones_wait,
            a_dead_letter_makes_nobody_wait,
            heads_come_by_how_long_they_waited,
            what_is_hastened_is_due,
            only_what_is_past_its_time_is_given_up,
            what_is_settled_is_not_settled_again,
            the_backlog_tells_what_waits_and_what_died,
            deliveries_are_listed_latest_first_in_pages,
            an_event_is_replayed_to_one_or_to_all,
            dead_letters_are_replayed_the_oldest_first_and_so_many_at_once,
            two_who_hand_over_hand_each_event_over_once,
        }
    };
}

/// Also after it was away for a day; after a week it is new again.
pub async fn a_receiver_hears_from_when_it_was_met(stores: Stores) {
    let meet = async |names: &[&str], at: DateTime<Utc>| {
        let names: Vec<_> = names.iter().map(|text| name(text)).collect();
        stores.outbox.meet(&names, at, at).await.unwrap()
    };
    let day = |days: u32| later(HOUR * 24 * days);
    assert_eq!(meet(&["a"], day(0)).await, [day(0)]);
    assert_eq!(meet(&["b", "a"], day(1)).await, [day(1), day(0)]);
    assert_eq!(
        meet(&["a"], day(8)).await,
        [day(0)],
        "seven days are not over"
    );
    assert_eq!(meet(&["a", "b"], day(16)).await, [day(16), day(16)]);
    assert!(meet(&[], day(16)).await.is_empty());
}

/// With all that is told, to the byte.
pub async fn an_event_is_handed_over_once_to_whoever_wants_it(stores: Stores) {
    let scene = Scene::over(stores);
    let account = scene.account().await;
    let session = SessionId::generate(scene.people.randomness(), now());
    let told = [Notice::UserUpdated, Notice::SessionCreated(session)];
    let events = scene.act(&account, later(HOUR), &told).await;
    let mut picky = listener("b");
    picky.subscription.events = EventName::parse("session.created").into_iter().collect();
    let listeners = [listener("a"), picky];
    let handed = scene.hand_over(&listeners).await;
    let wanted = HandedOver {
        events: 2,
        deliveries: 3,
    };
    assert_eq!(handed, wanted);
    assert_eq!(scene.hand_over(&listeners).await, HandedOver::default());
    let heads = scene.due("b", now()).await;
    let wanted = Delivery {
        event: events[1],
        receiver: name("b"),
        user: account.id,
        kind: "session.created".to_owned(),
        at: later(HOUR),
        data: heads[0].data.clone(),
        attempts: 0,
        give_up_at: later(HOUR) + MAX_AGE,
    };
    assert_eq!(heads, [wanted]);
    // In whatever order: what counts is that it stays as it is.
    let data: String = heads[0].data.split_whitespace().collect();
    let members = [
        format!(r#""session_id":"{session}""#),
        format!(r#""user_id":"{}""#, account.id),
    ];
    let either = [members.join(","), format!("{},{}", members[1], members[0])];
    let either = either.map(|members| format!("{{{members}}}"));
    assert!(either.contains(&data), "{data}");
    assert_eq!(scene.due_ids("a", now()).await, [events[0]]);
}

/// Ids of one millisecond are in no order: the acts are.
pub async fn events_of_one_act_keep_their_order(stores: Stores) {
    let scene = Scene::over(stores);
    let account = scene.account().await;
    let mut events = Vec::new();
    for _ in 0..5 {
        let told = [
            Notice::UserUpdated,
            Notice::PhoneChanged,
            Notice::UserDisabled,
            Notice::UserEnabled,
        ];
        events.extend(scene.act(&account, now(), &told).await);
    }
    scene.hand_over(&[listener("a")]).await;
    let mut told = Vec::new();
    while let [head] = &scene.due("a", now()).await[..] {
        told.push(head.event);
        scene.settle(head, Settlement::Delivered).await;
    }
    assert_eq!(told, events);
    assert!(scene.listed(&DeliveryFilter::default()).await.is_empty());
}

/// The event leaves the outbox all the same.
pub async fn what_a_receiver_was_not_there_for_is_handed_to_nobody(stores: Stores) {
    let scene = Scene::over(stores);
    let account = scene.account().await;
    let before = now() - TimeDelta::seconds(1);
    scene.act(&account, before, &[Notice::UserUpdated]).await;
    let handed = scene.hand_over(&[listener("a")]).await;
    let wanted = HandedOver {
        events: 1,
        deliveries: 0,
    };
    assert_eq!(handed, wanted);
    assert_eq!(scene.hand_over(&[]).await, HandedOver::default());
}

/// Other accounts and other receivers go on.
pub async fn one_delivery_of_an_account_is_a_head_at_a_time(stores: Stores) {
    let scene = Scene::over(stores);
    let (one, other) = (scene.account().await, scene.account().await);
    let events = scene.updates(&one, 3).await;
    let others = scene.updates(&other, 1).await;
    scene.hand_over(&[listener("a"), listener("b")]).await;
    let heads = scene.due("a", now()).await;
    assert_eq!(ids(&heads), [events[0], others[0]]);
    scene.settle(&heads[0], Settlement::Delivered).await;
    let left = scene.due_ids("a", now()).await;
    assert!(left.contains(&events[1]) && left.contains(&others[0]) && left.len() == 2);
    assert_eq!(scene.due_ids("b", now()).await, [events[0], others[0]]);
    let any = scene
        .stores
        .outbox
        .heads(&name("b"), None, 1)
        .await
        .unwrap();
    assert_eq!(ids(&any), [events[0]]);
    assert_eq!(scene.due_ids("c", now()).await, []);
}

/// Those, too, that come while it waits.
pub async fn a_delivery_that_waits_makes_the_later_ones_wait(stores: Stores) {
    let scene = Scene::over(stores);
    let account = scene.account().await;
    let mut events = scene.updates(&account, 2).await;
    scene.hand_over(&[listener("a"), listener("b")]).await;
    let head = scene.due("a", now()).await.remove(0);
    scene.retry(&head, later(HOUR)).await;
    events.extend(scene.updates(&account, 1).await);
    scene.hand_over(&[listener("a"), listener("b")]).await;
    assert_eq!(scene.due_ids("a", now()).await, []);
    assert_eq!(scene.due_ids("b", now()).await, [events[0]]);
    let due = scene.due("a", later(HOUR)).await;
    assert_eq!(ids(&due), [events[0]]);
    assert_eq!((due[0].attempts, &due[0].data), (1, &head.data));
    let any = scene
        .stores
        .outbox
        .heads(&name("a"), None, 9)
        .await
        .unwrap();
    assert_eq!(ids(&any), [events[0]], "due or not");
    let filter = DeliveryFilter {
        receiver: Some(name("a")),
        ..DeliveryFilter::default()
    };
    let tried: Vec<_> = scene
        .listed(&filter)
        .await
        .into_iter()
        .map(|one| (one.attempts, one.outcome))
        .collect();
    assert_eq!(
        tried,
        [(0, None), (0, None), (1, Some("http_500".to_owned()))],
        "who waits was not tried"
    );
}

/// Its account's later events go on.
pub async fn a_dead_letter_makes_nobody_wait(stores: Stores) {
    let scene = Scene::over(stores);
    let account = scene.account().await;
    let events = scene.updates(&account, 2).await;
    scene.hand_over(&[listener("a")]).await;
    let head = scene.due("a", now()).await.remove(0);
    scene.die(&head).await;
    assert_eq!(scene.due_ids("a", now()).await, [events[1]]);
    let filter = DeliveryFilter {
        state: Some(DeliveryState::Dead),
        ..DeliveryFilter::default()
    };
    let dead = scene.listed(&filter).await;
    assert_eq!(dead.len(), 1);
    let dead = &dead[0];
    assert_eq!((dead.event, dead.dead_at), (events[0], Some(now())));
    assert_eq!(
        (dead.attempts, dead.outcome.as_deref()),
        (1, Some("http_500"))
    );
}

/// Whoever waited longest first, no more than asked for.
pub async fn heads_come_by_how_long_they_waited(stores: Stores) {
    let scene = Scene::over(stores);
    let mut events = Vec::new();
    for _ in 0..3 {
        let account = scene.account().await;
        events.extend(scene.updates(&account, 1).await);
    }
    scene.hand_over(&[listener("a")]).await;
    let heads = scene.due("a", now()).await;
    assert_eq!(ids(&heads), events);
    scene.retry(&heads[0], later(HOUR)).await;
    scene.retry(&heads[1], later(HOUR * 2)).await;
    let order = [events[2], events[0], events[1]];
    assert_eq!(scene.due_ids("a", later(HOUR * 3)).await, order);
    let some = scene
        .stores
        .outbox
        .heads(&name("a"), None, 2)
        .await
        .unwrap();
    assert_eq!(ids(&some), order[..2]);
}

/// For this receiver alone.
pub async fn what_is_hastened_is_due(stores: Stores) {
    let scene = Scene::over(stores);
    let account = scene.account().await;
    let events = scene.updates(&account, 1).await;
    scene.hand_over(&[listener("a"), listener("b")]).await;
    for receiver in ["a", "b"] {
        let head = scene.due(receiver, now()).await.remove(0);
        scene.retry(&head, later(HOUR)).await;
    }
    scene.stores.outbox.hasten(&name("a"), now()).await.unwrap();
    assert_eq!(scene.due_ids("a", now()).await, events);
    assert_eq!(scene.due_ids("b", now()).await, []);
}

/// Tried or not; so many at once.
pub async fn only_what_is_past_its_time_is_given_up(stores: Stores) {
    let scene = Scene::over(stores);
    let account = scene.account().await;
    scene.updates(&account, 3).await;
    scene.hand_over(&[listener("a"), listener("b")]).await;
    let give_up = async |receiver: &str, at| {
        let outbox = &scene.stores.outbox;
        outbox.give_up(&name(receiver), at, 2).await.unwrap()
    };
    let end = now() + MAX_AGE;
    assert_eq!(give_up("a", end - TimeDelta::microseconds(1)).await, 0);
    assert_eq!(give_up("a", end).await, 2);
    assert_eq!(give_up("a", end).await, 1);
    assert_eq!(give_up("a", end).await, 0);
    assert_eq!(scene.due("a", end).await, []);
    assert_eq!(scene.due("b", end).await.len(), 1);
}

/// A holder that was frozen brings nothing back, and tells nobody's attempts.
pub async fn what_is_settled_is_not_settled_again(stores: Stores) {
    let scene = Scene::over(stores);
    let account = scene.account().await;
    scene.updates(&account, 2).await;
    scene.hand_over(&[listener("a")]).await;
    let head = scene.due("a", now()).await.remove(0);
    scene.settle(&head, Settlement::Delivered).await;
    let before = scene.listed(&DeliveryFilter::default()).await;
    scene.retry(&head, later(HOUR)).await;
    scene.die(&head).await;
    scene.settle(&head, Settlement::Delivered).await;
    assert_eq!(scene.listed(&DeliveryFilter::default()).await, before);
    let next = scene.due("a", now()).await.remove(0);
    scene.die(&next).await;
    let before = scene.listed(&DeliveryFilter::default()).await;
    scene.retry(&next, later(HOUR)).await;
    assert_eq!(scene.listed(&DeliveryFilter::default()).await, before);
}

/// Of each receiver that anything is there for.
pub async fn the_backlog_tells_what_waits_and_what_died(stores: Stores) {
    let scene = Scene::over(stores);
    let account = scene.account().await;
    scene
        .act(&account, later(HOUR), &[Notice::UserUpdated])
        .await;
    scene.updates(&account, 2).await;
    let listeners = [listener("b"), listener("a"), listener("c")];
    scene.hand_over(&listeners).await;
    let head = scene.due("b", now()).await.remove(0);
    scene.die(&head).await;
    while let Some(head) = scene.due("c", now()).await.first() {
        scene.settle(head, Settlement::Delivered).await;
    }
    let backlog = |receiver, pending, dead| Backlog {
        receiver: name(receiver),
        pending,
        oldest: Some(now()),
        dead,
    };
    let wanted = [backlog("a", 3, 0), backlog("b", 2, 1)];
    assert_eq!(scene.stores.outbox.backlog().await.unwrap(), wanted);
}

/// All conditions hold together.
pub async fn deliveries_are_listed_latest_first_in_pages(stores: Stores) {
    let scene = Scene::over(stores);
    let account = scene.account().await;
    let events = scene.updates(&account, 4).await;
    scene.hand_over(&[listener("a"), listener("b")]).await;
    let head = scene.due("a", now()).await.remove(0);
    scene.die(&head).await;
    let list = async |state, receiver: Option<&str>, before, limit| {
        let filter = DeliveryFilter {
            state,
            receiver: receiver.map(name),
        };
        let outbox = &scene.stores.outbox;
        outbox.list(&filter, before, limit).await.unwrap()
    };
    let of_a = list(None, Some("a"), None, 9).await;
    let order: Vec<_> = of_a.iter().map(|one| one.event).collect();
    assert_eq!(order, [events[3], events[2], events[1], events[0]]);
    assert_eq!(list(None, None, None, 9).await.len(), 8);
    let page = list(None, Some("a"), Some(of_a[1].place), 1).await;
    assert_eq!(page, of_a[2..3]);
    let dead = list(Some(DeliveryState::Dead), Some("a"), None, 9).await;
    assert_eq!(dead, of_a[3..]);
    let pending = list(Some(DeliveryState::Pending), Some("a"), None, 9).await;
    assert_eq!(pending, of_a[..3]);
    assert_eq!(
        list(Some(DeliveryState::Dead), Some("b"), None, 9).await,
        []
    );
}

/// As if it had not been tried, and told to the audit log if there was any.
pub async fn an_event_is_replayed_to_one_or_to_all(stores: Stores) {
    let scene = Scene::over(stores);
    let account = scene.account().await;
    let events = scene.updates(&account, 1).await;
    scene.hand_over(&[listener("a"), listener("b")]).await;
    for receiver in ["a", "b"] {
        let head = scene.due(receiver, now()).await.remove(0);
        scene.die(&head).await;
    }
    let told = async || {
        let audit = scene.stores.witness.audit().await;
        let of = |row: &&crate::stores::AuditRow| row.action == "webhooks.replayed";
        audit.iter().filter(of).count()
    };
    let nobody = EventId::from_uuid(nobody());
    assert_eq!(scene.replay(&Replay::Event(nobody, None)).await, 0);
    let other = Replay::Event(events[0], Some(name("c")));
    assert_eq!((scene.replay(&other).await, told().await), (0, 0));
    let one = Replay::Event(events[0], Some(name("a")));
    assert_eq!((scene.replay(&one).await, told().await), (1, 1));
    assert_eq!(scene.due("a", now()).await, [], "due from then on");
    let again = scene.due("a", later(HOUR)).await.remove(0);
    assert_eq!((again.attempts, again.give_up_at), (0, later(HOUR * 25)));
    assert_eq!(scene.due("b", later(HOUR)).await, []);
    let all = Replay::Event(events[0], None);
    assert_eq!(scene.replay(&all).await, 2, "what waits does so no more");
    assert_eq!(scene.due_ids("b", later(HOUR)).await, events);
}

/// Of one receiver or of all.
pub async fn dead_letters_are_replayed_the_oldest_first_and_so_many_at_once(stores: Stores) {
    let scene = Scene::over(stores);
    let account = scene.account().await;
    let many = u64::from(REPLAYED_AT_ONCE) + 2;
    let notices = vec![Notice::UserUpdated; usize::try_from(many).unwrap()];
    scene.act(&account, now(), &notices).await;
    let listeners = [listener("a"), listener("b")];
    while scene.hand_over(&listeners).await.events > 0 {}
    for receiver in ["a", "b"] {
        let outbox = &scene.stores.outbox;
        let (receiver, end) = (name(receiver), now() + MAX_AGE);
        assert_eq!(outbox.give_up(&receiver, end, 5_000).await.unwrap(), many);
    }
    let of_a = Replay::Dead(Some(name("a")));
    assert_eq!(scene.replay(&of_a).await, u64::from(REPLAYED_AT_ONCE));
    let filter = DeliveryFilter {
        state: Some(DeliveryState::Dead),
        receiver: Some(name("a")),
    };
    let (left, all) = (
        scene.listed(&filter).await,
        DeliveryFilter {
            receiver: Some(name("a")),
            ..DeliveryFilter::default()
        },
    );
    assert_eq!(left, scene.listed(&all).await[..2], "the latest are left");
    assert_eq!(scene.replay(&of_a).await, 2);
    assert_eq!(scene.replay(&of_a).await, 0);
    let all = Replay::Dead(None);
    assert_eq!(scene.replay(&all).await, u64::from(REPLAYED_AT_ONCE));
}

/// A holder of the lease that was frozen, for one: none twice, and all in order.
pub async fn two_who_hand_over_hand_each_event_over_once(stores: Stores) {
    let scene = Scene::over(stores);
    let account = scene.account().await;
    let events = scene.act(&account, now(), &[Notice::UserUpdated; 40]).await;
    let mut hands = JoinSet::new();
    for _ in 0..4 {
        let outbox = Arc::clone(&scene.stores.outbox);
        hands.spawn(async move {
            let mut handed = 0;
            for _ in 0..20 {
                let some = outbox.hand_over(&[listener("a")], now(), 3).await;
                handed += some.unwrap().deliveries;
            }
            handed
        });
    }
    let handed: u64 = hands.join_all().await.into_iter().sum();
    assert_eq!(handed, 40);
    let listed = scene.listed(&DeliveryFilter::default()).await;
    let order: Vec<_> = listed.iter().rev().map(|one| one.event).collect();
    assert_eq!(order, events);
}
