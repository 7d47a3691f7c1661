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
