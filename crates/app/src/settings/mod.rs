//! The settings: typed, validated, each section in its file.

pub mod accounts;
pub mod admin;
pub mod avatars;
pub mod form;
pub mod given;
pub mod logging;
mod members;
pub(crate) mod nearest;
pub(crate) mod parse;
pub mod reader;
pub mod reference;
pub mod retention;
pub mod schema;
pub mod secrets;
pub mod server;
pub mod sms;
pub mod source;
pub mod stores;
pub mod tokens;
pub mod tracing;
pub mod webhooks;
pub mod wechat;

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use menshen_domain::model::webhook::Subscription;
use menshen_sms::VENDORS;

use crate::settings::given::Given;
use crate::settings::reader::{Reader, Report};
use crate::settings::sms::vendors::Vendors;

/// What a deployment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// On a developer's machine: everything works with nothing set.
    Development,
    /// For people: every stand-in is refused.
    Production,
}

/// All settings.
#[derive(Debug)]
pub struct Settings {
    /// What the deployment is for.
    pub profile: Profile,
    /// `server.*`.
    pub server: server::ServerSettings,
    /// `database.*` and `ephemeral.*`.
    pub stores: stores::StoreSettings,
    /// `secrets.*`.
    pub secrets: secrets::SecretSettings,
    /// `tokens.*` and `sessions.*`.
    pub tokens: tokens::TokenSettings,
    /// `accounts.*`.
    pub accounts: accounts::AccountSettings,
    /// `avatars.*`.
    pub avatars: avatars::AvatarSettings,
    /// `sms.*`.
    pub sms: sms::SmsSettings,
    /// `wechat.*`.
    pub wechat: wechat::WeChatSettings,
    /// `retention.*`.
    pub retention: retention::RetentionSettings,
    /// `admin.*`.
    pub admin: admin::AdminSettings,
    /// `webhooks`.
    pub webhooks: Vec<webhooks::WebhookSettings>,
    /// `log.*`.
    pub log: logging::LogSettings,
    /// `tracing.*`.
    pub tracing: tracing::TracingSettings,
    /// SHA-256 of all that is in force as `menshen config show` prints it, in
    /// hexadecimal: with secrets masked, so that nobody can try secrets against it.
    pub digest: String,
}

/// Reads all settings; those with problems have their defaults.
#[must_use]
pub fn read(given: BTreeMap<String, Given>, now: DateTime<Utc>) -> (Settings, Report) {
    read_with(given, now, VENDORS)
}

/// Reads all settings where `vendors` are the SMS vendors that there are.
#[must_use]
pub fn read_with(
    given: BTreeMap<String, Given>,
    now: DateTime<Utc>,
    vendors: Vendors,
) -> (Settings, Report) {
    let (profile, bad_profile) = profile_of(&given);
    let mut reader = Reader::new(given, profile);
    if bad_profile {
        reader.problem("profile", "write development or production");
    }
    reader.read(
        "profile",
        "development",
        "`development` or `production`, which refuses every development stand-in",
        // What it is was read before all else.
        form::shaped(form::one_of(&["development", "production"]), parse::text),
    );
    let mut settings = Settings {
        profile,
        server: server::read(&mut reader),
        stores: stores::read(&mut reader),
        secrets: secrets::read(&mut reader),
        tokens: tokens::read(&mut reader),
        accounts: accounts::read(&mut reader),
        avatars: avatars::read(&mut reader),
        sms: sms::read(&mut reader, now, vendors),
        wechat: wechat::read(&mut reader),
        retention: retention::read(&mut reader),
        admin: admin::read(&mut reader),
        webhooks: webhooks::read(&mut reader),
        log: logging::read(&mut reader),
        tracing: tracing::read(&mut reader),
        digest: String::new(),
    };
    wechat::check_hosting(
        &mut reader,
        &settings.wechat,
        &settings.server.trusted_proxies,
    );
    let report = reader.finish();
    settings.digest = hex::encode(digest(&SHA256, report.shown().as_bytes()));
    (settings, report)
}

impl Settings {
    /// Who hears of which events.
    #[must_use]
    pub fn subscriptions(&self) -> Vec<Subscription> {
        let webhooks = self.webhooks.iter();
        webhooks.map(|one| one.subscription.clone()).collect()
    }
}

impl Profile {
    /// The word of the settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }
}

fn profile_of(given: &BTreeMap<String, Given>) -> (Profile, bool) {
    match given.get("profile") {
        None => (Profile::Development, false),
        Some(Given::Text(text) | Given::Toml(toml::Value::String(text))) => match text.as_str() {
            "development" => (Profile::Development, false),
            "production" => (Profile::Production, false),
            // The stricter rules for what cannot be read.
            _ => (Profile::Production, true),
        },
        Some(Given::Toml(_)) => (Profile::Production, true),
    }
}
