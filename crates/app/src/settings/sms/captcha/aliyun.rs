//! `sms.captcha.aliyun.*`.

use menshen_captcha::AliyunCaptchaConfig;

use super::{CaptchaVendor, CaptchaVendorSettings, demand_all, endpoint};
use crate::settings::parse;
use crate::settings::reader::Reader;

const VENDOR: CaptchaVendor = CaptchaVendor::Aliyun;

pub(super) fn read(reader: &mut Reader, chosen: bool) -> Option<CaptchaVendorSettings> {
    let endpoint = endpoint(
        reader,
        "sms.captcha.aliyun.endpoint",
        "https://captcha.cn-shanghai.aliyuncs.com",
        chosen,
    );
    let id = reader.read_optional(
        "sms.captcha.aliyun.access_key_id",
        "id of an AccessKey with the permission `AliyunYundunAFSFullAccess`",
        parse::text,
    );
    let secret = reader.read_secret(
        "sms.captcha.aliyun.access_key_secret",
        "secret of that AccessKey",
    );
    let scene = reader.read_optional(
        "sms.captcha.aliyun.scene_id",
        "the scene, as the page names it",
        parse::text,
    );
    if !chosen {
        return None;
    }
    let Some(endpoint) = endpoint else {
        return Some(CaptchaVendorSettings::Simulated(VENDOR));
    };
    let required = [
        ("sms.captcha.aliyun.access_key_id", id.is_some()),
        ("sms.captcha.aliyun.access_key_secret", secret.is_some()),
        ("sms.captcha.aliyun.scene_id", scene.is_some()),
    ];
    demand_all(reader, VENDOR, &required);
    Some(CaptchaVendorSettings::Aliyun(AliyunCaptchaConfig {
        endpoint,
        access_key_id: id?,
        access_key_secret: secret?,
        scene_id: scene?,
    }))
}
