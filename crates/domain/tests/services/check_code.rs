use std::sync::Arc;

use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::limits::{LimitKey, LimitRule, Limits};
use menshen_domain::model::policy::TestNumber;
use menshen_domain::model::sms_code::SmsCode;
use menshen_domain::model::spend::{GuardMode, GuardPolicy};
use menshen_domain::model::verification::ChallengeId;
use menshen_domain::ports::code_store::{Attempt, CodeReceipt, CodeStoreError};
use menshen_domain::ports::mac::MockMac;
use menshen_domain::ports::rate_limiter::{Admission, RateLimiterError};
use menshen_domain::services::check_code::CheckCodeError;
use mockall::Sequence;

use crate::desk::{Desk, reservation};
use crate::support::people::{login_scope, no_limits, origin, right_code, seed};
use crate::support::{at, away, epoch, phone, secs};

type Outcome = Result<CodeReceipt, CheckCodeError>;

/// Right codes are counted for the deployment, the neighbourhood and the block.
fn guard() -> GuardPolicy {
    GuardPolicy {
        mode: GuardMode::Record,
        ratio: 30,
        floor: 100,
        network_floor: 20,
        prefix_floor: 20,
    }
}

fn limits() -> Limits {
    Limits {
        resend_interval: secs(60),
        failures_per_phone_day: 20,
        failures_per_ip: 30,
        ..no_limits()
    }
}

