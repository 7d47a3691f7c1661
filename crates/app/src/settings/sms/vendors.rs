//! `sms.vendors`: who sends, in order of preference, each with its section.

use std::net::SocketAddr;

use menshen_sms::{
    AliyunConfig, HuaweiConfig, Meant, RegionClass, Template, Templates, TencentConfig,
    TwilioConfig, VolcengineConfig, WebhookConfig,
};

use crate::settings::Profile;
use crate::settings::given::Given;
use crate::settings::parse;
use crate::settings::reader::Reader;
use crate::settings::sms::accounts::{self, GivenAccount};
use crate::settings::sms::templates::MoreTemplates;
use crate::settings::sms::{aliyun, huawei, tencent, twilio, volcengine, webhook};
use crate::settings::wechat::{BARE_URL, SIMULATOR, is_bare_url, is_safe_url};

/// A vendor by its name in `sms.vendors`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vendor {
    /// Alibaba Cloud.
    Aliyun,
    /// Tencent Cloud.
    Tencent,
    /// Huawei Cloud.
    Huawei,
    /// Volcengine.
    Volcengine,
    /// Twilio.
    Twilio,
    /// An address of the operator's own.
    Webhook,
    /// Prints only.
    Console,
}

impl Vendor {
    /// All vendors.
    pub const ALL: [Self; 7] = [
        Self::Aliyun,
        Self::Tencent,
        Self::Huawei,
        Self::Volcengine,
        Self::Twilio,
        Self::Webhook,
        Self::Console,
    ];

    /// The name in the configuration, in logs and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aliyun => "aliyun",
            Self::Tencent => "tencent",
            Self::Huawei => "huawei",
            Self::Volcengine => "volcengine",
            Self::Twilio => "twilio",
            Self::Webhook => "webhook",
            Self::Console => "console",
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|vendor| vendor.as_str() == name)
    }
}

/// One vendor with all that its adapter needs.
#[derive(Debug, Clone)]
pub enum VendorSettings {
    /// A vendor at the simulator, with the simulator's account.
    Simulated {
        /// Which.
        vendor: Vendor,
        /// Templates beside those that the simulator's account has.
        templates: Vec<(Meant, Template)>,
    },
    /// Alibaba Cloud (Dysmsapi `SendSms`).
    Aliyun(AliyunConfig),
    /// Tencent Cloud (sms `SendSms`).
    Tencent(TencentConfig),
    /// Huawei Cloud (MSGSMS `batchSendDiffSms`).
    Huawei(HuaweiConfig),
    /// Volcengine (volcSMS `SendSms`).
    Volcengine(VolcengineConfig),
    /// Twilio (Programmable Messaging).
    Twilio(TwilioConfig),
    /// A URL of the operator.
    Webhook(WebhookConfig),
    /// Prints only.
    Console,
}

impl VendorSettings {
    /// A vendor at the simulator, with the templates that are given for it.
    pub(super) fn simulated(vendor: Vendor, more: &MoreTemplates) -> Self {
        let templates = more.of(vendor);
        Self::Simulated { vendor, templates }
    }

    /// Which vendor it is.
    #[must_use]
    pub const fn vendor(&self) -> Vendor {
        match self {
            Self::Simulated { vendor, .. } => *vendor,
            Self::Aliyun(_) => Vendor::Aliyun,
            Self::Tencent(_) => Vendor::Tencent,
            Self::Huawei(_) => Vendor::Huawei,
            Self::Volcengine(_) => Vendor::Volcengine,
            Self::Twilio(_) => Vendor::Twilio,
            Self::Webhook(_) => Vendor::Webhook,
            Self::Console => Vendor::Console,
        }
    }

