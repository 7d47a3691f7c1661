//! Error codes of the gateway and of the SMS product, which are said at
//! different levels.
//!
//! Source: Tencent Cloud SMS 2021-01-11, `SendSms` error codes, and common
//! error codes of API 3.0.

/// A refused request, or a number that was refused in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: String,
    pub(super) message: String,
}

/// Families whose codes are said of each number.
const OF_A_NUMBER: &[&str] = &[
    "FailedOperation.",
    "InvalidParameterValue.",
    "LimitExceeded.",
    "UnsupportedOperation.",
];
/// Codes of these families that are said of the whole request all the same.
const OF_THE_REQUEST: &[&str] = &[
    "FailedOperation.FailResolvePacket",
    "FailedOperation.JsonParseFail",
    "LimitExceeded.GlobalSmsSendingRateLimit",
    "LimitExceeded.PhoneNumberCountLimit",
];

impl Refusal {
    /// With the code's own message.
    pub(super) fn new(code: &str) -> Self {
        Self::saying(code, message(code))
    }

    pub(super) fn saying(code: &str, message: &str) -> Self {
        Self {
            code: code.to_owned(),
            message: message.to_owned(),
        }
    }

    pub(super) fn missing(name: &str) -> Self {
        let message = format!("The request is missing a required parameter `{name}`.");
        Self::saying("MissingParameter", &message)
    }

    pub(super) fn wrong_type(name: &str) -> Self {
        let message = format!("The value type of parameter `{name}` is not valid.");
        Self::saying("InvalidParameter", &message)
    }

    /// Whether it stands in `SendStatusSet`, not in `Error`.
    pub(super) fn is_of_a_number(&self) -> bool {
        OF_A_NUMBER
            .iter()
            .any(|family| self.code.starts_with(family))
            && !OF_THE_REQUEST.contains(&self.code.as_str())
    }
}

fn message(code: &str) -> &str {
    match code {
        "AuthFailure.InvalidAuthorization" => "The request header `Authorization` is not valid.",
        "AuthFailure.SecretIdNotFound" => {
            "The SecretId is not found, please ensure that your SecretId is correct."
        }
        "AuthFailure.SignatureExpire" => {
            "The provided credentials could not be validated because of exceeding request timestamp limit."
        }
        "AuthFailure.SignatureFailure" => {
            "The provided credentials could not be validated. Please check your signature is correct."
        }
        "AuthFailure.TokenFailure" => "The token in the request header `X-TC-Token` is not valid.",
        "InvalidAction" => "The request action is not found.",
        "NoSuchVersion" => "The request version is not found.",
        "UnsupportedRegion" => "The request region is not supported.",
        "UnsupportedProtocol" => "The request protocol is not supported.",
        "RequestLimitExceeded" => "The number of requests exceeds the frequency limit.",
        "InternalError" => "An internal error has occurred. Retry your request.",
        "FailedOperation.JsonParseFail" => "json parse fail",
        "FailedOperation.SignatureIncorrectOrUnapproved" => "signature incorrect or unapproved",
        "FailedOperation.TemplateIncorrectOrUnapproved" => "template incorrect or unapproved",
        "FailedOperation.TemplateParamSetNotMatchApprovedTemplate" => {
            "the number of template parameters does not match the approved template"
        }
        "FailedOperation.InsufficientBalanceInSmsPackage" => "insufficient balance in sms package",
        "FailedOperation.PhoneNumberInBlacklist" => "phone number is in blacklist",
        "FailedOperation.ContainSensitiveWord" => "content contains sensitive word",
        "InvalidParameterValue.IncorrectPhoneNumber" => "incorrect phone number",
        "InvalidParameterValue.SdkAppIdNotExist" => "sdkappid not exist",
        "InvalidParameterValue.TemplateParameterFormatError" => {
            "verification code template parameter format error"
        }
        "InvalidParameterValue.TemplateParameterLengthLimit" => "template parameter length limit",
        "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter" => {
            "prohibited use url in template parameter"
        }
        "LimitExceeded.PhoneNumberThirtySecondLimit" => {
            "the number of sms messages sent from a single mobile number within 30 seconds exceeds the upper limit"
        }
        "LimitExceeded.PhoneNumberOneHourLimit" => {
            "the number of sms messages sent from a single mobile number within 1 hour exceeds the upper limit"
        }
        "LimitExceeded.PhoneNumberDailyLimit" => {
            "the number of sms messages sent from a single mobile number every day exceeds the upper limit"
        }
        "LimitExceeded.AppDailyLimit" => {
            "the number of sms messages sent by the app every day exceeds the upper limit"
        }
        "LimitExceeded.PhoneNumberCountLimit" => {
            "the number of phone numbers exceeds the upper limit"
        }
        "MissingParameter.EmptyPhoneNumberSet" => "the phone number set is empty",
        "UnauthorizedOperation.ServiceSuspendDueToArrears" => "service suspend due to arrears",
        "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone" => {
            "chinese mainland template to global phone"
        }
        "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone" => {
            "global template to chinese mainland phone"
        }
        "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber" => {
            "contain domestic and international phone number"
        }
        other => other,
    }
}
