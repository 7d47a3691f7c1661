//! The verified-to-sent budget: what is weighed, and what becomes of a message
//! without one.

use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::limits::{LimitKey, LimitRule};
use menshen_domain::model::policy::TestNumber;
use menshen_domain::model::sms_code::SmsCode;
use menshen_domain::model::sms_delivery::{SendOutcome, SmsAttempt};
use menshen_domain::model::spend::{GuardMode, GuardPolicy, Slices, SpendScope, Tally};
use menshen_domain::ports::code_store::Draft;
use menshen_domain::ports::rate_limiter::{Admission, Remembered, Spend};
use menshen_domain::ports::sms_sender::{SmsDelivery, SmsReport};
use menshen_domain::services::send_code::{CodeOnItsWay, SendCodeError};

use crate::desk::{Desk, reservation};
use crate::support::people::{login_scope, origin, right_code, seed};
use crate::support::{at, epoch, phone, secs};

/// A second of the limiter's clock at which an hour begins.
const NOW: u64 = 3_600 * 500_000;

fn guard(mode: GuardMode) -> GuardPolicy {
    GuardPolicy {
        mode,
        ratio: 30,
        floor: 100,
        network_floor: 20,
        prefix_floor: 20,
    }
}

fn scopes() -> Vec<SpendScope> {
    guard(GuardMode::Record).scopes(&phone(1), origin().address)
}

/// Half an hour ago so many messages left to everybody, none of which was entered.
fn wasted(desk: &mut Desk, sent: i64) {
    desk.limiter
        .expect_reserve_recalled()
        .withf(|places| places.scopes == scopes() && places.person.is_none())
        .once()
        .returning(move |places| {
            let mut all = Slices::default();
            all.add(NOW - 1_800, Tally { sent, verified: 0 });
            let weighed = [all, Slices::default(), Slices::default()];
            let counted = places.scopes.iter().cloned().zip(weighed).collect();
            let mut reservation = reservation(places.windows.clone());
            reservation.spend = Spend { at: NOW, counted };
            Ok(Remembered::Known(Admission::Reserved(reservation)))
        });
}

fn guarded(mode: GuardMode) -> Desk {
    Desk {
        guard: guard(mode),
        ..Desk::default()
    }
}

/// The observer hears of the deployment's day once.
fn heard(desk: &mut Desk, refused: bool) {
    desk.spending
        .expect_overdrawn()
        .withf(move |overdrawn, was_refused| {
            overdrawn.scope == SpendScope::Deployment
                && overdrawn.span.as_str() == "day"
                && *was_refused == refused
        })
        .once()
        .return_const(());
}

fn sending(desk: &mut Desk) {
    desk.codes.expect_draft().once().returning(|_, _, _, _| {
        Ok(Draft {
            seed: seed(),
            expires_in: secs(400),
        })
    });
    desk.recorded();
    desk.sender.expect_send().once().returning(|_| SmsReport {
        attempts: vec![SmsAttempt {
            vendor: "aliyun",
            outcome: SendOutcome::Accepted,
            vendor_code: None,
            request_id: None,
            message_id: None,
            cost_units: None,
            took: secs(1),
            at: epoch(),
        }],
        verdict: Ok(SmsDelivery::Accepted { vendor: "aliyun" }),
    });
    desk.codes
        .expect_commit()
        .once()
        .returning(|_, _, _, _| Ok(()));
}

async fn run(desk: Desk) -> Result<CodeOnItsWay, SendCodeError> {
    let scope = login_scope(&phone(1));
    desk.open()
        .send_code()
        .execute(&scope, None, &origin())
        .await
}

#[tokio::test]
async fn within_its_budget_a_message_is_sent_and_nobody_is_told() {
    for mode in [GuardMode::Record, GuardMode::Enforce] {
        let mut desk = guarded(mode);
        wasted(&mut desk, 99);
        sending(&mut desk);
        assert!(run(desk).await.is_ok());
    }
}

