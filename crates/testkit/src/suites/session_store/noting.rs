//! What a session remembers: replays that were audited, proofs.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::sync::Arc;

use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::SessionsOf;
use menshen_domain::model::session::{EndReason, Session};
use menshen_domain::model::verification::CodeId;
use menshen_domain::ports::session_store::Proof;
use tokio::task::JoinSet;

use crate::people::{People, later};
use crate::sample::now;
use crate::stores::Stores;
use crate::suites::session_store::steps::{MINUTE, audited, with_sessions};

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
                    .unwrap()
            });
        }
        let firsts = notes.join_all().await.into_iter().filter(|first| *first);
        assert_eq!(
            firsts.count(),
            [1, 0, 0, 1][round],
            "generation {generation}"
        );
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

/// The time of the proof moves, and nothing else of the session.
pub async fn a_proof_is_remembered_in_a_live_session(stores: Stores) {
    let people = People::new(1);
    let (account, [session]) = with_sessions(&stores, &people, [1]).await;
    let row = people.audit(AuditAction::SteppedUp, account.id);
    let at = later(MINUTE * 9);
    let proof = stores.sessions.prove(session.id, at, None, row).await;
    assert_eq!(proof.unwrap(), Proof::Taken);
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
        let proof = stores.sessions.prove(session.id, at, Some(CODE), row).await;
        assert_eq!(proof.unwrap(), Proof::SessionOver);
        let found = stores.sessions.find(session.id).await.unwrap().unwrap();
        assert_eq!(found.session.proven_at, session.proven_at);
    }
    assert_eq!(audited(&stores, AuditAction::SteppedUp).await, 0);
}

const CODE: CodeId = CodeId([7; 16]);

/// Whatever the code store forgot. What was refused leaves nothing behind.
pub async fn a_code_proves_who_is_there_once(stores: Stores) {
    let people = People::new(1);
    let (account, [session, other]) = with_sessions(&stores, &people, [1, 2]).await;
    let prove = async |of: &Session, minutes: u32, code: u8| {
        let row = people.audit(AuditAction::SteppedUp, account.id);
        let code = Some(CodeId([code; 16]));
        let at = later(MINUTE * minutes);
        stores.sessions.prove(of.id, at, code, row).await.unwrap()
    };
    assert_eq!(prove(&session, 1, 1).await, Proof::Taken);
    assert_eq!(prove(&session, 2, 1).await, Proof::CodeSpent);
    assert_eq!(prove(&other, 2, 1).await, Proof::CodeSpent);
    let found = stores.sessions.find(session.id).await.unwrap().unwrap();
    assert_eq!(found.session.proven_at, later(MINUTE));
    assert_eq!(audited(&stores, AuditAction::SteppedUp).await, 1);
    assert_eq!(prove(&other, 3, 2).await, Proof::Taken);
}

/// Of ten at once one is believed, each of twenty times.
pub async fn a_code_proves_who_is_there_once_however_many_try(stores: Stores) {
    let people = People::new(1);
    let (account, [session]) = with_sessions(&stores, &people, [1]).await;
    for round in 0..20 {
        let mut tries = JoinSet::new();
        for _ in 0..10 {
            let row = people.audit(AuditAction::SteppedUp, account.id);
            let sessions = Arc::clone(&stores.sessions);
            let code = Some(CodeId([round; 16]));
            tries.spawn(async move { sessions.prove(session.id, now(), code, row).await.unwrap() });
        }
        let outcomes = tries.join_all().await;
        let taken = outcomes.iter().filter(|one| **one == Proof::Taken).count();
        let spent = outcomes.iter().filter(|one| **one == Proof::CodeSpent);
        assert_eq!(
            (taken, spent.count()),
            (1, 9),
            "round {round}: {outcomes:?}"
        );
    }
}
