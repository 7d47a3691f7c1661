//! The captcha service: does it take our account?

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use menshen_captcha::CaptchaMetrics;
use menshen_domain::model::captcha::{CaptchaToken, SolvedCaptcha};
use menshen_domain::model::verification::Purpose;
use menshen_domain::ports::captcha_verifier::{CaptchaVerdict, CaptchaVerifierError};

use super::finding::{Finding, chain};
use crate::clock::SystemClock;
use crate::settings::sms::captcha::CaptchaSettings;
use crate::wiring;

/// What nobody solved: a service that takes our account refuses it.
const NOT_SOLVED: &str = "menshen-config-check;@menshen";

/// Shows the service something that nobody solved.
pub(super) async fn refuses(
    settings: &CaptchaSettings,
    simulated: Option<SocketAddr>,
) -> Option<Finding> {
    let asked = "captcha: something that nobody solved";
    let metrics = CaptchaMetrics::default();
    let clock = Arc::new(SystemClock);
    let verifier = match wiring::captcha(settings, simulated, &metrics, clock) {
        Ok(verifier) => verifier?,
        Err(error) => return Some(Finding::wrong(asked, chain(&*error))),
    };
    let solved = SolvedCaptcha {
        token: CaptchaToken::parse(NOT_SOLVED).ok()?,
        address: Ipv4Addr::LOCALHOST.into(),
        purpose: Purpose::Login,
    };
    Some(match verifier.verify(&solved).await {
        Ok(CaptchaVerdict::Refused) => Finding::well(asked, "it is refused"),
        Ok(CaptchaVerdict::Passed) => Finding::wrong(asked, "it passes")
            .advise("the service lets everybody through: is it in a test mode? (docs/captcha.md)"),
        Err(error @ CaptchaVerifierError::Misconfigured(_)) => Finding::wrong(asked, chain(&error))
            .advise("the key, its permission or the secret is refused (docs/captcha.md)"),
        Err(error @ CaptchaVerifierError::Unavailable { .. }) => {
            Finding::wrong(asked, chain(&error))
                .advise("can this machine reach it, by name and over TLS?")
        }
    })
}
