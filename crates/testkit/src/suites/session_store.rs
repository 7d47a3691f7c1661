//! What every `session_store` adapter must do.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use menshen_domain::model::account::{Account, AccountStatus};
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::SessionsOf;
use menshen_domain::model::refresh::RefreshState;
use menshen_domain::model::session::{EndReason, Session};
use menshen_domain::ports::session_store::{Rotation, SessionStore};
use tokio::task::JoinSet;

use crate::people::{People, later};
use crate::sample::now;
use crate::stores::Stores;

/// Makes one named test of each clause. The expression gives the
/// [`Stores`](crate::stores::Stores) of an empty database; it is evaluated once
/// per test, and may await.
#[macro_export]
macro_rules! session_store {
    ($stores:expr) => {
        $crate::clauses! {
            $crate::suites::session_store, $stores,
            a_session_is_read_with_its_account,
            an_unknown_session_is_not_there,
            a_session_is_over_when_it_ended_or_expired,
            a_rotation_moves_the_session_on,
            a_rotation_begins_from_the_state_that_is,
            a_session_that_is_over_is_not_rotated,
            a_shut_account_is_not_rotated,
            a_rotation_is_audited_if_it_happens,
            racing_rotations_move_on_once,
            a_rotation_never_outlives_an_end,
            a_replay_is_audited_once_per_generation,
            a_proof_is_remembered_in_a_live_session,
            a_session_that_is_over_takes_no_proof,
            one_session_ends,
            all_other_sessions_end,
            all_sessions_end,
            ending_again_ends_nothing,
            a_strangers_session_does_not_end,
            ends_are_told,
            racing_ends_are_audited_once,
            live_sessions_are_listed_newest_first,
            a_list_is_bounded,
        }
    };
}

const MINUTE: Duration = Duration::from_mins(1);

/// An account with sessions of these ages in minutes.
async fn with_sessions<const N: usize>(
    stores: &Stores,
    people: &People,
    ages: [u32; N],
) -> (Account, [Session; N]) {
    let account = people.whole_account(1);
    let sessions = open(stores, people, &account, ages).await;
    (account, sessions)
}

async fn open<const N: usize>(
    stores: &Stores,
    people: &People,
    account: &Account,
    ages: [u32; N],
) -> [Session; N] {
    stores
        .accounts
        .apply(&people.creation(account))
        .await
        .unwrap();
    let sessions = ages.map(|age| people.session(account.id, None, MINUTE * age));
    for session in &sessions {
        stores
            .accounts
            .apply(&people.login(account, session.clone(), 0))
            .await
            .unwrap();
    }
    sessions
}

/// The state after a rotation at `at`.
fn next(state: &RefreshState, at: DateTime<Utc>) -> RefreshState {
    RefreshState {
        current: state.current + 1,
        previous: Some(state.current),
        current_issued_at: at,
        previous_exchanged_at: Some(at),
    }
}

async fn over(stores: &Stores, session: &Session) -> Option<EndReason> {
    stores.sessions.over(session.id, now()).await.unwrap()
}

async fn audited(stores: &Stores, action: AuditAction) -> usize {
    let rows = stores.witness.audit().await;
    rows.iter()
        .filter(|row| row.action == action.as_str())
        .count()
}

/// Whole, and every member of it.
pub async fn a_session_is_read_with_its_account(stores: Stores) {
    let people = People::new(1);
    let (account, [session]) = with_sessions(&stores, &people, [1]).await;
    let found = stores.sessions.find(session.id).await.unwrap().unwrap();
    assert_eq!((found.session, found.account), (session, account));
}

/// It counts as signed out.
pub async fn an_unknown_session_is_not_there(stores: Stores) {
    let people = People::new(1);
    let stranger = people.session(people.account().id, None, MINUTE);
    assert_eq!(stores.sessions.find(stranger.id).await.unwrap(), None);
    assert_eq!(over(&stores, &stranger).await, Some(EndReason::SignedOut));
}

