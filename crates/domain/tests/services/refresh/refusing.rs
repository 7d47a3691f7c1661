//! Tokens that are refused, and sessions that end or have ended.

use std::sync::Arc;

use menshen_domain::model::account::AccountStatus;
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::SessionsOf;
use menshen_domain::model::refresh::RefreshState;
use menshen_domain::model::session::{EndReason, Session};
use menshen_domain::ports::mac::MockMac;
use menshen_domain::ports::session_store::SessionStoreError;
use menshen_domain::services::refresh::RefreshError;

use super::{DAY, desk_at, finding, me, run, session};
use crate::desk::Desk;
use crate::support::people::{Holding, account, cancelling, origin};
use crate::support::{at, away, epoch};

/// The session is ended for this reason, and the audit row says so.
fn ending(desk: &mut Desk, reason: EndReason, action: AuditAction) {
    desk.sessions
        .expect_end()
        .withf(move |user, which, why, _, row| {
            *user == me().id
                && *which == SessionsOf::One(session().id)
                && *why == reason
                && row.action == action
                && row.reason.as_deref() == Some(reason.as_str())
                && row.session == Some(session().id)
        })
        .once()
        .returning(|_, _, _, _, _| Ok(vec![session().id]));
}

#[tokio::test]
async fn a_predecessor_past_its_recovery_time_ends_the_session() {
    let mut desk = desk_at(7 * DAY);
    finding(&mut desk, session(), me());
    ending(&mut desk, EndReason::Expired, AuditAction::SessionEnded);
    assert!(matches!(run(desk, 4).await, Err(RefreshError::Expired)));
}

#[tokio::test]
async fn reuse_ends_the_session_before_it_is_answered() {
    let mut desk = desk_at(1);
    finding(&mut desk, session(), me());
    ending(
        &mut desk,
        EndReason::ReuseDetected,
        AuditAction::RefreshReused,
    );
    assert!(matches!(run(desk, 3).await, Err(RefreshError::Reused)));

    let mut desk = desk_at(1);
    finding(&mut desk, session(), me());
    desk.sessions
        .expect_end()
        .once()
        .returning(|_, _, _, _, _| Err(SessionStoreError(away())));
    assert!(matches!(
        run(desk, 3).await,
        Err(RefreshError::Unavailable(_))
    ));
}

#[tokio::test]
async fn a_token_past_its_life_has_expired_and_writes_nothing() {
    for generation in [3, 4, 5] {
        let mut desk = desk_at(30 * DAY);
        finding(&mut desk, session(), me());
        assert!(matches!(
            run(desk, generation).await,
            Err(RefreshError::Expired)
        ));
    }
}

#[tokio::test]
async fn a_token_that_was_never_issued_is_invalid_and_writes_nothing() {
    let mut desk = desk_at(1);
    finding(&mut desk, session(), me());
    assert!(matches!(run(desk, 6).await, Err(RefreshError::Invalid)));
}

#[tokio::test]
async fn a_forged_token_costs_one_mac_and_touches_no_store() {
    let mut checking = MockMac::new();
    checking.expect_verify().once().return_const(false);
    let desk = Desk {
        mac: Arc::new(checking),
        ..Desk::default()
    };
    assert!(matches!(run(desk, 5).await, Err(RefreshError::Invalid)));
    let office = Desk::default().open();
    for text in ["", "mrt_", "eyJ.eyJ.sig"] {
        let answer = office.refresh().execute(text, &origin()).await;
        assert!(matches!(answer, Err(RefreshError::Invalid)));
    }
}

#[tokio::test]
async fn a_token_of_a_session_that_was_never_there_is_invalid() {
    let mut desk = Desk::default();
    desk.sessions.expect_find().once().returning(|_| Ok(None));
    assert!(matches!(run(desk, 5).await, Err(RefreshError::Invalid)));
}

#[tokio::test]
async fn an_ended_session_says_why_whatever_token_is_presented() {
    for reason in [
        EndReason::SignedOut,
        EndReason::Replaced,
        EndReason::ReuseDetected,
        EndReason::Disabled,
        EndReason::Merged,
        EndReason::Cancelled,
        EndReason::PhoneChanged,
    ] {
        for generation in [3, 4, 5] {
            let mut desk = desk_at(1);
            let over = Session {
                ended: Some((epoch(), reason)),
                ..session()
            };
            finding(&mut desk, over, me());
            let error = run(desk, generation).await.unwrap_err();
            assert!(matches!(error, RefreshError::SessionRevoked(why) if why == reason));
        }
    }
}

#[tokio::test]
async fn a_session_past_its_whole_life_has_expired_however_busy_it_was() {
    let mut desk = desk_at(180 * DAY);
    let busy = Session {
        refresh: RefreshState {
            current_issued_at: at(180 * DAY - 1),
            ..session().refresh
        },
        ..session()
    };
    finding(&mut desk, busy, me());
    assert!(matches!(run(desk, 5).await, Err(RefreshError::Expired)));
}

#[tokio::test]
async fn an_account_that_is_not_in_use_ends_its_session() {
    let into = account(2).id;
    for (status, reason) in [
        (AccountStatus::DISABLED, EndReason::Disabled),
        (cancelling(), EndReason::Cancelled),
        (AccountStatus::Erased, EndReason::Cancelled),
        (AccountStatus::Merged { into }, EndReason::Merged),
    ] {
        let mut desk = desk_at(1);
        finding(&mut desk, session(), me().with_status(status));
        ending(&mut desk, reason, AuditAction::SessionEnded);
        let error = run(desk, 5).await.unwrap_err();
        assert!(matches!(error, RefreshError::SessionRevoked(why) if why == reason));
    }
}
