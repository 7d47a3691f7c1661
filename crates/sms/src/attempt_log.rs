//! One line in the log for each attempt.

use std::time::Duration;

use menshen_domain::ports::sms_sender::SmsMessage;

use crate::outcome::Outcome;
use crate::vendor::Attempt;

/// Writes the line; neither the code nor the whole number is in it.
pub(crate) fn tell(vendor: &str, message: &SmsMessage, attempt: &Attempt, took: Duration) {
    let outcome = attempt.outcome.as_str();
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let phone = message.phone.masked();
    let vendor_code = attempt.vendor_code.as_deref();
    let request_id = attempt.request_id.as_deref();
    let message_id = attempt.message_id.as_deref();
    let send_id = message.id.to_string();
    let purpose = message.purpose().as_str();
    macro_rules! line {
        ($level:ident, $text:literal) => {
            tracing::$level!(
                vendor,
                outcome,
                duration_ms,
                phone,
                purpose,
                vendor_code,
                request_id,
                message_id,
                send_id,
                $text
            )
        };
    }
    match &attempt.outcome {
        Outcome::Accepted => line!(info, "an SMS vendor took a message"),
        refused if refused.duties().alarm => line!(
            error,
            "an SMS vendor refuses our account, settings, text or clock"
        ),
        _ => line!(warn, "an SMS vendor did not take a message"),
    }
}
