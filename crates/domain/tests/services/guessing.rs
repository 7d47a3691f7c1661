//! What wrong codes come to that are too many for a person.

use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::guessing::{RUN, WAVE};
use menshen_domain::model::limits::{LimitKey, LimitRule, Window};
use menshen_domain::model::sms_code::SmsCode;
use menshen_domain::ports::rate_limiter::{Admission, RateLimiterError};
use menshen_domain::services::check_code::CheckCodeError;

use crate::desk::{Desk, reservation};
use crate::support::people::{login_scope, origin, right_code};
use crate::support::{away, phone, secs};

/// What the limiter knows of guesses.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    /// The row of wrong codes is full with this one.
    run: bool,
    /// The wave has no place for this one.
    wave: bool,
    /// A row of the audit log told of it lately.
    told: bool,
}

fn rule(windows: &[Window]) -> Option<LimitRule> {
    let guessing = |rule: &LimitRule| {
        matches!(
            rule,
            LimitRule::GuessRun | LimitRule::GuessWave | LimitRule::GuessRows
        )
    };
    windows.first().map(|window| window.rule).filter(guessing)
}

fn watched(known: Known) -> Desk {
    let mut desk = Desk::default();
    desk.counted(3);
    desk.admitted();
    desk.limiter
        .expect_reserve()
        .withf(|windows| rule(windows).is_some())
        .returning(move |windows| {
            let full = match windows[0].rule {
                LimitRule::GuessWave => known.wave,
                LimitRule::GuessRows => known.told,
                _ => false,
            };
            Ok(if full {
                Admission::Refused {
                    rule: windows[0].rule,
                    retry_after: secs(9),
                }
            } else {
                Admission::Reserved(reservation(windows.to_vec()))
            })
        });
    desk.limiter
        .expect_wait()
        .withf(|windows| windows[0].key == LimitKey::GuessRun(phone(1)) && windows[0].limit == RUN)
        .returning(move |_| Ok(known.run.then(|| secs(9))));
    desk
}

fn wrong() -> SmsCode {
    let right = right_code(&login_scope(&phone(1)));
    let other = if right.expose() == "000000" {
        "000001"
    } else {
        "000000"
    };
    SmsCode::parse(other).expect("six digits")
}

async fn guess(desk: Desk) -> CheckCodeError {
    let scope = login_scope(&phone(1));
    let check = desk.open().check();
    let tried = check.execute(&scope, None, &wrong(), &origin()).await;
    tried.expect_err("no code is right")
}

#[tokio::test]
async fn a_row_that_is_not_full_raises_nothing() {
    let mut desk = watched(Known::default());
    let audited = desk.audited();
    let error = guess(desk).await;
    assert!(matches!(error, CheckCodeError::Incorrect { .. }));
    assert_eq!(audited.actions(), [AuditAction::CodeFailed]);
}

#[tokio::test]
async fn a_full_row_and_a_wave_are_told_once_and_refuse_no_try() {
    let full = Known {
        run: true,
        wave: true,
        told: false,
    };
    let mut desk = watched(full);
    let audited = desk.audited();
    let error = guess(desk).await;
    assert!(matches!(
        error,
        CheckCodeError::Incorrect { attempts_left: 3 }
    ));
    let told = [
        AuditAction::CodeFailed,
        AuditAction::OtpGuessing,
        AuditAction::OtpSpray,
    ];
    assert_eq!(audited.actions(), told);
    let rows = audited.all().clone();
    assert_eq!(rows[1].subject, Some(phone(1).masked()));
    assert_eq!(rows[1].address, Some(origin().address));
    // A wave is about no number and from no address.
    assert_eq!((rows[2].subject.as_ref(), rows[2].address), (None, None));
    let reason = rows[2].reason.clone().expect("a reason");
    assert!(reason.contains(&WAVE.to_string()), "{reason}");

    let mut desk = watched(Known { told: true, ..full });
    let audited = desk.audited();
    guess(desk).await;
    assert_eq!(audited.actions(), [AuditAction::CodeFailed]);
}

#[tokio::test]
async fn guesses_that_cannot_be_counted_are_not_answered() {
    let mut desk = Desk::default();
    desk.counted(3);
    desk.admitted();
    desk.limiter
        .expect_reserve()
        .returning(|_| Err(RateLimiterError::Unavailable(away())));
    desk.audited();
    let error = guess(desk).await;
    assert!(matches!(error, CheckCodeError::Unavailable(_)), "{error:?}");
}

#[tokio::test]
async fn malformed_tries_are_part_of_a_wave_and_of_no_row() {
    let mut desk = Desk::default();
    desk.admitted();
    let wave = |windows: &[Window]| rule(windows) == Some(LimitRule::GuessWave);
    let refused = Admission::Refused {
        rule: LimitRule::GuessWave,
        retry_after: secs(9),
    };
    desk.limiter
        .expect_reserve()
        .withf(wave)
        .once()
        .returning(move |_| Ok(refused.clone()));
    desk.limiter
        .expect_reserve()
        .withf(|windows| windows[0].key == LimitKey::GuessRows(None))
        .once()
        .returning(|windows| Ok(Admission::Reserved(reservation(windows.to_vec()))));
    let audited = desk.audited();
    let check = desk.open().check();
    assert!(check.count_malformed(&origin()).await.is_ok());
    assert_eq!(audited.actions(), [AuditAction::OtpSpray]);
}
