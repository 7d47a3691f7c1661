//! `sms.vendors` and `sms.<vendor>.*`.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};

use crate::settings::Profile;
use crate::settings::given::Given;
use crate::settings::parse;
use crate::settings::reader::Reader;
use crate::settings::wechat::{BARE_URL, SIMULATOR, is_bare_url, is_safe_url};

/// A vendor by its name in `sms.vendors`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Vendor {
    Aliyun,
    Tencent,
    Huawei,
    Volcengine,
    Twilio,
    Webhook,
    Console,
}

/// One vendor with all that its adapter needs.
#[derive(Debug)]
pub enum VendorSettings {
    /// Alibaba Cloud at the simulator, with the simulator's credentials.
    SimulatedAliyun,
    /// Alibaba Cloud (Dysmsapi `SendSms`).
    Aliyun {
        /// Base URL.
        endpoint: String,
        /// The access key's id.
        access_key_id: String,
        /// The access key's secret.
        access_key_secret: SecretString,
        /// The approved sign.
        sign_name: String,
        /// The approved template.
        template_code: String,
    },
    /// A URL of the operator.
    Webhook {
        /// The URL.
        url: String,
        /// The signing secret, `whsec_…`.
        secret: SecretString,
    },
    /// Prints only.
    Console,
}

impl VendorSettings {
    /// The vendor's name in `sms.vendors`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SimulatedAliyun | Self::Aliyun { .. } => "aliyun",
            Self::Webhook { .. } => "webhook",
            Self::Console => "console",
        }
    }

    /// Where the vendor is asked: of `simulated` for a simulated one, nowhere
    /// for one that only prints.
    #[must_use]
    pub fn address(&self, simulated: Option<SocketAddr>) -> Option<String> {
        match self {
            Self::SimulatedAliyun => Some(format!("http://{}/sms/aliyun", simulated?)),
            Self::Aliyun { endpoint, .. } => Some(endpoint.clone()),
            Self::Webhook { url, .. } => Some(url.clone()),
            Self::Console => None,
        }
    }
}

/// What was given for all vendors.
#[derive(Debug)]
pub struct Vendors;

impl Vendors {
    /// Reads `sms.vendors`, and the sections of all vendors.
    pub fn read(reader: &mut Reader) -> Vec<VendorSettings> {
        let development = reader.profile() == Profile::Development;
        let default = if development { "[\"aliyun\"]" } else { "[]" };
        let chosen = reader.read(
            "sms.vendors",
            default,
            "in order of preference: `aliyun`, `tencent`, `huawei`, `volcengine`, `twilio`, `webhook`, `console` (prints only; development); the next is tried when one is down or refuses for its own reasons",
            vendors,
        );
        if chosen.is_empty() {
            reader.problem("sms.vendors", "must be set: write the vendors that you have a contract with, such as [\"aliyun\"]");
        }
        let aliyun = aliyun(reader, chosen.contains(&Vendor::Aliyun));
        let webhook = webhook(reader, chosen.contains(&Vendor::Webhook));
        later_sections(reader);
        let (mut aliyun, mut webhook) = (aliyun, webhook);
        let mut settings = Vec::with_capacity(chosen.len());
        for vendor in chosen {
            match vendor {
                Vendor::Aliyun => settings.extend(aliyun.take()),
                Vendor::Webhook => settings.extend(webhook.take()),
                Vendor::Console => {
                    if !development {
                        reader.problem(
                            "sms.vendors",
                            "console prints codes and sends nothing: remove it",
                        );
                    }
                    settings.push(VendorSettings::Console);
                }
                Vendor::Tencent | Vendor::Huawei | Vendor::Volcengine | Vendor::Twilio => {
                    reader.problem(
                        "sms.vendors",
                        "this version has adapters for aliyun, webhook and console only",
                    );
                }
            }
        }
        settings
    }
}

fn aliyun(reader: &mut Reader, chosen: bool) -> Option<VendorSettings> {
    let development = reader.profile() == Profile::Development;
    let default = if development {
        SIMULATOR
    } else {
        "https://dysmsapi.aliyuncs.com"
    };
    let endpoint = reader.read(
        "sms.aliyun.endpoint",
        default,
        "base URL; `simulator` in development",
        parse::text,
    );
    let id = reader.read_optional(
        "sms.aliyun.access_key_id",
        "id of an access key with the permission `dysms:SendSms`",
        parse::text,
    );
    let secret = reader.read_secret("sms.aliyun.access_key_secret", "secret of that access key");
    let sign = reader.read_optional(
        "sms.aliyun.sign_name",
        "approved sign, without brackets",
        parse::text,
    );
    let template = reader.read_optional(
        "sms.aliyun.template_code",
        "approved template with the variable `code`, such as SMS_123456789",
        parse::text,
    );
    if !chosen {
        return None;
    }
    if endpoint == SIMULATOR {
        if !development {
            reader.problem(
                "sms.aliyun.endpoint",
                "the simulator sends nothing: write https://dysmsapi.aliyuncs.com",
            );
        }
        return Some(VendorSettings::SimulatedAliyun);
    }
    safe(reader, "sms.aliyun.endpoint", &endpoint);
    let required = [
        ("sms.aliyun.access_key_id", id.is_some()),
        ("sms.aliyun.access_key_secret", secret.is_some()),
        ("sms.aliyun.sign_name", sign.is_some()),
        ("sms.aliyun.template_code", template.is_some()),
    ];
    demand_all(reader, "aliyun", &required);
    Some(VendorSettings::Aliyun {
        endpoint,
        access_key_id: id?,
        access_key_secret: secret?,
        sign_name: sign?,
        template_code: template?,
    })
}

