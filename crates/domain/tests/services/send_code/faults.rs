//! Ports that are away, and vendors that take nothing.

use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::sms_delivery::{SendOutcome, SendVerdict};
use menshen_domain::ports::code_store::CodeStoreError;
use menshen_domain::ports::rate_limiter::RateLimiterError;
use menshen_domain::ports::send_records::SendRecordsError;
use menshen_domain::ports::sms_sender::{SmsDelivery, SmsSendError};
use menshen_domain::services::send_code::SendCodeError;

use super::{accepted, drafted, refused, report, run, scope};
use crate::desk::Desk;
use crate::support::people::seed;
use crate::support::{away, secs};

#[tokio::test]
async fn with_the_limiter_away_nothing_is_sent() {
    let mut desk = Desk::default();
    desk.limiter_away();
    assert!(matches!(
        run(desk).await,
        Err(SendCodeError::Unavailable(_))
    ));
}

#[tokio::test]
async fn with_the_code_store_away_or_full_nothing_is_sent_and_no_limit_counts_it() {
    for full in [false, true] {
        let mut desk = Desk::default();
        desk.admitted();
        desk.codes
            .expect_draft()
            .once()
            .returning(move |_, _, _, _| {
                Err(if full {
                    CodeStoreError::Full
                } else {
                    CodeStoreError::Unavailable(away())
                })
            });
        desk.released();
        assert!(matches!(
            run(desk).await,
            Err(SendCodeError::Unavailable(_))
        ));
    }
}

/// Discarded, so the earlier code stays as it is; released, so that the person
/// may ask again at once; never committed.
#[tokio::test]
async fn what_no_vendor_took_leaves_no_code_and_counts_nowhere() {
    type Refusal = fn() -> SmsSendError;
    let refusals: [(Refusal, &str, SendVerdict); 5] = [
        (
            || SmsSendError::Unreachable,
            "unreachable",
            SendVerdict::Unreachable,
        ),
        (
            || SmsSendError::NumberLimited {
                retry_after: secs(60),
            },
            "too frequent 60",
            SendVerdict::NumberLimited,
        ),
        (
            || SmsSendError::NumberLimited {
                retry_after: secs(61),
            },
            "limit 61",
            SendVerdict::NumberLimited,
        ),
        (
            || SmsSendError::Misconfigured(away()),
            "misconfigured",
            SendVerdict::Misconfigured,
        ),
        (
            || SmsSendError::Unavailable {
                retry_after: None,
                source: away(),
            },
            "vendors away",
            SendVerdict::Unavailable,
        ),
    ];
    for (refusal, word, verdict) in refusals {
        let mut desk = drafted();
        let recorded = desk.recorded();
        desk.sender
            .expect_send()
            .once()
            .returning(move |_| refused(refusal()));
        desk.codes
            .expect_discard()
            .withf(|of, id| *of == scope() && *id == seed().id)
            .once()
            .returning(|_, _| Ok(()));
        desk.released();
        let told = match run(desk).await.unwrap_err() {
            SendCodeError::Unreachable => "unreachable".to_owned(),
            SendCodeError::TooFrequent { retry_after } => {
                format!("too frequent {}", retry_after.as_secs())
            }
            SendCodeError::LimitReached { retry_after } => {
                format!("limit {}", retry_after.as_secs())
            }
            SendCodeError::Misconfigured(_) => "misconfigured".to_owned(),
            SendCodeError::VendorsUnavailable { .. } => "vendors away".to_owned(),
            other => panic!("{other:?}"),
        };
        assert_eq!(told, word);
        assert_eq!(*recorded.verdicts.all(), [verdict]);
        assert_eq!(
            recorded.audit.actions(),
            [AuditAction::CodeRequested, AuditAction::CodeRefused]
        );
    }
}

/// No vendor is asked: the mock without expectations would fail.
#[tokio::test]
async fn with_the_send_record_away_nothing_is_sent_and_no_limit_counts_it() {
    let mut desk = drafted();
    desk.records
        .expect_begin()
        .once()
        .returning(|_, _| Err(SendRecordsError::Unavailable(away())));
    desk.codes
        .expect_discard()
        .withf(|of, id| *of == scope() && *id == seed().id)
        .once()
        .returning(|_, _| Ok(()));
    desk.released();
    assert!(matches!(
        run(desk).await,
        Err(SendCodeError::Unavailable(_))
    ));
}

