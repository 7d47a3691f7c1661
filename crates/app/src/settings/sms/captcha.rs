//! `sms.captcha.*`: when a captcha is asked for, and who checks it.

use std::time::Duration;

use menshen_captcha::{
    AliyunCaptchaConfig, TencentCaptchaConfig, TurnstileConfig, VerifyUrlConfig,
};
use menshen_domain::model::captcha::CaptchaPolicy;

use crate::settings::Profile;
use crate::settings::form::words;
use crate::settings::parse;
use crate::settings::reader::Reader;
use crate::settings::sms::section::safe;
use crate::settings::wechat::SIMULATOR;

mod aliyun;
mod tencent;
mod turnstile;
mod verify_url;

/// A captcha service by its name in `sms.captcha.vendor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaptchaVendor {
    /// Tencent Cloud Captcha.
    Tencent,
    /// Alibaba Cloud Captcha 2.0.
    Aliyun,
    /// Cloudflare Turnstile.
    Turnstile,
    /// An address of the operator's own.
    VerifyUrl,
}

impl CaptchaVendor {
    /// All services.
    pub const ALL: [Self; 4] = [
        Self::Tencent,
        Self::Aliyun,
        Self::Turnstile,
        Self::VerifyUrl,
    ];

    /// The name in the configuration, in logs and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tencent => "tencent",
            Self::Aliyun => "aliyun",
            Self::Turnstile => "turnstile",
            Self::VerifyUrl => "verify_url",
        }
    }
}

/// One service with all that its adapter needs.
#[derive(Debug, Clone)]
pub enum CaptchaVendorSettings {
    /// A service at the simulator, with the simulator's account.
    Simulated(CaptchaVendor),
    /// Tencent Cloud Captcha.
    Tencent(TencentCaptchaConfig),
    /// Alibaba Cloud Captcha 2.0.
    Aliyun(AliyunCaptchaConfig),
    /// Cloudflare Turnstile.
    Turnstile(TurnstileConfig),
    /// An address of the operator's own.
    VerifyUrl(VerifyUrlConfig),
}

/// `sms.captcha.*`.
#[derive(Debug, Clone)]
pub struct CaptchaSettings {
    /// When a captcha is asked for.
    pub policy: CaptchaPolicy,
    /// How long its service may take.
    pub timeout: Duration,
    /// Who checks it; without, none is asked for.
    pub vendor: Option<CaptchaVendorSettings>,
}

/// Reads `sms.captcha.*`.
pub(super) fn read(reader: &mut Reader) -> CaptchaSettings {
    const VENDOR: &str = "sms.captcha.vendor";
    const URL: &str = "sms.captcha.verify_url";
    let named = reader.read_optional(
        VENDOR,
        "who checks captchas: `tencent`, `aliyun`, `turnstile` or `verify_url`; left out, none is asked for, unless `sms.captcha.verify_url` is set",
        words(&CaptchaVendor::ALL.map(|vendor| (vendor.as_str(), vendor))),
    );
    let policy = CaptchaPolicy {
        always: reader.read(
            "sms.captcha.always",
            "false",
            "asks for a captcha with every code",
            parse::boolean,
        ),
        after: reader.read(
            "sms.captcha.after",
            "3",
            "from this many codes an hour per address (IPv6: /64) on, a captcha is asked for; 0 means that this asks for none",
            parse::count,
        ),
        failures_per_ip: reader.read(
            "sms.captcha.failures_per_ip",
            "30",
            "captchas that fail per address (IPv6: /64) and 15 minutes; 0 means no limit",
            parse::count,
        ),
    };
    let timeout = reader.read(
        "sms.captcha.timeout",
        "1s",
        "how long the captcha service may take, 300ms to 3s",
        parse::duration,
    );
    let bounds = Duration::from_millis(300)..=Duration::from_secs(3);
    reader.demand(
        "sms.captcha.timeout",
        bounds.contains(&timeout),
        "300ms to 3s",
    );
    if timeout.is_zero() {
        reader.problem(
            "sms.captcha.timeout",
            "must not be 0s: no captcha could pass",
        );
    }
    let by_url = reader.is_given(URL).then_some(CaptchaVendor::VerifyUrl);
    let chosen = named.or(by_url);
    let is = |vendor| chosen == Some(vendor);
    let read = [
        tencent::read(reader, is(CaptchaVendor::Tencent)),
        aliyun::read(reader, is(CaptchaVendor::Aliyun)),
        turnstile::read(reader, is(CaptchaVendor::Turnstile)),
        verify_url::read(reader, is(CaptchaVendor::VerifyUrl)),
    ];
    if chosen.is_none() {
        for key in ["sms.captcha.after", "sms.captcha.always"] {
            if reader.is_given(key) {
                reader.note(key, "has no effect while sms.captcha.vendor is not set");
            }
        }
    }
    CaptchaSettings {
        policy,
        timeout,
        vendor: read.into_iter().flatten().next(),
    }
}