/// And tells why.
pub async fn a_session_is_over_when_it_ended_or_expired(stores: Stores) {
    let people = People::new(1);
    let (account, [session]) = with_sessions(&stores, &people, [1]).await;
    let at = |at| stores.sessions.over(session.id, at);
    let last = session.expires_at - Duration::from_micros(1);
    assert_eq!(at(last).await.unwrap(), None);
    assert_eq!(
        at(session.expires_at).await.unwrap(),
        Some(EndReason::Expired)
    );
    let audit = people.audit(AuditAction::SessionEnded, account.id);
    let which = SessionsOf::One(session.id);
    stores
        .sessions
        .end(account.id, which, EndReason::PhoneChanged, now(), audit)
        .await
        .unwrap();
    assert_eq!(at(now()).await.unwrap(), Some(EndReason::PhoneChanged));
    assert_eq!(
        at(session.expires_at).await.unwrap(),
        Some(EndReason::PhoneChanged)
    );
    let found = stores
        .sessions
        .find(session.id)
        .await
        .unwrap()
        .unwrap()
        .session;
    assert_eq!(found.ended, Some((now(), EndReason::PhoneChanged)));
}

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
        (1, AccountStatus::Disabled),
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
    loop {
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

/// However many callers notice it; an older generation is not news.
pub async fn a_replay_is_audited_once_per_generation(stores: Stores) {
    let people = People::new(1);
    let (account, [session]) = with_sessions(&stores, &people, [1]).await;
    for (round, generation) in [3, 3, 2, 4].into_iter().enumerate() {
        let mut notes = JoinSet::new();
        for _ in 0..16 {
            let sessions = Arc::clone(&stores.sessions);
            let audit = people.audit(AuditAction::RefreshReplayed, account.id);
            notes.spawn(async move {
                sessions
                    .note_replay(session.id, generation, audit)
                    .await
                    .unwrap();
            });
        }
        notes.join_all().await;
        let rows = audited(&stores, AuditAction::RefreshReplayed).await;
        assert_eq!(rows, [1, 1, 1, 2][round], "generation {generation}");
    }
    let noted = stores
        .sessions
        .find(session.id)
        .await
        .unwrap()
        .unwrap()
        .session
        .replay_noted;
    assert_eq!(noted, Some(4));
}

async fn end(
    stores: &Stores,
    people: &People,
    account: &Account,
    which: SessionsOf,
) -> Vec<menshen_domain::model::identifiers::SessionId> {
    let audit = people.audit(AuditAction::SignedOut, account.id);
    stores
        .sessions
        .end(account.id, which, EndReason::SignedOut, now(), audit)
        .await
        .unwrap()
}

/// The time of the proof moves, and nothing else of the session.
pub async fn a_proof_is_remembered_in_a_live_session(stores: Stores) {
    let people = People::new(1);
    let (account, [session]) = with_sessions(&stores, &people, [1]).await;
    let row = people.audit(AuditAction::SteppedUp, account.id);
    let at = later(MINUTE * 9);
    assert!(stores.sessions.prove(session.id, at, row).await.unwrap());
    let found = stores.sessions.find(session.id).await.unwrap().unwrap();
    let expected = Session {
        proven_at: at,
        ..session
    };
    assert_eq!(found.session, expected);
    assert_eq!(audited(&stores, AuditAction::SteppedUp).await, 1);
}

/// Ended or expired, and without an audit row.
pub async fn a_session_that_is_over_takes_no_proof(stores: Stores) {
    let people = People::new(1);
    let (account, [ended, expired]) = with_sessions(&stores, &people, [1, 2]).await;
    let which = SessionsOf::One(ended.id);
    let row = people.audit(AuditAction::SignedOut, account.id);
    let end = stores
        .sessions
        .end(account.id, which, EndReason::SignedOut, now(), row);
    assert_eq!(end.await.unwrap(), [ended.id]);
    for (session, at) in [(&ended, now()), (&expired, expired.expires_at)] {
        let row = people.audit(AuditAction::SteppedUp, account.id);
        assert!(!stores.sessions.prove(session.id, at, row).await.unwrap());
        let found = stores.sessions.find(session.id).await.unwrap().unwrap();
        assert_eq!(found.session.proven_at, session.proven_at);
    }
    assert_eq!(audited(&stores, AuditAction::SteppedUp).await, 0);
}

/// The others live on.
pub async fn one_session_ends(stores: Stores) {
    let people = People::new(1);
    let (account, [a, b]) = with_sessions(&stores, &people, [1, 2]).await;
    assert_eq!(
        end(&stores, &people, &account, SessionsOf::One(a.id)).await,
        [a.id]
    );
    assert_eq!(over(&stores, &a).await, Some(EndReason::SignedOut));
    assert_eq!(over(&stores, &b).await, None);
}

/// This one lives on.
pub async fn all_other_sessions_end(stores: Stores) {
    let people = People::new(1);
    let (account, [a, b, c]) = with_sessions(&stores, &people, [1, 2, 3]).await;
    let mut ended = end(&stores, &people, &account, SessionsOf::AllBut(a.id)).await;
    ended.sort();
    let mut expected = [b.id, c.id];
    expected.sort();
    assert_eq!(ended, expected);
    assert_eq!(over(&stores, &a).await, None);
}

/// None lives on.
pub async fn all_sessions_end(stores: Stores) {
    let people = People::new(1);
    let (account, sessions) = with_sessions(&stores, &people, [1, 2, 3]).await;
    assert_eq!(
        end(&stores, &people, &account, SessionsOf::All).await.len(),
        3
    );
    for session in &sessions {
        assert_eq!(over(&stores, session).await, Some(EndReason::SignedOut));
    }
}

/// And keeps the reason of the first time.
pub async fn ending_again_ends_nothing(stores: Stores) {
    let people = People::new(1);
    let (account, [session]) = with_sessions(&stores, &people, [1]).await;
    end(&stores, &people, &account, SessionsOf::All).await;
    for which in [SessionsOf::One(session.id), SessionsOf::All] {
        let audit = people.audit(AuditAction::SessionEnded, account.id);
        let reason = EndReason::Disabled;
        let ended = stores
            .sessions
            .end(account.id, which, reason, now(), audit)
            .await
            .unwrap();
        assert!(ended.is_empty());
    }
    assert_eq!(over(&stores, &session).await, Some(EndReason::SignedOut));
    assert_eq!(audited(&stores, AuditAction::SignedOut).await, 1);
    assert_eq!(audited(&stores, AuditAction::SessionEnded).await, 0);
}

/// Its id alone ends nothing.
pub async fn a_strangers_session_does_not_end(stores: Stores) {
    let people = People::new(1);
    let (_, [session]) = with_sessions(&stores, &people, [1]).await;
    let stranger = people.whole_account(2);
    open(&stores, &people, &stranger, [1]).await;
    assert!(
        end(&stores, &people, &stranger, SessionsOf::One(session.id))
            .await
            .is_empty()
    );
    assert_eq!(over(&stores, &session).await, None);
}

/// One audit row for all, one event for each.
pub async fn ends_are_told(stores: Stores) {
    let people = People::new(1);
    let (account, sessions) = with_sessions(&stores, &people, [1, 2, 3]).await;
    end(&stores, &people, &account, SessionsOf::All).await;
    assert_eq!(audited(&stores, AuditAction::SignedOut).await, 1);
    let outbox = stores.witness.outbox().await;
    for session in &sessions {
        let id = session.id.to_string();
        let told = outbox
            .iter()
            .filter(|row| row.kind == "session.ended" && row.payload.contains(&id));
        assert_eq!(told.count(), 1);
    }
}

/// Eight at once, each of twenty times: every session ends once.
pub async fn racing_ends_are_audited_once(stores: Stores) {
    let people = People::new(1);
    for round in 0..20 {
        let account = people.whole_account(round);
        open(&stores, &people, &account, [1, 2, 3, 4, 5]).await;
        let mut ends = JoinSet::new();
        for _ in 0..8 {
            let sessions = Arc::clone(&stores.sessions);
            let audit = people.audit(AuditAction::SignedOut, account.id);
            ends.spawn(async move {
                let which = SessionsOf::All;
                sessions
                    .end(account.id, which, EndReason::SignedOut, now(), audit)
                    .await
                    .unwrap()
            });
        }
        let ended: usize = ends.join_all().await.iter().map(Vec::len).sum();
        assert_eq!(ended, 5, "round {round}");
        let rows = audited(&stores, AuditAction::SignedOut).await;
        assert_eq!(rows, usize::try_from(round).unwrap() + 1);
    }
}

/// Neither ended nor expired ones, nor anybody else's.
pub async fn live_sessions_are_listed_newest_first(stores: Stores) {
    let people = People::new(1);
    let (account, [old, ended, new]) = with_sessions(&stores, &people, [9, 5, 1]).await;
    open(&stores, &people, &people.whole_account(2), [2]).await;
    end(&stores, &people, &account, SessionsOf::One(ended.id)).await;
    let listed = stores.sessions.list(account.id, now()).await.unwrap();
    assert_eq!(listed, [new.clone(), old.clone()]);
    let listed = stores
        .sessions
        .list(account.id, old.expires_at)
        .await
        .unwrap();
    assert_eq!(listed, [new]);
}

/// The hundred newest.
pub async fn a_list_is_bounded(stores: Stores) {
    let people = People::new(1);
    let (account, [newest]) = with_sessions(&stores, &people, [0]).await;
    let mut expected = vec![newest];
    for age in 1..103 {
        let session = people.session(account.id, None, MINUTE * age);
        let login = people.login(&account, session.clone(), 0);
        stores.accounts.apply(&login).await.unwrap();
        expected.push(session);
    }
    let listed = stores.sessions.list(account.id, now()).await.unwrap();
    assert_eq!(listed, expected[..100]);
}
