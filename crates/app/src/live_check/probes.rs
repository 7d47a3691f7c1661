//! All questions, in order. A bad answer to one keeps none of the others from
//! being asked.

use std::sync::Arc;

use menshen_domain::model::phone_number::PhoneNumber;
use menshen_wechat::{LocalTokenCache, WeChatMetrics};

use super::finding::{Finding, chain};
use super::{avatars, captcha, sms, stores, wechat};
use crate::clock::SystemClock;
use crate::settings::Settings;
use crate::wiring::{self, StartError};

/// Asks everything that is configured; with `phone`, each SMS vendor is asked to
/// send a message there.
///
/// # Errors
///
/// If an adapter cannot be built at all.
pub async fn findings(
    settings: &Settings,
    phone: Option<&PhoneNumber>,
) -> Result<Vec<Finding>, StartError> {
    let simulator = wiring::simulator(settings).await?;
    let simulated = simulator.as_ref().map(|one| one.running.address());
    let mut findings = vec![
        stores::database(settings).await,
        stores::ephemeral(settings).await,
    ];
    if simulated.is_some() {
        findings.push(
            Finding::open("simulator", "it stands in for what is asked below")
                .advise("set real credentials to learn about the real ones"),
        );
    }
    let gateway = wiring::gateway(
        settings,
        simulated,
        &WeChatMetrics::default(),
        Arc::new(LocalTokenCache::default()),
        Arc::new(SystemClock),
    )?;
    for app in wiring::apps(settings)?.all() {
        findings.extend(wechat::application(&*gateway, app).await);
    }
    let message = phone.and_then(|phone| sms::probe(phone, settings.sms.policy.code_ttl));
    for vendor in &settings.sms.vendors {
        let name = vendor.name();
        let Some(address) = vendor.address(simulated) else {
            findings.push(Finding::open(
                format!("sms {name}"),
                "it prints messages and sends none",
            ));
            continue;
        };
        findings.push(match &message {
            None => sms::reach(name, &address).await,
            Some(message) => match wiring::vendor(vendor, simulated) {
                Ok(vendor) => sms::send(&*vendor, message).await,
                Err(error) => Finding::wrong(format!("sms {name}"), chain(&*error)),
            },
        });
    }
    findings.extend(captcha::refuses(&settings.sms.captcha, simulated).await);
    findings.extend(avatars::keeps(settings).await);
    if let Some(simulator) = simulator {
        simulator.running.stop().await;
    }
    Ok(findings)
}
