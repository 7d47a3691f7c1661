//! The SMS vendors that the simulator stands in for: what their accounts are
//! there, and what of the settings takes their place.
//!
//! A vendor that is not in the list is asked at its real address in development
//! too.

use std::net::SocketAddr;

use menshen_simulator::{SimulatorConfig, SmsTemplate, defaults as d};
use menshen_sms::{Account, Meant, Template, Variable};

use super::given::{put, put_channels, put_secret};
use super::templates::{Approved, templates};

const CODE: &[Variable] = &[Variable::Code];
const CODE_AND_MINUTES: &[Variable] = &[Variable::Code, Variable::Minutes];

/// Signs and templates of an account. Huawei's signs belong to each of its channels.
pub(super) struct Texts<'a> {
    pub(super) signs: Vec<&'a mut Vec<String>>,
    pub(super) templates: &'a mut Vec<SmsTemplate>,
}

/// One vendor at the simulator.
pub(super) struct SimulatedVendor {
    name: &'static str,
    /// The account that is there from the start, without address and templates.
    account: fn() -> Account,
    /// Its templates: the usual one, that for new numbers, that for other countries.
    templates: &'static [Approved],
    /// Its texts for word that a number was lost: here, and in other countries.
    notices: [&'static str; 2],
    /// The key of the usual sign in the settings.
    pub(super) sign: Option<&'static str>,
    /// What the simulator has of signs and templates, of those who approve them.
    pub(super) texts: for<'a> fn(&'a mut SimulatorConfig) -> Option<Texts<'a>>,
    /// Puts what is given of an account in the place of what is fake.
    pub(super) take: fn(&mut SimulatorConfig, &Account),
}

static SIMULATED: &[SimulatedVendor] = &[
    SimulatedVendor {
        name: "aliyun",
        account: || {
            Account::default()
                .with_text("access_key_id", d::ALIYUN_ACCESS_KEY_ID)
                .with_secret("access_key_secret", d::ALIYUN_ACCESS_KEY_SECRET)
                .with_text("sign_name", d::ALIYUN_SIGN_NAME)
        },
        templates: &[
            (d::ALIYUN_TEMPLATE_CODE, CODE),
            (d::ALIYUN_BIND_TEMPLATE_CODE, CODE),
            (d::ALIYUN_OVERSEAS_TEMPLATE_CODE, CODE),
        ],
        notices: [
            d::ALIYUN_NOTICE_TEMPLATE_CODE,
            d::ALIYUN_OVERSEAS_NOTICE_TEMPLATE_CODE,
        ],
        sign: Some("sign_name"),
        texts: |config| {
            let account = &mut config.aliyun;
            Texts::new(vec![&mut account.signs], &mut account.templates)
        },
        take: |config, given| {
            let account = &mut config.aliyun;
            put(&mut account.access_key_id, given, "access_key_id");
            put_secret(&mut account.access_key_secret, given, "access_key_secret");
        },
    },
    SimulatedVendor {
        name: "tencent",
        account: || {
            Account::default()
                .with_text("secret_id", d::TENCENT_SECRET_ID)
                .with_secret("secret_key", d::TENCENT_SECRET_KEY)
                .with_text("sdk_app_id", d::TENCENT_SDK_APP_ID)
                .with_text("sign_name", d::TENCENT_SIGN_NAME)
                .with_text("region", d::TENCENT_REGION)
        },
        templates: &[
            (d::TENCENT_TEMPLATE_ID, CODE),
            (d::TENCENT_BIND_TEMPLATE_ID, CODE_AND_MINUTES),
            (d::TENCENT_OVERSEAS_TEMPLATE_ID, CODE),
        ],
        notices: [
            d::TENCENT_NOTICE_TEMPLATE_ID,
            d::TENCENT_OVERSEAS_NOTICE_TEMPLATE_ID,
        ],
        sign: Some("sign_name"),
        texts: |config| {
            let account = &mut config.tencent;
            Texts::new(vec![&mut account.signs], &mut account.templates)
        },
        take: |config, given| {
            let account = &mut config.tencent;
            put(&mut account.secret_id, given, "secret_id");
            put_secret(&mut account.secret_key, given, "secret_key");
            put(&mut account.sdk_app_id, given, "sdk_app_id");
        },
    },
    SimulatedVendor {
        name: "huawei",
        account: || {
            Account::default()
                .with_text("app_key", d::HUAWEI_APP_KEY)
                .with_secret("app_secret", d::HUAWEI_APP_SECRET)
                .with_text("sender", d::HUAWEI_SENDER)
                .with_text("overseas_sender", d::HUAWEI_OVERSEAS_SENDER)
                .with_text("signature", d::HUAWEI_SIGNATURE)
                .with_text("auth", "sdk_hmac")
        },
        templates: &[
            (d::HUAWEI_TEMPLATE_ID, CODE),
            (d::HUAWEI_BIND_TEMPLATE_ID, CODE_AND_MINUTES),
            (d::HUAWEI_OVERSEAS_TEMPLATE_ID, CODE),
        ],
        notices: [
            d::HUAWEI_NOTICE_TEMPLATE_ID,
            d::HUAWEI_OVERSEAS_NOTICE_TEMPLATE_ID,
        ],
        sign: Some("signature"),
        texts: |config| {
            let account = &mut config.huawei;
            let channels = account.channels.iter_mut();
            let signs = channels.map(|channel| &mut channel.signs).collect();
            Texts::new(signs, &mut account.templates)
        },
        take: |config, given| {
            let account = &mut config.huawei;
            put(&mut account.app_key, given, "app_key");
            put_secret(&mut account.app_secret, given, "app_secret");
            put_channels(&mut account.channels, given);
        },
    },
    SimulatedVendor {
        name: "volcengine",
        account: || {
            Account::default()
                .with_text("access_key_id", d::VOLCENGINE_ACCESS_KEY_ID)
                .with_secret("secret_access_key", d::VOLCENGINE_SECRET_ACCESS_KEY)
                .with_text("sms_account", d::VOLCENGINE_SMS_ACCOUNT)
                .with_text("sign", d::VOLCENGINE_SIGN)
                .with_text("region", d::VOLCENGINE_REGION)
        },
        templates: &[
            (d::VOLCENGINE_TEMPLATE_ID, CODE),
            (d::VOLCENGINE_BIND_TEMPLATE_ID, CODE_AND_MINUTES),
            (d::VOLCENGINE_OVERSEAS_TEMPLATE_ID, CODE),
        ],
        notices: [
            d::VOLCENGINE_NOTICE_TEMPLATE_ID,
            d::VOLCENGINE_OVERSEAS_NOTICE_TEMPLATE_ID,
        ],
        sign: Some("sign"),
        texts: |config| {
            let account = &mut config.volcengine;
            Texts::new(vec![&mut account.signs], &mut account.templates)
        },
        take: |config, given| {
            let account = &mut config.volcengine;
            put(&mut account.access_key_id, given, "access_key_id");
            put_secret(&mut account.secret_access_key, given, "secret_access_key");
            put(&mut account.sms_account, given, "sms_account");
            account.notice_sms_account = given.find_text("notice_sms_account");
        },
    },
    SimulatedVendor {
        name: "twilio",
        account: || {
            Account::default()
                .with_text("account_sid", d::TWILIO_ACCOUNT_SID)
                .with_secret("auth_token", d::TWILIO_AUTH_TOKEN)
                .with_text("from", d::TWILIO_FROM)
        },
        // It approves no texts.
        templates: &[],
        notices: [
            "您的手机号已不再用于登录此账号。如非本人操作，请联系我们。",
            "This number no longer signs in to its account. If it was not you, contact us.",
        ],
        sign: None,
        texts: |_| None,
        take: |config, given| {
            let account = &mut config.twilio;
            put(&mut account.account_sid, given, "account_sid");
            put_secret(&mut account.auth_token, given, "auth_token");
            if let Some(from) = given.find_text("from") {
                let service = from.starts_with("MG");
                let (of, other) = if service {
                    (&mut account.messaging_services, &mut account.senders)
                } else {
                    (&mut account.senders, &mut account.messaging_services)
                };
                *of = vec![from];
                other.clear();
            }
        },
    },
];

