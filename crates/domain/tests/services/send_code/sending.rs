//! The steps of a code that is sent, and limits.

use std::sync::{Arc, Mutex};

use menshen_domain::model::audit::{AuditAction, AuditEvent};
use menshen_domain::model::limits::{LimitKey, LimitRule, Limits};
use menshen_domain::model::origin::source_network;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::sms_delivery::{SendOutcome, SendVerdict};
use menshen_domain::model::sms_message::{AskedThrough, MessagePurpose};
use menshen_domain::model::verification::{CodeScope, Purpose};
use menshen_domain::ports::code_store::Draft;
use menshen_domain::ports::rate_limiter::{Admission, Remembered};
use menshen_domain::services::send_code::SendCodeError;
use mockall::Sequence;

use super::{accepted, attempt, drafted, run, scope};
use crate::desk::{Desk, reservation};
use crate::support::people::{login_scope, no_limits, origin, right_code, seed};
use crate::support::{epoch, phone, secs, user};

fn is_about(row: &AuditEvent, action: AuditAction) -> bool {
    row.action == action
        && row.subject == Some(phone(1).masked())
        && row.request_id == Some(origin().request_id)
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
                && send.purpose == MessagePurpose::Code(Purpose::Login)
                && send.asked == AskedThrough::Client(scope().client_type)
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
                && message.code().is_some_and(|sent| {
                    sent.code.matches(&right_code(&scope()))
                        && sent.purpose == Purpose::Login
                        && sent.expires_in == secs(400)
                })
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
async fn a_code_of_a_bearer_purpose_is_audited_under_its_user() {
    let mut desk = drafted();
    let recorded = desk.recorded();
    desk.sender
        .expect_send()
        .withf(|message| message.purpose() == MessagePurpose::Code(Purpose::BindPhone(user(5))))
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
