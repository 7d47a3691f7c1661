//! Callers that go away in the middle leave nothing behind, neither rows nor a
//! transaction on the connection.

#![expect(
    clippy::unwrap_used,
    reason = "the functions here are tests of several engines"
)]

mod support;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::{Changes, SessionsOf, Step};
use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::session::EndReason;
use menshen_domain::ports::account_store::{AccountStore as _, Lookup};
use menshen_domain::ports::session_store::SessionStore as _;
use menshen_sql::SqlStore;
use menshen_testkit::people::People;
use menshen_testkit::sample::now;
use menshen_testkit::servers::postgres::PostgresDatabase;
use menshen_testkit::stores::Stores;
use support::{migrated, store, stores};

/// Wakes nobody: the test polls by itself.
struct Asleep;

impl Wake for Asleep {
    fn wake(self: Arc<Self>) {}
}

/// Polls a future at most `times`, a moment apart, and drops it.
async fn poll_some<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let waker = Waker::from(Arc::new(Asleep));
    let mut future = pin!(future);
    for _ in 0..times {
        let ready = future.as_mut().poll(&mut Context::from_waker(&waker));
        if let Poll::Ready(output) = ready {
            return Some(output);
        }
        tokio::time::sleep(Duration::from_micros(300)).await;
    }
    None
}

fn first_login(people: &People, n: u32) -> Changes {
    let account = people.whole_account(n);
    let mut changes = people.creation(&account);
    let session = Box::new(people.session(account.id, None, Duration::ZERO));
    changes.steps.push(Step::OpenSession {
        session,
        max_live: 5,
        code: None,
    });
    changes
}

/// Whether a login of which nobody knows the end happened. What the engine was
/// told before the caller went away it may carry out a moment later, between one
/// look at it and the next: what counts is that it comes to all or nothing.
async fn settled(store: &SqlStore, stores: &Stores, user: UserId) -> bool {
    let lookup = Lookup {
        signed_in: Some(user),
        ..Lookup::default()
    };
    let id = user.to_string();
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        let found = store.observe(&lookup).await.unwrap().signed_in;
        let sessions = store.list(user, now()).await.unwrap().len();
        let rows = stores.witness.audit().await;
        let told = rows.iter().filter(|row| row.user.as_ref() == Some(&id));
        let held = found.map(|found| {
            (
                found.phone.is_some(),
                found.identities.len(),
                found.union_ids.len(),
            )
        });
        match (held, sessions, told.count()) {
            (Some((true, 1, 1)), 1, 1) => return true,
            (None, 0, 0) => return false,
            half => assert!(Instant::now() < until, "{half:?}"),
        }
    }
}

/// Drops logins after one step, after two, and so on; whatever was dropped is
/// there whole or not at all, and the next one goes through at once.
async fn a_dropped_login_leaves_all_or_nothing(store: SqlStore, stores: Stores) {
    let people = People::new(1);
    let (mut whole, mut absent) = (0, 0);
    for round in 0..60 {
        let changes = first_login(&people, round);
        poll_some(store.apply(&changes), usize::try_from(round).unwrap()).await;
        let next = first_login(&people, 1_000 + round);
        store.apply(&next).await.unwrap();
        let Step::CreateUser { account, .. } = &changes.steps[0] else {
            panic!("a creation")
        };
        if settled(&store, &stores, account.id).await {
            whole += 1;
        } else {
            absent += 1;
        }
    }
    assert!(whole > 0 && absent > 0, "{whole} whole, {absent} absent");
}

/// The same for ends of sessions, whose audit row comes last.
async fn a_dropped_end_leaves_all_or_nothing(store: SqlStore, stores: Stores) {
    let people = People::new(2);
    for round in 0..30 {
        let login = first_login(&people, round);
        store.apply(&login).await.unwrap();
        let Step::CreateUser { account, .. } = &login.steps[0] else {
            panic!("a creation")
        };
        let audit = people.audit(AuditAction::SignedOut, account.id);
        let which = SessionsOf::All;
        let end = store.end(account.id, which, EndReason::SignedOut, now(), audit);
        poll_some(end, usize::try_from(round).unwrap()).await;
        store
            .apply(&first_login(&people, 1_000 + round))
            .await
            .unwrap();
        let live = store.list(account.id, now()).await.unwrap().len();
        let id = account.id.to_string();
        let rows = stores.witness.audit().await;
        let told = rows
            .iter()
            .filter(|row| row.action == "session.signed_out" && row.user.as_ref() == Some(&id));
        assert_eq!(live + told.count(), 1, "round {round}");
    }
}

#[tokio::test]
async fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let database = migrated(&format!("sqlite://{}/a.db", folder.path().display())).await;
    a_dropped_login_leaves_all_or_nothing(store(&database), stores(database.clone(), ())).await;
    let database = migrated(&format!("sqlite://{}/b.db", folder.path().display())).await;
    a_dropped_end_leaves_all_or_nothing(store(&database), stores(database.clone(), ())).await;
}

#[tokio::test]
async fn on_sqlite_in_memory() {
    let database = migrated("sqlite::memory:").await;
    a_dropped_login_leaves_all_or_nothing(store(&database), stores(database.clone(), ())).await;
    let database = migrated("sqlite::memory:").await;
    a_dropped_end_leaves_all_or_nothing(store(&database), stores(database.clone(), ())).await;
}

#[tokio::test]
async fn on_postgres() {
    let server = PostgresDatabase::fresh().await;
    let database = migrated(&server.url).await;
    a_dropped_login_leaves_all_or_nothing(store(&database), stores(database.clone(), ())).await;
    let server = PostgresDatabase::fresh().await;
    let database = migrated(&server.url).await;
    a_dropped_end_leaves_all_or_nothing(store(&database), stores(database.clone(), ())).await;
}