/// A section's endpoint; `None` for the simulator.
fn endpoint(reader: &mut Reader, key: &str, real: &'static str, chosen: bool) -> Option<String> {
    let development = reader.profile() == Profile::Development;
    let default = if development { SIMULATOR } else { real };
    let endpoint = reader.read(
        key,
        default,
        "base URL; `simulator` in development",
        parse::text,
    );
    if endpoint == SIMULATOR {
        if chosen && !development {
            reader.problem(
                key,
                format!("the simulator lets everybody through: write {real}"),
            );
        }
        return None;
    }
    if chosen {
        safe(reader, key, &endpoint);
    }
    Some(endpoint)
}

/// Notes what the chosen service lacks.
fn demand_all(reader: &mut Reader, vendor: CaptchaVendor, required: &[(&str, bool)]) {
    for (key, given) in required {
        if !given && !reader.is_given(key) {
            let name = vendor.as_str();
            reader.problem(
                key,
                format!("must be set while sms.captcha.vendor is {name}"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::DateTime;

    use super::*;
    use crate::settings::Settings;
    use crate::settings::given::Given;

    /// What is read, and which keys of captchas have a problem.
    fn read(profile: &str, given: &[(&str, &str)]) -> (Settings, Vec<String>) {
        let profile = [("profile", profile)];
        let given = given.iter().chain(&profile);
        let given: BTreeMap<_, _> = given
            .map(|(key, value)| ((*key).to_owned(), Given::Text((*value).to_owned())))
            .collect();
        let (settings, report) = crate::settings::read(given, DateTime::UNIX_EPOCH);
        let keys = report.problems.into_iter().map(|problem| problem.key);
        let ours = keys.filter(|key| key.starts_with("sms.captcha"));
        (settings, ours.collect())
    }

    #[test]
    fn without_a_name_there_is_no_captcha_service() {
        for profile in ["development", "production"] {
            let (settings, problems) = read(profile, &[]);
            assert!(settings.sms.captcha.vendor.is_none() && problems.is_empty());
        }
    }

    #[test]
    fn in_development_a_name_is_enough_and_in_production_it_is_not() {
        for (vendor, lacking) in [
            (
                "tencent",
                &["tencent.secret_id", "tencent.secret_key", "tencent.app_id"][..],
            ),
            (
                "aliyun",
                &[
                    "aliyun.access_key_id",
                    "aliyun.access_key_secret",
                    "aliyun.scene_id",
                ],
            ),
            ("turnstile", &["turnstile.secret_key"]),
            ("verify_url", &["verify_url"]),
        ] {
            let given = [("sms.captcha.vendor", vendor)];
            let (settings, problems) = read("development", &given);
            let simulated = settings.sms.captcha.vendor.is_some() && problems.is_empty();
            assert_eq!(simulated, vendor != "verify_url", "{vendor}");
            let (_, problems) = read("production", &given);
            let lacking: Vec<_> = lacking
                .iter()
                .map(|name| format!("sms.captcha.{name}"))
                .collect();
            assert_eq!(problems, lacking, "{vendor}");
        }
    }

    #[test]
    fn what_would_let_everybody_through_is_refused_in_production() {
        for (key, value) in [
            ("sms.captcha.verify_url", "simulator"),
            ("sms.captcha.verify_url", "http://captcha.example/verify"),
            ("sms.captcha.verify_url", "https://u:p@captcha.example"),
            ("sms.captcha.timeout", "10s"),
        ] {
            let (_, problems) = read("production", &[(key, value)]);
            assert_eq!(problems, [key], "{value}");
        }
        let simulated = [
            ("sms.captcha.vendor", "turnstile"),
            ("sms.captcha.turnstile.endpoint", "simulator"),
        ];
        let (_, problems) = read("production", &simulated);
        assert_eq!(problems, ["sms.captcha.turnstile.endpoint"]);
    }

    #[test]
    fn an_address_alone_chooses_itself_and_its_secret_must_be_one() {
        let url = ("sms.captcha.verify_url", "https://captcha.example/verify");
        let (settings, problems) = read("production", &[url]);
        assert!(problems.is_empty(), "{problems:?}");
        assert!(matches!(
            settings.sms.captcha.vendor,
            Some(CaptchaVendorSettings::VerifyUrl(_))
        ));
        let secret = ("sms.captcha.verify_secret", "too short");
        let (_, problems) = read("production", &[url, secret]);
        assert_eq!(problems, ["sms.captcha.verify_secret"]);
    }

    #[test]
    fn half_of_an_application_is_a_problem() {
        let given = [("sms.captcha.tencent.mini_program_app_id", "190000002")];
        let (_, problems) = read("development", &given);
        let lacking = "sms.captcha.tencent.mini_program_app_secret_key";
        assert_eq!(problems, [lacking]);
    }
}
