//! Sessions end, for good.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::sync::Arc;

use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::SessionsOf;
use menshen_domain::model::session::EndReason;
use tokio::task::JoinSet;

use crate::people::People;
use crate::sample::now;
use crate::stores::Stores;
use crate::suites::session_store::steps::{audited, end, open, over, with_sessions};

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
