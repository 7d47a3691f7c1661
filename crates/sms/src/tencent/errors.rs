//! The error codes of Tencent Cloud's SMS service and gateway.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::outcome::{Outcome, Scope};

/// What a `Code` other than `Ok` means, of the request or of the number.
///
/// Source: Tencent Cloud sms 2021-01-11, error codes of `SendSms`, and the common
/// error codes of API 3.0.
pub(crate) fn outcome(code: &str, now: DateTime<Utc>) -> Outcome {
    match code {
        "InvalidParameterValue.IncorrectPhoneNumber"
        | "FailedOperation.PhoneNumberParseFail"
        | "UnsupportedOperation.UnsupportedRegion"
        | "LimitExceeded.AppCountryOrRegionInBlacklist" => Outcome::BadNumber,
        "FailedOperation.PhoneNumberInBlacklist" => Outcome::RecipientBlocked,
        // Our own caps, set in the console: perhaps somebody pumps messages.
        "LimitExceeded.AppDailyLimit"
        | "LimitExceeded.AppMainlandChinaDailyLimit"
        | "LimitExceeded.AppGlobalDailyLimit"
        | "LimitExceeded.AppCountryOrRegionDailyLimit"
        | "LimitExceeded.DailyLimit"
        | "FailedOperation.InsufficientBalanceInSmsPackage"
        | "UnauthorizedOperation.ServiceSuspendDueToArrears" => Outcome::Billing,
        "LimitExceeded.GlobalSmsSendingRateLimit" => Outcome::VendorBusy { wait: None },
        _ if is_or_below(code, "RequestLimitExceeded") => Outcome::VendorBusy { wait: None },
        // These depend on the number: they say nothing about the next message.
        "LimitExceeded.PhoneNumberCountLimit"
        | "MissingParameter.EmptyPhoneNumberSet"
        | "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber"
        | "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone"
        | "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone"
        | "UnsupportedOperation.ContainDomesticPhoneNumber" => Outcome::Config(Scope::Message),
        "InvalidParameterValue.TemplateParameterLengthLimit"
        | "InvalidParameterValue.ContentLengthLimit"
        | "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter"
        | "FailedOperation.ContainSensitiveWord"
        | "InvalidParameter.DirtyWordFound" => Outcome::Content,
        "AuthFailure.SignatureExpire" | "InternalError.RequestTimeException" => Outcome::Clock,
        // The vendor lost the message inside: it may have gone out.
        "InternalError.Timeout" | "InternalError.SendAndRecvFail" => Outcome::Unknown,
        // A marketing template, by night: codes must not use one.
        "FailedOperation.MarketingSendTimeConstraint"
        | "FailedOperation.SignatureIncorrectOrUnapproved"
        | "FailedOperation.TemplateIncorrectOrUnapproved"
        | "FailedOperation.TemplateUnapprovedOrNotExist"
        | "FailedOperation.TemplateIdNotExist"
        | "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"
        | "FailedOperation.FailResolvePacket"
        | "FailedOperation.JsonParseFail"
        | "FailedOperation.ParametersOtherError" => Outcome::Config(Scope::Account),
        _ => by_family(code, now),
    }
}

/// The rule for what is not in the table, new codes among it.
fn by_family(code: &str, now: DateTime<Utc>) -> Outcome {
    const OURS: [&str; 5] = [
        "Unauthorized",
        "AuthFailure",
        "InvalidParameter",
        "MissingParameter",
        "Unsupported",
    ];
    if is_or_below(code, "LimitExceeded") {
        let retry_after = wait(code, now);
        Outcome::NumberLimited { retry_after }
    } else if OURS.iter().any(|family| code.starts_with(family)) {
        Outcome::Config(Scope::Account)
    } else {
        Outcome::VendorFault
    }
}

/// How long a limit per number lasts: days are days in Beijing.
fn wait(code: &str, now: DateTime<Utc>) -> Duration {
    if code.contains("Daily") {
        until_midnight_in_beijing(now)
    } else if code.contains("Hour") {
        Duration::from_hours(1)
    } else {
        // `PhoneNumberThirtySecondLimit`, `DeliveryFrequencyLimit` and others.
        Duration::from_secs(30)
    }
}

fn until_midnight_in_beijing(now: DateTime<Utc>) -> Duration {
    const DAY: i64 = 24 * 60 * 60;
    let there = now + TimeDelta::hours(8);
    let left = DAY - there.timestamp().rem_euclid(DAY);
    Duration::from_secs(left.unsigned_abs())
}

