//! Telling a number that an account has lost: to whom, at what price, and what comes
//! of each failure.

use std::sync::mpsc;

use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::evidence::PhoneProof;
use menshen_domain::model::limits::{LimitKey, LimitRule, Limits, Window};
use menshen_domain::model::number_notice::{LostNumber, NoticeOutcome};
use menshen_domain::model::origin::source_network;
use menshen_domain::model::policy::TestNumber;
use menshen_domain::model::sms_code::SmsCode;
use menshen_domain::model::sms_delivery::SendVerdict;
use menshen_domain::model::sms_message::{AskedThrough, MessagePurpose};
use menshen_domain::ports::rate_limiter::{Admission, RateLimiterError, Remembered};
use menshen_domain::ports::send_records::SendRecordsError;
use menshen_domain::ports::sms_sender::{SmsContent, SmsDelivery, SmsReport, SmsSendError};

use crate::desk::{Desk, reservation};
use crate::support::people::{no_limits, origin};
use crate::support::{at, away, epoch, phone, secs, user};

fn lost() -> LostNumber {
    LostNumber {
        user: user(1),
        phone: phone(9),
        proof: Some(PhoneProof::Sms),
        asked: AskedThrough::Operator,
        origin: origin(),
    }
}

/// Whatever comes of it is counted, once.
async fn run(mut desk: Desk, lost: &LostNumber) -> NoticeOutcome {
    let (told, listen) = mpsc::channel();
    desk.noticed
        .expect_came_to()
        .once()
        .returning(move |outcome| told.send(outcome).expect("a listener"));
    let outcome = desk.open().tell_old_number().execute(lost).await;
    assert_eq!(listen.try_recv(), Ok(outcome));
    outcome
}

/// A desk where some vendor has a text, and every window a place.
fn reserved() -> Desk {
    let mut desk = Desk::default();
    desk.sender.expect_has_channel().returning(|_| true);
    desk.admitted();
    desk
}

fn answers(desk: &mut Desk, verdict: Result<SmsDelivery, SmsSendError>) {
    let mut verdict = Some(verdict);
    desk.sender.expect_send().once().returning(move |_| {
        let verdict = verdict.take().expect("one message");
        SmsReport {
            attempts: Vec::new(),
            verdict,
        }
    });
}

#[tokio::test]
async fn the_old_number_is_told_once_on_record_and_without_a_code() {
    let mut desk = Desk::default();
    desk.sender
        .expect_has_channel()
        .withf(|message| message.phone == phone(9) && message.code().is_none())
        .once()
        .returning(|_| true);
    desk.admitted();
    desk.records
        .expect_begin()
        .withf(|send, audit| {
            send.phone == phone(9)
                && send.purpose == MessagePurpose::NumberNotice
                && send.asked == AskedThrough::Operator
                && send.source == source_network(origin().address)
                && send.at == epoch()
                && audit.action == AuditAction::NumberNoticeBegun
                && audit.user == Some(user(1))
                && audit.subject == Some(phone(9).masked())
                && audit.request_id == Some(origin().request_id)
        })
        .once()
        .returning(|_, _| Ok(()));
    desk.sender
        .expect_send()
        .withf(|message| {
            message.phone == phone(9) && matches!(message.content, SmsContent::NumberNotice)
        })
        .once()
        .returning(|_| SmsReport {
            attempts: Vec::new(),
            verdict: Ok(SmsDelivery::Accepted { vendor: "aliyun" }),
        });
    desk.records
        .expect_finish()
        .withf(|_, _, verdict, audit| {
            *verdict == SendVerdict::Accepted
                && audit.action == AuditAction::NumberTold
                && audit.reason.as_deref() == Some("aliyun")
        })
        .once()
        .returning(|_, _, _, _| Ok(()));
    assert_eq!(run(desk, &lost()).await, NoticeOutcome::Sent);
}

/// Neither a vendor nor a store is asked: mocks without expectations would fail.
#[tokio::test]
async fn whom_it_does_not_concern_is_not_told() {
    let unproven = LostNumber {
        proof: Some(PhoneProof::Imported),
        ..lost()
    };
    let outcome = run(Desk::default(), &unproven).await;
    assert_eq!(outcome, NoticeOutcome::NeverProven);

    let mut closed = Desk::default();
    closed.sms.regions.clear();
    let outcome = run(closed, &lost()).await;
    assert_eq!(outcome, NoticeOutcome::RegionNotAllowed);

    let mut tested = Desk::default();
    tested.sms.test_numbers.push(TestNumber {
        phone: phone(9),
        code: SmsCode::parse("123456").expect("six digits"),
        until: Some(at(1)),
    });
    assert_eq!(run(tested, &lost()).await, NoticeOutcome::TestNumber);
}

#[tokio::test]
async fn without_a_vendor_that_has_a_text_nothing_is_counted_or_recorded() {
    let mut desk = Desk::default();
    desk.sender.expect_has_channel().once().returning(|_| false);
    assert_eq!(run(desk, &lost()).await, NoticeOutcome::NoChannel);
}