/// The vendor of this name, if the simulator stands in for it.
pub(super) fn find(name: &str) -> Option<&'static SimulatedVendor> {
    SIMULATED.iter().find(|vendor| vendor.name == name)
}

impl SimulatedVendor {
    /// The account that the simulator at `address` has from the start, with its
    /// templates behind those of the settings.
    pub(super) fn account(&self, address: SocketAddr, more: &[(Meant, Template)]) -> Account {
        let endpoint = format!("http://{address}/sms/{}", self.name);
        (self.account)()
            .with_text("endpoint", endpoint)
            .with_templates(templates(self.templates, self.notices, more))
    }
}

impl<'a> Texts<'a> {
    #[expect(
        clippy::unnecessary_wraps,
        reason = "a vendor that approves no texts has none"
    )]
    fn new(signs: Vec<&'a mut Vec<String>>, templates: &'a mut Vec<SmsTemplate>) -> Option<Self> {
        Some(Self { signs, templates })
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use menshen_simulator::{HuaweiChannel, SmsRegion};
    use menshen_sms::VENDORS;

    use super::*;

    /// A key that a vendor no longer has would be a fake account that nobody uses.
    #[test]
    fn every_simulated_account_has_what_its_vendor_asks_for() {
        for simulated in SIMULATED {
            let entry = VENDORS.iter().find(|entry| entry.name == simulated.name);
            let entry = entry.expect("a vendor");
            let account = simulated.account((Ipv4Addr::LOCALHOST, 9).into(), &[]);
            for key in entry.keys.iter().filter(|key| key.is_required) {
                assert!(account.has(key.name), "{} {}", entry.name, key.name);
            }
            let sign = simulated.sign;
            let is_key = |name| entry.keys.iter().any(|key| key.name == name);
            assert!(sign.is_none_or(is_key), "{}", entry.name);
            assert!((entry.check)(&account).is_ok(), "{}", entry.name);
        }
    }

    /// What sends notices for an operator sends them here too.
    #[test]
    fn channels_and_groups_for_notices_are_taken_over() {
        let mut config = SimulatorConfig::default();
        let given = Account::default()
            .with_text("sender", "8800000000555")
            .with_text("notice_sender", "8800000000556")
            .with_text("notice_sms_account", "7a000556");
        for name in ["huawei", "volcengine"] {
            (find(name).unwrap().take)(&mut config, &given);
        }
        let mainland = |channel: &&HuaweiChannel| channel.region == SmsRegion::Mainland;
        let channels = config.huawei.channels.iter().filter(mainland);
        let senders: Vec<_> = channels.map(|channel| channel.sender.as_str()).collect();
        assert_eq!(senders, ["8800000000555", "8800000000556"]);
        let group = config.volcengine.notice_sms_account.as_deref();
        assert_eq!(group, Some("7a000556"));
    }
}
