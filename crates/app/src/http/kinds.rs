//! Every failure that a client can see: its code, its status, and what people
//! are told.

/// One kind of failure.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// The stable word that programs match on.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What people are told in Chinese.
    pub zh: &'static str,
    /// What people are told in English.
    pub en: &'static str,
}

macro_rules! kinds {
    ($($name:ident = $status:literal $code:literal $zh:literal $en:literal;)*) => {
        $(
            #[doc = concat!("`", $code, "`")]
            pub const $name: Kind = Kind { code: $code, status: $status, zh: $zh, en: $en };
        )*
        /// All of them.
        pub const ALL: &[&Kind] = &[$(&$name),*];
    };
}

kinds! {
    MALFORMED_JSON = 400 "malformed_json" "请求内容不是有效的 JSON" "The body is not valid JSON";
    INVALID_REQUEST = 400 "invalid_request" "请求参数不正确" "The request is not valid";
    INVALID_PHONE = 400 "invalid_phone" "手机号不正确" "This is not a valid phone number";
    SMS_CODE_INCORRECT = 400 "sms_code_incorrect" "验证码不正确" "The code is wrong";
    SMS_CODE_EXPIRED = 400 "sms_code_expired" "验证码已失效，请重新获取" "The code is no longer valid; ask for a new one";
    WECHAT_CODE_INVALID = 400 "wechat_code_invalid" "微信授权已失效，请重试" "The WeChat code is no longer valid; try again";
    DECRYPT_FAILED = 400 "decrypt_failed" "微信数据解密失败，请重新登录后再试" "The WeChat data cannot be decrypted; sign in again and retry";
    SIGNATURE_MISMATCH = 400 "signature_mismatch" "微信数据签名不正确" "The signature of the WeChat data is wrong";
    TOKEN_MISSING = 401 "token_missing" "请先登录" "Sign in first";
    TOKEN_INVALID = 401 "token_invalid" "登录凭证无效" "The access token is not valid";
    TOKEN_EXPIRED = 401 "token_expired" "登录凭证已过期" "The access token has expired";
    SESSION_REVOKED = 401 "session_revoked" "登录状态已失效，请重新登录" "The session has ended; sign in again";
    REFRESH_TOKEN_INVALID = 401 "refresh_token_invalid" "登录状态无效，请重新登录" "The refresh token is not valid; sign in again";
    REFRESH_TOKEN_EXPIRED = 401 "refresh_token_expired" "登录状态已过期，请重新登录" "The session has expired; sign in again";
    REFRESH_TOKEN_REUSED = 401 "refresh_token_reused" "检测到异常登录，请重新登录" "The refresh token was used before; sign in again";
    ADMIN_KEY_INVALID = 401 "admin_key_invalid" "管理密钥无效" "The admin key is not valid";
    CONSENT_REQUIRED = 403 "consent_required" "请先阅读并同意用户协议" "Agree to the terms first";
    ACCOUNT_DISABLED = 403 "account_disabled" "账号已被停用" "The account is disabled";
    ACCOUNT_CANCELLING = 403 "account_cancelling" "账号正在注销中" "The account is being closed";
    PHONE_REQUIRED = 403 "phone_required" "请先绑定手机号" "Bind a phone number first";
    STEP_UP_REQUIRED = 403 "step_up_required" "请先验证身份" "Prove who you are first";
    PHONE_CONFIRMATION_REQUIRED = 403 "phone_confirmation_required" "请用短信验证码确认手机号" "Confirm the phone number with an SMS code";
    IDENTITY_CONFIRMATION_REQUIRED = 403 "identity_confirmation_required" "请用已绑定的微信确认身份" "Confirm with the WeChat identity of the account";
    CAPTCHA_REQUIRED = 403 "captcha_required" "请先完成人机验证" "Solve the captcha first";
    CAPTCHA_INVALID = 403 "captcha_invalid" "人机验证未通过，请重试" "The captcha is not valid; solve another one";
    WECHAT_RISK_BLOCKED = 403 "wechat_risk_blocked" "微信判定此次登录存在风险，请换一种方式" "WeChat blocked this login; use another way";
    REGION_NOT_ALLOWED = 403 "region_not_allowed" "暂不支持该地区的手机号" "Phone numbers from this region are not supported";
    FORBIDDEN = 403 "forbidden" "无权访问" "This is not allowed";
    NOT_FOUND = 404 "not_found" "内容不存在" "Nothing is here";
    METHOD_NOT_ALLOWED = 405 "method_not_allowed" "不支持的请求方法" "The method is not allowed here";
    PAYLOAD_TOO_LARGE = 413 "payload_too_large" "请求内容过大" "The body is too large";
    FORM_EXPECTED = 415 "unsupported_media_type" "请求内容必须是表单" "The body must be application/x-www-form-urlencoded";
    IMAGE_TOO_LARGE = 413 "payload_too_large" "图片尺寸过大" "The picture has too many points";
    FILE_EXPECTED = 415 "unsupported_media_type" "请求内容必须是 multipart/form-data" "The body must be multipart/form-data";
    IMAGE_EXPECTED = 415 "unsupported_media_type" "请上传 PNG、JPEG 或 WebP 图片" "The file must be a PNG, JPEG or WebP picture";
    UNSUPPORTED_MEDIA_TYPE = 415 "unsupported_media_type" "请求内容必须是 JSON" "The body must be application/json";
    ADMIN_CONFLICT = 409 "account_conflict" "当前状态不允许此操作" "Things are not so that this can be done";
    ACCOUNT_CONFLICT = 409 "account_conflict" "该手机号与微信分别属于不同的账号" "The phone number and the WeChat identity belong to different accounts";
    PHONE_TAKEN = 409 "phone_taken" "该手机号已被其他账号使用" "The phone number belongs to another account";
    IDENTITY_TAKEN = 409 "identity_taken" "该微信已绑定其他账号" "The WeChat identity belongs to another account";
    LAST_IDENTITY = 409 "last_identity" "这是唯一的登录方式，不能解除" "This is the last way to sign in; it cannot be removed";
    PHONE_UNREACHABLE = 422 "phone_unreachable" "该手机号无法接收短信" "This number cannot receive messages";
    SMS_TOO_FREQUENT = 429 "sms_too_frequent" "发送太频繁，请稍后再试" "Too soon; try again in a moment";
    SMS_LIMIT_REACHED = 429 "sms_limit_reached" "发送次数已达上限，请稍后再试" "Too many messages; try again later";
    SMS_CODE_LOCKED = 429 "sms_code_locked" "错误次数过多，请重新获取验证码" "Too many wrong codes; ask for a new one";
    RATE_LIMITED = 429 "rate_limited" "操作太频繁，请稍后再试" "Too many requests; try again later";
    WECHAT_BUSY = 429 "wechat_busy" "微信服务繁忙，请稍后再试" "WeChat is busy; try again in a moment";
    INTERNAL = 500 "internal" "服务器内部错误" "Something went wrong on our side";
    WECHAT_MISCONFIGURED = 502 "wechat_misconfigured" "微信登录配置有误，请联系客服" "WeChat login is not set up correctly";
    SMS_MISCONFIGURED = 502 "sms_misconfigured" "短信服务配置有误，请联系客服" "The SMS service is not set up correctly";
    WECHAT_UNAVAILABLE = 503 "wechat_unavailable" "微信服务暂不可用，请稍后再试" "WeChat is unavailable; try again in a moment";
    SMS_UNAVAILABLE = 503 "sms_unavailable" "短信服务暂不可用，请稍后再试" "The SMS service is unavailable; try again in a moment";
    UNAVAILABLE = 503 "unavailable" "服务暂不可用，请稍后再试" "The service is unavailable; try again in a moment";
    REQUEST_TIMEOUT = 408 "invalid_request" "请求超时" "The request took too long to arrive";
    URI_TOO_LONG = 414 "invalid_request" "请求地址过长" "The address is too long";
    HEADERS_TOO_LARGE = 431 "invalid_request" "请求头过大" "The headers are too large";
}

