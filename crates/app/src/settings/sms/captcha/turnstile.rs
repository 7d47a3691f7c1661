//! `sms.captcha.turnstile.*`.

use menshen_captcha::TurnstileConfig;

use super::{CaptchaVendor, CaptchaVendorSettings, demand_all, endpoint};
use crate::settings::parse;
use crate::settings::reader::Reader;

const VENDOR: CaptchaVendor = CaptchaVendor::Turnstile;

pub(super) fn read(reader: &mut Reader, chosen: bool) -> Option<CaptchaVendorSettings> {
    let endpoint = endpoint(
        reader,
        "sms.captcha.turnstile.endpoint",
        "https://challenges.cloudflare.com/turnstile/v0/siteverify",
        chosen,
    );
    let secret = reader.read_secret(
        "sms.captcha.turnstile.secret_key",
        "the widget's secret key",
    );
    let hostnames = reader.read(
        "sms.captcha.turnstile.hostnames",
        "[]",
        "hosts on whose pages it may be solved; none means any that the widget is for",
        parse::texts,
    );
    let action = reader.read_optional(
        "sms.captcha.turnstile.action",
        "the action that the page gives the widget, which then must be it",
        parse::text,
    );
    if !chosen {
        return None;
    }
    let Some(endpoint) = endpoint else {
        return Some(CaptchaVendorSettings::Simulated(VENDOR));
    };
    let required = [("sms.captcha.turnstile.secret_key", secret.is_some())];
    demand_all(reader, VENDOR, &required);
    Some(CaptchaVendorSettings::Turnstile(TurnstileConfig {
        endpoint,
        secret_key: secret?,
        hostnames,
        action,
    }))
}
