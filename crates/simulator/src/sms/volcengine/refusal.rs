//! Error codes of the gateway and of the SMS product.
//!
//! Source: Volcengine, volcSMS error codes, and common error codes.

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
        Self::saying(code, message(code))
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
            code if code.starts_with("RE:") => 200,
            "SignatureDoesNotMatch" | "InvalidAccessKey" => 401,
            "AccessDenied" => 403,
            "InvalidActionOrVersion" | "ServiceNotFound" => 404,
            "FlowLimitExceeded" => 429,
            "InternalError" => 500,
            "InternalServiceTimeout" => 504,
            _ => 400,
        }
    }

    /// With the code's number, where the gateway has one for it.
    pub(super) fn body(&self) -> Value {
        let mut body = json!({"Code": self.code, "Message": self.message});
        if let Some(number) = number(&self.code) {
            body["CodeN"] = json!(number);
        }
        body
    }
}

fn number(code: &str) -> Option<u32> {
    Some(match code {
        "InvalidTimestamp" => 100_006,
        "InvalidAccessKey" => 100_009,
        "SignatureDoesNotMatch" => 100_010,
        "AccessDenied" => 100_013,
        "InternalError" => 100_014,
        "InternalServiceTimeout" => 100_016,
        _ => return None,
    })
}

fn message(code: &str) -> &str {
    match code {
        "MissingParameter" => "The request is missing a parameter.",
        "MissingRequestInfo" => "The request is missing authentication information.",
        "InvalidActionOrVersion" => "Could not find operation for this version.",
        "InvalidAccessKey" => {
            "The security token or access key included in the request is invalid."
        }
        "InvalidTimestamp" => "The timestamp of the request is invalid or expired.",
        "SignatureDoesNotMatch" => {
            "The request signature we calculated does not match the signature you provided."
        }
        "AccessDenied" => "The user is not authorized to perform this action.",
        "InternalError" | "RE:0500" => "Internal error.",
        "InternalServiceTimeout" => "The service did not answer in time.",
        "RE:0000" => "鉴权失败",
        "RE:0001" => "账号短信服务未开通",
        "RE:0002" => "产品已关闭",
        "RE:0003" => "消息组错误",
        "RE:0004" => "签名错误",
        "RE:0005" => "模板错误",
        "RE:0006" => "手机号错误",
        "RE:0007" => "IP不在白名单",
        "RE:0009" => "参数错误",
        "RE:0010" => "账号欠费",
        "RE:0011" => "国家或地区不支持",
        "RE:0012" => "消息组不支持该短信类型",
        "RE:0013" => "超过发送限额",
        other => other,
    }
}
