use std::sync::Arc;

use menshen_domain::model::account::{Account, AccountStatus};
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::SessionsOf;
use menshen_domain::model::limits::{LimitKey, LimitRule, Limits};
use menshen_domain::model::policy::RequirePhone;
use menshen_domain::model::refresh::RefreshState;
use menshen_domain::model::refresh_token::{RefreshClaims, RefreshToken, verify_refresh_token};
use menshen_domain::model::session::{EndReason, Session};
use menshen_domain::model::token::Scope;
use menshen_domain::ports::mac::MockMac;
use menshen_domain::ports::rate_limiter::{Admission, RateLimiterError};
use menshen_domain::ports::session_store::{Rotation, SessionStoreError, SessionWithAccount};
use menshen_domain::ports::token_issuer::TokenIssuerError;
use menshen_domain::services::refresh::{RefreshError, Refreshed};
use mockall::Sequence;

use crate::desk::{Desk, reservation, session_of};
use crate::support::people::{Holding, account, cancelling, no_limits, origin};
use crate::support::{at, away, epoch, mac, phone, secs};

const DAY: i64 = 86_400;

fn me() -> Account {
    account(1).with_phone(&phone(1))
}

/// Token 4 was exchanged for token 5 at the epoch.
fn session() -> Session {
    Session {
        refresh: RefreshState {
            current: 5,
            previous: Some(4),
            current_issued_at: epoch(),
            previous_exchanged_at: Some(epoch()),
        },
        ..session_of(&me())
    }
}

fn token(generation: u32) -> String {
    let claims = RefreshClaims {
        session: session().id,
        generation,
    };
    RefreshToken::compute(&*mac(), claims).expose().to_owned()
}

async fn run(desk: Desk, generation: u32) -> Result<Refreshed, RefreshError> {
    desk.open()
        .refresh()
        .execute(&token(generation), &origin())
        .await
}

fn desk_at(seconds: i64) -> Desk {
    Desk {
        now: at(seconds),
        ..Desk::default()
    }
}

fn finding(desk: &mut Desk, session: Session, account: Account) {
    desk.sessions.expect_find().once().returning(move |id| {
        assert_eq!(id, session.id);
        Ok(Some(SessionWithAccount {
            session: session.clone(),
            account: account.clone(),
        }))
    });
}

/// The session is moved from where it was to this generation.
fn rotating(desk: &mut Desk, to: u32, previous: u32, audited: Option<AuditAction>) {
    desk.sessions
        .expect_rotate()
        .withf(move |id, from, next, _, row| {
            *id == session().id
                && *from == session().refresh
                && (next.current, next.previous) == (to, Some(previous))
                && row.as_ref().map(|row| row.action) == audited
        })
        .once()
        .returning(|_, _, _, _, _| Ok(Rotation::Done));
}

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

fn generation(done: &Refreshed) -> u32 {
    verify_refresh_token(&*mac(), done.tokens.refresh_token.expose())
        .expect("it is ours")
        .generation
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
