//! `sms.tencent.*`.

use menshen_sms::TencentConfig;

use crate::settings::parse;
use crate::settings::reader::Reader;
use crate::settings::sms::templates::MoreTemplates;
use crate::settings::sms::vendors::{Vendor, VendorSettings, demand_all, endpoint};

const VENDOR: Vendor = Vendor::Tencent;

pub(super) fn read(
    reader: &mut Reader,
    chosen: bool,
    more: &MoreTemplates,
) -> Option<VendorSettings> {
    let endpoint = endpoint(
        reader,
        "sms.tencent.endpoint",
        "https://sms.tencentcloudapi.com",
        chosen,
    );
    let id = reader.read_optional(
        "sms.tencent.secret_id",
        "SecretId of an API key with the permission `sms:SendSms`",
        parse::text,
    );
    let secret = reader.read_secret("sms.tencent.secret_key", "SecretKey of that API key");
    let app = reader.read_optional(
        "sms.tencent.sdk_app_id",
        "the SMS application, such as 1400000001; not the account's own AppId",
        parse::text,
    );
    let sign = reader.read_optional(
        "sms.tencent.sign_name",
        "text of the approved sign, without brackets; not its id",
        parse::text,
    );
    let template = reader.read_optional(
        "sms.tencent.template_id",
        "approved template with the code as `{1}`, digits in quotes",
        parse::text,
    );
    let region = reader.read(
        "sms.tencent.region",
        "ap-guangzhou",
        "`ap-guangzhou`, `ap-beijing` or `ap-nanjing`; `ap-singapore` for the international site",
        parse::text,
    );
    if !chosen {
        return None;
    }
    let Some(endpoint) = endpoint else {
        return Some(VendorSettings::simulated(VENDOR, more));
    };
    let required = [
        ("sms.tencent.secret_id", id.is_some()),
        ("sms.tencent.secret_key", secret.is_some()),
        ("sms.tencent.sdk_app_id", app.is_some()),
        ("sms.tencent.sign_name", sign.is_some()),
    ];
    demand_all(reader, VENDOR, &required);
    let templates = more.with_usual(reader, VENDOR, "sms.tencent.template_id", template);
    Some(VendorSettings::Tencent(TencentConfig {
        endpoint,
        secret_id: id?,
        secret_key: secret?,
        sdk_app_id: app?,
        sign_name: sign?,
        templates: templates?,
        region,
    }))
}
