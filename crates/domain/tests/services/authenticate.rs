use menshen_domain::model::session::{EndReason, Session};
use menshen_domain::model::token::{AccessClaims, Scope};
use menshen_domain::ports::session_store::{SessionStoreError, SessionWithAccount};
use menshen_domain::ports::token_verifier::{LearnKeysError, TokenVerifierError};
use menshen_domain::services::authenticate::AuthenticateError;

use crate::desk::{Desk, claims_of, session_of};
use crate::support::people::account;
use crate::support::{at, away, epoch};

fn claims() -> AccessClaims {
    claims_of(&session_of(&account(1)))
}

fn verified(claims: Result<AccessClaims, TokenVerifierError>) -> Desk {
    let mut desk = Desk::default();
    desk.verifier
        .expect_verify()
        .withf(|token, now| token == "access" && *now == epoch())
        .once()
        .returning(move |_, _| claims);
    desk
}

fn over(desk: &mut Desk, reason: Option<EndReason>) {
    desk.sessions
        .expect_over()
        .withf(|user, id, now| *user == claims().user && *id == claims().session && *now == epoch())
        .once()
        .returning(move |_, _, _| Ok(reason));
}

fn found(desk: &mut Desk, session: Session) {
    desk.sessions.expect_find().once().returning(move |_| {
        Ok(Some(SessionWithAccount {
            session: session.clone(),
            account: account(1),
        }))
    });
}

