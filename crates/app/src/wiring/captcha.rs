//! The captcha service of the settings, or of the simulator, as an adapter.

use std::net::SocketAddr;
use std::sync::Arc;

use menshen_captcha::{
    AliyunCaptcha, AliyunCaptchaConfig, CaptchaMetrics, CaptchaService, GuardedCaptcha,
    TencentCaptcha, TencentCaptchaApp, TencentCaptchaConfig, Turnstile, TurnstileConfig, VerifyUrl,
    VerifyUrlConfig,
};
use menshen_domain::ports::captcha_verifier::CaptchaVerifier;
use menshen_domain::ports::clock::Clock;
use menshen_simulator::defaults as d;
use menshen_token::system_randomness::SystemRandomness;

use crate::settings::Settings;
use crate::settings::sms::captcha::{CaptchaSettings, CaptchaVendor, CaptchaVendorSettings};
use crate::wiring::{Observer, StartError, observed};

/// The adapter of the service that the settings name, if they do, as it is watched.
///
/// # Errors
///
/// As of [`verifier`].
pub(super) fn watched(
    settings: &Settings,
    simulated: Option<SocketAddr>,
    clock: &Arc<dyn Clock>,
    observer: &Observer<'_>,
) -> Result<(Option<Arc<dyn CaptchaVerifier>>, CaptchaMetrics), StartError> {
    let (settings, metrics) = (&settings.sms.captcha, CaptchaMetrics::default());
    let verifier = verifier(settings, simulated, &metrics, clock.clone())?;
    let watched = verifier.map(|verifier| observed::captcha(observer, verifier));
    Ok((watched, metrics))
}

/// The adapter of the service that the settings name, if they do.
///
/// # Errors
///
/// As of the adapters; or the simulator is meant and does not run.
pub(crate) fn verifier(
    settings: &CaptchaSettings,
    simulated: Option<SocketAddr>,
    metrics: &CaptchaMetrics,
    clock: Arc<dyn Clock>,
) -> Result<Option<Arc<dyn CaptchaVerifier>>, StartError> {
    let Some(vendor) = &settings.vendor else {
        return Ok(None);
    };
    let vendor = match vendor {
        CaptchaVendorSettings::Simulated(vendor) => {
            account(*vendor, simulated.ok_or("the simulator is not running")?)
        }
        real => real.clone(),
    };
    let guard = Guard { settings, metrics };
    let randomness = Arc::new(SystemRandomness);
    Ok(Some(match vendor {
        CaptchaVendorSettings::Tencent(config) => guard.around(TencentCaptcha::new(config, clock)?),
        CaptchaVendorSettings::Aliyun(config) => {
            guard.around(AliyunCaptcha::new(config, clock, randomness)?)
        }
        CaptchaVendorSettings::Turnstile(config) => guard.around(Turnstile::new(config)?),
        CaptchaVendorSettings::VerifyUrl(config) => {
            guard.around(VerifyUrl::new(&config, clock, randomness)?)
        }
        CaptchaVendorSettings::Simulated(_) => return Err("nobody simulates the simulator".into()),
    }))
}

struct Guard<'a> {
    settings: &'a CaptchaSettings,
    metrics: &'a CaptchaMetrics,
}

impl Guard<'_> {
    fn around(&self, service: impl CaptchaService + 'static) -> Arc<dyn CaptchaVerifier> {
        let (timeout, metrics) = (self.settings.timeout, self.metrics.clone());
        Arc::new(GuardedCaptcha::new(service, timeout, metrics))
    }
}

/// The account that the simulator's service has from the start.
fn account(vendor: CaptchaVendor, address: SocketAddr) -> CaptchaVendorSettings {
    let endpoint = format!("http://{address}/captcha/{}", vendor.as_str());
    let app = |id, key: &str| TencentCaptchaApp {
        id,
        secret_key: key.into(),
    };
    match vendor {
        CaptchaVendor::Tencent => CaptchaVendorSettings::Tencent(TencentCaptchaConfig {
            endpoint,
            secret_id: d::TENCENT_SECRET_ID.to_owned(),
            secret_key: d::TENCENT_SECRET_KEY.into(),
            app: app(d::TENCENT_CAPTCHA_APP_ID, d::TENCENT_CAPTCHA_APP_KEY),
            mini_program: Some(app(
                d::TENCENT_CAPTCHA_MINI_APP_ID,
                d::TENCENT_CAPTCHA_MINI_APP_KEY,
            )),
        }),
        CaptchaVendor::Aliyun => CaptchaVendorSettings::Aliyun(AliyunCaptchaConfig {
            endpoint,
            access_key_id: d::ALIYUN_ACCESS_KEY_ID.to_owned(),
            access_key_secret: d::ALIYUN_ACCESS_KEY_SECRET.into(),
            scene_id: d::ALIYUN_CAPTCHA_SCENE_ID.to_owned(),
        }),
        CaptchaVendor::Turnstile => CaptchaVendorSettings::Turnstile(TurnstileConfig {
            endpoint,
            secret_key: d::TURNSTILE_SECRET_KEY.into(),
            hostnames: vec![d::TURNSTILE_HOSTNAME.to_owned()],
            action: Some(d::TURNSTILE_ACTION.to_owned()),
        }),
        CaptchaVendor::VerifyUrl => CaptchaVendorSettings::VerifyUrl(VerifyUrlConfig {
            url: endpoint,
            secret: Some(d::CAPTCHA_VERIFY_SECRET.into()),
        }),
    }
}
