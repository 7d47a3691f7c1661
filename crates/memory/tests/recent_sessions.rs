//! What is believed of sessions, and when it is believed no more.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use menshen_domain::model::audit::{AuditAction, AuditEvent};
use menshen_domain::model::changes::{Changes, SessionsOf, Step};
use menshen_domain::model::identifiers::{SessionId, UserId};
use menshen_domain::model::session::EndReason;
use menshen_domain::ports::account_store::{AccountStore, AccountStoreError, MockAccountStore};
use menshen_domain::ports::session_notices::{MockSessionNotices, SessionNotice};
use menshen_domain::ports::session_store::{MockSessionStore, SessionStore, SessionStoreError};
use menshen_memory::recent_sessions::RecentSessions;
use menshen_memory::session_notices::MemorySessionNotices;
use menshen_testkit::sample::{SeededRandomness, now};
use tokio::time::advance;
use uuid::Uuid;

/// Whether the session is over, and how often that was asked.
#[derive(Default)]
struct Truth {
    over: AtomicBool,
    asked: AtomicUsize,
}

impl Truth {
    fn answer(&self) -> Option<EndReason> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let over = self.over.load(Ordering::SeqCst);
        over.then_some(EndReason::SignedOut)
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// A mock that answers the truth, and whose `end` makes the session over.
fn store(truth: &Arc<Truth>) -> MockSessionStore {
    let mut mock = MockSessionStore::new();
    let (asked, ended) = (Arc::clone(truth), Arc::clone(truth));
    mock.expect_over()
        .returning(move |_, _, _| Ok(asked.answer()));
    mock.expect_end().returning(move |_, _, _, _, _| {
        ended.over.store(true, Ordering::SeqCst);
        Ok(vec![session()])
    });
    mock
}

fn recent(truth: &Arc<Truth>) -> RecentSessions {
    over_store(store(truth), 10)
}

/// Without anybody to tell.
fn over_store(store: MockSessionStore, capacity: usize) -> RecentSessions {
    let notices = Arc::new(MemorySessionNotices::default());
    RecentSessions::new(Arc::new(store), capacity, notices)
}

fn session() -> SessionId {
    SessionId::from_uuid(Uuid::from_u128(1))
}

fn user() -> UserId {
    UserId::from_uuid(Uuid::from_u128(2))
}

fn row() -> AuditEvent {
    AuditEvent::new(AuditAction::SignedOut, now(), &SeededRandomness::new(1))
}

async fn over(store: &dyn SessionStore) -> Option<EndReason> {
    store
        .over(user(), session(), now())
        .await
        .expect("the store answers")
}

async fn end(store: &dyn SessionStore) -> Result<Vec<SessionId>, SessionStoreError> {
    let which = SessionsOf::One(session());
    store
        .end(user(), which, EndReason::SignedOut, now(), row())
        .await
}

#[tokio::test(start_paused = true)]
async fn a_live_session_is_asked_for_once_a_second() {
    let truth = Arc::new(Truth::default());
    let sessions = recent(&truth);
    for _ in 0..10 {
        assert_eq!(over(&sessions).await, None);
        advance(Duration::from_millis(99)).await;
    }
    assert_eq!(truth.asked(), 1);
    advance(Duration::from_millis(10)).await;
    assert_eq!(over(&sessions).await, None);
    assert_eq!(truth.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_another_replica_ended_is_over_within_a_second() {
    let truth = Arc::new(Truth::default());
    let sessions = recent(&truth);
    assert_eq!(over(&sessions).await, None);
    truth.over.store(true, Ordering::SeqCst);
    assert_eq!(over(&sessions).await, None);
    advance(Duration::from_secs(1)).await;
    assert_eq!(over(&sessions).await, Some(EndReason::SignedOut));
}

#[tokio::test(start_paused = true)]
async fn that_a_session_is_over_is_never_taken_from_memory() {
    let truth = Arc::new(Truth::default());
    let sessions = recent(&truth);
    truth.over.store(true, Ordering::SeqCst);
    assert!(over(&sessions).await.is_some());
    truth.over.store(false, Ordering::SeqCst);
    assert!(over(&sessions).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn what_was_ended_here_is_over_at_once() {
    let truth = Arc::new(Truth::default());
    let sessions = recent(&truth);
    assert_eq!(over(&sessions).await, None);
    end(&sessions).await.unwrap();
    assert_eq!(over(&sessions).await, Some(EndReason::SignedOut));
}

#[tokio::test(start_paused = true)]
async fn what_was_ended_but_not_confirmed_is_asked_for() {
    let truth = Arc::new(Truth::default());
    let mut mock = MockSessionStore::new();
    let (asked, ended) = (Arc::clone(&truth), Arc::clone(&truth));
    mock.expect_over()
        .returning(move |_, _, _| Ok(asked.answer()));
    mock.expect_end().returning(move |_, _, _, _, _| {
        ended.over.store(true, Ordering::SeqCst);
        Err(SessionStoreError("the answer was lost".into()))
    });
    let sessions = over_store(mock, 10);
    assert_eq!(over(&sessions).await, None);
    assert!(end(&sessions).await.is_err());
    assert_eq!(over(&sessions).await, Some(EndReason::SignedOut));
}

#[tokio::test(start_paused = true)]
async fn what_is_told_is_believed_no_more() {
    let truth = Arc::new(Truth::default());
    let sessions = recent(&truth);
    assert_eq!(over(&sessions).await, None);
    truth.over.store(true, Ordering::SeqCst);
    sessions.listener().heard(&SessionNotice::Missed);
    assert_eq!(over(&sessions).await, Some(EndReason::SignedOut));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_an_end_overtook_is_not_believed() {
    // The store reads the session as live, and before its answer arrives the
    // session is ended here.
    let truth = Arc::new(Truth::default());
    let sessions: Arc<OnceLock<RecentSessions>> = Arc::default();
    let (asked, here) = (Arc::clone(&truth), Arc::clone(&sessions));
    let mut mock = MockSessionStore::new();
    mock.expect_over().returning(move |_, _, _| {
        let answer = asked.answer();
        asked.over.store(true, Ordering::SeqCst);
        here.wait().listener().heard(&SessionNotice::Missed);
        Ok(answer)
    });
    let sessions = sessions.get_or_init(|| over_store(mock, 10));
    assert_eq!(over(sessions).await, None);
    assert_eq!(over(sessions).await, Some(EndReason::SignedOut));
}

#[tokio::test(start_paused = true)]
async fn only_so_many_sessions_are_remembered() {
    let truth = Arc::new(Truth::default());
    let sessions = over_store(store(&truth), 2);
    let ask = async |n| {
        let id = SessionId::from_uuid(Uuid::from_u128(n));
        sessions.over(user(), id, now()).await.unwrap()
    };
    for n in [1, 2, 3, 1, 2, 3] {
        assert_eq!(ask(n).await, None);
    }
    // The third had no room, the first two kept theirs.
    assert_eq!(truth.asked(), 4);
    advance(Duration::from_secs(1)).await;
    for n in [3, 3] {
        assert_eq!(ask(n).await, None);
    }
    assert_eq!(truth.asked(), 5);
}

#[tokio::test(start_paused = true)]
async fn only_the_account_that_is_named_is_forgotten() {
    let truth = Arc::new(Truth::default());
    let sessions = over_store(store(&truth), 100_000);
    // Of one shard, and of many.
    let accounts: Vec<_> = (0..5000u128)
        .map(|n| UserId::from_uuid(Uuid::from_u128(n)))
        .collect();
    let ask = async |user| sessions.over(user, session(), now()).await.unwrap();
    for user in &accounts {
        ask(*user).await;
    }
    assert_eq!(truth.asked(), accounts.len());
    let ended = vec![accounts[7], accounts[64 * 7 + 3]];
    sessions.listener().heard(&SessionNotice::Ended(ended));
    for user in &accounts {
        ask(*user).await;
    }
    assert_eq!(truth.asked(), accounts.len() + 2);
    sessions.listener().heard(&SessionNotice::Missed);
    for user in &accounts {
        ask(*user).await;
    }
    assert_eq!(truth.asked(), 2 * accounts.len() + 2);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_a_notice_overtook_is_not_believed() {
    let (truth, here) = (
        Arc::new(Truth::default()),
        Arc::new(OnceLock::<RecentSessions>::new()),
    );
    let mut mock = MockSessionStore::new();
    let (asked, hearing) = (Arc::clone(&truth), Arc::clone(&here));
    mock.expect_over().returning(move |_, _, _| {
        let answer = asked.answer();
        asked.over.store(true, Ordering::SeqCst);
        let notice = SessionNotice::Ended(vec![user()]);
        hearing.wait().listener().heard(&notice);
        Ok(answer)
    });
    let sessions = here.get_or_init(|| over_store(mock, 10));
    assert_eq!(over(sessions).await, None);
    assert_eq!(over(sessions).await, Some(EndReason::SignedOut));
}

#[tokio::test(start_paused = true)]
async fn what_ends_here_is_announced_after_it_has_ended() {
    let truth = Arc::new(Truth::default());
    let mut notices = MockSessionNotices::new();
    let ended = Arc::clone(&truth);
    notices
        .expect_announce()
        .withf(move |users| users == [user()] && ended.over.load(Ordering::SeqCst))
        .once()
        .return_const(());
    let sessions = RecentSessions::new(Arc::new(store(&truth)), 10, Arc::new(notices));
    end(&sessions).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_had_ended_before_is_no_news() {
    let mut mock = MockSessionStore::new();
    mock.expect_end().returning(|_, _, _, _, _| Ok(Vec::new()));
    let silent = Arc::new(MockSessionNotices::new());
    let sessions = RecentSessions::new(Arc::new(mock), 10, silent);
    assert!(end(&sessions).await.unwrap().is_empty());
}

/// Asks, applies the steps, and asks again; answers how often the store was
/// asked.
async fn asked_around(steps: Vec<Step>, fails: bool) -> usize {
    let truth = Arc::new(Truth::default());
    let sessions = recent(&truth);
    let mut accounts = MockAccountStore::new();
    accounts.expect_apply().returning(move |_| {
        let lost = || AccountStoreError::Unavailable("the answer was lost".into());
        if fails { Err(lost()) } else { Ok(()) }
    });
    let accounts = sessions.watch(Arc::new(accounts));
    assert_eq!(over(&sessions).await, None);
    let changes = Changes {
        steps,
        ..Changes::default()
    };
    assert_eq!(accounts.apply(&changes).await.is_err(), fails);
    assert_eq!(over(&sessions).await, None);
    truth.asked()
}

#[tokio::test(start_paused = true)]
async fn changes_that_end_sessions_are_heard_of() {
    let ends = Step::EndSessions {
        user: user(),
        which: SessionsOf::All,
        reason: EndReason::PhoneChanged,
    };
    assert_eq!(asked_around(vec![ends.clone()], false).await, 2);
    assert_eq!(
        asked_around(vec![Step::Restore(user()), ends.clone()], true).await,
        2
    );
    assert_eq!(asked_around(vec![Step::Restore(user())], false).await, 1);
    assert_eq!(asked_around(Vec::new(), false).await, 1);
}