/// One row an hour of each kind; every one is counted.
#[tokio::test]
async fn a_guard_that_looks_on_sends_and_reports() {
    for is_due in [true, false] {
        let mut desk = guarded(GuardMode::Record);
        wasted(&mut desk, 100);
        heard(&mut desk, false);
        if is_due {
            desk.limiter
                .expect_reserve()
                .withf(|windows| windows[0].key == LimitKey::GuardRows("deployment"))
                .once()
                .returning(|windows| Ok(Admission::Reserved(reservation(windows.to_vec()))));
        } else {
            desk.refused(LimitRule::SecurityEvents);
        }
        let audited = desk.audited();
        sending(&mut desk);
        assert!(run(desk).await.is_ok());
        let expected = is_due.then_some(AuditAction::SmsOverdrawn);
        assert_eq!(audited.actions(), Vec::from_iter(expected));
        if let Some(row) = audited.all().first() {
            assert_eq!(row.reason.as_deref(), Some("deployment/day recorded"));
        }
    }
}

/// It costs nothing, neither places nor a budget, and tells when there is one again.
#[tokio::test]
async fn a_guard_that_enforces_refuses_and_gives_the_places_back() {
    let mut desk = guarded(GuardMode::Enforce);
    wasted(&mut desk, 100);
    heard(&mut desk, true);
    desk.admitted();
    desk.admitted();
    desk.released();
    let audited = desk.audited();
    let error = run(desk).await.unwrap_err();
    let SendCodeError::LimitReached { retry_after } = error else {
        panic!("{error:?}");
    };
    // The hour in which they left is the day's oldest in 23 hours.
    assert_eq!(retry_after, secs(23 * 3_600));
    let expected = [AuditAction::CodeRefused, AuditAction::SmsOverdrawn];
    assert_eq!(audited.actions(), expected);
    let rows = audited.all();
    let reasons: Vec<_> = rows
        .iter()
        .filter_map(|row| row.reason.as_deref())
        .collect();
    assert_eq!(reasons, ["sms_guard", "deployment/day refused"]);
}

/// As for every other row of the log.
#[tokio::test]
async fn what_cannot_be_reported_is_not_sent() {
    for mode in [GuardMode::Record, GuardMode::Enforce] {
        let mut desk = guarded(mode);
        wasted(&mut desk, 100);
        heard(&mut desk, mode == GuardMode::Enforce);
        desk.limiter_away();
        desk.released();
        let error = run(desk).await.unwrap_err();
        assert!(matches!(error, SendCodeError::Unavailable(_)), "{error:?}");
    }
}

/// It gets no message, and its code, which everybody has, pays for none.
#[tokio::test]
async fn a_test_number_weighs_nothing_and_pays_for_nothing() {
    let test_number = || TestNumber {
        phone: phone(1),
        code: SmsCode::parse("123456").expect("six digits"),
        until: Some(at(1)),
    };
    let mut desk = guarded(GuardMode::Enforce);
    desk.sms.test_numbers.push(test_number());
    desk.admitted();
    desk.audited();
    desk.codes.expect_draft().once().returning(|_, _, _, _| {
        Ok(Draft {
            seed: seed(),
            expires_in: secs(400),
        })
    });
    desk.codes
        .expect_commit()
        .once()
        .returning(|_, _, _, _| Ok(()));
    assert!(run(desk).await.is_ok());

    let mut desk = guarded(GuardMode::Enforce);
    desk.sms.test_numbers.push(test_number());
    desk.counted(4);
    desk.admitted();
    desk.codes.expect_spend().once().returning(|_, _| Ok(true));
    desk.limiter
        .expect_pardon()
        .withf(|_, _, proven| proven.is_empty())
        .once()
        .returning(|_, _, _| Ok(()));
    desk.audited();
    let (scope, code) = (login_scope(&phone(1)), test_number().code);
    let checked = desk.open().check();
    let right = checked.execute(&scope, None, &code, &origin()).await;
    assert!(right.is_ok());
}

/// Else one message would pay for as many as its code is given back.
#[tokio::test]
async fn a_code_that_is_given_back_has_proven_nothing() {
    let mut desk = guarded(GuardMode::Record);
    desk.right_code_is_spent();
    desk.limiter
        .expect_unprove()
        .withf(|proven| proven == scopes())
        .once()
        .returning(|_| Ok(()));
    desk.codes
        .expect_give_back()
        .once()
        .returning(|_, _, _| Ok(()));
    let check = desk.open().check();
    let scope = login_scope(&phone(1));
    let code = right_code(&scope);
    let receipt = check.execute(&scope, None, &code, &origin()).await;
    check.give_back(&receipt.expect("it is right"), None).await;
}
