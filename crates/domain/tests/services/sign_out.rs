use std::sync::Arc;

use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::SessionsOf;
use menshen_domain::model::session::EndReason;
use menshen_domain::ports::session_store::{MockSessionStore, SessionStoreError};
use menshen_domain::services::list_sessions::ListSessions;
use menshen_domain::services::sign_out::SignOut;

use crate::desk::session_of;
use crate::support::people::{account, origin};
use crate::support::{away, epoch, randomness, session_id, stopped_clock, user};

fn sign_out(sessions: MockSessionStore) -> SignOut {
    SignOut {
        sessions: Arc::new(sessions),
        clock: stopped_clock(),
        randomness: randomness(),
    }
}

#[tokio::test]
async fn the_sessions_that_are_meant_end_as_signed_out_and_are_audited() {
    for (which, reason, named) in [
        (SessionsOf::One(session_id(1)), "this", Some(session_id(1))),
        (SessionsOf::AllBut(session_id(1)), "others", None),
        (SessionsOf::All, "all", None),
    ] {
        let mut sessions = MockSessionStore::new();
        sessions
            .expect_end()
            .withf(move |of, asked, why, now, row| {
                *of == user(1)
                    && *asked == which
                    && *why == EndReason::SignedOut
                    && *now == epoch()
                    && row.action == AuditAction::SignedOut
                    && row.user == Some(user(1))
                    && row.reason.as_deref() == Some(reason)
                    && row.session == named
                    && row.address == Some(origin().address)
            })
            .once()
            .returning(|_, _, _, _, _| Ok(vec![session_id(2)]));
        let ended = sign_out(sessions).execute(user(1), which, &origin()).await;
        assert_eq!(ended.expect("signed out"), [session_id(2)]);
    }
}

#[tokio::test]
async fn a_store_that_is_away_signs_nobody_out() {
    let mut sessions = MockSessionStore::new();
    sessions
        .expect_end()
        .once()
        .returning(|_, _, _, _, _| Err(SessionStoreError(away())));
    let ended = sign_out(sessions)
        .execute(user(1), SessionsOf::All, &origin())
        .await;
    assert!(ended.is_err());
}

#[tokio::test]
async fn only_ones_own_sessions_are_listed() {
    let mut sessions = MockSessionStore::new();
    sessions
        .expect_list()
        .withf(|of, now| *of == account(1).id && *now == epoch())
        .once()
        .returning(|_, _| Ok(vec![session_of(&account(1))]));
    let list = ListSessions {
        sessions: Arc::new(sessions),
        clock: stopped_clock(),
    };
    let listed = list.execute(account(1).id).await.expect("listed");
    assert_eq!(listed, [session_of(&account(1))]);
}
