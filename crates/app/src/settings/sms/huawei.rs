//! `sms.huawei.*`.

use menshen_sms::receipts::HuaweiPushKey;
use menshen_sms::{HuaweiAuth, HuaweiConfig};

use crate::settings::given::Given;
use crate::settings::parse;
use crate::settings::reader::Reader;
use crate::settings::sms::templates::MoreTemplates;
use crate::settings::sms::vendors::{Vendor, VendorSettings, demand_all, endpoint};

const VENDOR: Vendor = Vendor::Huawei;

pub(super) fn read(
    reader: &mut Reader,
    chosen: bool,
    more: &MoreTemplates,
) -> Option<VendorSettings> {
    let endpoint = endpoint(
        reader,
        "sms.huawei.endpoint",
        "https://smsapi.cn-north-4.myhuaweicloud.com",
        chosen,
    );
    let key = reader.read_optional(
        "sms.huawei.app_key",
        "key of the SMS application; not an account's access key",
        parse::text,
    );
    let secret = reader.read_secret("sms.huawei.app_secret", "secret of that application");
    let sender = reader.read_optional(
        "sms.huawei.sender",
        "number of the channel that the sign is bound to, digits in quotes",
        parse::text,
    );
    let overseas_sender = reader.read_optional(
        "sms.huawei.overseas_sender",
        "number of the channel for other countries, if it is another one",
        parse::text,
    );
    let template = reader.read_optional(
        "sms.huawei.template_id",
        "approved template with the code as `${1}`, 32 hexadecimal digits",
        parse::text,
    );
    let signature = reader.read_optional(
        "sms.huawei.signature",
        "text of the approved sign; general templates need it",
        parse::text,
    );
    let auth = reader.read(
        "sms.huawei.auth",
        "sdk_hmac",
        "`sdk_hmac` (signs the whole request) or `wsse` (an older digest, which covers neither number nor code)",
        auth,
    );
    let push_key = reader.read_optional(
        "sms.huawei.push_key",
        "key that receipts are signed with, where the application has push AK/SK authentication; then unsigned ones are refused",
        parse::text,
    );
    let push_secret = reader.read_secret("sms.huawei.push_secret", "secret of that push key");
    if !chosen {
        return None;
    }
    let Some(endpoint) = endpoint else {
        return Some(VendorSettings::simulated(VENDOR, more));
    };
    let required = [
        ("sms.huawei.app_key", key.is_some()),
        ("sms.huawei.app_secret", secret.is_some()),
        ("sms.huawei.sender", sender.is_some()),
    ];
    demand_all(reader, VENDOR, &required);
    if push_key.is_some() != push_secret.is_some() {
        reader.problem(
            "sms.huawei.push_key",
            "comes with sms.huawei.push_secret: set both or none",
        );
    }
    let push_key = push_key
        .zip(push_secret)
        .map(|(key, secret)| HuaweiPushKey { key, secret });
    let templates = more.with_usual(reader, VENDOR, "sms.huawei.template_id", template);
    Some(VendorSettings::Huawei(HuaweiConfig {
        endpoint,
        app_key: key?,
        app_secret: secret?,
        sender: sender?,
        overseas_sender,
        signature,
        templates: templates?,
        auth,
        status_callback: None,
        push_key,
    }))
}

fn auth(given: &Given) -> Result<HuaweiAuth, String> {
    match parse::text(given)?.as_str() {
        "sdk_hmac" => Ok(HuaweiAuth::SdkHmac),
        "wsse" => Ok(HuaweiAuth::Wsse),
        _ => Err("write sdk_hmac or wsse".to_owned()),
    }
}
