//! The error codes of Volcengine's SMS service and gateway.

use crate::outcome::{Outcome, Scope};

/// What the code of an `Error` means.
///
/// Source: Volcengine volcSMS 2020-01-01, error codes of `SendSms`, and the
/// common error codes of the `OpenAPI` gateway.
pub(crate) fn outcome(status: u16, code: &str) -> Outcome {
    match code {
        "RE:0006" | "RE:0011" => Outcome::BadNumber,
        "RE:0010" | "RE:0013" => Outcome::Billing,
        "RE:0500" | "InternalError" | "InternalServiceTimeout" => Outcome::VendorFault,
        "InvalidTimestamp" => Outcome::Clock,
        // Authentication, product, message group, sign, template, our address,
        // parameters, a type that the group does not send.
        "RE:0000" | "RE:0001" | "RE:0002" | "RE:0003" | "RE:0004" | "RE:0005" | "RE:0007"
        | "RE:0009" | "RE:0012" => Outcome::Config(Scope::Account),
        _ if status == 429 => Outcome::VendorBusy { wait: None },
        _ if status >= 500 => Outcome::VendorFault,
        // A refusal of this message that is not in the table.
        _ if code.starts_with("RE:") => Outcome::Config(Scope::Message),
        // Signatures, keys, permissions, actions: the gateway refuses us with 4xx.
        _ if status >= 400 => Outcome::Config(Scope::Account),
        "SignatureDoesNotMatch"
        | "InvalidAccessKey"
        | "AccessDenied"
        | "MissingParameter"
        | "MissingRequestInfo"
        | "InvalidActionOrVersion"
        | "ServiceNotFound" => Outcome::Config(Scope::Account),
        _ => Outcome::VendorFault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_class() {
        let account = Outcome::Config(Scope::Account);
        for (status, code, class) in [
            (200, "RE:0000", account.clone()),
            (200, "RE:0001", account.clone()),
            (200, "RE:0002", account.clone()),
            (200, "RE:0003", account.clone()),
            (200, "RE:0004", account.clone()),
            (200, "RE:0005", account.clone()),
            (200, "RE:0006", Outcome::BadNumber),
            (200, "RE:0007", account.clone()),
            (200, "RE:0009", account.clone()),
            (200, "RE:0010", Outcome::Billing),
            (200, "RE:0011", Outcome::BadNumber),
            (200, "RE:0012", account.clone()),
            (200, "RE:0013", Outcome::Billing),
            (200, "RE:0500", Outcome::VendorFault),
            (401, "SignatureDoesNotMatch", account.clone()),
            (200, "SignatureDoesNotMatch", account.clone()),
            (401, "InvalidAccessKey", account.clone()),
            (403, "AccessDenied", account.clone()),
            (400, "MissingParameter", account.clone()),
            (400, "MissingRequestInfo", account.clone()),
            (404, "InvalidActionOrVersion", account.clone()),
            (404, "ServiceNotFound", account.clone()),
            (400, "InvalidTimestamp", Outcome::Clock),
            (500, "InternalError", Outcome::VendorFault),
            (504, "InternalServiceTimeout", Outcome::VendorFault),
        ] {
            assert_eq!(outcome(status, code), class, "{code}");
        }
    }

    #[test]
    fn what_is_new_goes_by_its_family_and_status() {
        let message = Outcome::Config(Scope::Message);
        assert_eq!(outcome(200, "RE:0099"), message);
        assert_eq!(outcome(400, "Something"), Outcome::Config(Scope::Account));
        assert_eq!(
            outcome(429, "FlowLimitExceeded"),
            Outcome::VendorBusy { wait: None }
        );
        assert_eq!(outcome(503, "Something"), Outcome::VendorFault);
        assert_eq!(outcome(200, "Something"), Outcome::VendorFault);
    }
}
