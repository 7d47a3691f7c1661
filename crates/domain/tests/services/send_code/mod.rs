mod faults;
mod sending;
mod test_numbers;

use menshen_domain::model::sms_delivery::{SendOutcome, SmsAttempt};
use menshen_domain::model::verification::CodeScope;
use menshen_domain::ports::code_store::Draft;
use menshen_domain::ports::sms_sender::{SmsDelivery, SmsReport, SmsSendError};
use menshen_domain::services::send_code::{CodeOnItsWay, SendCodeError};

use crate::desk::Desk;
use crate::support::people::{login_scope, origin, seed};
use crate::support::{epoch, phone, secs};

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
