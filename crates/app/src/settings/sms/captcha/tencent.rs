//! `sms.captcha.tencent.*`.

use menshen_captcha::{TencentCaptchaApp, TencentCaptchaConfig};

use super::{CaptchaVendor, CaptchaVendorSettings, demand_all, endpoint};
use crate::settings::parse;
use crate::settings::reader::Reader;

const VENDOR: CaptchaVendor = CaptchaVendor::Tencent;

pub(super) fn read(reader: &mut Reader, chosen: bool) -> Option<CaptchaVendorSettings> {
    let endpoint = endpoint(
        reader,
        "sms.captcha.tencent.endpoint",
        "https://captcha.tencentcloudapi.com",
        chosen,
    );
    let id = reader.read_optional(
        "sms.captcha.tencent.secret_id",
        "SecretId of an API key that may call the captcha service",
        parse::text,
    );
    let key = reader.read_secret(
        "sms.captcha.tencent.secret_key",
        "SecretKey of that API key",
    );
    let app = app(
        reader,
        "sms.captcha.tencent.app",
        "CaptchaAppId of pages and apps",
        "AppSecretKey that belongs to app_id",
    );
    let mini_program = self::app(
        reader,
        "sms.captcha.tencent.mini_program_app",
        "CaptchaAppId of the mini-program plugin, where it is another one than app_id",
        "AppSecretKey that belongs to mini_program_app_id",
    );
    if !chosen {
        return None;
    }
    let Some(endpoint) = endpoint else {
        return Some(CaptchaVendorSettings::Simulated(VENDOR));
    };
    let required = [
        ("sms.captcha.tencent.secret_id", id.is_some()),
        ("sms.captcha.tencent.secret_key", key.is_some()),
        ("sms.captcha.tencent.app_id", app.is_some()),
    ];
    demand_all(reader, VENDOR, &required);
    Some(CaptchaVendorSettings::Tencent(TencentCaptchaConfig {
        endpoint,
        secret_id: id?,
        secret_key: key?,
        app: app?,
        mini_program,
    }))
}

/// A captcha of the console: `<key>_id` and `<key>_secret_key`, both or none.
fn app(
    reader: &mut Reader,
    key: &str,
    meaning: &'static str,
    of_secret: &'static str,
) -> Option<TencentCaptchaApp> {
    let (id_key, secret_key) = (format!("{key}_id"), format!("{key}_secret_key"));
    let id = reader.read_optional(&id_key, meaning, parse::count);
    let secret = reader.read_secret(&secret_key, of_secret);
    match (id, secret) {
        (Some(id), Some(secret_key)) => Some(TencentCaptchaApp {
            id: u64::from(id),
            secret_key,
        }),
        (Some(_), None) => {
            reader.problem(&secret_key, format!("must be set together with {id_key}"));
            None
        }
        (None, Some(_)) => {
            reader.problem(&id_key, format!("must be set together with {secret_key}"));
            None
        }
        (None, None) => None,
    }
}
