//! `webhooks`: who is told about events.

use secrecy::SecretString;

use crate::settings::given::Given;
use crate::settings::parse::{self, Members};
use crate::settings::reader::Reader;
use crate::settings::wechat::is_safe_url;

/// One receiver of events.
#[derive(Debug)]
pub struct WebhookSettings {
    /// Where events are posted to.
    pub url: String,
    /// The signing secret, `whsec_…`.
    pub secret: SecretString,
    /// Which events; none means all.
    pub events: Vec<String>,
}

/// Reads `webhooks`.
pub fn read(reader: &mut Reader) -> Vec<WebhookSettings> {
    let webhooks = reader.read(
        "webhooks",
        "[]",
        "receivers of events: `{url, secret, events}`; the secret is `whsec_` and base64, no `events` means all",
        webhooks,
    );
    if webhooks.iter().any(|webhook| !is_safe_url(&webhook.url)) {
        reader.unsafe_for_production(
            "webhooks",
            "each url must be https://…, or http:// on loopback",
        );
    }
    webhooks
}

fn webhooks(given: &Given) -> Result<Vec<WebhookSettings>, String> {
    parse::tables(given)?.into_iter().map(webhook).collect()
}

fn webhook(table: toml::Table) -> Result<WebhookSettings, String> {
    let mut members = Members::new(table);
    let url = members.text("url")?;
    let secret = members.secret("secret")?;
    let events = members.optional_texts("events")?;
    members.finish()?;
    if !secret.starts_with("whsec_") {
        return Err("secret must be whsec_ and base64".to_owned());
    }
    Ok(WebhookSettings {
        url,
        secret: secret.into(),
        events,
    })
}
