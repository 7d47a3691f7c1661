//! What a simulator knows at its start: applications, accounts and people.

pub(crate) mod captcha;
pub(crate) mod sms;

use captcha::CaptchaAccounts;
use sms::{
    AliyunAccount, HuaweiAccount, RealLookingAccount, TencentAccount, TwilioAccount,
    VolcengineAccount,
};

/// Everything a simulator is started with; the default is complete.
#[derive(Debug, Clone)]
pub struct SimulatorConfig {
    /// The applications that the offline `WeChat` knows.
    pub apps: Vec<SimulatedApp>,
    /// The account of the offline Alibaba Cloud.
    pub aliyun: AliyunAccount,
    /// The account of the offline Tencent Cloud.
    pub tencent: TencentAccount,
    /// The account of the offline Huawei Cloud.
    pub huawei: HuaweiAccount,
    /// The account of the offline Volcengine.
    pub volcengine: VolcengineAccount,
    /// The account of the offline Twilio.
    pub twilio: TwilioAccount,
    /// The accounts at the offline captcha services.
    pub captcha: CaptchaAccounts,
    /// The people who exist from the start.
    pub people: Vec<Person>,
    /// Whether SMS vendors enforce their limits per number.
    pub sms_limits: bool,
    /// Whether `WeChat` enforces its call quotas (per day, minute and user).
    pub wechat_quotas: bool,
    /// When `wx.login` replaces a person's `session_key`.
    pub session_key_rotation: SessionKeyRotation,
    /// Whether getPhoneNumber sends `countryCode` as a number, not a string.
    pub country_code_as_number: bool,
    /// The errcode for a phone code that belongs to another openid.
    pub openid_mismatch_errcode: i64,
    /// Makes codes, tokens and keys repeatable.
    pub seed: Option<u64>,
}

/// An application registered with the offline `WeChat`.
#[derive(Clone)]
pub struct SimulatedApp {
    /// `wx` and sixteen hex digits.
    pub app_id: String,
    /// The application's secret, 32 hex digits.
    pub app_secret: String,
    /// What kind of application it is.
    pub kind: AppKind,
    /// The Open Platform account that it is bound to, whose applications share unionids.
    pub platform: Option<String>,
}

/// The kinds of application that log people in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppKind {
    /// A mini-program: `wx.login` and the phone button.
    MiniProgram,
    /// A native app: OAuth2 through the Open SDK.
    App,
    /// A website: OAuth2 through a QR code.
    Website,
}

impl AppKind {
    /// The name used in configuration and in the control API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MiniProgram => "mini_program",
            Self::App => "app",
            Self::Website => "website",
        }
    }
}

/// Somebody with a phone in the hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name by which the control API calls the person.
    pub name: String,
    /// The number bound to the `WeChat` account, E.164 or mainland digits.
    pub phone: Option<String>,
    /// The `WeChat` nickname; the name when there is none.
    pub nickname: Option<String>,
    /// Whether `WeChat` takes the person for high-risk (errcode 40226).
    pub blocked: bool,
}

impl Person {
    /// A person with a phone number and nothing special.
    #[must_use]
    pub fn new(name: &str, phone: &str) -> Self {
        Self {
            name: name.to_owned(),
            phone: Some(phone.to_owned()),
            nickname: None,
            blocked: false,
        }
    }
}

/// When `wx.login` replaces a person's `session_key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SessionKeyRotation {
    /// At each login.
    #[default]
    Always,
    /// Never: the first key stays.
    Never,
    /// At about every second login, as the real one may.
    Sometimes,
}

/// The credentials and names of the default configuration: fixed, fake, and
/// no secret.
pub mod defaults {
    pub use super::sms::defaults::*;

    /// The mini-program's app id.
    pub const MINI_PROGRAM_APP_ID: &str = "wx5f3a9c0d7e1b2a48";
    /// The mini-program's secret.
    pub const MINI_PROGRAM_APP_SECRET: &str = "fa4e0000000000000000000000000001";
    /// The native app's app id.
    pub const APP_APP_ID: &str = "wx8c2d4e6f0a1b3c5d";
    /// The native app's secret.
    pub const APP_APP_SECRET: &str = "fa4e0000000000000000000000000002";
    /// The website's app id.
    pub const WEBSITE_APP_ID: &str = "wx1a2b3c4d5e6f7089";
    /// The website's secret.
    pub const WEBSITE_APP_SECRET: &str = "fa4e0000000000000000000000000003";
    /// The Open Platform account to which all three are bound.
    pub const PLATFORM: &str = "menshen-demo";