#[tokio::test]
async fn a_record_that_fails_after_the_message_costs_nobody_another_one() {
    let mut desk = drafted();
    desk.records.expect_begin().once().returning(|_, _| Ok(()));
    desk.records
        .expect_finish()
        .once()
        .returning(|_, _, _, _| Err(SendRecordsError::Unavailable(away())));
    desk.sender.expect_send().once().returning(|_| accepted());
    desk.codes
        .expect_commit()
        .once()
        .returning(|_, _, _, _| Ok(()));
    assert!(run(desk).await.is_ok());
}

#[tokio::test]
async fn a_draft_that_cannot_be_discarded_does_not_keep_the_reservation() {
    let mut desk = drafted();
    desk.recorded();
    desk.sender
        .expect_send()
        .once()
        .returning(|_| refused(SmsSendError::Unreachable));
    desk.codes
        .expect_discard()
        .once()
        .returning(|_, _| Err(CodeStoreError::Unavailable(away())));
    desk.released();
    assert!(matches!(
        run(desk).await,
        Err(SendCodeError::Unavailable(_))
    ));
}

#[tokio::test]
async fn a_reservation_that_cannot_be_released_does_not_hide_why_nothing_was_sent() {
    let mut desk = drafted();
    desk.recorded();
    desk.sender
        .expect_send()
        .once()
        .returning(|_| refused(SmsSendError::Unreachable));
    desk.codes.expect_discard().once().returning(|_, _| Ok(()));
    desk.limiter
        .expect_release()
        .once()
        .returning(|_| Err(RateLimiterError::Unavailable(away())));
    assert!(matches!(run(desk).await, Err(SendCodeError::Unreachable)));
}

#[tokio::test]
async fn an_unknown_outcome_counts_as_sent_and_its_code_lives() {
    let mut desk = drafted();
    let recorded = desk.recorded();
    desk.sender.expect_send().once().returning(|_| {
        let verdict = SmsDelivery::Unknown { vendor: "tencent" };
        report(SendOutcome::Unknown, Ok(verdict))
    });
    desk.codes
        .expect_commit()
        .once()
        .returning(|_, _, _, _| Ok(()));
    assert!(run(desk).await.is_ok());
    assert_eq!(
        recorded.audit.actions(),
        [AuditAction::CodeRequested, AuditAction::CodeSendUnknown]
    );
    assert_eq!(recorded.audit.all()[1].reason.as_deref(), Some("tencent"));
    assert_eq!(*recorded.verdicts.all(), [SendVerdict::Unknown]);
}

/// It is on its way: it counts, and it is not sent a second time.
#[tokio::test]
async fn a_sent_code_that_cannot_be_made_live_is_no_reason_to_send_another() {
    let mut desk = drafted();
    desk.recorded();
    desk.sender.expect_send().once().returning(|_| accepted());
    desk.codes
        .expect_commit()
        .once()
        .returning(|_, _, _, _| Err(CodeStoreError::Unavailable(away())));
    assert!(matches!(
        run(desk).await,
        Err(SendCodeError::Unavailable(_))
    ));
}

/// The refusal is what the audit log must not miss: nothing was sent, so whoever asks
/// again pays for nothing.
#[tokio::test]
async fn a_refusal_that_cannot_be_recorded_is_told_as_unavailable() {
    let mut desk = drafted();
    desk.records.expect_begin().once().returning(|_, _| Ok(()));
    desk.records
        .expect_finish()
        .once()
        .returning(|_, _, _, _| Err(SendRecordsError::Unavailable(away())));
    desk.sender
        .expect_send()
        .once()
        .returning(|_| refused(SmsSendError::Unreachable));
    desk.codes.expect_discard().once().returning(|_, _| Ok(()));
    desk.released();
    assert!(matches!(
        run(desk).await,
        Err(SendCodeError::Unavailable(_))
    ));
}
