//! `sms.volcengine.*`.

use menshen_sms::VolcengineConfig;

use crate::settings::parse;
use crate::settings::reader::Reader;
use crate::settings::sms::templates::MoreTemplates;
use crate::settings::sms::vendors::{Vendor, VendorSettings, demand_all, endpoint};

const VENDOR: Vendor = Vendor::Volcengine;

pub(super) fn read(
    reader: &mut Reader,
    chosen: bool,
    more: &MoreTemplates,
) -> Option<VendorSettings> {
    let endpoint = endpoint(
        reader,
        "sms.volcengine.endpoint",
        "https://sms.volcengineapi.com",
        chosen,
    );
    let id = reader.read_optional(
        "sms.volcengine.access_key_id",
        "id of an access key that may send messages",
        parse::text,
    );
    let secret = reader.read_secret(
        "sms.volcengine.secret_access_key",
        "secret of that access key, as it is shown",
    );
    let account = reader.read_optional(
        "sms.volcengine.sms_account",
        "id of the message group, such as 7a000001",
        parse::text,
    );
    let sign = reader.read_optional("sms.volcengine.sign", "approved sign", parse::text);
    let template = reader.read_optional(
        "sms.volcengine.template_id",
        "approved template with the variable `code`, such as ST_12345678",
        parse::text,
    );
    let region = reader.read(
        "sms.volcengine.region",
        "cn-north-1",
        "region that requests are signed for",
        parse::text,
    );
    if !chosen {
        return None;
    }
    let Some(endpoint) = endpoint else {
        return Some(VendorSettings::simulated(VENDOR, more));
    };
    let required = [
        ("sms.volcengine.access_key_id", id.is_some()),
        ("sms.volcengine.secret_access_key", secret.is_some()),
        ("sms.volcengine.sms_account", account.is_some()),
        ("sms.volcengine.sign", sign.is_some()),
    ];
    demand_all(reader, VENDOR, &required);
    let templates = more.with_usual(reader, VENDOR, "sms.volcengine.template_id", template);
    Some(VendorSettings::Volcengine(VolcengineConfig {
        endpoint,
        access_key_id: id?,
        secret_access_key: secret?,
        sms_account: account?,
        sign: sign?,
        templates: templates?,
        region,
    }))
}