/// What is wrong with one member of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is missing.
    Required,
    /// It is not known here.
    Unknown,
    /// It is there twice.
    Duplicate,
    /// It has another type.
    Type,
    /// It has a value that is not allowed.
    Value,
    /// It is not a phone number.
    Phone,
    /// It is not six digits.
    Code,
    /// It names no configured application.
    UnknownApp,
}

impl Fault {
    /// The stable word.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Unknown => "unknown_field",
            Self::Duplicate => "duplicate_field",
            Self::Type => "invalid_type",
            Self::Value => "invalid_value",
            Self::Phone => "invalid_phone",
            Self::Code => "invalid_code",
            Self::UnknownApp => "unknown_app",
        }
    }

    /// What people are told: Chinese, English.
    #[must_use]
    pub const fn messages(self) -> (&'static str, &'static str) {
        match self {
            Self::Required => ("缺少该字段", "is required"),
            Self::Unknown => ("不支持该字段", "is not a known member"),
            Self::Duplicate => ("字段重复", "is there twice"),
            Self::Type => ("类型不正确", "has the wrong type"),
            Self::Value => ("取值不正确", "has a value that is not allowed"),
            Self::Phone => ("手机号不正确", "is not a valid phone number"),
            Self::Code => ("应为 6 位数字", "must be six digits"),
            Self::UnknownApp => ("请指定已配置的应用", "must name a configured application"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_is_explained_to_people() {
        let page = include_str!("../../../../docs/http-api.md");
        let rows = || page.lines().filter(|line| line.starts_with("| "));
        for kind in ALL {
            let (status, code) = (kind.status.to_string(), format!("`{}`", kind.code));
            let explained = rows().any(|row| {
                let first = row.split('|').nth(1).unwrap_or_default();
                first.contains(&status) && first.contains(&code)
            });
            assert!(explained, "{status} {code} is not in docs/http-api.md");
        }
    }
}
