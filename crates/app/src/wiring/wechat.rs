//! WeChat: the applications, the way to its servers, and what it pushes.

use std::net::SocketAddr;
use std::sync::Arc;

use menshen_domain::model::wechat::{AppId, AppKind, Platform, WeChatApp, WeChatApps};
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::wechat_gateway::WeChatGateway;
use menshen_domain::ports::wechat_token_cache::WeChatTokenCache;
use menshen_simulator::defaults;
use menshen_wechat::{
    CloudRunGateway, OfficialGateway, OfficialGatewayConfig, PushKeys, SafeModePush, WeChatMetrics,
};

use super::StartError;
use crate::settings::Settings;
use crate::settings::wechat::GatewayKind;

/// The configured applications, or the simulator's.
pub(crate) fn apps(settings: &Settings) -> Result<WeChatApps, StartError> {
    let configured = settings.wechat.apps.iter().map(|app| app.app.clone());
    if !uses_simulated_apps(settings) {
        return Ok(WeChatApps::new(configured.collect()));
    }
    let simulated = simulated_apps().into_iter().map(|(id, _, kind)| {
        let platform = Some(Platform::parse(defaults::PLATFORM)?);
        Ok::<_, StartError>(WeChatApp {
            id: AppId::parse(id)?,
            kind,
            platform,
        })
    });
    Ok(WeChatApps::new(simulated.collect::<Result<_, _>>()?))
}

fn uses_simulated_apps(settings: &Settings) -> bool {
    settings.wechat.apps.is_empty() && settings.wechat.is_simulated()
}

fn simulated_apps() -> [(&'static str, &'static str, AppKind); 3] {
    [
        (
            defaults::MINI_PROGRAM_APP_ID,
            defaults::MINI_PROGRAM_APP_SECRET,
            AppKind::MiniProgram,
        ),
        (defaults::APP_APP_ID, defaults::APP_APP_SECRET, AppKind::App),
        (
            defaults::WEBSITE_APP_ID,
            defaults::WEBSITE_APP_SECRET,
            AppKind::Website,
        ),
    ]
}

pub(crate) fn gateway(
    settings: &Settings,
    simulated: Option<SocketAddr>,
    metrics: &WeChatMetrics,
    tokens: Arc<dyn WeChatTokenCache>,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn WeChatGateway>, StartError> {
    let wechat = &settings.wechat;
    let base_urls = match simulated.filter(|_| wechat.is_simulated()) {
        Some(address) => vec![format!("http://{address}")],
        None => wechat.base_urls.clone(),
    };
    let apps = if uses_simulated_apps(settings) {
        let apps = simulated_apps()
            .map(|(id, secret, _)| Ok::<_, StartError>((AppId::parse(id)?, secret.into())));
        apps.into_iter().collect::<Result<_, _>>()?
    } else {
        wechat
            .apps
            .iter()
            .map(|app| (app.app.id.clone(), app.secret.clone()))
            .collect()
    };
    let config = OfficialGatewayConfig {
        base_urls,
        timeout: wechat.timeout,
        apps,
        metrics: metrics.clone(),
    };
    Ok(match wechat.gateway {
        GatewayKind::Official => {
            Arc::new(OfficialGateway::with_token_cache(config, clock, tokens)?)
        }
        GatewayKind::CloudRun => Arc::new(CloudRunGateway::new(config, clock, tokens)?),
    })
}

/// Token and key of message push for the simulated applications; the simulator is
/// told where to push, and these, through its control API.
const SIMULATED_PUSH: [&str; 2] = ["pushtoken", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"];

/// The reader of pushed messages, for the applications that have keys for it.
pub(super) fn push(settings: &Settings) -> Result<SafeModePush, StartError> {
    if uses_simulated_apps(settings) {
        let [token, key] = SIMULATED_PUSH.map(Into::into);
        let keys = simulated_apps().map(|(id, ..)| {
            Ok::<_, StartError>((AppId::parse(id)?, PushKeys::parse(&token, &key)?))
        });
        let keys = keys.into_iter().collect::<Result<Vec<_>, _>>()?;
        return Ok(SafeModePush::new(keys));
    }
    let with_keys = settings.wechat.apps.iter().filter_map(|app| {
        let (token, key) = app.push.as_ref()?;
        let keys = PushKeys::parse(token, key).map_err(StartError::from);
        Some(keys.map(|keys| (app.app.id.clone(), keys)))
    });
    Ok(SafeModePush::new(with_keys.collect::<Result<Vec<_>, _>>()?))
}
