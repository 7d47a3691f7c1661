//! What every `Turns` must do.
#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::wechat::Provider;
use menshen_domain::ports::account_store::Lookup;
use menshen_domain::ports::turns::{Turn, Turns, TurnsError};
use tokio::task::{JoinSet, yield_now};
use uuid::Uuid;

use crate::people::{app_id, openid, platform, union_id};
use crate::sample::phone;

/// Makes one named test of each clause. The expression gives turns that are waited
/// for some seconds, for as many people as come; it is evaluated once per test, and
/// may await.
#[macro_export]
macro_rules! turns {
    ($turns:expr) => {
        $crate::clauses! {
            $crate::suites::turns, $turns,
            whoever_is_alone_has_the_turn,
            whatever_is_shared_is_waited_for,
            strangers_are_not_waited_for,
            turns_come_in_the_order_of_the_calls,
            a_call_that_is_dropped_was_never_there,
            two_hundred_at_once_are_each_alone,
            overlaps_of_any_kind_all_come_to_an_end,
        }
    };
}

type Subject = Arc<dyn Turns>;

fn user(n: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(n))
}

/// Looks up by the phone number, openid, unionid and account of these numbers.
fn by(
    phone_of: Option<u32>,
    openid_of: Option<u32>,
    union: Option<u32>,
    me: Option<u32>,
) -> Lookup {
    Lookup {
        signed_in: me.map(|n| user(n.into())),
        phone: phone_of.map(phone),
        openid: openid_of.map(|n| (Provider::WeChatMiniProgram, app_id("wx1"), openid(n))),
        union_id: union.map(|n| (platform(), union_id(n))),
    }
}

fn all_of(n: u32) -> Lookup {
    by(Some(n), Some(n), Some(n), Some(n))
}

/// Asks for a turn, and goes on when the call waits, or is over.
async fn asked(
    turns: &Subject,
    lookup: &Lookup,
) -> tokio::task::JoinHandle<Result<Turn, TurnsError>> {
    let (turns, lookup) = (Arc::clone(turns), lookup.clone());
    let (begun, begins) = tokio::sync::oneshot::channel();
    let asked = tokio::spawn(async move {
        let mut call = Box::pin(async move { turns.take(&lookup).await });
        // Once by hand, so that its place in the line is certain.
        let first = std::future::poll_fn(|cx| std::task::Poll::Ready(call.as_mut().poll(cx))).await;
        begun.send(()).unwrap();
        match first {
            std::task::Poll::Ready(turn) => turn,
            std::task::Poll::Pending => call.await,
        }
    });
    begins.await.unwrap();
    asked
}

/// Also if nothing is looked up at all, and again and again.
pub async fn whoever_is_alone_has_the_turn(turns: Subject) {
    for lookup in [all_of(1), all_of(1), Lookup::default()] {
        drop(turns.take(&lookup).await.unwrap());
    }
    let first = turns.take(&Lookup::default()).await.unwrap();
    drop(turns.take(&Lookup::default()).await.unwrap());
    drop(first);
}

/// One thing is enough, of each kind.
pub async fn whatever_is_shared_is_waited_for(turns: Subject) {
    for sharing in [
        by(Some(1), Some(2), Some(2), Some(2)),
        by(Some(2), Some(1), Some(2), Some(2)),
        by(Some(2), Some(2), Some(1), Some(2)),
        by(Some(2), Some(2), Some(2), Some(1)),
        by(Some(1), None, None, None),
        all_of(1),
    ] {
        let held = turns.take(&all_of(1)).await.unwrap();
        let waiting = asked(&turns, &sharing).await;
        for _ in 0..100 {
            yield_now().await;
        }
        assert!(!waiting.is_finished(), "{sharing:?}");
        drop(held);
        drop(waiting.await.unwrap().unwrap());
    }
}

/// The same openid of another application is another person's.
pub async fn strangers_are_not_waited_for(turns: Subject) {
    let held = turns.take(&all_of(1)).await.unwrap();
    let mut elsewhere = by(None, Some(1), None, None);
    if let Some((_, app, _)) = &mut elsewhere.openid {
        *app = app_id("wx2");
    }
    for stranger in [all_of(2), by(Some(3), None, None, None), elsewhere] {
        drop(turns.take(&stranger).await.unwrap());
    }
    drop(held);
}

/// However many they are.
pub async fn turns_come_in_the_order_of_the_calls(turns: Subject) {
    let held = turns.take(&all_of(1)).await.unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut waiting = JoinSet::new();
    for n in 0..50 {
        let call = asked(&turns, &all_of(1)).await;
        let order = Arc::clone(&order);
        waiting.spawn(async move {
            let turn = call.await.unwrap().unwrap();
            let mut order = order.lock().unwrap_or_else(PoisonError::into_inner);
            order.push(n);
            drop(turn);
        });
    }
    drop(held);
    waiting.join_all().await;
    let order = order.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(*order, (0..50).collect::<Vec<_>>());
}

/// Whether it was first of those who wait, in between, or the last.
pub async fn a_call_that_is_dropped_was_never_there(turns: Subject) {
    for dropped in 0..3 {
        let held = turns.take(&all_of(1)).await.unwrap();
        let mut waiting = Vec::new();
        for _ in 0..3 {
            waiting.push(asked(&turns, &all_of(1)).await);
        }
        let gone = waiting.remove(dropped);
        gone.abort();
        assert!(gone.await.unwrap_err().is_cancelled());
        drop(held);
        for call in waiting {
            drop(call.await.unwrap().unwrap());
        }
    }
    drop(turns.take(&all_of(1)).await.unwrap());
}

/// As many as race for a first login, from several threads.
pub async fn two_hundred_at_once_are_each_alone(turns: Subject) {
    let inside = Arc::new(AtomicUsize::new(0));
    let mut racing = JoinSet::new();
    for _ in 0..200 {
        let (turns, inside) = (Arc::clone(&turns), Arc::clone(&inside));
        racing.spawn(async move {
            let turn = turns.take(&all_of(1)).await.unwrap();
            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
            yield_now().await;
            inside.fetch_sub(1, Ordering::SeqCst);
            drop(turn);
        });
    }
    racing.join_all().await;
}

/// Each shares something with some of the others, in every order.
pub async fn overlaps_of_any_kind_all_come_to_an_end(turns: Subject) {
    let mut racing = JoinSet::new();
    for n in 0..600_u32 {
        let some = |bit: u32, of: u32| (n >> bit & 1 == 0).then_some(n * 7 / of % 3);
        let lookup = by(some(0, 1), some(1, 2), some(2, 3), some(3, 5));
        let turns = Arc::clone(&turns);
        racing.spawn(async move {
            let turn = turns.take(&lookup).await.unwrap();
            yield_now().await;
            drop(turn);
        });
    }
    racing.join_all().await;
}
