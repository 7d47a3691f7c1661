//! The error codes of Alibaba Cloud's SMS service and gateway.

use std::time::Duration;

use crate::outcome::{Outcome, Scope};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// What a `Code` other than `OK` means.
///
/// Source: Alibaba Cloud Dysmsapi 2017-05-25, error codes of `SendSms`, and the
/// common error codes of the API gateway.
pub(crate) fn outcome(status: u16, code: &str, message: &str, wait: Option<Duration>) -> Outcome {
    match code {
        "isv.MOBILE_NUMBER_ILLEGAL" => Outcome::BadNumber,
        "isv.BUSINESS_LIMIT_CONTROL" => Outcome::NumberLimited {
            retry_after: limit_window(message),
        },
        "isv.CUSTOMER_REFUSED" => Outcome::RecipientBlocked,
        "isv.BLACK_KEY_CONTROL_LIMIT" if blames_recipient(message) => Outcome::RecipientBlocked,
        "isv.BLACK_KEY_CONTROL_LIMIT"
        | "isv.PARAM_LENGTH_LIMIT"
        | "isv.PARAM_NOT_SUPPORT_URL"
        | "isv.SMS_CONTENT_ILLEGAL"
        | "isv.UNSUPPORTED_CONTENT" => Outcome::Content,
        "isv.DAY_LIMIT_CONTROL"
        | "isv.MONTH_LIMIT_CONTROL"
        | "isv.AMOUNT_NOT_ENOUGH"
        | "isv.OUT_OF_SERVICE" => Outcome::Billing,
        // These depend on the number: they say nothing about the next message.
        "isv.DOMESTIC_NUMBER_NOT_SUPPORTED"
        | "isv.SMS_TEST_NUMBER_LIMIT"
        | "isv.MOBILE_COUNT_OVER_LIMIT" => Outcome::Config(Scope::Message),
        "InvalidTimeStamp.Format" | "InvalidTimeStamp.Expired" | "SignatureNonceUsed" => {
            Outcome::Clock
        }
        "ServiceUnavailable" | "InternalError" => Outcome::VendorFault,
        _ if code == "Throttling" || code.starts_with("Throttling.") => {
            Outcome::VendorBusy { wait }
        }
        "isp.RAM_PERMISSION_DENY" => Outcome::Config(Scope::Account),
        _ if code.starts_with("isp.") || status >= 500 => Outcome::VendorFault,
        // Signs, templates, keys, permissions, parameters, and what is new: each
        // is a refusal, so nothing was sent.
        _ => Outcome::Config(Scope::Account),
    }
}

/// Which of the limits per number was reached: 1 a minute, 5 an hour, 10 a day.
fn limit_window(message: &str) -> Duration {
    if message.contains('天') || message.contains('日') {
        DAY
    } else if message.contains("小时") {
        HOUR
    } else {
        MINUTE
    }
}

/// Newer texts of this code say that the number is on a do-not-disturb list.
fn blames_recipient(message: &str) -> bool {
    ["黑名单", "免打扰", "勿扰", "blacklist", "do-not-disturb"]
        .iter()
        .any(|word| message.to_ascii_lowercase().contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &str) -> Outcome {
        outcome(200, code, "", None)
    }

    #[test]
    fn the_wait_is_read_from_the_limit() {
        for (message, wait) in [
            ("触发分钟级流控Permits:1", MINUTE),
            ("触发小时级流控Permits:5", HOUR),
            ("触发天级流控Permits:10", DAY),
            ("", MINUTE),
        ] {
            let limited = outcome(200, "isv.BUSINESS_LIMIT_CONTROL", message, None);
            assert_eq!(limited, Outcome::NumberLimited { retry_after: wait });
        }
    }

    #[test]
    fn each_family_has_its_class() {
        assert_eq!(of("isv.MOBILE_NUMBER_ILLEGAL"), Outcome::BadNumber);
        assert_eq!(of("isv.AMOUNT_NOT_ENOUGH"), Outcome::Billing);
        assert_eq!(of("isv.DAY_LIMIT_CONTROL"), Outcome::Billing);
        assert_eq!(of("isv.SMS_CONTENT_ILLEGAL"), Outcome::Content);
        assert_eq!(of("SignatureNonceUsed"), Outcome::Clock);
        assert_eq!(of("isp.SYSTEM_ERROR"), Outcome::VendorFault);
        assert_eq!(of("isv.CUSTOMER_REFUSED"), Outcome::RecipientBlocked);
        for code in [
            "isv.SMS_SIGNATURE_ILLEGAL",
            "isv.SMS_TEMPLATE_ILLEGAL",
            "isv.INVALID_JSON_PARAM",
            "isp.RAM_PERMISSION_DENY",
            "NoPermission",
            "SignatureDoesNotMatch",
            "InvalidAccessKeyId.NotFound",
            "MissingPhoneNumbers",
            "InvalidAction.NotFound",
            "something.New",
        ] {
            assert_eq!(of(code), Outcome::Config(Scope::Account), "{code}");
        }
        assert_eq!(
            of("isv.SMS_TEST_NUMBER_LIMIT"),
            Outcome::Config(Scope::Message)
        );
        assert_eq!(
            outcome(500, "something.New", "", None),
            Outcome::VendorFault
        );
    }

    #[test]
    fn a_throttle_may_say_how_long_it_lasts() {
        let wait = Some(Duration::from_millis(250));
        for code in ["Throttling", "Throttling.User", "Throttling.Api"] {
            assert_eq!(outcome(400, code, "", wait), Outcome::VendorBusy { wait });
        }
    }

    #[test]
    fn a_forbidden_word_and_a_number_that_wants_no_messages_share_a_code() {
        let of = |message| outcome(200, "isv.BLACK_KEY_CONTROL_LIMIT", message, None);
        assert_eq!(of("变量内容包含黑词"), Outcome::Content);
        assert_eq!(of("该号码在黑名单中"), Outcome::RecipientBlocked);
    }
}