/// It spends what the deployment may spend, and none of the number's own codes.
#[tokio::test]
async fn a_number_that_was_told_today_or_a_budget_that_is_spent_refuses() {
    for rule in [LimitRule::NumberNotices, LimitRule::DeploymentDay] {
        let mut desk = Desk {
            limits: Limits {
                per_phone_day: 10,
                deployment_day: 3,
                ..no_limits()
            },
            ..Desk::default()
        };
        desk.sender.expect_has_channel().returning(|_| true);
        desk.limiter
            .expect_reserve_recalled()
            .withf(|places| {
                let key = |window: &Window| window.key.clone();
                let keys: Vec<_> = places.windows.iter().map(key).collect();
                keys == [LimitKey::NumberNotices(phone(9)), LimitKey::SmsDeployment]
                    && places.person.is_none()
                    && places.scopes.is_empty()
            })
            .once()
            .returning(move |_| {
                Ok(Remembered::Known(Admission::Refused {
                    rule,
                    retry_after: secs(60),
                }))
            });
        assert_eq!(run(desk, &lost()).await, NoticeOutcome::Limited);
    }
}

#[tokio::test]
async fn what_no_vendor_took_counts_nowhere_and_is_not_sent_again() {
    type Refusal = fn() -> SmsSendError;
    let refusals: [(Refusal, SendVerdict); 4] = [
        (|| SmsSendError::Unreachable, SendVerdict::Unreachable),
        (
            || SmsSendError::NumberLimited {
                retry_after: secs(60),
            },
            SendVerdict::NumberLimited,
        ),
        (
            || SmsSendError::Misconfigured(away()),
            SendVerdict::Misconfigured,
        ),
        (
            || SmsSendError::Unavailable {
                retry_after: None,
                source: away(),
            },
            SendVerdict::Unavailable,
        ),
    ];
    for (refusal, verdict) in refusals {
        let mut desk = reserved();
        let recorded = desk.recorded();
        answers(&mut desk, Err(refusal()));
        desk.released();
        assert_eq!(run(desk, &lost()).await, NoticeOutcome::Failed);
        assert_eq!(*recorded.verdicts.all(), [verdict]);
        assert_eq!(
            recorded.audit.actions(),
            [AuditAction::NumberNoticeBegun, AuditAction::NumberNotTold]
        );
    }
}

/// It may have arrived: its places are kept.
#[tokio::test]
async fn what_may_have_been_sent_counts_as_sent() {
    let mut desk = reserved();
    let recorded = desk.recorded();
    answers(&mut desk, Ok(SmsDelivery::Unknown { vendor: "aliyun" }));
    assert_eq!(run(desk, &lost()).await, NoticeOutcome::Unknown);
    assert_eq!(*recorded.verdicts.all(), [SendVerdict::Unknown]);
    let reason = recorded.audit.all()[1].reason.clone();
    assert_eq!(reason.as_deref(), Some("aliyun: unknown"));
}

#[tokio::test]
async fn with_the_limiter_or_the_record_away_nothing_is_sent() {
    let mut desk = Desk::default();
    desk.sender.expect_has_channel().returning(|_| true);
    desk.limiter_away();
    assert_eq!(run(desk, &lost()).await, NoticeOutcome::Failed);

    let mut desk = reserved();
    desk.records
        .expect_begin()
        .once()
        .returning(|_, _| Err(SendRecordsError::Unavailable(away())));
    desk.released();
    assert_eq!(run(desk, &lost()).await, NoticeOutcome::Failed);
}

#[tokio::test]
async fn a_record_or_a_limiter_that_fails_afterwards_does_not_change_what_happened() {
    let mut desk = reserved();
    desk.records.expect_begin().once().returning(|_, _| Ok(()));
    desk.records
        .expect_finish()
        .once()
        .returning(|_, _, _, _| Err(SendRecordsError::Unavailable(away())));
    answers(&mut desk, Ok(SmsDelivery::Accepted { vendor: "aliyun" }));
    assert_eq!(run(desk, &lost()).await, NoticeOutcome::Sent);

    let mut desk = reserved();
    desk.recorded();
    answers(&mut desk, Err(SmsSendError::Unreachable));
    desk.limiter
        .expect_release()
        .once()
        .returning(|_| Err(RateLimiterError::Unavailable(away())));
    assert_eq!(run(desk, &lost()).await, NoticeOutcome::Failed);
}

#[tokio::test]
async fn one_notice_a_day_is_asked_for_where_nothing_else_is_limited() {
    let mut desk = Desk::default();
    desk.sender.expect_has_channel().returning(|_| true);
    desk.limiter
        .expect_reserve()
        .withf(|windows| {
            windows.len() == 1 && windows[0].limit == 1 && windows[0].per == secs(86_400)
        })
        .once()
        .returning(|windows| Ok(Admission::Reserved(reservation(windows.to_vec()))));
    desk.recorded();
    answers(&mut desk, Ok(SmsDelivery::Accepted { vendor: "aliyun" }));
    assert_eq!(run(desk, &lost()).await, NoticeOutcome::Sent);
}
