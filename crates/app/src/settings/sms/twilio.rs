//! `sms.twilio.*`.

use menshen_sms::twilio::text;
use menshen_sms::{Meant, Template, Templates, TwilioConfig};

use crate::settings::given::Given;
use crate::settings::parse;
use crate::settings::reader::Reader;
use crate::settings::sms::templates::MoreTemplates;
use crate::settings::sms::vendors::{Vendor, VendorSettings, demand_all, endpoint};

const VENDOR: Vendor = Vendor::Twilio;

pub(super) fn read(
    reader: &mut Reader,
    chosen: bool,
    more: &MoreTemplates,
) -> Option<VendorSettings> {
    let endpoint = endpoint(
        reader,
        "sms.twilio.endpoint",
        "https://api.twilio.com",
        chosen,
    );
    let account = reader.read_optional(
        "sms.twilio.account_sid",
        "the account, such as AC0123456789abcdef0123456789abcdef",
        parse::text,
    );
    let token = reader.read_secret("sms.twilio.auth_token", "token of that account");
    let from = reader.read_optional(
        "sms.twilio.from",
        "a number such as +14155550100, an alphanumeric sender, or a messaging service (MG…)",
        parse::text,
    );
    let own = reader.read_optional(
        "sms.twilio.text",
        "text with `{code}` and `{minutes}` that fits one message; without it a text of ours, in Chinese for Chinese numbers and in English elsewhere",
        text,
    );
    if !chosen {
        return None;
    }
    let mut texts = more.of(VENDOR);
    texts.extend(own.map(|text| (Meant::default(), Template::with_code(text))));
    let Some(endpoint) = endpoint else {
        return Some(VendorSettings::Simulated {
            vendor: VENDOR,
            templates: texts,
        });
    };
    let required = [
        ("sms.twilio.account_sid", account.is_some()),
        ("sms.twilio.auth_token", token.is_some()),
        ("sms.twilio.from", from.is_some()),
    ];
    demand_all(reader, VENDOR, &required);
    let texts = Templates::new(texts);
    if let Err(error) = &texts {
        let advice = format!("twilio: {error}: remove one, or sms.twilio.text");
        reader.problem("sms.templates", advice);
    }
    Some(VendorSettings::Twilio(TwilioConfig {
        endpoint,
        account_sid: account?,
        auth_token: token?,
        from: from?,
        texts: texts.ok()?,
        status_callback: None,
    }))
}

fn text(given: &Given) -> Result<String, String> {
    let text = parse::text(given)?;
    text::check(&text).map_err(|error| error.to_string())?;
    Ok(text)
}
