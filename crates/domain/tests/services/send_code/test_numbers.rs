//! Test numbers.

use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::policy::TestNumber;
use menshen_domain::model::sms_code::SmsCode;
use menshen_domain::services::send_code::SendCodeError;

use super::{accepted, drafted, run};
use crate::desk::Desk;
use crate::support::{at, phone};

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
