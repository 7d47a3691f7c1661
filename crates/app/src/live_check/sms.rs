//! SMS vendors: does each take a message?

use std::time::Duration;

use menshen_domain::model::identifiers::SendId;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::sms_code::SmsCode;
use menshen_domain::model::verification::Purpose;
use menshen_domain::ports::clock::Clock as _;
use menshen_domain::ports::sms_sender::{SentCode, SmsContent, SmsMessage};
use menshen_sms::{Attempt, Outcome, Serves, SmsVendor, reach};
use menshen_token::system_randomness::SystemRandomness;
use tokio::time::Instant;

use super::finding::{Finding, chain};
use crate::clock::SystemClock;

/// The code that a probe carries: it opens nothing.
const PROBE: &str = "000000";
/// How long one vendor may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The message of a probe to `phone`.
pub(super) fn probe(phone: &PhoneNumber, expires_in: Duration) -> Option<SmsMessage> {
    Some(SmsMessage {
        id: SendId::generate(&SystemRandomness, SystemClock.now()),
        phone: phone.clone(),
        content: SmsContent::Code(SentCode {
            code: SmsCode::parse(PROBE).ok()?,
            purpose: Purpose::Login,
            expires_in,
        }),
    })
}

/// Sends the probe through one vendor.
pub(super) async fn send(vendor: &dyn SmsVendor, message: &SmsMessage) -> Finding {
    let asked = format!(
        "sms {}: a message to {}",
        vendor.name(),
        message.phone.masked()
    );
    if vendor.serves(message) == Serves::Never {
        return Finding::open(asked, "it has no template for messages to there")
            .advise("add one to sms.templates if it should send them");
    }
    let attempt = vendor.attempt(message, Instant::now() + PATIENCE).await;
    let came = told(&attempt);
    let page = format!("docs/sms/{}.md", vendor.name());
    match &attempt.outcome {
        Outcome::Accepted => {
            Finding::well(asked, came).advise(format!("{PROBE} should arrive within a minute"))
        }
        Outcome::NumberLimited { retry_after } => Finding::open(asked, came).advise(format!(
            "the vendor protects this number: use another, or wait {} s",
            retry_after.as_secs()
        )),
        outcome => {
            Finding::wrong(asked, came).advise(format!("{} ({page})", advice(vendor, outcome)))
        }
    }
}

/// What the vendor answered: our word, its own word, its ids.
fn told(attempt: &Attempt) -> String {
    let mut came = attempt.outcome.as_str().to_owned();
    for (label, value) in [
        ("", &attempt.vendor_code),
        ("request ", &attempt.request_id),
        ("message ", &attempt.message_id),
    ] {
        if let Some(value) = value {
            came.push_str(", ");
            came.push_str(label);
            came.push_str(value);
        }
    }
    came
}

fn advice(vendor: &dyn SmsVendor, outcome: &Outcome) -> String {
    let name = vendor.name();
    match outcome {
        Outcome::Config(_) => format!(
            "the key, its permission, the sign or the template of sms.{name} is refused: look the code up"
        ),
        Outcome::Billing => {
            "the balance, the package or a cap of the account is used up".to_owned()
        }
        Outcome::Content => {
            "the template or its variables are refused: look the code up".to_owned()
        }
        Outcome::BadNumber => "the vendor does not send to this number: try another".to_owned(),
        Outcome::RecipientBlocked => {
            "the number is on a block list or has opted out: try another".to_owned()
        }
        Outcome::Clock => "this machine's clock is off: set it by NTP".to_owned(),
        Outcome::VendorBusy { .. } => "the vendor throttles this account: ask again".to_owned(),
        Outcome::VendorFault => {
            format!("can this machine reach the address of sms.{name}, by name and over TLS?")
        }
        Outcome::Unknown => "no usable answer in time: the message may still arrive".to_owned(),
        Outcome::Accepted | Outcome::NumberLimited { .. } => String::new(),
    }
}

/// Asks the vendor's address for an answer, without a message.
pub(super) async fn reach(vendor: &str, address: &str) -> Finding {
    let asked = format!("sms {vendor}: {address}");
    match reach::answers(address).await {
        Ok(()) => Finding::open(asked, "it answers")
            .advise("whether it sends is found out with --phone NUMBER"),
        Err(error) => Finding::wrong(asked, chain(&error))
            .advise("can this machine reach it, by name and over TLS?"),
    }
}
