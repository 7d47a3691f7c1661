//! The application at the offline Huawei Cloud.

use super::{SmsRegion, SmsTemplate, defaults as d, signs, templates};

/// An application of the offline Huawei Cloud.
#[derive(Clone)]
pub struct HuaweiAccount {
    /// The application's key.
    pub app_key: String,
    /// The application's secret.
    pub app_secret: String,
    /// Its channels.
    pub channels: Vec<HuaweiChannel>,
    /// The approved templates, each named by 32 hex digits.
    pub templates: Vec<SmsTemplate>,
}

/// A number that messages are sent from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HuaweiChannel {
    /// The number, as requests name it in `from`.
    pub sender: String,
    /// Where it sends to.
    pub region: SmsRegion,
    /// The signs that it is bound to; the first stands where a request names none.
    pub signs: Vec<String>,
}

impl Default for HuaweiAccount {
    fn default() -> Self {
        let channel = |sender: &str, region| HuaweiChannel {
            sender: sender.to_owned(),
            region,
            signs: signs(d::HUAWEI_SIGNATURE),
        };
        Self {
            app_key: d::HUAWEI_APP_KEY.to_owned(),
            app_secret: d::HUAWEI_APP_SECRET.to_owned(),
            channels: vec![
                channel(d::HUAWEI_SENDER, SmsRegion::Mainland),
                channel(d::HUAWEI_OVERSEAS_SENDER, SmsRegion::Overseas),
            ],
            templates: templates(
                [
                    (d::HUAWEI_TEMPLATE_ID, &["code"]),
                    (d::HUAWEI_BIND_TEMPLATE_ID, &["code", "minutes"]),
                    (d::HUAWEI_OVERSEAS_TEMPLATE_ID, &["code"]),
                ],
                [
                    d::HUAWEI_NOTICE_TEMPLATE_ID,
                    d::HUAWEI_OVERSEAS_NOTICE_TEMPLATE_ID,
                ],
            ),
        }
    }
}

impl std::fmt::Debug for HuaweiAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HuaweiAccount")
            .field("app_key", &self.app_key)
            .field("channels", &self.channels)
            .field("templates", &self.templates)
            .finish_non_exhaustive()
    }
}