fn challenge() -> Option<ChallengeId> {
    ChallengeId::parse("000102030405060708090a0b0c0d0e0f").ok()
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

async fn run(desk: Desk, code: SmsCode, challenge: Option<ChallengeId>) -> Outcome {
    let scope = login_scope(&phone(1));
    desk.open()
        .check()
        .execute(&scope, challenge, &code, &origin())
        .await
}

async fn run_right(desk: Desk) -> Outcome {
    run(desk, right_code(&login_scope(&phone(1))), None).await
}

#[tokio::test]
async fn a_right_code_is_counted_before_it_is_compared_and_then_spent_once() {
    let mut desk = Desk {
        limits: limits(),
        guard: guard(),
        ..Desk::default()
    };
    let mut order = Sequence::new();
    desk.codes
        .expect_attempt()
        .withf(|scope, challenge, attempts| {
            *scope == login_scope(&phone(1)) && challenge.is_none() && *attempts == 5
        })
        .once()
        .in_sequence(&mut order)
        .returning(|_, _, _| {
            Ok(Attempt::Counted {
                seed: seed(),
                attempts_left: 4,
            })
        });
    desk.limiter
        .expect_reserve()
        .once()
        .in_sequence(&mut order)
        .returning(|windows| Ok(Admission::Reserved(reservation(windows.to_vec()))));
    desk.codes
        .expect_spend()
        .withf(|scope, id| *scope == login_scope(&phone(1)) && *id == seed().id)
        .once()
        .in_sequence(&mut order)
        .returning(|_, _| Ok(true));
    desk.limiter
        .expect_pardon()
        .withf(|given_back, keys, proven| {
            let both = [
                LimitKey::FailuresPhone(phone(1)),
                LimitKey::GuessRun(phone(1)),
            ];
            given_back.id == 42
                && keys == both
                && *proven == guard().scopes(&phone(1), origin().address)
        })
        .once()
        .returning(|_, _, _| Ok(()));
    let receipt = run_right(desk).await.expect("the code is right");
    assert_eq!(receipt.phone(), &phone(1));
    assert_eq!(receipt.code(), seed().id);
    assert_eq!(receipt.scope(), &login_scope(&phone(1)));
}

#[tokio::test]
async fn a_wrong_code_is_counted_told_and_spends_nothing() {
    let mut desk = Desk::default();
    desk.counted(3);
    desk.admitted();
    desk.guesses_are_few();
    let audited = desk.audited();
    let error = run(desk, wrong(), None).await.unwrap_err();
    assert!(matches!(
        error,
        CheckCodeError::Incorrect { attempts_left: 3 }
    ));
    assert_eq!(audited.actions(), [AuditAction::CodeFailed]);
    let row = audited.all()[0].clone();
    assert_eq!(row.subject, Some(phone(1).masked()));
    assert_eq!(row.method, Some("login"));
    assert_eq!(row.address, Some(origin().address));
}

#[tokio::test]
async fn the_last_wrong_try_tells_that_the_challenge_is_locked() {
    let mut desk = Desk::default();
    desk.counted(0);
    desk.admitted();
    desk.guesses_are_few();
    let audited = desk.audited();
    let error = run(desk, wrong(), None).await.unwrap_err();
    assert!(matches!(
        error,
        CheckCodeError::Incorrect { attempts_left: 0 }
    ));
    assert_eq!(
        audited.actions(),
        [AuditAction::CodeFailed, AuditAction::CodeLocked]
    );
}

#[tokio::test]
async fn an_exhausted_challenge_is_locked_until_another_code_may_be_asked_for() {
    for (sent_ago, retry_after) in [(20, 40), (60, 1), (600, 1)] {
        let mut desk = Desk {
            limits: limits(),
            ..Desk::default()
        };
        desk.codes
            .expect_attempt()
            .once()
            .returning(move |_, _, _| {
                Ok(Attempt::Exhausted {
                    sent_ago: secs(sent_ago),
                })
            });
        let error = run_right(desk).await.unwrap_err();
        assert!(
            matches!(error, CheckCodeError::Locked { retry_after: told } if told == secs(retry_after)),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn without_an_outstanding_code_nothing_is_counted_and_the_same_work_is_done() {
    let mut mac = MockMac::new();
    mac.expect_tags().once().return_const(vec![[0; 32]]);
    let mut desk = Desk {
        mac: Arc::new(mac),
        ..Desk::default()
    };
    desk.codes
        .expect_attempt()
        .once()
        .returning(|_, _, _| Ok(Attempt::Absent));
    let error = run(desk, wrong(), None).await.unwrap_err();
    assert!(matches!(error, CheckCodeError::Expired));
}

/// Not even the code that an all-zero seed would have.
#[tokio::test]
async fn no_code_is_right_where_none_is_outstanding() {
    let mut desk = Desk::default();
    desk.codes
        .expect_attempt()
        .once()
        .returning(|_, _, _| Ok(Attempt::Absent));
    let nothing = menshen_domain::model::verification::CodeSeed {
        id: menshen_domain::model::verification::CodeId([0; 16]),
        nonce: [0; 16],
    };
    let code = nothing.code(&*crate::support::mac(), &login_scope(&phone(1)));
    let error = run(desk, code, None).await.unwrap_err();
    assert!(matches!(error, CheckCodeError::Expired));
}

#[tokio::test]
async fn a_limited_try_is_not_compared_and_is_uncounted() {
    for (rule, challenge) in [
        (LimitRule::PhoneFailures, None),
        (LimitRule::SourceFailures, challenge()),
    ] {
        let mut desk = Desk::default();
        desk.counted(3);
        desk.refused(rule);
        desk.codes
            .expect_uncount()
            .withf(move |scope, of, id| {
                *scope == login_scope(&phone(1)) && *of == challenge && *id == seed().id
            })
            .once()
            .returning(|_, _, _| Ok(()));
        let right = right_code(&login_scope(&phone(1)));
        let error = run(desk, right, challenge).await.unwrap_err();
        match rule {
            LimitRule::PhoneFailures => assert!(
                matches!(error, CheckCodeError::Locked { retry_after } if retry_after == secs(37))
            ),
            _ => assert!(
                matches!(error, CheckCodeError::RateLimited { retry_after } if retry_after == secs(37))
            ),
        }
    }
}

#[tokio::test]
async fn with_the_limiter_away_nothing_is_compared() {
    let mut desk = Desk::default();
    desk.counted(3);
    desk.limiter_away();
    desk.codes
        .expect_uncount()
        .once()
        .returning(|_, _, _| Ok(()));
    let error = run_right(desk).await.unwrap_err();
    assert!(matches!(error, CheckCodeError::Unavailable(_)));
}

#[tokio::test]
async fn with_the_code_store_away_nothing_is_counted_or_accepted() {
    let mut desk = Desk::default();
    desk.codes
        .expect_attempt()
        .once()
        .returning(|_, _, _| Err(CodeStoreError::Unavailable(away())));
    let error = run_right(desk).await.unwrap_err();
    assert!(matches!(error, CheckCodeError::Unavailable(_)));
}

#[tokio::test]
async fn a_code_that_cannot_be_spent_opens_nothing() {
    let mut desk = Desk::default();
    desk.counted(4);
    desk.admitted();
    desk.codes
        .expect_spend()
        .once()
        .returning(|_, _| Err(CodeStoreError::Unavailable(away())));
    let error = run_right(desk).await.unwrap_err();
    assert!(matches!(error, CheckCodeError::Unavailable(_)));
}

#[tokio::test]
async fn of_two_right_tries_at_once_the_slower_finds_the_code_gone() {
    let mut desk = Desk::default();
    desk.counted(4);
    desk.admitted();
    desk.codes.expect_spend().once().returning(|_, _| Ok(false));
    desk.released();
    let error = run_right(desk).await.unwrap_err();
    assert!(matches!(error, CheckCodeError::Expired));
}

#[tokio::test]
async fn a_spent_code_is_right_even_if_its_counts_cannot_be_taken_back() {
    let mut desk = Desk::default();
    desk.counted(4);
    desk.admitted();
    desk.codes.expect_spend().once().returning(|_, _| Ok(true));
    desk.limiter
        .expect_pardon()
        .once()
        .returning(|_, _, _| Err(RateLimiterError::Unavailable(away())));
    assert!(run_right(desk).await.is_ok());
}

#[tokio::test]
async fn with_the_audit_log_away_a_wrong_code_is_not_even_called_wrong() {
    let mut desk = Desk::default();
    desk.counted(3);
    desk.admitted();
    desk.audit_away();
    let error = run(desk, wrong(), None).await.unwrap_err();
    assert!(matches!(error, CheckCodeError::Unavailable(_)));
}

#[tokio::test]
async fn only_tries_without_a_challenge_count_against_the_number() {
    for challenge in [None, challenge()] {
        let mut desk = Desk {
            limits: limits(),
            ..Desk::default()
        };
        desk.counted(4);
        desk.limiter
            .expect_reserve()
            .withf(move |windows| {
                let keys: Vec<_> = windows.iter().map(|window| window.key.clone()).collect();
                let source = LimitKey::FailuresSource(origin().address);
                match challenge {
                    None => keys == [LimitKey::FailuresPhone(phone(1)), source],
                    Some(_) => keys == [source],
                }
            })
            .once()
            .returning(|windows| Ok(Admission::Reserved(reservation(windows.to_vec()))));
        desk.guesses_are_few();
        desk.audited();
        let error = run(desk, wrong(), challenge).await.unwrap_err();
        assert!(matches!(error, CheckCodeError::Incorrect { .. }));
    }
}

#[tokio::test]
async fn a_malformed_try_counts_against_its_source_only() {
    let mut desk = Desk {
        limits: limits(),
        ..Desk::default()
    };
    desk.limiter
        .expect_reserve()
        .withf(|windows| {
            windows.len() == 1 && windows[0].key == LimitKey::FailuresSource(origin().address)
        })
        .once()
        .returning(|windows| Ok(Admission::Reserved(reservation(windows.to_vec()))));
    desk.guesses_are_few();
    let office = desk.open();
    assert!(office.check().count_malformed(&origin()).await.is_ok());

    let mut desk = Desk::default();
    desk.refused(LimitRule::SourceFailures);
    let error = desk.open().check().count_malformed(&origin()).await;
    assert!(
        matches!(error, Err(CheckCodeError::RateLimited { retry_after }) if retry_after == secs(37))
    );

    let mut desk = Desk::default();
    desk.limiter_away();
    let error = desk.open().check().count_malformed(&origin()).await;
    assert!(matches!(error, Err(CheckCodeError::Unavailable(_))));
}

fn with_test_number() -> Desk {
    let mut desk = Desk::default();
    desk.sms.test_numbers.push(TestNumber {
        phone: phone(1),
        code: wrong(),
        until: Some(at(100)),
    });
    desk
}

#[tokio::test]
async fn a_test_number_has_its_fixed_code_and_each_use_is_audited() {
    let mut desk = with_test_number();
    desk.right_code_is_spent();
    let audited = desk.audited();
    assert!(run(desk, wrong(), None).await.is_ok());
    assert_eq!(audited.actions(), [AuditAction::TestNumberUsed]);

    // The derived code is worth nothing then.
    let mut desk = with_test_number();
    desk.counted(4);
    desk.admitted();
    desk.guesses_are_few();
    desk.audited();
    let error = run_right(desk).await.unwrap_err();
    assert!(matches!(error, CheckCodeError::Incorrect { .. }));
}

#[tokio::test]
async fn a_test_number_past_its_time_and_a_number_beside_it_have_no_fixed_code() {
    let mut desk = Desk {
        now: at(100),
        ..with_test_number()
    };
    desk.counted(4);
    desk.admitted();
    desk.guesses_are_few();
    desk.audited();
    let error = run(desk, wrong(), None).await.unwrap_err();
    assert!(matches!(error, CheckCodeError::Incorrect { .. }));

    let mut desk = Desk {
        now: epoch(),
        ..with_test_number()
    };
    desk.sms.test_numbers[0].phone = phone(2);
    desk.counted(4);
    desk.admitted();
    desk.guesses_are_few();
    desk.audited();
    let error = run(desk, wrong(), None).await.unwrap_err();
    assert!(matches!(error, CheckCodeError::Incorrect { .. }));
}

#[tokio::test]
async fn a_test_number_whose_use_cannot_be_audited_opens_nothing_and_costs_nothing() {
    let mut desk = with_test_number();
    desk.right_code_is_spent();
    desk.audit_away();
    desk.codes
        .expect_give_back()
        .once()
        .returning(|_, _, _| Ok(()));
    let error = run(desk, wrong(), None).await.unwrap_err();
    assert!(matches!(error, CheckCodeError::Unavailable(_)));
}

#[tokio::test]
async fn a_code_that_cannot_be_given_back_makes_no_difference_to_the_refusal() {
    let mut desk = Desk::default();
    desk.right_code_is_spent();
    desk.codes
        .expect_give_back()
        .withf(|scope, of, id| {
            *scope == login_scope(&phone(1)) && *of == challenge() && *id == seed().id
        })
        .once()
        .returning(|_, _, _| Err(CodeStoreError::Full));
    let check = desk.open().check();
    let scope = login_scope(&phone(1));
    let receipt = check
        .execute(&scope, challenge(), &right_code(&scope), &origin())
        .await
        .expect("the code is right");
    check.give_back(&receipt, challenge()).await;
}
