use chrono::TimeDelta;
use menshen_domain::model::limits::{LimitKey, LimitRule, Limits, PastUse};
use menshen_domain::model::sms_delivery::SentCount;
use menshen_domain::ports::rate_limiter::{Admission, RateLimiterError, Remembered};
use menshen_domain::ports::send_records::SendRecordsError;
use menshen_domain::services::send_code::SendCodeError;

use crate::desk::Desk;
use crate::support::people::{login_scope, no_limits, origin};
use crate::support::{away, epoch, phone, secs};

const DAY: u64 = 86_400;

/// A desk with a budget of three messages a day, which is full by the time that
/// a place is asked for: whatever is told before is all that matters here.
fn budgeted() -> Desk {
    Desk {
        limits: Limits {
            deployment_day: 3,
            ..no_limits()
        },
        ..Desk::default()
    }
}

/// The limiter remembers nothing, and counts nothing.
fn forgot(desk: &mut Desk) {
    desk.limiter
        .expect_reserve_recalled()
        .withf(|places| {
            let windows = &places.windows;
            windows.len() == 1
                && windows[0].key == LimitKey::SmsDeployment
                && places.person.is_none()
        })
        .once()
        .returning(|_| Ok(Remembered::Nothing));
}

/// The limiter knows the past, and has no place.
fn full(desk: &mut Desk) {
    desk.limiter
        .expect_reserve_recalled()
        .once()
        .returning(|_| {
            Ok(Remembered::Known(Admission::Refused {
                rule: LimitRule::SmsVolume,
                retry_after: secs(37),
            }))
        });
}

/// The day in which two messages left an hour ago.
fn sent(desk: &mut Desk) {
    desk.records
        .expect_sent_since()
        .withf(|since| *since == epoch() - TimeDelta::hours(24))
        .once()
        .returning(|_| {
            Ok(vec![SentCount {
                at: epoch() - TimeDelta::hours(1),
                times: 2,
            }])
        });
}

async fn run(desk: Desk) -> SendCodeError {
    let scope = login_scope(&phone(1));
    let sent = desk
        .open()
        .send_code()
        .execute(&scope, None, &origin())
        .await;
    sent.expect_err("no place, or no answer")
}

#[tokio::test]
async fn a_limiter_that_forgot_is_told_of_the_day_before_it_is_asked() {
    for first in [true, false] {
        let mut desk = budgeted();
        forgot(&mut desk);
        sent(&mut desk);
        let told = vec![PastUse {
            key: LimitKey::SmsDeployment,
            per: secs(DAY),
            ago: secs(3_600),
            times: 2,
        }];
        // Of several replicas another one may be first: that is as good.
        desk.limiter
            .expect_recall()
            .withf(move |uses| *uses == told)
            .once()
            .returning(move |_| Ok(first));
        full(&mut desk);
        desk.admitted();
        desk.audited();
        let error = run(desk).await;
        assert!(matches!(error, SendCodeError::LimitReached { .. }));
    }
}

#[tokio::test]
async fn a_limiter_that_remembers_costs_no_look_at_the_record() {
    let mut desk = budgeted();
    full(&mut desk);
    desk.admitted();
    desk.audited();
    let error = run(desk).await;
    assert!(matches!(error, SendCodeError::LimitReached { .. }));
}

/// No place is asked for: the mock without expectations would fail.
#[tokio::test]
async fn while_the_budget_is_unknown_nothing_is_sent() {
    let mut desk = budgeted();
    desk.limiter
        .expect_reserve_recalled()
        .once()
        .returning(|_| Err(RateLimiterError::Unavailable(away())));
    assert!(matches!(run(desk).await, SendCodeError::Unavailable(_)));

    let mut desk = budgeted();
    forgot(&mut desk);
    desk.records
        .expect_sent_since()
        .once()
        .returning(|_| Err(SendRecordsError::Unavailable(away())));
    assert!(matches!(run(desk).await, SendCodeError::Unavailable(_)));

    let mut desk = budgeted();
    forgot(&mut desk);
    sent(&mut desk);
    desk.limiter
        .expect_recall()
        .once()
        .returning(|_| Err(RateLimiterError::Full));
    assert!(matches!(run(desk).await, SendCodeError::Unavailable(_)));
}

/// A desk with limits for each number.
fn by_number() -> Desk {
    Desk {
        limits: Limits {
            per_phone_hour: 2,
            per_phone_day: 3,
            ..no_limits()
        },
        ..Desk::default()
    }
}

fn stranger(desk: &mut Desk) {
    desk.limiter
        .expect_reserve_recalled()
        .withf(|places| places.person == Some(LimitKey::SmsPhone(phone(1))))
        .once()
        .returning(|_| Ok(Remembered::NotThePerson));
}

/// By the number alone, the newest first, and no more than its limits count.
#[tokio::test]
async fn a_limiter_that_does_not_know_a_number_is_told_of_it_alone() {
    for first in [true, false] {
        let mut desk = by_number();
        stranger(&mut desk);
        desk.records
            .expect_sent_to()
            .withf(|to, since, most| {
                *to == phone(1) && *since == epoch() - TimeDelta::hours(24) && *most == 3
            })
            .once()
            .returning(|_, _, _| {
                let at = [7_200, 60].map(|ago| epoch() - TimeDelta::seconds(ago));
                Ok(at.map(|at| SentCount { at, times: 1 }).to_vec())
            });
        let told = [60, 7_200].map(|ago| PastUse {
            key: LimitKey::SmsPhone(phone(1)),
            per: secs(DAY),
            ago: secs(ago),
            times: 1,
        });
        // Of several replicas another one may be first: that is as good.
        desk.limiter
            .expect_recall_person()
            .withf(move |person, uses| *person == LimitKey::SmsPhone(phone(1)) && *uses == told)
            .once()
            .returning(move |_, _| Ok(first));
        full(&mut desk);
        desk.admitted();
        desk.audited();
        let error = run(desk).await;
        assert!(matches!(error, SendCodeError::LimitReached { .. }));
    }
}

#[tokio::test]
async fn while_the_past_of_a_number_is_unknown_nothing_is_sent() {
    let mut desk = by_number();
    stranger(&mut desk);
    desk.records
        .expect_sent_to()
        .once()
        .returning(|_, _, _| Err(SendRecordsError::Unavailable(away())));
    assert!(matches!(run(desk).await, SendCodeError::Unavailable(_)));
    // Nor while the limiter forgets what it is told.
    let mut desk = by_number();
    desk.limiter
        .expect_reserve_recalled()
        .times(4)
        .returning(|_| Ok(Remembered::Nothing));
    desk.limiter
        .expect_recall()
        .times(4)
        .returning(|_| Ok(true));
    assert!(matches!(run(desk).await, SendCodeError::Unavailable(_)));
}
