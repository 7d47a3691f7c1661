use std::sync::{Arc, Mutex};

use menshen_domain::model::audit::{AuditAction, AuditEvent};
use menshen_domain::model::limits::{LimitKey, LimitRule, Limits};
use menshen_domain::model::origin::source_network;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::policy::TestNumber;
use menshen_domain::model::sms_code::SmsCode;
use menshen_domain::model::sms_delivery::{SendOutcome, SendVerdict, SmsAttempt};
use menshen_domain::model::verification::{CodeScope, Purpose};
use menshen_domain::ports::code_store::{CodeStoreError, Draft};
use menshen_domain::ports::rate_limiter::{Admission, RateLimiterError, Remembered};
use menshen_domain::ports::send_records::SendRecordsError;
use menshen_domain::ports::sms_sender::{SmsDelivery, SmsReport, SmsSendError};
use menshen_domain::services::send_code::{CodeOnItsWay, SendCodeError};
use mockall::Sequence;

use crate::desk::{Desk, reservation};
use crate::support::people::{login_scope, no_limits, origin, right_code, seed};
use crate::support::{at, away, epoch, phone, secs, user};

fn scope() -> CodeScope {
    login_scope(&phone(1))
}

async fn run(desk: Desk) -> Result<CodeOnItsWay, SendCodeError> {
    desk.open()
        .send_code()
        .execute(&scope(), None, &origin())
        .await
}

fn attempt(outcome: SendOutcome) -> SmsAttempt {
    SmsAttempt {
        vendor: "aliyun",
        outcome,
        vendor_code: Some("OK".to_owned()),
        request_id: None,
        message_id: Some("900^0".to_owned()),
        cost_units: Some(1),
        took: secs(1),
        at: epoch(),
    }
}

fn report(outcome: SendOutcome, verdict: Result<SmsDelivery, SmsSendError>) -> SmsReport {
    SmsReport {
        attempts: vec![attempt(outcome)],
        verdict,
    }
}

fn accepted() -> SmsReport {
    let verdict = SmsDelivery::Accepted { vendor: "aliyun" };
    report(SendOutcome::Accepted, Ok(verdict))
}

fn refused(error: SmsSendError) -> SmsReport {
    report(SendOutcome::BadNumber, Err(error))
}

/// A desk where everything goes well up to the message.
fn drafted() -> Desk {
    let mut desk = Desk::default();
    desk.admitted();
    desk.codes.expect_draft().once().returning(|_, _, _, _| {
        Ok(Draft {
            seed: seed(),
            expires_in: secs(400),
        })
    });
    desk
}

/// The message is on record under its own id before the vendor is asked, and so
/// is what became of it, after.
fn is_recorded_around_the_message(desk: &mut Desk, order: &mut Sequence) {
    let begun = Arc::new(Mutex::new(None));
    let id = Arc::clone(&begun);
    desk.records
        .expect_begin()
        .withf(|send, audit| {
            is_about(audit, AuditAction::CodeRequested)
                && send.phone == phone(1)
                && send.purpose == Purpose::Login
                && send.client_type == scope().client_type
                && send.source == source_network(origin().address)
                && send.at == epoch()
        })
        .once()
        .in_sequence(order)
        .returning(move |send, _| {
            *id.lock().expect("a lock") = Some(send.id);
            Ok(())
        });
    let id = Arc::clone(&begun);
    desk.sender
        .expect_send()
        .withf(move |message| {
            Some(message.id) == *id.lock().expect("a lock")
                && message.phone == phone(1)
                && message.code.matches(&right_code(&scope()))
                && message.purpose == Purpose::Login
                && message.expires_in == secs(400)
        })
        .once()
        .in_sequence(order)
        .returning(|_| accepted());
    desk.records
        .expect_finish()
        .withf(move |id, attempts, verdict, audit| {
            is_about(audit, AuditAction::CodeSent)
                && audit.reason.as_deref() == Some("aliyun")
                && Some(*id) == *begun.lock().expect("a lock")
                && attempts == [attempt(SendOutcome::Accepted)]
                && *verdict == SendVerdict::Accepted
        })
        .once()
        .in_sequence(order)
        .returning(|_, _, _, _| Ok(()));
}

fn is_about(row: &AuditEvent, action: AuditAction) -> bool {
    row.action == action
        && row.subject == Some(phone(1).masked())
        && row.request_id == Some(origin().request_id)
}