#[tokio::test]
async fn a_token_that_does_not_verify_asks_no_store() {
    for (error, expired) in [
        (TokenVerifierError::Invalid, false),
        (TokenVerifierError::Expired, true),
    ] {
        let answers = [
            verified(Err(error))
                .open()
                .authenticate()
                .for_service("access")
                .await
                .err(),
            verified(Err(error))
                .open()
                .authenticate()
                .in_person("access")
                .await
                .err(),
            verified(Err(error))
                .open()
                .authenticate()
                .token_only("access")
                .await
                .err(),
        ];
        for answer in answers {
            assert!(
                matches!(
                    (&answer, expired),
                    (Some(AuthenticateError::Invalid), false)
                        | (Some(AuthenticateError::Expired), true)
                ),
                "{answer:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_service_is_told_the_claims_of_a_live_session() {
    let mut desk = verified(Ok(claims()));
    over(&mut desk, None);
    let answer = desk.open().authenticate().for_service("access").await;
    assert_eq!(answer.expect("let through"), claims());
}

#[tokio::test]
async fn a_service_is_told_why_a_session_is_over() {
    for reason in [EndReason::SignedOut, EndReason::Disabled, EndReason::Merged] {
        let mut desk = verified(Ok(claims()));
        over(&mut desk, Some(reason));
        let answer = desk.open().authenticate().for_service("access").await;
        assert!(matches!(answer, Err(AuthenticateError::SessionRevoked(why)) if why == reason));
    }
}

#[tokio::test]
async fn an_onboarding_token_opens_no_other_service_and_a_revoked_one_says_so_first() {
    let onboarding = AccessClaims {
        scope: Scope::Onboarding,
        ..claims()
    };
    let mut desk = verified(Ok(onboarding));
    over(&mut desk, None);
    let answer = desk.open().authenticate().for_service("access").await;
    assert!(matches!(answer, Err(AuthenticateError::PhoneRequired)));

    let mut desk = verified(Ok(onboarding));
    over(&mut desk, Some(EndReason::SignedOut));
    let answer = desk.open().authenticate().for_service("access").await;
    assert!(matches!(answer, Err(AuthenticateError::SessionRevoked(_))));

    let mut desk = verified(Ok(onboarding));
    found(&mut desk, session_of(&account(1)));
    assert!(desk.open().authenticate().in_person("access").await.is_ok());
}

#[tokio::test]
async fn the_person_themselves_comes_with_session_and_account() {
    let mut desk = verified(Ok(claims()));
    found(&mut desk, session_of(&account(1)));
    let answer = desk.open().authenticate().in_person("access").await;
    let caller = answer.expect("let through");
    assert_eq!(caller.claims, claims());
    assert_eq!(caller.session, session_of(&account(1)));
    assert_eq!(caller.account, account(1));
}

#[tokio::test]
async fn a_session_that_is_over_or_gone_lets_nobody_through() {
    let ended = Session {
        ended: Some((epoch(), EndReason::PhoneChanged)),
        ..session_of(&account(1))
    };
    let past = Session {
        expires_at: epoch(),
        ..session_of(&account(1))
    };
    let almost = Session {
        expires_at: at(1),
        ..session_of(&account(1))
    };
    for (session, reason) in [
        (ended, Some(EndReason::PhoneChanged)),
        (past, Some(EndReason::Expired)),
        (almost, None),
    ] {
        let mut desk = verified(Ok(claims()));
        found(&mut desk, session);
        let answer = desk.open().authenticate().in_person("access").await;
        match reason {
            None => assert!(answer.is_ok()),
            Some(reason) => assert!(
                matches!(answer, Err(AuthenticateError::SessionRevoked(why)) if why == reason)
            ),
        }
    }
    let mut desk = verified(Ok(claims()));
    desk.sessions.expect_find().once().returning(|_| Ok(None));
    let answer = desk.open().authenticate().in_person("access").await;
    assert!(matches!(
        answer,
        Err(AuthenticateError::SessionRevoked(EndReason::SignedOut))
    ));
}

#[tokio::test]
async fn with_the_session_store_away_nobody_is_let_through() {
    let mut desk = verified(Ok(claims()));
    desk.sessions
        .expect_over()
        .once()
        .returning(|_, _, _| Err(SessionStoreError(away())));
    let answer = desk.open().authenticate().for_service("access").await;
    assert!(matches!(answer, Err(AuthenticateError::Unavailable(_))));

    let mut desk = verified(Ok(claims()));
    desk.sessions
        .expect_find()
        .once()
        .returning(|_| Err(SessionStoreError(away())));
    let answer = desk.open().authenticate().in_person("access").await;
    assert!(matches!(answer, Err(AuthenticateError::Unavailable(_))));
}

#[tokio::test]
async fn signing_out_twice_needs_the_token_only() {
    let desk = verified(Ok(claims()));
    let answer = desk.open().authenticate().token_only("access").await;
    assert_eq!(answer.expect("it is ours"), claims());
}

/// Another replica may have made the key.
#[tokio::test]
async fn a_token_of_an_unknown_key_is_looked_at_again_with_the_keys_of_now() {
    let mut desk = Desk::default();
    let mut answers = vec![Ok(claims()), Err(TokenVerifierError::UnknownKey)];
    desk.verifier
        .expect_verify()
        .times(2)
        .returning(move |_, _| answers.pop().expect("asked twice"));
    desk.verifier
        .expect_learn_keys()
        .once()
        .returning(|_| Ok(()));
    let answer = desk.open().authenticate().token_only("access").await;
    assert_eq!(answer.expect("it is ours"), claims());

    let mut desk = Desk::default();
    desk.verifier
        .expect_verify()
        .times(2)
        .returning(|_, _| Err(TokenVerifierError::UnknownKey));
    desk.verifier
        .expect_learn_keys()
        .once()
        .returning(|_| Ok(()));
    let answer = desk.open().authenticate().token_only("access").await;
    assert!(matches!(answer, Err(AuthenticateError::Invalid)));

    let mut desk = Desk::default();
    desk.verifier
        .expect_verify()
        .once()
        .returning(|_, _| Err(TokenVerifierError::UnknownKey));
    desk.verifier
        .expect_learn_keys()
        .once()
        .returning(|_| Err(LearnKeysError(away())));
    let answer = desk.open().authenticate().token_only("access").await;
    assert!(matches!(answer, Err(AuthenticateError::Unavailable(_))));
}
