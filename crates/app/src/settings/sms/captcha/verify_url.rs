//! `sms.captcha.verify_url`, and the secret that signs what is posted there.

use menshen_captcha::VerifyUrlConfig;
use menshen_signing::webhook::WebhookKey;

use super::{CaptchaVendor, CaptchaVendorSettings, demand_all};
use crate::settings::Profile;
use crate::settings::parse;
use crate::settings::reader::Reader;
use crate::settings::sms::section::safe;
use crate::settings::wechat::SIMULATOR;

const VENDOR: CaptchaVendor = CaptchaVendor::VerifyUrl;
const URL: &str = "sms.captcha.verify_url";
const SECRET: &str = "sms.captcha.verify_secret";

pub(super) fn read(reader: &mut Reader, chosen: bool) -> Option<CaptchaVendorSettings> {
    let url = reader.read_optional(
        URL,
        "where captchas are posted to, to be checked: https, or http on loopback",
        parse::text,
    );
    let secret = reader.read_secret(
        SECRET,
        "`whsec_` and 24 to 64 random bytes in base64: signs what is posted, as Standard Webhooks",
    );
    if !chosen {
        return None;
    }
    demand_all(reader, VENDOR, &[(URL, url.is_some())]);
    let url = url?;
    if url == SIMULATOR {
        if reader.profile() == Profile::Production {
            reader.problem(URL, "the simulator lets everybody through: write your own");
        }
        return Some(CaptchaVendorSettings::Simulated(VENDOR));
    }
    safe(reader, URL, &url);
    if let Some(Err(error)) = secret.as_ref().map(WebhookKey::parse) {
        reader.problem(SECRET, error.to_string());
    }
    if secret.is_none() {
        reader.note(
            SECRET,
            "is not set: whoever finds sms.captcha.verify_url can ask it too",
        );
    }
    Some(CaptchaVendorSettings::VerifyUrl(VerifyUrlConfig {
        url,
        secret,
    }))
}