#[tokio::test]
async fn a_code_is_reserved_drafted_recorded_sent_and_only_then_live() {
    let mut desk = Desk {
        limits: Limits {
            resend_interval: secs(60),
            per_phone_day: 10,
            ..no_limits()
        },
        ..Desk::default()
    };
    let mut order = Sequence::new();
    desk.limiter
        .expect_reserve_recalled()
        .withf(|places| {
            let to_number = LimitKey::SmsPhone(phone(1));
            let mut windows = places.windows.iter();
            windows.len() == 2
                && windows.all(|window| window.key == to_number)
                && places.person.as_ref() == Some(&to_number)
        })
        .once()
        .in_sequence(&mut order)
        .returning(|places| {
            let places = reservation(places.windows.clone());
            Ok(Remembered::Known(Admission::Reserved(places)))
        });
    desk.codes
        .expect_draft()
        .withf(|of, fresh, ttl, reusable_for| {
            *of == scope()
                && fresh.nonce != [0; 16]
                && *ttl == secs(600)
                && *reusable_for == secs(120)
        })
        .once()
        .in_sequence(&mut order)
        .returning(|_, _, _, _| {
            // A code lives already: the same one goes out again.
            Ok(Draft {
                seed: seed(),
                expires_in: secs(400),
            })
        });
    is_recorded_around_the_message(&mut desk, &mut order);
    desk.codes
        .expect_commit()
        .withf(|of, draft, _, attempts| *of == scope() && draft.seed == seed() && *attempts == 5)
        .once()
        .in_sequence(&mut order)
        .returning(|_, _, _, _| Ok(()));
    let sent = run(desk).await.expect("it is sent");
    assert_eq!(sent.phone_masked, "138****0001");
    assert_eq!(sent.expires_in, secs(400));
    assert_eq!(sent.resend_after, secs(60));
}

#[tokio::test]
async fn a_number_from_elsewhere_reaches_no_port() {
    let scope = login_scope(&PhoneNumber::parse("+85251234567").expect("a number"));
    let office = Desk::default().open();
    let error = office.send_code().execute(&scope, None, &origin()).await;
    assert!(matches!(error, Err(SendCodeError::RegionNotAllowed)));
}

#[tokio::test]
async fn beyond_a_limit_nothing_is_drafted_or_sent() {
    for (rule, reason) in [
        (LimitRule::ResendInterval, "resend_interval"),
        (LimitRule::SmsVolume, "limit"),
        (LimitRule::SmsNetwork, "sms_network"),
        (LimitRule::SmsPrefix, "sms_prefix"),
        (LimitRule::SmsAccount, "sms_account"),
        (LimitRule::DeploymentMinute, "sms_deployment_minute"),
    ] {
        let mut desk = Desk::default();
        desk.refused(rule);
        desk.admitted();
        let audited = desk.audited();
        let error = run(desk).await.unwrap_err();
        let told = match error {
            SendCodeError::TooFrequent { retry_after } => ("resend_interval", retry_after),
            SendCodeError::LimitReached { retry_after } => (reason, retry_after),
            other => panic!("{other:?}"),
        };
        assert_eq!(told, (reason, secs(37)));
        assert_eq!(audited.actions(), [AuditAction::CodeRefused]);
        assert_eq!(audited.all()[0].reason.as_deref(), Some(reason));
    }
}

#[tokio::test]
async fn a_flood_of_refusals_writes_nothing() {
    let mut desk = Desk::default();
    desk.refused(LimitRule::ResendInterval);
    // The row of this minute is written already: the audit log is not asked.
    desk.refused(LimitRule::RefusalRows);
    let error = run(desk).await.unwrap_err();
    let wait = secs(37);
    assert!(
        matches!(error, SendCodeError::TooFrequent { retry_after } if retry_after == wait),
        "{error:?}"
    );
}

