//! `sms.webhook.*`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use menshen_sms::WebhookConfig;
use secrecy::{ExposeSecret as _, SecretString};

use crate::settings::parse;
use crate::settings::reader::Reader;
use crate::settings::sms::vendors::{Vendor, VendorSettings, demand_all, safe};

pub(super) fn read(reader: &mut Reader, chosen: bool) -> Option<VendorSettings> {
    let url = reader.read_optional(
        "sms.webhook.url",
        "where messages are posted to, signed as Standard Webhooks",
        parse::text,
    );
    let secret = reader.read_secret(
        "sms.webhook.secret",
        "`whsec_` and 24 to 64 random bytes in base64",
    );
    if !chosen {
        return None;
    }
    let required = [
        ("sms.webhook.url", url.is_some()),
        ("sms.webhook.secret", secret.is_some()),
    ];
    demand_all(reader, Vendor::Webhook, &required);
    if let Some(url) = &url {
        safe(reader, "sms.webhook.url", url);
    }
    if secret.as_ref().is_some_and(|secret| !is_secret(secret)) {
        reader.problem(
            "sms.webhook.secret",
            "write whsec_ and the base64 of 24 to 64 random bytes",
        );
    }
    Some(VendorSettings::Webhook(WebhookConfig {
        url: url?,
        secret: secret?,
    }))
}

/// A secret as Standard Webhooks has it.
fn is_secret(secret: &SecretString) -> bool {
    let text = secret.expose_secret();
    let text = text.strip_prefix("v1,").unwrap_or(text);
    let key = text.strip_prefix("whsec_");
    let key = key.and_then(|text| STANDARD.decode(text).ok());
    key.is_some_and(|key| (24..=64).contains(&key.len()))
}
