//! What other services learn of a token, and that looking changes nothing.

use menshen_domain::model::introspection::Introspection;
use menshen_domain::model::operator::{Operator, OperatorScope};
use menshen_domain::model::refresh::RefreshState;
use menshen_domain::model::refresh_token::{RefreshClaims, RefreshToken};
use menshen_domain::model::session::{EndReason, Session};
use menshen_domain::ports::session_store::{SessionStoreError, SessionWithAccount};
use menshen_domain::ports::token_verifier::TokenVerifierError;

use crate::desk::{Desk, session_of};
use crate::support::people::{account, origin};
use crate::support::{at, away, mac, session_id};

fn token(generation: u32) -> String {
    let claims = RefreshClaims {
        session: session_id(1),
        generation,
    };
    RefreshToken::compute(&*mac(), claims).expose().to_owned()
}

/// A session whose newest token is the third.
fn rotated() -> Session {
    Session {
        refresh: RefreshState {
            current: 3,
            previous: Some(2),
            current_issued_at: at(0),
            previous_exchanged_at: Some(at(0)),
        },
        ..session_of(&account(1))
    }
}

fn desk_with(session: Session) -> Desk {
    let mut desk = Desk::default();
    let account = account(1);
    desk.sessions.expect_find().returning(move |_| {
        Ok(Some(SessionWithAccount {
            session: session.clone(),
            account: account.clone(),
        }))
    });
    desk
}

async fn worth(desk: Desk, token: &str) -> Introspection {
    desk.open()
        .introspect()
        .execute(token)
        .await
        .expect("an answer")
}

/// No store is asked to end anything: the mock has no expectation for it.
#[tokio::test]
async fn a_refresh_token_is_worth_what_an_exchange_would_say() {
    for (generation, good) in [(0, false), (1, false), (2, true), (3, true), (4, false)] {
        let found = worth(desk_with(rotated()), &token(generation)).await;
        let active = matches!(found, Introspection::Refresh(_));
        assert_eq!(active, good, "{generation}: {found:?}");
    }
}

#[tokio::test]
async fn a_refresh_token_of_an_ended_session_is_worth_nothing() {
    let ended = Session {
        ended: Some((at(0), EndReason::Disabled)),
        ..rotated()
    };
    assert_eq!(
        worth(desk_with(ended), &token(3)).await,
        Introspection::Inactive
    );
    let expired = Session {
        expires_at: at(0),
        ..rotated()
    };
    assert_eq!(
        worth(desk_with(expired), &token(3)).await,
        Introspection::Inactive
    );
    let mut nobody = Desk::default();
    nobody.sessions.expect_find().returning(|_| Ok(None));
    assert_eq!(worth(nobody, &token(3)).await, Introspection::Inactive);
}

#[tokio::test]
async fn a_token_that_is_none_of_ours_asks_no_session() {
    let mut desk = Desk::default();
    desk.verifier
        .expect_verify()
        .returning(|_, _| Err(TokenVerifierError::Invalid));
    assert_eq!(worth(desk, "nonsense").await, Introspection::Inactive);
    let mut desk = Desk::default();
    desk.verifier
        .expect_verify()
        .returning(|_, _| Err(TokenVerifierError::Invalid));
    let operator = Operator::with_key("web", OperatorScope::Write).unwrap();
    let introspect = desk.open().introspect();
    introspect
        .revoke("nonsense", &operator, &origin())
        .await
        .unwrap();
}

#[tokio::test]
async fn while_the_store_is_away_nothing_is_told() {
    let mut desk = Desk::default();
    desk.sessions
        .expect_find()
        .returning(|_| Err(SessionStoreError(away())));
    let told = desk.open().introspect().execute(&token(3)).await;
    told.unwrap_err();
}

/// An old generation names its session as well as the newest.
#[tokio::test]
async fn a_revoked_token_ends_its_session_under_the_name_of_who_asked() {
    let mut desk = desk_with(rotated());
    desk.sessions
        .expect_end()
        .withf(|_, _, reason, _, row| {
            *reason == EndReason::SignedOut && row.actor.as_deref() == Some("web")
        })
        .once()
        .returning(|_, _, _, _, _| Ok(vec![session_id(1)]));
    let operator = Operator::with_key("web", OperatorScope::Write).unwrap();
    let introspect = desk.open().introspect();
    introspect
        .revoke(&token(0), &operator, &origin())
        .await
        .unwrap();
}