/// However many are refused: once a day, and beside the row of the refusal.
#[tokio::test]
async fn a_used_up_budget_is_an_event() {
    for (row_due, event_due) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut desk = Desk::default();
        desk.limits.deployment_day = 0;
        desk.refused(LimitRule::DeploymentDay);
        for (due, key) in [
            (
                row_due,
                LimitKey::RefusalRows(source_network(origin().address)),
            ),
            (event_due, LimitKey::Events(AuditAction::SmsBudgetSpent)),
        ] {
            let place = desk.limiter.expect_reserve();
            let place = place.withf(move |windows| windows.len() == 1 && windows[0].key == key);
            place.once().returning(move |windows| {
                Ok(if due {
                    Admission::Reserved(reservation(windows.to_vec()))
                } else {
                    let (rule, retry_after) = (windows[0].rule, secs(1));
                    Admission::Refused { rule, retry_after }
                })
            });
        }
        let audited = desk.audited();
        let error = run(desk).await.unwrap_err();
        assert!(matches!(error, SendCodeError::LimitReached { .. }));
        let refusal = row_due.then_some(AuditAction::CodeRefused);
        let event = event_due.then_some(AuditAction::SmsBudgetSpent);
        let expected: Vec<_> = refusal.into_iter().chain(event).collect();
        assert_eq!(audited.actions(), expected);
    }
}

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

#[tokio::test]
async fn with_the_audit_log_away_a_test_number_gets_no_code() {
    let mut desk = drafted();
    desk.sms.test_numbers.push(TestNumber {
        phone: phone(1),
        code: SmsCode::parse("123456").expect("six digits"),
        until: Some(at(1)),
    });
    desk.audit_away();
    desk.codes.expect_discard().once().returning(|_, _| Ok(()));
    desk.released();
    assert!(matches!(
        run(desk).await,
        Err(SendCodeError::Unavailable(_))
    ));
}

#[tokio::test]
async fn a_test_number_is_counted_like_any_other_and_sent_nothing() {
    let mut desk = drafted();
    desk.sms.test_numbers.push(TestNumber {
        phone: phone(1),
        code: SmsCode::parse("123456").expect("six digits"),
        until: Some(at(1)),
    });
    let audited = desk.audited();
    desk.codes
        .expect_commit()
        .once()
        .returning(|_, _, _, _| Ok(()));
    assert!(run(desk).await.is_ok());
    assert_eq!(
        audited.actions(),
        [AuditAction::CodeRequested, AuditAction::CodeSent]
    );
    assert_eq!(audited.all()[1].reason.as_deref(), Some("test_number"));
}

#[tokio::test]
async fn a_test_number_past_its_time_gets_messages_again() {
    let mut desk = Desk {
        now: at(1),
        ..drafted()
    };
    desk.sms.test_numbers.push(TestNumber {
        phone: phone(1),
        code: SmsCode::parse("123456").expect("six digits"),
        until: Some(at(1)),
    });
    desk.recorded();
    desk.sender.expect_send().once().returning(|_| accepted());
    desk.codes
        .expect_commit()
        .once()
        .returning(|_, _, _, _| Ok(()));
    assert!(run(desk).await.is_ok());
}

#[tokio::test]
async fn a_code_of_a_bearer_purpose_is_audited_under_its_user() {
    let mut desk = drafted();
    let recorded = desk.recorded();
    desk.sender
        .expect_send()
        .withf(|message| message.purpose == Purpose::BindPhone(user(5)))
        .once()
        .returning(|_| accepted());
    desk.codes
        .expect_commit()
        .once()
        .returning(|_, _, _, _| Ok(()));
    let scope = CodeScope {
        purpose: Purpose::BindPhone(user(5)),
        ..scope()
    };
    let office = desk.open();
    assert!(
        office
            .send_code()
            .execute(&scope, None, &origin())
            .await
            .is_ok()
    );
    let told = recorded.audit.all();
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|row| row.user == Some(user(5))));
}

#[tokio::test]
async fn every_ask_has_a_challenge_of_its_own() {
    let mut desk = Desk::default();
    desk.recorded();
    desk.limiter
        .expect_reserve()
        .returning(|_| Ok(Admission::Reserved(reservation(Vec::new()))));
    desk.codes.expect_draft().returning(|_, _, _, _| {
        Ok(Draft {
            seed: seed(),
            expires_in: secs(400),
        })
    });
    desk.sender.expect_send().returning(|_| accepted());
    desk.codes.expect_commit().returning(|_, _, _, _| Ok(()));
    let send = desk.open().send_code();
    let one = send.execute(&scope(), None, &origin()).await.expect("sent");
    let other = send.execute(&scope(), None, &origin()).await.expect("sent");
    assert_ne!(one.challenge, other.challenge);
}