fn is_or_below(code: &str, family: &str) -> bool {
    code.strip_prefix(family)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-01 20:30 in Beijing.
    fn evening() -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600 + 12 * 3600 + 1800, 0).unwrap()
    }

    fn of(code: &str) -> Outcome {
        outcome(code, evening())
    }

    #[test]
    fn a_limit_of_the_number_says_how_long_it_lasts() {
        let until_midnight = Duration::from_mins(210);
        for (code, retry_after) in [
            (
                "LimitExceeded.PhoneNumberThirtySecondLimit",
                Duration::from_secs(30),
            ),
            (
                "LimitExceeded.PhoneNumberOneHourLimit",
                Duration::from_hours(1),
            ),
            ("LimitExceeded.PhoneNumberDailyLimit", until_midnight),
            (
                "LimitExceeded.PhoneNumberSameContentDailyLimit",
                until_midnight,
            ),
            (
                "LimitExceeded.DeliveryFrequencyLimit",
                Duration::from_secs(30),
            ),
            ("LimitExceeded", Duration::from_secs(30)),
            ("LimitExceeded.SomethingNew", Duration::from_secs(30)),
        ] {
            assert_eq!(of(code), Outcome::NumberLimited { retry_after }, "{code}");
        }
        // At midnight a whole day begins.
        let midnight = DateTime::from_timestamp(1_767_225_600 + 16 * 3600, 0).unwrap();
        assert_eq!(
            until_midnight_in_beijing(midnight),
            Duration::from_hours(24)
        );
    }

    #[test]
    fn each_code_has_its_class() {
        let message = Outcome::Config(Scope::Message);
        let busy = Outcome::VendorBusy { wait: None };
        let classes: [(&[&str], Outcome); 9] = [
            (
                &[
                    "InvalidParameterValue.IncorrectPhoneNumber",
                    "FailedOperation.PhoneNumberParseFail",
                    "UnsupportedOperation.UnsupportedRegion",
                    "LimitExceeded.AppCountryOrRegionInBlacklist",
                ],
                Outcome::BadNumber,
            ),
            (
                &["FailedOperation.PhoneNumberInBlacklist"],
                Outcome::RecipientBlocked,
            ),
            (
                &[
                    "LimitExceeded.AppDailyLimit",
                    "LimitExceeded.AppMainlandChinaDailyLimit",
                    "LimitExceeded.AppGlobalDailyLimit",
                    "LimitExceeded.AppCountryOrRegionDailyLimit",
                    "LimitExceeded.DailyLimit",
                    "FailedOperation.InsufficientBalanceInSmsPackage",
                    "UnauthorizedOperation.ServiceSuspendDueToArrears",
                ],
                Outcome::Billing,
            ),
            (
                &[
                    "LimitExceeded.GlobalSmsSendingRateLimit",
                    "RequestLimitExceeded",
                    "RequestLimitExceeded.UinLimitExceeded",
                ],
                busy,
            ),
            (
                &[
                    "LimitExceeded.PhoneNumberCountLimit",
                    "MissingParameter.EmptyPhoneNumberSet",
                    "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber",
                    "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone",
                    "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone",
                    "UnsupportedOperation.ContainDomesticPhoneNumber",
                ],
                message,
            ),
            (
                &[
                    "InvalidParameterValue.TemplateParameterLengthLimit",
                    "InvalidParameterValue.ContentLengthLimit",
                    "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter",
                    "FailedOperation.ContainSensitiveWord",
                    "InvalidParameter.DirtyWordFound",
                ],
                Outcome::Content,
            ),
            (
                &[
                    "AuthFailure.SignatureExpire",
                    "InternalError.RequestTimeException",
                ],
                Outcome::Clock,
            ),
            (
                &["InternalError.Timeout", "InternalError.SendAndRecvFail"],
                Outcome::Unknown,
            ),
            (
                &[
                    "InternalError",
                    "InternalError.OtherError",
                    "FailedOperation.OtherError",
                    "FailedOperation.SomethingNew",
                    "something",
                ],
                Outcome::VendorFault,
            ),
        ];
        for (codes, class) in classes {
            for code in codes {
                assert_eq!(of(code), class, "{code}");
            }
        }
    }

    #[test]
    fn what_every_message_would_meet_concerns_the_account() {
        for code in [
            "FailedOperation.SignatureIncorrectOrUnapproved",
            "FailedOperation.TemplateIncorrectOrUnapproved",
            "FailedOperation.TemplateUnapprovedOrNotExist",
            "FailedOperation.TemplateIdNotExist",
            "FailedOperation.TemplateParamSetNotMatchApprovedTemplate",
            "FailedOperation.FailResolvePacket",
            "FailedOperation.JsonParseFail",
            "FailedOperation.ParametersOtherError",
            "FailedOperation.MarketingSendTimeConstraint",
            "InvalidParameterValue.SdkAppIdNotExist",
            "InvalidParameterValue.TemplateParameterFormatError",
            "UnauthorizedOperation.SdkAppIdIsDisabled",
            "UnauthorizedOperation.SmsSdkAppIdVerifyFail",
            "UnauthorizedOperation.RequestIpNotInWhitelist",
            "UnauthorizedOperation.RequestPermissionDeny",
            "InvalidParameter.AppidAndBizId",
            "InvalidParameter",
            "MissingParameter",
            "AuthFailure.SignatureFailure",
            "AuthFailure.InvalidSecretId",
            "AuthFailure.SecretIdNotFound",
            "AuthFailure.InvalidAuthorization",
            "AuthFailure.TokenFailure",
            "AuthFailure.UnauthorizedOperation",
            "UnsupportedOperation.SomethingNew",
        ] {
            assert_eq!(of(code), Outcome::Config(Scope::Account), "{code}");
        }
    }
}
