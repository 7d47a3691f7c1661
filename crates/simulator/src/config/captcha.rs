//! What the offline captcha services know their customers by.

use super::defaults as d;

/// The accounts at the offline captcha services. Requests to Alibaba Cloud and
/// Tencent Cloud are signed with the keys of their SMS accounts.
#[derive(Clone)]
pub struct CaptchaAccounts {
    /// Tencent's captcha of pages and apps: its id and key.
    pub tencent_app: (u64, String),
    /// Tencent's captcha of the mini-program plugin.
    pub tencent_mini_program: (u64, String),
    /// Alibaba's scene.
    pub aliyun_scene_id: String,
    /// The secret key of the Turnstile widget.
    pub turnstile_secret_key: String,
    /// The host on whose page it is solved.
    pub turnstile_hostname: String,
    /// The action that the page names.
    pub turnstile_action: String,
    /// The secret that signs what comes to the verify URL.
    pub verify_secret: String,
}

impl Default for CaptchaAccounts {
    fn default() -> Self {
        Self {
            tencent_app: (
                d::TENCENT_CAPTCHA_APP_ID,
                d::TENCENT_CAPTCHA_APP_KEY.to_owned(),
            ),
            tencent_mini_program: (
                d::TENCENT_CAPTCHA_MINI_APP_ID,
                d::TENCENT_CAPTCHA_MINI_APP_KEY.to_owned(),
            ),
            aliyun_scene_id: d::ALIYUN_CAPTCHA_SCENE_ID.to_owned(),
            turnstile_secret_key: d::TURNSTILE_SECRET_KEY.to_owned(),
            turnstile_hostname: d::TURNSTILE_HOSTNAME.to_owned(),
            turnstile_action: d::TURNSTILE_ACTION.to_owned(),
            verify_secret: d::CAPTCHA_VERIFY_SECRET.to_owned(),
        }
    }
}

impl std::fmt::Debug for CaptchaAccounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CaptchaAccounts").finish_non_exhaustive()
    }
}
