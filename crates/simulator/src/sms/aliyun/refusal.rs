//! Error codes of the gateway and of the SMS product, which are shaped
//! differently.
//!
//! Source: Alibaba Cloud, Dysmsapi 2017-05-25 error codes and common errors.

use serde_json::{Value, json};

/// A refused request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: String,
    message: String,
}

impl Refusal {
    /// With the code's own message.
    pub(super) fn new(code: &str) -> Self {
        Self::saying(code, &message(code))
    }

    pub(super) fn saying(code: &str, message: &str) -> Self {
        Self {
            code: code.to_owned(),
            message: message.to_owned(),
        }
    }

    /// A verdict of the product comes with 200, one of the gateway does not.
    pub(super) fn status(&self) -> u16 {
        match self.code.as_str() {
            code if self.is_of_product() || code == "OK" => 200,
            "InvalidAccessKeyId.NotFound" | "InvalidAction.NotFound" | "InvalidApi.NotFound" => 404,
            "NoPermission" | "Forbidden.RAM" => 403,
            "UnsupportedHTTPMethod" => 405,
            "InternalError" => 500,
            "ServiceUnavailable" => 503,
            _ => 400,
        }
    }

    pub(super) fn body(&self, request_id: &str) -> Value {
        let mut body = json!({"RequestId": request_id, "Code": self.code, "Message": self.message});
        if !self.is_of_product() {
            body["HostId"] = json!("dysmsapi.aliyuncs.com");
            body["Recommend"] = json!(format!(
                "https://api.aliyun.com/troubleshoot?q={}&product=Dysmsapi",
                self.code
            ));
        }
        body
    }

    fn is_of_product(&self) -> bool {
        self.code.starts_with("isv.")
            || self.code.starts_with("isp.")
            || matches!(
                self.code.as_str(),
                "PARAMS_ILLEGAL" | "template_parameter_count_illegal"
            )
    }
}

fn message(code: &str) -> String {
    let known = match code {
        "SignatureDoesNotMatch" => "Specified signature is not matched with our calculation.",
        "IncompleteSignature" => "The request signature does not conform to Aliyun standards.",
        "InvalidAccessKeyId.NotFound" => "Specified access key is not found.",
        "InvalidAccessKeyId.Inactive" => "Specified access key is disabled.",
        "InvalidTimeStamp.Format" => "Specified time stamp or date value is not well formatted.",
        "InvalidTimeStamp.Expired" => "Specified time stamp or date value is expired.",
        "SignatureNonceUsed" => "Specified signature nonce was used already.",
        "InvalidAction.NotFound" => "Specified api is not found, please check your url and method.",
        "InvalidVersion" => "Specified parameter Version is not valid.",
        "UnsupportedHTTPMethod" => "This http method is not supported.",
        "Throttling" | "Throttling.User" | "Throttling.Api" => {
            "Request was denied due to request throttling."
        }
        "ServiceUnavailable" => "The request has failed due to a temporary failure of the server.",
        "InternalError" => "The request processing has failed due to some unknown error.",
        "isv.MOBILE_NUMBER_ILLEGAL" => "号码格式错误",
        "isv.DOMESTIC_NUMBER_NOT_SUPPORTED" => "国际/港澳台消息模板不支持发送境内号码",
        "isv.MOBILE_COUNT_OVER_LIMIT" => "手机号码数量超过限制",
        "isv.BUSINESS_LIMIT_CONTROL" => "触发分钟级流控Permits:1",
        "isv.DAY_LIMIT_CONTROL" => "触发日发送限额",
        "isv.MONTH_LIMIT_CONTROL" => "触发月发送限额",
        "isv.AMOUNT_NOT_ENOUGH" => "账户余额不足",
        "isv.OUT_OF_SERVICE" => "业务停机",
        "isv.BLACK_KEY_CONTROL_LIMIT" => "黑名单管控",
        "isv.SMS_SIGNATURE_ILLEGAL" => "该账号下找不到对应签名",
        "isv.SMS_TEMPLATE_ILLEGAL" => "该账号下找不到对应模板",
        "isv.TEMPLATE_MISSING_PARAMETERS" => "模板变量缺少对应参数值",
        "isv.TEMPLATE_PARAMS_ILLEGAL" => "传入的变量内容和实际申请模板时变量所选择的属性类型不匹配",
        "isv.INVALID_PARAMETERS" => "参数异常",
        "isv.INVALID_JSON_PARAM" => "参数格式错误，请修改为字符串值",
        "isv.PARAM_LENGTH_LIMIT" => "参数超过长度限制",
        "isv.PARAM_NOT_SUPPORT_URL" => "变量不支持传入URL",
        "isp.RAM_PERMISSION_DENY" => "RAM权限不足",
        "isp.SYSTEM_ERROR" => "系统异常",
        _ => "",
    };
    match code.strip_prefix("Missing") {
        _ if !known.is_empty() => known.to_owned(),
        Some(name) => format!("{name} is mandatory for this action."),
        None => code.to_owned(),
    }
}
