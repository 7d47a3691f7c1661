//! What the offline WeChat and vendors know at their start: the applications,
//! accounts and templates of the settings, and their own fake ones.

use menshen_domain::model::wechat::AppKind as DomainKind;
use menshen_simulator::{AppKind, HuaweiChannel, SimulatedApp, SimulatorConfig};
use menshen_simulator::{SmsRegion, SmsTemplate};
use menshen_sms::{Meant, RegionClass, Template, Variable};
use secrecy::{ExposeSecret as _, SecretString};

use crate::settings::Settings;
use crate::settings::sms::accounts::GivenAccount;
use crate::settings::sms::vendors::{Vendor, VendorSettings};
use crate::settings::wechat::AppSettings;

/// The simulator of a server of its own: what the settings have stands in the
/// place of what is fake.
pub(crate) fn alone(settings: &Settings) -> SimulatorConfig {
    let mut config = SimulatorConfig::default();
    let apps: Vec<_> = settings.wechat.apps.iter().map(app).collect();
    if !apps.is_empty() {
        config.apps = apps;
    }
    for account in &settings.sms.accounts {
        take(&mut config, account);
    }
    config
}

/// The simulator inside the service. Its fixed credentials stay, so that a wrong
/// secret is one; what only the settings know, it knows too.
pub(crate) fn beside(settings: &Settings) -> SimulatorConfig {
    let mut config = SimulatorConfig::default();
    if settings.wechat.is_simulated() {
        for app in settings.wechat.apps.iter().map(app) {
            if config.apps.iter().all(|known| known.app_id != app.app_id) {
                config.apps.push(app);
            }
        }
    }
    for vendor in &settings.sms.vendors {
        if let VendorSettings::Simulated { vendor, templates } = vendor
            && let Some((mut signs, approved)) = texts(&mut config, *vendor)
        {
            approve(&mut signs, approved, templates);
        }
    }
    config
}

fn app(settings: &AppSettings) -> SimulatedApp {
    let platform = settings.app.platform.as_ref();
    SimulatedApp {
        app_id: settings.app.id.as_str().to_owned(),
        app_secret: settings.secret.expose_secret().to_owned(),
        kind: match settings.app.kind {
            DomainKind::MiniProgram => AppKind::MiniProgram,
            DomainKind::App => AppKind::App,
            DomainKind::Website => AppKind::Website,
        },
        platform: platform.map(|platform| platform.as_str().to_owned()),
    }
}

/// Signs and templates of a vendor's account; Huawei's signs belong to each of its
/// channels, and Twilio approves no texts.
fn texts(
    config: &mut SimulatorConfig,
    vendor: Vendor,
) -> Option<(Vec<&mut Vec<String>>, &mut Vec<SmsTemplate>)> {
    match vendor {
        Vendor::Aliyun => Some((vec![&mut config.aliyun.signs], &mut config.aliyun.templates)),
        Vendor::Tencent => {
            let account = &mut config.tencent;
            Some((vec![&mut account.signs], &mut account.templates))
        }
        Vendor::Huawei => {
            let account = &mut config.huawei;
            let channels = account.channels.iter_mut();
            let signs = channels.map(|channel| &mut channel.signs).collect();
            Some((signs, &mut account.templates))
        }
        Vendor::Volcengine => {
            let account = &mut config.volcengine;
            Some((vec![&mut account.signs], &mut account.templates))
        }
        Vendor::Twilio | Vendor::Webhook | Vendor::Console => None,
    }
}

/// Approves templates, and the signs that they go under.
fn approve(
    signs: &mut [&mut Vec<String>],
    approved: &mut Vec<SmsTemplate>,
    more: &[(Meant, Template)],
) {
    for (meant, template) in more {
        if let Some(sign) = &template.sign {
            for of in signs.iter_mut().filter(|of| !of.contains(sign)) {
                of.push(sign.clone());
            }
        }
        approved.retain(|known| known.id != template.id);
        approved.push(as_approved(*meant, template));
    }
}

/// A template as its vendor approved it: one for all regions is one for the
/// mainland.
fn as_approved(meant: Meant, template: &Template) -> SmsTemplate {
    let region = match meant.region {
        Some(RegionClass::Overseas) => SmsRegion::Overseas,
        Some(RegionClass::Mainland) | None => SmsRegion::Mainland,
    };
    let variables = template.variables.iter().copied().map(Variable::as_str);
    let variables: Vec<&str> = variables.collect();
    SmsTemplate::new(&template.id, region, &variables)
}

/// Puts what is given of an account in the place of what is fake.
fn take(config: &mut SimulatorConfig, given: &GivenAccount) {
    let (id, secret, from) = (
        given.id.as_ref(),
        given.secret.as_ref(),
        given.from.as_ref(),
    );
    match given.vendor {
        Vendor::Aliyun => {
            let account = &mut config.aliyun;
            put(&mut account.access_key_id, id);
            put_secret(&mut account.access_key_secret, secret);
        }
        Vendor::Tencent => {
            let account = &mut config.tencent;
            put(&mut account.secret_id, id);
            put_secret(&mut account.secret_key, secret);
            put(&mut account.sdk_app_id, from);
        }
        Vendor::Huawei => {
            let account = &mut config.huawei;
            put(&mut account.app_key, id);
            put_secret(&mut account.app_secret, secret);
            put_channels(&mut account.channels, given);
        }
        Vendor::Volcengine => {
            let account = &mut config.volcengine;
            put(&mut account.access_key_id, id);
            put_secret(&mut account.secret_access_key, secret);
            put(&mut account.sms_account, from);
        }
        Vendor::Twilio => {
            let account = &mut config.twilio;
            put(&mut account.account_sid, id);
            put_secret(&mut account.auth_token, secret);
            if let Some(from) = from {
                let service = from.starts_with("MG");
                let (of, other) = if service {
                    (&mut account.messaging_services, &mut account.senders)
                } else {
                    (&mut account.senders, &mut account.messaging_services)
                };
                *of = vec![from.clone()];
                other.clear();
            }
        }
        Vendor::Webhook | Vendor::Console => {}
    }
    if let Some((mut signs, approved)) = texts(config, given.vendor) {
        if let Some(sign) = &given.sign {
            for signs in &mut signs {
                **signs = vec![sign.clone()];
            }
        }
        if let Some(usual) = &given.template {
            let usual = Template::with_code(usual);
            *approved = vec![as_approved(Meant::default(), &usual)];
        }
        approve(&mut signs, approved, &given.more);
    }
}

/// One channel to the mainland, and one to other countries if there is one.
fn put_channels(channels: &mut Vec<HuaweiChannel>, given: &GivenAccount) {
    let signs = channels.first().map(|channel| channel.signs.clone());
    let signs = signs.unwrap_or_default();
    for (sender, region) in [
        (&given.from, SmsRegion::Mainland),
        (&given.from_overseas, SmsRegion::Overseas),
    ] {
        if let Some(sender) = sender {
            channels.retain(|channel| channel.region != region);
            channels.push(HuaweiChannel {
                sender: sender.clone(),
                region,
                signs: signs.clone(),
            });
        }
    }
}

fn put(fake: &mut String, given: Option<&String>) {
    if let Some(given) = given {
        fake.clone_from(given);
    }
}

fn put_secret(fake: &mut String, given: Option<&SecretString>) {
    if let Some(given) = given {
        given.expose_secret().clone_into(fake);
    }
}
