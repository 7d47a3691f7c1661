//! What the offline WeChat and vendors know at their start: the applications,
//! accounts and templates of the settings, and their own fake ones.

use std::net::SocketAddr;

use menshen_domain::model::wechat::AppKind as DomainKind;
use menshen_simulator::{AppKind, SimulatedApp, SimulatorConfig, SmsRegion, SmsTemplate};
use menshen_sms::{Account, Meant, RegionClass, Template, Variable};
use secrecy::ExposeSecret as _;

use crate::settings::Settings;
use crate::settings::sms::vendors::GivenAccount;
use crate::settings::wechat::AppSettings;
use crate::simulated::vendors::Texts;

mod given;
mod templates;
mod vendors;

/// Whether the simulator stands in for the SMS vendor of this name.
pub(crate) fn stands_in_for(vendor: &str) -> bool {
    vendors::find(vendor).is_some()
}

/// The account of a vendor at the simulator there; nothing for one that it does not
/// stand in for.
pub(crate) fn account(
    vendor: &str,
    address: SocketAddr,
    more: &[(Meant, Template)],
) -> Option<Account> {
    Some(vendors::find(vendor)?.account(address, more))
}

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
        if let Some(templates) = vendor.simulated()
            && let Some(simulated) = vendors::find(vendor.name())
            && let Some(mut texts) = (simulated.texts)(&mut config)
        {
            approve(&mut texts, templates);
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

/// Approves templates, and the signs that they go under.
fn approve(texts: &mut Texts<'_>, more: &[(Meant, Template)]) {
    for (meant, template) in more {
        if let Some(sign) = &template.sign {
            for of in texts.signs.iter_mut().filter(|of| !of.contains(sign)) {
                of.push(sign.clone());
            }
        }
        texts.templates.retain(|known| known.id != template.id);
        texts.templates.push(as_approved(*meant, template));
    }
}

/// A template as its vendor approved it: one for all regions is one for the
/// mainland.
fn as_approved(meant: Meant, template: &Template) -> SmsTemplate {
    let region = match meant.region {
        Some(RegionClass::Overseas) => SmsRegion::Overseas,
        Some(RegionClass::Mainland) | None => SmsRegion::Mainland,
    };
    if meant.is_for_notices() {
        return SmsTemplate::number_notice(&template.id, region);
    }
    let variables = template.variables.iter().copied().map(Variable::as_str);
    let variables: Vec<&str> = variables.collect();
    SmsTemplate::new(&template.id, region, &variables)
}

/// Puts what is given of an account in the place of what is fake.
fn take(config: &mut SimulatorConfig, given: &GivenAccount) {
    let Some(vendor) = vendors::find(given.entry.name) else {
        return;
    };
    (vendor.take)(config, &given.account);
    let Some(mut texts) = (vendor.texts)(config) else {
        return;
    };
    if let Some(sign) = vendor.sign.and_then(|key| given.account.find_text(key)) {
        for signs in &mut texts.signs {
            **signs = vec![sign.clone()];
        }
    }
    let usual = given.entry.usual_template();
    if let Some(usual) = usual.and_then(|key| given.account.find_text(key)) {
        let usual = Template::with_code(usual);
        *texts.templates = vec![as_approved(Meant::default(), &usual)];
    }
    approve(&mut texts, &given.more);
}
