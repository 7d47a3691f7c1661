//! `sms.aliyun.*`.

use menshen_sms::AliyunConfig;

use crate::settings::parse;
use crate::settings::reader::Reader;
use crate::settings::sms::templates::MoreTemplates;
use crate::settings::sms::vendors::{Vendor, VendorSettings, demand_all, endpoint};

const VENDOR: Vendor = Vendor::Aliyun;

pub(super) fn read(
    reader: &mut Reader,
    chosen: bool,
    more: &MoreTemplates,
) -> Option<VendorSettings> {
    let endpoint = endpoint(
        reader,
        "sms.aliyun.endpoint",
        "https://dysmsapi.aliyuncs.com",
        chosen,
    );
    let id = reader.read_optional(
        "sms.aliyun.access_key_id",
        "id of an access key with the permission `dysms:SendSms`",
        parse::text,
    );
    let secret = reader.read_secret("sms.aliyun.access_key_secret", "secret of that access key");
    let sign = reader.read_optional(
        "sms.aliyun.sign_name",
        "approved sign, without brackets",
        parse::text,
    );
    let template = reader.read_optional(
        "sms.aliyun.template_code",
        "approved template with the variable `code`, such as SMS_123456789",
        parse::text,
    );
    if !chosen {
        return None;
    }
    let Some(endpoint) = endpoint else {
        return Some(VendorSettings::simulated(VENDOR, more));
    };
    let required = [
        ("sms.aliyun.access_key_id", id.is_some()),
        ("sms.aliyun.access_key_secret", secret.is_some()),
        ("sms.aliyun.sign_name", sign.is_some()),
    ];
    demand_all(reader, VENDOR, &required);
    let templates = more.with_usual(reader, VENDOR, "sms.aliyun.template_code", template);
    Some(VendorSettings::Aliyun(AliyunConfig {
        endpoint,
        access_key_id: id?,
        access_key_secret: secret?,
        sign_name: sign?,
        templates: templates?,
    }))
}
