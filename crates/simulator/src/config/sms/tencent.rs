//! The account of the offline Tencent Cloud.

use super::{SmsTemplate, defaults as d, signs, templates};

/// An account of the offline Tencent Cloud.
#[derive(Clone)]
pub struct TencentAccount {
    /// The `SecretId`.
    pub secret_id: String,
    /// The `SecretKey`.
    pub secret_key: String,
    /// The token that belongs to the key where it is a temporary one.
    pub token: Option<String>,
    /// The SMS application, not the account's own id.
    pub sdk_app_id: String,
    /// The approved signs' texts.
    pub signs: Vec<String>,
    /// The approved templates, each named by digits.
    pub templates: Vec<SmsTemplate>,
    /// How many messages a number takes in an hour (windows that slide).
    pub per_number_hour: usize,
    /// How many messages a number takes on a day in Beijing.
    pub per_number_day: usize,
}

impl Default for TencentAccount {
    fn default() -> Self {
        Self {
            secret_id: d::TENCENT_SECRET_ID.to_owned(),
            secret_key: d::TENCENT_SECRET_KEY.to_owned(),
            token: None,
            sdk_app_id: d::TENCENT_SDK_APP_ID.to_owned(),
            signs: signs(d::TENCENT_SIGN_NAME),
            templates: templates(
                [
                    (d::TENCENT_TEMPLATE_ID, &["code"]),
                    (d::TENCENT_BIND_TEMPLATE_ID, &["code", "minutes"]),
                    (d::TENCENT_OVERSEAS_TEMPLATE_ID, &["code"]),
                ],
                [
                    d::TENCENT_NOTICE_TEMPLATE_ID,
                    d::TENCENT_OVERSEAS_NOTICE_TEMPLATE_ID,
                ],
            ),
            per_number_hour: 5,
            per_number_day: 10,
        }
    }
}

impl std::fmt::Debug for TencentAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TencentAccount")
            .field("secret_id", &self.secret_id)
            .field("sdk_app_id", &self.sdk_app_id)
            .field("signs", &self.signs)
            .field("templates", &self.templates)
            .finish_non_exhaustive()
    }
}
