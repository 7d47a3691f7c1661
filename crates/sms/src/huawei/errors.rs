//! The error codes of Huawei Cloud's SMS service and gateway.

use std::time::Duration;

use crate::outcome::{Outcome, Scope};

/// Identical texts to one number are refused for 59 seconds; a code that is
/// asked for again is the same text.
const SAME_TEXT: Duration = Duration::from_mins(1);

/// What a `code` or `status` other than `000000` means.
///
/// Source: Huawei Cloud Message & SMS, error codes of `batchSendSms/v1` and
/// `batchSendDiffSms/v1`.
pub(crate) fn outcome(status: u16, code: &str) -> Outcome {
    match code {
        "E000110" => Outcome::Clock,
        // Frozen: arrears, or a violation.
        "E000112" => Outcome::Billing,
        "E200015" => Outcome::VendorBusy { wait: None },
        "E200041" => Outcome::NumberLimited {
            retry_after: SAME_TEXT,
        },
        // Channel, sign, template and its variables.
        "E200018" | "E200020" | "E200028" | "E200029" | "E200030" | "E200031" | "E200033"
        | "E200036" => Outcome::Config(Scope::Account),
        _ if status == 429 => Outcome::VendorBusy { wait: None },
        _ if status >= 500 => Outcome::VendorFault,
        // Malformed headers, keys, signatures, addresses, parameters.
        _ if code.starts_with("E000") => Outcome::Config(Scope::Account),
        // A refusal of this message that is not in the table.
        _ if code.starts_with("E2") => Outcome::Config(Scope::Message),
        // The gateway's own words come with 4xx.
        _ if status >= 400 => Outcome::Config(Scope::Account),
        _ => Outcome::VendorFault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_class() {
        let account = Outcome::Config(Scope::Account);
        for code in [
            "E000000", "E000001", "E000002", "E000003", "E000004", "E000005", "E000006", "E000007",
            "E000008", "E000020", "E000021", "E000022", "E000023", "E000024", "E000025", "E000040",
            "E000045", "E000101", "E000102", "E000111", "E000503", "E000620", "E200018", "E200020",
            "E200028", "E200029", "E200030", "E200031", "E200033", "E200036", "E000999",
        ] {
            for status in [200, 400, 403] {
                assert_eq!(outcome(status, code), account, "{code}");
            }
        }
        assert_eq!(outcome(403, "E000110"), Outcome::Clock);
        assert_eq!(outcome(403, "E000112"), Outcome::Billing);
        assert_eq!(outcome(200, "E200015"), Outcome::VendorBusy { wait: None });
        assert_eq!(
            outcome(200, "E200041"),
            Outcome::NumberLimited {
                retry_after: SAME_TEXT
            }
        );
    }

    #[test]
    fn what_is_new_goes_by_its_family_and_status() {
        let message = Outcome::Config(Scope::Message);
        assert_eq!(outcome(200, "E200999"), message);
        assert_eq!(outcome(500, "E000999"), Outcome::VendorFault);
        assert_eq!(outcome(503, "E200999"), Outcome::VendorFault);
        assert_eq!(
            outcome(429, "APIG.0308"),
            Outcome::VendorBusy { wait: None }
        );
        assert_eq!(outcome(401, "APIG.0301"), Outcome::Config(Scope::Account));
        assert_eq!(outcome(200, "something"), Outcome::VendorFault);
    }
}
