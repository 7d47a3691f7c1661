//! Sessions move from one refresh token to the next.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::sync::Arc;
use std::time::Duration;

use menshen_domain::model::account::{Account, AccountStatus};
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::SessionsOf;
use menshen_domain::model::session::{EndReason, Session};
use menshen_domain::ports::session_store::{Rotation, SessionStore};
use tokio::task::JoinSet;

use crate::people::{People, later};
use crate::sample::now;
use crate::stores::Stores;
use crate::suites::session_store::steps::{MINUTE, audited, next, open, over, with_sessions};

/// Generations and times, and when it was last seen.
pub async fn a_rotation_moves_the_session_on(stores: Stores) {
    let people = People::new(1);
    let (_, [mut session]) = with_sessions(&stores, &people, [1]).await;
    for step in 1..4 {
        let at = later(MINUTE * step);
        let to = next(&session.refresh, at);
        let done = stores
            .sessions
            .rotate(session.id, &session.refresh, &to, at, None)
            .await;
        assert_eq!(done.unwrap(), Rotation::Done);
        session = Session {
            refresh: to,
            last_seen_at: at,
            ..session
        };
        assert_eq!(
            stores
                .sessions
                .find(session.id)
                .await
                .unwrap()
                .unwrap()
                .session,
            session
        );
    }
}

/// Somebody else was faster.
pub async fn a_rotation_begins_from_the_state_that_is(stores: Stores) {
    let people = People::new(1);
    let (_, [session]) = with_sessions(&stores, &people, [1]).await;
    let (first, second) = (session.refresh, next(&session.refresh, now()));
    let third = next(&second, now());
    let rotate = |from, to| stores.sessions.rotate(session.id, from, to, now(), None);
    assert_eq!(rotate(&second, &third).await.unwrap(), Rotation::Lost);
    assert_eq!(rotate(&first, &second).await.unwrap(), Rotation::Done);
    assert_eq!(rotate(&first, &second).await.unwrap(), Rotation::Lost);
    assert_eq!(
        stores
            .sessions
            .find(session.id)
            .await
            .unwrap()
            .unwrap()
            .session
            .refresh,
        second
    );
}

/// Ended, expired, or never there.
pub async fn a_session_that_is_over_is_not_rotated(stores: Stores) {
    let people = People::new(1);
    let (account, [ended, expired]) = with_sessions(&stores, &people, [1, 2]).await;
    let audit = people.audit(AuditAction::SignedOut, account.id);
    let which = SessionsOf::One(ended.id);
    stores
        .sessions
        .end(account.id, which, EndReason::SignedOut, now(), audit)
        .await
        .unwrap();
    let unknown = people.session(account.id, None, MINUTE);
    for (session, at) in [
        (&ended, now()),
        (&expired, expired.expires_at),
        (&unknown, now()),
    ] {
        let to = next(&session.refresh, at);
        let done = stores
            .sessions
            .rotate(session.id, &session.refresh, &to, at, None)
            .await;
        assert_eq!(done.unwrap(), Rotation::Lost);
    }
}

/// Even where its session was left alone.
pub async fn a_shut_account_is_not_rotated(stores: Stores) {
    let people = People::new(1);
    let purge_at = later(MINUTE);
    for (n, status) in [
        (1, AccountStatus::DISABLED),
        (2, AccountStatus::Cancelling { purge_at }),
        (3, AccountStatus::Erased),
    ] {
        let account = Account {
            status,
            ..people.whole_account(n)
        };
        let [session] = open(&stores, &people, &account, [1]).await;
        let to = next(&session.refresh, now());
        let done = stores
            .sessions
            .rotate(session.id, &session.refresh, &to, now(), None)
            .await;
        assert_eq!(done.unwrap(), Rotation::Lost, "{status:?}");
    }
}

/// A rotation that was lost tells nothing.
pub async fn a_rotation_is_audited_if_it_happens(stores: Stores) {
    let people = People::new(1);
    let (account, [session]) = with_sessions(&stores, &people, [1]).await;
    let to = next(&session.refresh, now());
    for expected in [Rotation::Done, Rotation::Lost] {
        let audit = Some(people.audit(AuditAction::RefreshRecovered, account.id));
        let done = stores
            .sessions
            .rotate(session.id, &session.refresh, &to, now(), audit)
            .await;
        assert_eq!(done.unwrap(), expected);
        assert_eq!(audited(&stores, AuditAction::RefreshRecovered).await, 1);
    }
}

/// Of thirty-two at once one moves the session on, each of twenty times.
pub async fn racing_rotations_move_on_once(stores: Stores) {
    let people = People::new(1);
    let (_, [session]) = with_sessions(&stores, &people, [1]).await;
    let mut from = session.refresh;
    for round in 0..20 {
        let to = next(&from, later(MINUTE * round));
        let mut rotations = JoinSet::new();
        for _ in 0..32 {
            let sessions = Arc::clone(&stores.sessions);
            rotations.spawn(async move {
                sessions
                    .rotate(session.id, &from, &to, now(), None)
                    .await
                    .unwrap()
            });
        }
        let outcomes = rotations.join_all().await;
        let done = outcomes
            .iter()
            .filter(|outcome| **outcome == Rotation::Done)
            .count();
        assert_eq!(done, 1, "round {round}");
        from = to;
    }
    assert_eq!(
        stores
            .sessions
            .find(session.id)
            .await
            .unwrap()
            .unwrap()
            .session
            .refresh,
        from
    );
}

/// Rotates until the session is lost.
async fn rotate_on(sessions: Arc<dyn SessionStore>, session: Session) {
    let mut from = session.refresh;
    for _ in 0..5_000 {
        let to = next(&from, now());
        match sessions
            .rotate(session.id, &from, &to, now(), None)
            .await
            .unwrap()
        {
            Rotation::Done => from = to,
            Rotation::Lost => return,
        }
    }
    panic!("the session outlives its end");
}

/// A session that is rotated without pause and ended meanwhile is over, each of
/// twenty times.
pub async fn a_rotation_never_outlives_an_end(stores: Stores) {
    let people = People::new(1);
    for round in 0..20 {
        let account = people.whole_account(round);
        let [session] = open(&stores, &people, &account, [1]).await;
        let rotating = tokio::spawn(rotate_on(Arc::clone(&stores.sessions), session.clone()));
        tokio::time::sleep(Duration::from_millis(5)).await;
        let audit = people.audit(AuditAction::RefreshReused, account.id);
        let ended = stores
            .sessions
            .end(
                account.id,
                SessionsOf::All,
                EndReason::ReuseDetected,
                now(),
                audit,
            )
            .await;
        assert_eq!(ended.unwrap(), [session.id], "round {round}");
        let state = stores
            .sessions
            .find(session.id)
            .await
            .unwrap()
            .unwrap()
            .session
            .refresh;
        rotating.await.unwrap();
        let found = stores
            .sessions
            .find(session.id)
            .await
            .unwrap()
            .unwrap()
            .session;
        assert_eq!(found.refresh, state, "round {round}");
        assert_eq!(
            over(&stores, &session).await,
            Some(EndReason::ReuseDetected)
        );
    }
}