fn webhook(reader: &mut Reader, chosen: bool) -> Option<VendorSettings> {
    let url = reader.read_optional(
        "sms.webhook.url",
        "where messages are posted to, signed as Standard Webhooks",
        parse::text,
    );
    let secret = reader.read_secret(
        "sms.webhook.secret",
        "`whsec_` and 24 to 64 random bytes in base64",
    );
    if !chosen {
        return None;
    }
    demand_all(
        reader,
        "webhook",
        &[
            ("sms.webhook.url", url.is_some()),
            ("sms.webhook.secret", secret.is_some()),
        ],
    );
    if let Some(url) = &url {
        safe(reader, "sms.webhook.url", url);
    }
    if secret
        .as_ref()
        .is_some_and(|secret| !is_webhook_secret(secret))
    {
        reader.problem(
            "sms.webhook.secret",
            "write whsec_ and the base64 of 24 to 64 random bytes",
        );
    }
    Some(VendorSettings::Webhook {
        url: url?,
        secret: secret?,
    })
}

/// A secret as Standard Webhooks has it.
fn is_webhook_secret(secret: &SecretString) -> bool {
    let text = secret.expose_secret();
    let text = text.strip_prefix("v1,").unwrap_or(text);
    let key = text.strip_prefix("whsec_");
    let key = key.and_then(|text| STANDARD.decode(text).ok());
    key.is_some_and(|key| (24..=64).contains(&key.len()))
}

/// Sections of vendors whose adapters are still to come: known keys, so that a
/// file written for a later version is no mistake.
fn later_sections(reader: &mut Reader) {
    const PLAIN: [&str; 18] = [
        "sms.tencent.endpoint",
        "sms.tencent.secret_id",
        "sms.tencent.sdk_app_id",
        "sms.tencent.sign_name",
        "sms.tencent.template_id",
        "sms.tencent.region",
        "sms.huawei.endpoint",
        "sms.huawei.app_key",
        "sms.huawei.sender",
        "sms.huawei.template_id",
        "sms.huawei.signature",
        "sms.volcengine.endpoint",
        "sms.volcengine.access_key_id",
        "sms.volcengine.sms_account",
        "sms.volcengine.sign",
        "sms.volcengine.template_id",
        "sms.volcengine.region",
        "sms.twilio.endpoint",
    ];
    for key in PLAIN
        .into_iter()
        .chain(["sms.twilio.account_sid", "sms.twilio.from"])
    {
        reader.read_optional(
            key,
            "for a vendor whose adapter comes with a later version",
            parse::text,
        );
    }
    for key in [
        "sms.tencent.secret_key",
        "sms.huawei.app_secret",
        "sms.volcengine.secret_access_key",
        "sms.twilio.auth_token",
    ] {
        reader.read_secret(key, "for a vendor whose adapter comes with a later version");
    }
}

fn demand_all(reader: &mut Reader, vendor: &str, required: &[(&str, bool)]) {
    for (key, given) in required {
        if !given && !reader.is_given(key) {
            reader.problem(key, format!("must be set while sms.vendors names {vendor}"));
        }
    }
}

fn safe(reader: &mut Reader, key: &str, url: &str) {
    if !is_bare_url(url) {
        reader.problem(key, BARE_URL);
    } else if !is_safe_url(url) {
        reader.unsafe_for_production(key, "must be https://…, or http:// on loopback");
    }
}

fn vendors(given: &Given) -> Result<Vec<Vendor>, String> {
    let named = parse::texts(given)?;
    let vendors: Option<Vec<Vendor>> = named.iter().map(|name| vendor(name)).collect();
    let vendors = vendors.ok_or(
        "write names out of aliyun, tencent, huawei, volcengine, twilio, webhook, console",
    )?;
    let twice = vendors
        .iter()
        .enumerate()
        .any(|(n, vendor)| vendors[..n].contains(vendor));
    if twice {
        Err("names a vendor twice: remove one".to_owned())
    } else {
        Ok(vendors)
    }
}

fn vendor(name: &str) -> Option<Vendor> {
    Some(match name {
        "aliyun" => Vendor::Aliyun,
        "tencent" => Vendor::Tencent,
        "huawei" => Vendor::Huawei,
        "volcengine" => Vendor::Volcengine,
        "twilio" => Vendor::Twilio,
        "webhook" => Vendor::Webhook,
        "console" => Vendor::Console,
        _ => return None,
    })
}
