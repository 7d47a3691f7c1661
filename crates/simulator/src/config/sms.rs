//! The accounts of the offline SMS vendors: keys, signs and templates.

mod aliyun;
pub(crate) mod defaults;
mod fake;
mod huawei;
mod tencent;
mod twilio;
mod volcengine;

pub use aliyun::AliyunAccount;
pub use fake::RealLookingAccount;
pub(crate) use fake::refuse_real;
pub use huawei::{HuaweiAccount, HuaweiChannel};
pub use tencent::TencentAccount;
pub use twilio::TwilioAccount;
pub use volcengine::VolcengineAccount;

/// Where a template, or a channel, may send to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmsRegion {
    /// Numbers of mainland China.
    Mainland,
    /// All others, Hong Kong, Macao and Taiwan among them.
    Overseas,
}

/// A template that the vendor approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmsTemplate {
    /// Its id, as requests name it.
    pub id: String,
    /// Where it may send to.
    pub region: SmsRegion,
    /// Its variables in the order of their places; the one called `code` is the
    /// verification code, and makes it a template for codes.
    pub variables: Vec<String>,
    /// What the phone shows, with `{name}` in the place of each variable.
    pub text: String,
}

impl SmsTemplate {
    /// A template with these variables, its text made up from them.
    #[must_use]
    pub fn new(id: &str, region: SmsRegion, variables: &[&str]) -> Self {
        let has = |name: &str| variables.contains(&name);
        let mut text = match (region, has("code")) {
            (SmsRegion::Mainland, true) => "您的验证码是{code}，".to_owned(),
            (SmsRegion::Mainland, false) => "您的账号有新的动态，".to_owned(),
            (SmsRegion::Overseas, true) => "Your code is {code}, ".to_owned(),
            (SmsRegion::Overseas, false) => "News of your account, ".to_owned(),
        };
        text.push_str(match (region, has("minutes")) {
            (SmsRegion::Mainland, true) => "{minutes}分钟内有效",
            (SmsRegion::Mainland, false) => "10分钟内有效",
            (SmsRegion::Overseas, true) => "good for {minutes} minutes",
            (SmsRegion::Overseas, false) => "good for 10 minutes",
        });
        for name in variables
            .iter()
            .filter(|name| !matches!(**name, "code" | "minutes"))
        {
            text.extend([" {", name, "}"]);
        }
        Self {
            id: id.to_owned(),
            region,
            variables: variables.iter().map(|name| (*name).to_owned()).collect(),
            text,
        }
    }

    /// A template without variables, for word that a number was lost.
    #[must_use]
    pub fn number_notice(id: &str, region: SmsRegion) -> Self {
        Self::new(id, region, &[]).saying(match region {
            SmsRegion::Mainland => "您的手机号已不再用于登录此账号。如非本人操作，请联系我们。",
            SmsRegion::Overseas => {
                "This number no longer signs in to its account. If it was not you, contact us."
            }
        })
    }

    /// The same with other words.
    #[must_use]
    pub fn saying(self, text: &str) -> Self {
        let text = text.to_owned();
        Self { text, ..self }
    }
}

fn signs(first: &str) -> Vec<String> {
    vec![first.to_owned(), defaults::SECOND_SIGN.to_owned()]
}

/// One template for logins, one for a new number, one for other countries; and those
/// that tell of a lost number, here and there.
fn templates(
    [login, bind, overseas]: [(&str, &[&str]); 3],
    notices: [&str; 2],
) -> Vec<SmsTemplate> {
    let bind_text = if bind.1.contains(&"minutes") {
        "您正在绑定手机号，验证码{code}，{minutes}分钟内有效"
    } else {
        "您正在绑定手机号，验证码{code}，10分钟内有效"
    };
    vec![
        SmsTemplate::new(login.0, SmsRegion::Mainland, login.1),
        SmsTemplate::new(bind.0, SmsRegion::Mainland, bind.1).saying(bind_text),
        SmsTemplate::new(overseas.0, SmsRegion::Overseas, overseas.1),
        SmsTemplate::number_notice(notices[0], SmsRegion::Mainland),
        SmsTemplate::number_notice(notices[1], SmsRegion::Overseas),
    ]
}
