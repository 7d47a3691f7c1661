//! Tokens that rotate, and what a replay or a lost answer gets.

use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::limits::{LimitKey, LimitRule};
use menshen_domain::model::policy::RequirePhone;
use menshen_domain::model::refresh::RefreshState;
use menshen_domain::model::session::Session;
use menshen_domain::model::token::Scope;
use menshen_domain::ports::rate_limiter::Admission;
use menshen_domain::ports::session_store::{Rotation, SessionStoreError};
use menshen_domain::services::refresh::RefreshError;

use super::{DAY, desk_at, finding, generation, me, rotating, run, session};
use crate::desk::{Desk, reservation};
use crate::support::people::account;
use crate::support::{at, away, epoch, secs};

/// A desk where a replay is noted for the first time.
fn replayed() -> Desk {
    let mut desk = desk_at(29);
    finding(&mut desk, session(), me());
    desk.sessions
        .expect_note_replay()
        .once()
        .returning(|_, _, _| Ok(true));
    desk.signing();
    desk
}

#[tokio::test]
async fn the_current_token_rotates() {
    let mut desk = desk_at(DAY);
    finding(&mut desk, session(), me());
    desk.within_limits();
    desk.admitted();
    rotating(&mut desk, 6, 5, None);
    let signed = desk.signing();
    let done = run(desk, 5).await.expect("refreshed");
    assert_eq!(generation(&done), 6);
    assert_eq!(done.session.last_seen_at, at(DAY));
    assert_eq!(done.session.proven_at, epoch(), "refreshing proves nothing");
    assert_eq!(done.account, me());
    assert_eq!(done.tokens.refresh_expires_in, secs(30 * 86_400));
    let claims = signed.all()[0];
    assert_eq!((claims.session, claims.issued_at), (session().id, at(DAY)));
}

#[tokio::test]
async fn a_refresh_token_says_no_more_life_than_its_session_has() {
    let mut desk = desk_at(170 * DAY);
    let late = Session {
        refresh: RefreshState {
            current_issued_at: at(169 * DAY),
            ..session().refresh
        },
        ..session()
    };
    finding(&mut desk, late, me());
    desk.within_limits();
    desk.admitted();
    desk.sessions
        .expect_rotate()
        .once()
        .returning(|_, _, _, _, _| Ok(Rotation::Done));
    desk.signing();
    let done = run(desk, 5).await.expect("refreshed");
    assert_eq!(done.tokens.refresh_expires_in, secs(10 * 86_400));
}

#[tokio::test]
async fn a_replay_answers_the_same_current_and_is_audited_once() {
    for noted in [None, Some(4), Some(5)] {
        let mut desk = desk_at(29);
        let held = Session {
            replay_noted: noted,
            ..session()
        };
        finding(&mut desk, held.clone(), me());
        if noted != Some(5) {
            desk.sessions
                .expect_note_replay()
                .withf(|id, generation, row| {
                    *id == session().id
                        && *generation == 5
                        && row.action == AuditAction::RefreshReplayed
                })
                .once()
                // Somebody else was faster: nothing is counted.
                .returning(|_, _, _| Ok(false));
        }
        desk.signing();
        let done = run(desk, 4).await.expect("refreshed");
        assert_eq!(generation(&done), 5);
        assert_eq!(done.session, held, "nothing changes");
    }
}

#[tokio::test]
async fn more_than_twenty_rotations_with_replays_in_a_day_are_told_once() {
    for (full, told) in [(false, false), (true, false), (true, true)] {
        let mut desk = replayed();
        let (rule, place) = (LimitRule::Replays, LimitKey::Replays(session().id));
        let event = AuditAction::RefreshReplaysMany;
        desk.limiter
            .expect_reserve()
            .withf(move |windows| {
                windows.len() == 1
                    && (windows[0].limit, windows[0].per) == (20, secs(86_400))
                    && windows[0].key == place
            })
            .once()
            .returning(move |windows| {
                Ok(if full {
                    let retry_after = secs(37);
                    Admission::Refused { rule, retry_after }
                } else {
                    Admission::Reserved(reservation(windows.to_vec()))
                })
            });
        if full && told {
            // Of today's event a row is there already.
            desk.refused(LimitRule::SecurityEvents);
        } else if full {
            desk.limiter
                .expect_reserve()
                .withf(move |windows| windows[0].key == LimitKey::EventsOf(event, session().id))
                .once()
                .returning(|windows| Ok(Admission::Reserved(reservation(windows.to_vec()))));
        }
        let audited = desk.audited();
        assert_eq!(generation(&run(desk, 4).await.expect("refreshed")), 5);
        let expected = (full && !told).then_some(event);
        assert_eq!(audited.actions(), Vec::from_iter(expected));
        if let Some(row) = audited.all().first() {
            assert_eq!((row.user, row.session), (Some(me().id), Some(session().id)));
        }
    }
}

#[tokio::test]
async fn replays_that_cannot_be_counted_or_told_fail_no_refresh() {
    let mut desk = replayed();
    desk.limiter_away();
    assert!(run(desk, 4).await.is_ok());
    let mut desk = replayed();
    desk.refused(LimitRule::Replays);
    desk.admitted();
    desk.audit_away();
    assert!(run(desk, 4).await.is_ok());
}

#[tokio::test]
async fn a_replay_that_cannot_be_audited_is_not_answered() {
    let mut desk = desk_at(29);
    finding(&mut desk, session(), me());
    desk.sessions
        .expect_note_replay()
        .once()
        .returning(|_, _, _| Err(SessionStoreError(away())));
    assert!(matches!(
        run(desk, 4).await,
        Err(RefreshError::Unavailable(_))
    ));
}

#[tokio::test]
async fn a_lost_answer_is_recovered_and_audited_in_the_same_step() {
    let mut desk = desk_at(DAY);
    finding(&mut desk, session(), me());
    desk.within_limits();
    desk.admitted();
    rotating(&mut desk, 6, 4, Some(AuditAction::RefreshRecovered));
    desk.signing();
    let done = run(desk, 4).await.expect("refreshed");
    assert_eq!(generation(&done), 6);
}

#[tokio::test]
async fn the_account_is_read_anew_so_the_scope_follows_it() {
    for (account, scope, required) in [
        (account(1), Scope::Onboarding, true),
        (me(), Scope::User, false),
    ] {
        let mut desk = desk_at(DAY);
        desk.policy.require_phone = RequirePhone::Always;
        finding(&mut desk, session(), account);
        desk.within_limits();
        desk.admitted();
        rotating(&mut desk, 6, 5, None);
        let signed = desk.signing();
        let done = run(desk, 5).await.expect("refreshed");
        assert_eq!(
            (signed.all()[0].scope, done.phone_required),
            (scope, required)
        );
    }
}
