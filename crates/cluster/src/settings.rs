//! What the replicas are told, by their environment.

use std::fs::File;
use std::io::{self, Read as _};
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use menshen_simulator::defaults;

/// What the replicas are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// The playground is there.
    Development,
    /// As for people: nothing is there that production refuses.
    Production,
}

impl Profile {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }
}

/// The variable that carries a setting: `database.url` is `MENSHEN_DATABASE__URL`.
#[must_use]
pub fn variable(key: &str) -> String {
    format!("MENSHEN_{}", key.to_uppercase().replace('.', "__"))
}

/// Where everybody is.
pub(crate) struct Places {
    pub(crate) database_url: String,
    pub(crate) redis_url: String,
    pub(crate) simulator: SocketAddr,
    pub(crate) master_key: String,
}

/// The settings that all replicas have, each with its variable.
pub(crate) fn shared(profile: Profile, places: &Places) -> Vec<(String, String)> {
    let simulator = format!("http://{}", places.simulator);
    let app = |id: &str, secret: &str, kind: &str| {
        let platform = defaults::PLATFORM;
        format!(
            "{{ app_id = {id:?}, app_secret = {secret:?}, kind = {kind:?}, platform = {platform:?} }}"
        )
    };
    let apps = [
        app(
            defaults::MINI_PROGRAM_APP_ID,
            defaults::MINI_PROGRAM_APP_SECRET,
            "mini_program",
        ),
        app(defaults::APP_APP_ID, defaults::APP_APP_SECRET, "app"),
        app(
            defaults::WEBSITE_APP_ID,
            defaults::WEBSITE_APP_SECRET,
            "website",
        ),
    ];
    let settings = [
        ("profile", profile.as_str().to_owned()),
        ("server.workers", "2".to_owned()),
        ("server.trusted_proxies", r#"["127.0.0.1"]"#.to_owned()),
        ("server.shutdown_grace", "10s".to_owned()),
        ("database.url", places.database_url.clone()),
        ("database.auto_migrate", "true".to_owned()),
        ("ephemeral.url", places.redis_url.clone()),
        ("secrets.master_key", places.master_key.clone()),
        ("wechat.base_url", simulator.clone()),
        ("wechat.apps", format!("[{}]", apps.join(", "))),
        ("sms.vendors", r#"["aliyun"]"#.to_owned()),
        ("sms.aliyun.endpoint", format!("{simulator}/sms/aliyun")),
        (
            "sms.aliyun.access_key_id",
            defaults::ALIYUN_ACCESS_KEY_ID.to_owned(),
        ),
        (
            "sms.aliyun.access_key_secret",
            defaults::ALIYUN_ACCESS_KEY_SECRET.to_owned(),
        ),
        (
            "sms.aliyun.sign_name",
            defaults::ALIYUN_SIGN_NAME.to_owned(),
        ),
        (
            "sms.aliyun.template_code",
            defaults::ALIYUN_TEMPLATE_CODE.to_owned(),
        ),
        ("log.format", "json".to_owned()),
    ];
    let named = settings.map(|(key, value)| (variable(key), value));
    named.into()
}

/// A master key that nobody had before.
///
/// # Errors
///
/// If the machine gives no random bytes.
pub(crate) fn new_master_key() -> io::Result<String> {
    let mut bytes = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(STANDARD.encode(bytes))
}
