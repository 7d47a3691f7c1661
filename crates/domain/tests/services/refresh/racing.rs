//! Refreshes that are overtaken.

use menshen_domain::model::refresh::RefreshState;
use menshen_domain::model::session::{EndReason, Session};
use menshen_domain::ports::session_store::{Rotation, SessionWithAccount};
use menshen_domain::services::refresh::RefreshError;
use mockall::Sequence;

use super::{DAY, desk_at, generation, me, run, session};
use crate::support::at;

/// The loser reads again, finds the winner's token the current one, and answers
/// that very token.
#[tokio::test]
async fn the_loser_of_a_race_answers_the_winners_token() {
    let mut desk = desk_at(DAY);
    let mut order = Sequence::new();
    let won = Session {
        refresh: RefreshState {
            current: 6,
            previous: Some(5),
            current_issued_at: at(DAY),
            previous_exchanged_at: Some(at(DAY)),
        },
        replay_noted: Some(6),
        ..session()
    };
    for found in [session(), won] {
        desk.sessions
            .expect_find()
            .once()
            .in_sequence(&mut order)
            .returning(move |_| {
                Ok(Some(SessionWithAccount {
                    session: found.clone(),
                    account: me(),
                }))
            });
    }
    desk.within_limits();
    desk.sessions
        .expect_rotate()
        .once()
        .returning(|_, _, _, _, _| Ok(Rotation::Lost));
    desk.signing();
    let done = run(desk, 5).await.expect("refreshed");
    assert_eq!(generation(&done), 6);
}

#[tokio::test]
async fn a_rotation_that_races_with_a_sign_out_finds_the_session_over() {
    let mut desk = desk_at(DAY);
    let mut order = Sequence::new();
    for ended in [None, Some((at(DAY), EndReason::SignedOut))] {
        desk.sessions
            .expect_find()
            .once()
            .in_sequence(&mut order)
            .returning(move |_| {
                Ok(Some(SessionWithAccount {
                    session: Session { ended, ..session() },
                    account: me(),
                }))
            });
    }
    desk.within_limits();
    desk.sessions
        .expect_rotate()
        .once()
        .returning(|_, _, _, _, _| Ok(Rotation::Lost));
    let error = run(desk, 5).await.unwrap_err();
    assert!(matches!(
        error,
        RefreshError::SessionRevoked(EndReason::SignedOut)
    ));
}

#[tokio::test]
async fn a_session_that_never_holds_still_is_given_up_after_eight_rounds() {
    let mut desk = desk_at(DAY);
    desk.sessions.expect_find().times(8).returning(|_| {
        Ok(Some(SessionWithAccount {
            session: session(),
            account: me(),
        }))
    });
    desk.limiter.expect_wait().times(8).returning(|_| Ok(None));
    desk.sessions
        .expect_rotate()
        .times(8)
        .returning(|_, _, _, _, _| Ok(Rotation::Lost));
    assert!(matches!(
        run(desk, 5).await,
        Err(RefreshError::Unavailable(_))
    ));
}