    /// The vendor's name in `sms.vendors`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.vendor().as_str()
    }

    /// Where the vendor is asked: of `simulated` for a simulated one, nowhere
    /// for one that only prints.
    #[must_use]
    pub fn address(&self, simulated: Option<SocketAddr>) -> Option<String> {
        match self {
            Self::Simulated { vendor, .. } => {
                Some(format!("http://{}/sms/{}", simulated?, vendor.as_str()))
            }
            Self::Aliyun(config) => Some(config.endpoint.clone()),
            Self::Tencent(config) => Some(config.endpoint.clone()),
            Self::Huawei(config) => Some(config.endpoint.clone()),
            Self::Volcengine(config) => Some(config.endpoint.clone()),
            Self::Twilio(config) => Some(config.endpoint.clone()),
            Self::Webhook(config) => Some(config.url.clone()),
            Self::Console => None,
        }
    }

    /// Whether it can send to numbers there, for one purpose at least.
    pub(super) fn serves(&self, region: RegionClass) -> bool {
        let some = |templates: &Templates| templates.serve(region);
        match self {
            Self::Aliyun(config) => some(&config.templates),
            Self::Tencent(config) => some(&config.templates),
            Self::Huawei(config) => some(&config.templates),
            Self::Volcengine(config) => some(&config.templates),
            Self::Simulated { .. } | Self::Twilio(_) | Self::Webhook(_) | Self::Console => true,
        }
    }
}

/// Reads `sms.vendors`, and the sections of all vendors.
pub(super) fn read(reader: &mut Reader) -> (Vec<VendorSettings>, Vec<GivenAccount>) {
    let development = reader.profile() == Profile::Development;
    let default = if development { "[\"aliyun\"]" } else { "[]" };
    let chosen = reader.read(
        "sms.vendors",
        default,
        "in order of preference: `aliyun`, `tencent`, `huawei`, `volcengine`, `twilio`, `webhook`, `console` (prints only; development); the next is tried when one is down or refuses for its own reasons",
        vendors,
    );
    if chosen.is_empty() {
        reader.problem(
            "sms.vendors",
            "must be set: write the vendors that you have a contract with, such as [\"aliyun\"]",
        );
    }
    let more = MoreTemplates::read(reader);
    let is_chosen = |vendor| chosen.contains(&vendor);
    let mut read = vec![
        aliyun::read(reader, is_chosen(Vendor::Aliyun), &more),
        tencent::read(reader, is_chosen(Vendor::Tencent), &more),
        huawei::read(reader, is_chosen(Vendor::Huawei), &more),
        volcengine::read(reader, is_chosen(Vendor::Volcengine), &more),
        twilio::read(reader, is_chosen(Vendor::Twilio), &more),
        webhook::read(reader, is_chosen(Vendor::Webhook)),
    ];
    if is_chosen(Vendor::Console) {
        if !development {
            reader.problem(
                "sms.vendors",
                "console prints codes and sends nothing: remove it",
            );
        }
        read.push(Some(VendorSettings::Console));
    }
    let mut read: Vec<VendorSettings> = read.into_iter().flatten().collect();
    read.sort_by_key(|settings| {
        chosen
            .iter()
            .position(|vendor| *vendor == settings.vendor())
    });
    (read, accounts::read(reader, &more))
}

/// A section's endpoint; `None` for the simulator.
pub(super) fn endpoint(
    reader: &mut Reader,
    key: &str,
    real: &'static str,
    chosen: bool,
) -> Option<String> {
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
            reader.problem(key, format!("the simulator sends nothing: write {real}"));
        }
        return None;
    }
    if chosen {
        safe(reader, key, &endpoint);
    }
    Some(endpoint)
}

/// Notes what a chosen vendor lacks.
pub(super) fn demand_all(reader: &mut Reader, vendor: Vendor, required: &[(&str, bool)]) {
    for (key, given) in required {
        if !given && !reader.is_given(key) {
            let name = vendor.as_str();
            reader.problem(key, format!("must be set while sms.vendors names {name}"));
        }
    }
}

pub(super) fn safe(reader: &mut Reader, key: &str, url: &str) {
    if !is_bare_url(url) {
        reader.problem(key, BARE_URL);
    } else if !is_safe_url(url) {
        reader.unsafe_for_production(key, "must be https://…, or http:// on loopback");
    }
}

fn vendors(given: &Given) -> Result<Vec<Vendor>, String> {
    let named = parse::texts(given)?;
    let vendors: Option<Vec<Vendor>> = named.iter().map(|name| Vendor::parse(name)).collect();
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
