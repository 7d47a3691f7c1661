//! Limits, and ports that are away.

use menshen_domain::model::limits::{LimitKey, Limits};
use menshen_domain::model::session::Session;
use menshen_domain::ports::rate_limiter::RateLimiterError;
use menshen_domain::ports::session_store::SessionStoreError;
use menshen_domain::ports::token_issuer::TokenIssuerError;
use menshen_domain::services::refresh::RefreshError;

use super::{DAY, desk_at, finding, me, rotating, run, session};
use crate::desk::Desk;
use crate::support::people::{no_limits, origin};
use crate::support::{away, secs};

#[tokio::test]
async fn rotations_are_limited_by_session_and_source_and_replays_are_not() {
    let limits = Limits {
        refresh_per_session: 30,
        refresh_per_ip: 600,
        ..no_limits()
    };
    let mut desk = Desk {
        limits,
        ..desk_at(DAY)
    };
    finding(&mut desk, session(), me());
    desk.limiter
        .expect_wait()
        .withf(|windows| {
            let keys: Vec<_> = windows
                .iter()
                .map(|w| (w.key.clone(), w.limit, w.per))
                .collect();
            keys == [
                (LimitKey::RefreshSession(session().id), 30, secs(300)),
                (LimitKey::RefreshSource(origin().address), 600, secs(300)),
            ]
        })
        .once()
        .returning(|_| Ok(Some(secs(37))));
    let error = run(desk, 5).await.unwrap_err();
    assert!(matches!(error, RefreshError::RateLimited { retry_after } if retry_after == secs(37)));

    // A replay asks no limiter: the mock has no expectation.
    let mut desk = Desk {
        limits,
        ..desk_at(1)
    };
    let noted = Session {
        replay_noted: Some(5),
        ..session()
    };
    finding(&mut desk, noted, me());
    desk.signing();
    assert!(run(desk, 4).await.is_ok());
}

#[tokio::test]
async fn with_the_limiter_away_refreshing_goes_on() {
    let mut desk = desk_at(DAY);
    finding(&mut desk, session(), me());
    desk.limiter
        .expect_wait()
        .once()
        .returning(|_| Err(RateLimiterError::Unavailable(away())));
    desk.limiter_away();
    rotating(&mut desk, 6, 5, None);
    desk.signing();
    assert!(run(desk, 5).await.is_ok());
}

#[tokio::test]
async fn what_was_not_rotated_is_not_counted() {
    let mut desk = desk_at(DAY);
    finding(&mut desk, session(), me());
    desk.within_limits();
    desk.sessions
        .expect_rotate()
        .once()
        .returning(|_, _, _, _, _| Err(SessionStoreError(away())));
    // The limiter expects no reservation.
    assert!(matches!(
        run(desk, 5).await,
        Err(RefreshError::Unavailable(_))
    ));
}

#[tokio::test]
async fn with_the_session_store_away_nobody_is_signed_out() {
    let mut desk = Desk::default();
    desk.sessions
        .expect_find()
        .once()
        .returning(|_| Err(SessionStoreError(away())));
    assert!(matches!(
        run(desk, 5).await,
        Err(RefreshError::Unavailable(_))
    ));
}

/// The rotation is durable by then; the same token is answered again.
#[tokio::test]
async fn a_pair_that_cannot_be_signed_is_a_lost_answer() {
    let mut desk = desk_at(DAY);
    finding(&mut desk, session(), me());
    desk.within_limits();
    desk.admitted();
    rotating(&mut desk, 6, 5, None);
    desk.issuer
        .expect_issue()
        .once()
        .returning(|_| Err(TokenIssuerError(away())));
    assert!(matches!(run(desk, 5).await, Err(RefreshError::Tokens(_))));
}
