//! The error codes of Twilio.

use std::time::Duration;

use crate::outcome::{Outcome, Scope};

/// What the `code` of a refusal means.
///
/// Source: Twilio, "Error and Warning Dictionary"; the numbers are from general
/// knowledge, the rest goes by the HTTP status.
pub(crate) fn outcome(status: u16, code: u32, wait: Option<Duration>) -> Outcome {
    match code {
        // Authentication, account, sender.
        20003 | 20404 | 21606 | 21659 => Outcome::Config(Scope::Account),
        // Malformed, or not a mobile number; or a country that is switched off.
        21211 | 21214 | 21217 | 21614 | 21408 => Outcome::BadNumber,
        // Opted out; or held back as pumping, which is another's fraud.
        21610 | 30450 => Outcome::RecipientBlocked,
        63038 => Outcome::Billing,
        20429 => Outcome::VendorBusy { wait },
        20500 => Outcome::VendorFault,
        _ => match status {
            429 => Outcome::VendorBusy { wait },
            500.. => Outcome::VendorFault,
            401 | 403 | 404 => Outcome::Config(Scope::Account),
            // What is wrong with it may be this number or this text.
            _ => Outcome::Config(Scope::Message),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_class() {
        let wait = Some(Duration::from_secs(2));
        let account = Outcome::Config(Scope::Account);
        for (status, code, class) in [
            (401, 20003, account.clone()),
            (404, 20404, account.clone()),
            (400, 21606, account.clone()),
            (400, 21659, account.clone()),
            (400, 21211, Outcome::BadNumber),
            (400, 21214, Outcome::BadNumber),
            (400, 21217, Outcome::BadNumber),
            (400, 21614, Outcome::BadNumber),
            (403, 21408, Outcome::BadNumber),
            (400, 21610, Outcome::RecipientBlocked),
            (400, 30450, Outcome::RecipientBlocked),
            (429, 20429, Outcome::VendorBusy { wait }),
            (400, 63038, Outcome::Billing),
            (500, 20500, Outcome::VendorFault),
            (401, 99999, account.clone()),
            (429, 99999, Outcome::VendorBusy { wait }),
            (503, 99999, Outcome::VendorFault),
            (400, 99999, Outcome::Config(Scope::Message)),
        ] {
            assert_eq!(outcome(status, code, wait), class, "{code}");
        }
    }
}