    /// The captcha of pages and apps at the offline Tencent Cloud.
    pub const TENCENT_CAPTCHA_APP_ID: u64 = 190_000_001;
    /// Its key.
    pub const TENCENT_CAPTCHA_APP_KEY: &str = "fake-tencent-captcha-key";
    /// The captcha of the mini-program plugin there.
    pub const TENCENT_CAPTCHA_MINI_APP_ID: u64 = 190_000_002;
    /// Its key.
    pub const TENCENT_CAPTCHA_MINI_APP_KEY: &str = "fake-tencent-captcha-mini-key";
    /// The scene at the offline Alibaba Cloud.
    pub const ALIYUN_CAPTCHA_SCENE_ID: &str = "fakescene";
    /// The secret key of the widget at the offline Turnstile.
    pub const TURNSTILE_SECRET_KEY: &str = "fake-turnstile-secret-key";
    /// The host on whose page the widget is.
    pub const TURNSTILE_HOSTNAME: &str = "menshen.example";
    /// The action that the page gives the widget.
    pub const TURNSTILE_ACTION: &str = "sms";
    /// What signs questions to the offline verify URL.
    pub const CAPTCHA_VERIFY_SECRET: &str = "whsec_ZmFrZS1jYXB0Y2hhLXZlcmlmeS1zZWNyZXQ=";

    /// The number of `alice`.
    pub const ALICE_PHONE: &str = "+8613800138000";
    /// The number of `bob`.
    pub const BOB_PHONE: &str = "+8613800138001";
    /// The number of `carol`.
    pub const CAROL_PHONE: &str = "+8613800138002";
}

impl Default for SimulatorConfig {
    fn default() -> Self {
        Self {
            apps: vec![
                SimulatedApp::demo(
                    defaults::MINI_PROGRAM_APP_ID,
                    defaults::MINI_PROGRAM_APP_SECRET,
                    AppKind::MiniProgram,
                ),
                SimulatedApp::demo(defaults::APP_APP_ID, defaults::APP_APP_SECRET, AppKind::App),
                SimulatedApp::demo(
                    defaults::WEBSITE_APP_ID,
                    defaults::WEBSITE_APP_SECRET,
                    AppKind::Website,
                ),
            ],
            aliyun: AliyunAccount::default(),
            tencent: TencentAccount::default(),
            huawei: HuaweiAccount::default(),
            volcengine: VolcengineAccount::default(),
            twilio: TwilioAccount::default(),
            captcha: CaptchaAccounts::default(),
            people: vec![
                Person::new("alice", defaults::ALICE_PHONE),
                Person::new("bob", defaults::BOB_PHONE),
                Person::new("carol", defaults::CAROL_PHONE),
            ],
            sms_limits: true,
            wechat_quotas: true,
            session_key_rotation: SessionKeyRotation::Always,
            country_code_as_number: false,
            openid_mismatch_errcode: 40029,
            seed: None,
        }
    }
}

impl SimulatorConfig {
    /// Whether the accounts of the SMS vendors are made up, as they must be:
    /// what is simulated has no use for real keys.
    ///
    /// # Errors
    ///
    /// [`RealLookingAccount`] names the first that has the look of a real one.
    pub fn check(&self) -> Result<(), RealLookingAccount> {
        let ids = [
            ("aliyun", "access_key_id", &self.aliyun.access_key_id),
            ("tencent", "secret_id", &self.tencent.secret_id),
            ("huawei", "app_key", &self.huawei.app_key),
            (
                "volcengine",
                "access_key_id",
                &self.volcengine.access_key_id,
            ),
            ("twilio", "account_sid", &self.twilio.account_sid),
        ];
        ids.into_iter()
            .try_for_each(|(vendor, name, id)| sms::refuse_real(vendor, name, id))
    }
}

impl SimulatedApp {
    fn demo(app_id: &str, app_secret: &str, kind: AppKind) -> Self {
        Self {
            app_id: app_id.to_owned(),
            app_secret: app_secret.to_owned(),
            kind,
            platform: Some(defaults::PLATFORM.to_owned()),
        }
    }
}

impl std::fmt::Debug for SimulatedApp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimulatedApp")
            .field("app_id", &self.app_id)
            .field("kind", &self.kind)
            .field("platform", &self.platform)
            .finish_non_exhaustive()
    }
}
