//! The account of the offline Volcengine.

use super::{SmsTemplate, defaults as d, signs, templates};

/// An account of the offline Volcengine.
#[derive(Clone)]
pub struct VolcengineAccount {
    /// The access key's id.
    pub access_key_id: String,
    /// The access key's secret.
    pub secret_access_key: String,
    /// The token that belongs to the key where it is a temporary one.
    pub security_token: Option<String>,
    /// The message group.
    pub sms_account: String,
    /// The message group for notices, where there is one: each then sends its own type
    /// only. Without it the one group sends both.
    pub notice_sms_account: Option<String>,
    /// The approved signs.
    pub signs: Vec<String>,
    /// The approved templates, each `ST_` and more.
    pub templates: Vec<SmsTemplate>,
}

impl Default for VolcengineAccount {
    fn default() -> Self {
        Self {
            access_key_id: d::VOLCENGINE_ACCESS_KEY_ID.to_owned(),
            secret_access_key: d::VOLCENGINE_SECRET_ACCESS_KEY.to_owned(),
            security_token: None,
            sms_account: d::VOLCENGINE_SMS_ACCOUNT.to_owned(),
            notice_sms_account: None,
            signs: signs(d::VOLCENGINE_SIGN),
            templates: templates(
                [
                    (d::VOLCENGINE_TEMPLATE_ID, &["code"]),
                    (d::VOLCENGINE_BIND_TEMPLATE_ID, &["code", "minutes"]),
                    (d::VOLCENGINE_OVERSEAS_TEMPLATE_ID, &["code"]),
                ],
                [
                    d::VOLCENGINE_NOTICE_TEMPLATE_ID,
                    d::VOLCENGINE_OVERSEAS_NOTICE_TEMPLATE_ID,
                ],
            ),
        }
    }
}

impl std::fmt::Debug for VolcengineAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VolcengineAccount")
            .field("access_key_id", &self.access_key_id)
            .field("sms_account", &self.sms_account)
            .field("notice_sms_account", &self.notice_sms_account)
            .field("signs", &self.signs)
            .field("templates", &self.templates)
            .finish_non_exhaustive()
    }
}
