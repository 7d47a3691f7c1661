//! The account of the offline Alibaba Cloud.

use super::{SmsTemplate, defaults as d, signs, templates};

/// An account of the offline Alibaba Cloud.
#[derive(Clone)]
pub struct AliyunAccount {
    /// The `AccessKey` id.
    pub access_key_id: String,
    /// The `AccessKey` secret.
    pub access_key_secret: String,
    /// The approved signs, without brackets.
    pub signs: Vec<String>,
    /// The approved templates, each `SMS_` and digits.
    pub templates: Vec<SmsTemplate>,
}

impl Default for AliyunAccount {
    fn default() -> Self {
        Self {
            access_key_id: d::ALIYUN_ACCESS_KEY_ID.to_owned(),
            access_key_secret: d::ALIYUN_ACCESS_KEY_SECRET.to_owned(),
            signs: signs(d::ALIYUN_SIGN_NAME),
            templates: templates(
                [
                    (d::ALIYUN_TEMPLATE_CODE, &["code"]),
                    (d::ALIYUN_BIND_TEMPLATE_CODE, &["code"]),
                    (d::ALIYUN_OVERSEAS_TEMPLATE_CODE, &["code"]),
                ],
                [
                    d::ALIYUN_NOTICE_TEMPLATE_CODE,
                    d::ALIYUN_OVERSEAS_NOTICE_TEMPLATE_CODE,
                ],
            ),
        }
    }
}

impl std::fmt::Debug for AliyunAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AliyunAccount")
            .field("access_key_id", &self.access_key_id)
            .field("signs", &self.signs)
            .field("templates", &self.templates)
            .finish_non_exhaustive()
    }
}
