//! The offline WeChat and vendors inside the process, in development.

use std::net::{Ipv4Addr, SocketAddr};

use menshen_simulator::{RunningSimulator, Simulator};

use super::StartError;
use crate::settings::Settings;
use crate::settings::sms::captcha::CaptchaVendorSettings;
use crate::simulated;

/// The simulator inside the process.
pub struct InProcessSimulator {
    /// The simulator, for its control API.
    pub simulator: Simulator,
    /// The server that it runs as, on the loopback.
    pub running: RunningSimulator,
}

/// Starts the offline WeChat and vendors on a loopback port, where they are meant.
pub(crate) async fn simulator(
    settings: &Settings,
) -> Result<Option<InProcessSimulator>, StartError> {
    let sms = settings
        .sms
        .vendors
        .iter()
        .any(|vendor| vendor.simulated().is_some());
    let captcha = matches!(
        settings.sms.captcha.vendor,
        Some(CaptchaVendorSettings::Simulated(_))
    );
    if !settings.wechat.is_simulated() && !sms && !captcha {
        return Ok(None);
    }
    let simulator = Simulator::new(simulated::beside(settings));
    let running = simulator
        .start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .await?;
    Ok(Some(InProcessSimulator { simulator, running }))
}
