//! `wechat.*`: the applications and how WeChat is reached.

use std::time::Duration;

use ipnet::IpNet;
use menshen_domain::model::wechat::{AppId, AppKind, Platform, WeChatApp};
use menshen_domain::model::wechat_limits::WeChatLimits;
use menshen_domain::model::wechat_login::RiskRank;
use secrecy::SecretString;

use crate::settings::Profile;
use crate::settings::form::{self, words};
use crate::settings::given::Given;
use crate::settings::members::{Member, MemberKind, Members};
use crate::settings::parse;
use crate::settings::reader::Reader;

const MEMBERS: &[Member] = &[
    Member::required("app_id", MemberKind::Text),
    Member::required("app_secret", MemberKind::Secret),
    Member::required("kind", MemberKind::Text).one_of(&["mini_program", "app", "website"]),
    Member::optional("platform", MemberKind::Text),
    Member::optional("push_token", MemberKind::Secret),
    Member::optional("push_aes_key", MemberKind::Secret),
];

/// What stands for the offline WeChat inside the process.
pub const SIMULATOR: &str = "simulator";

/// Which adapter talks to WeChat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatewayKind {
    /// The official API.
    Official,
    /// WeChat cloud hosting.
    CloudRun,
}

/// One WeChat application with its secrets.
#[derive(Debug)]
pub struct AppSettings {
    /// What the rules need of it.
    pub app: WeChatApp,
    /// The application's secret.
    pub secret: SecretString,
    /// `push_token` and `push_aes_key`.
    pub push: Option<(SecretString, SecretString)>,
}

/// `wechat.*`.
#[derive(Debug)]
pub struct WeChatSettings {
    /// The hosts, in order; `simulator` alone stands for the offline one.
    pub base_urls: Vec<String>,
    /// Total time for one call.
    pub timeout: Duration,
    /// The applications; empty in development means the simulated ones.
    pub apps: Vec<AppSettings>,
    /// The limits of calls that cost money or work.
    pub limits: WeChatLimits,
    /// Which adapter talks to WeChat.
    pub gateway: GatewayKind,
    /// From this rank of WeChat's on, a sign-up by WeChat alone is asked for a
    /// phone number; `None` asks WeChat for no rank.
    pub risk_rank: Option<RiskRank>,
    /// Whether WeChat is asked if a stored session key is alive, when open data
    /// could not be decrypted with it.
    pub check_session: bool,
}

impl WeChatSettings {
    /// True if the offline WeChat inside the process is meant.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        self.base_urls.iter().any(|url| url == SIMULATOR)
    }

    /// True if calls leave through cloud hosting's open interface service, whose
    /// plain HTTP ends inside the container.
    fn is_open_interface(&self) -> bool {
        let entry = |url: &String| url.trim_end_matches('/') == "http://api.weixin.qq.com";
        self.gateway == GatewayKind::CloudRun && self.base_urls.iter().all(entry)
    }
}

/// Reads `wechat.*`.
pub fn read(reader: &mut Reader) -> WeChatSettings {
    let development = reader.profile() == Profile::Development;
    let settings = WeChatSettings {
        base_urls: reader.read(
            "wechat.base_url",
            if development { SIMULATOR } else { "https://api.weixin.qq.com" },
            "`simulator` (development), or one host or a list: the next is tried only when the request certainly never reached the one before",
            form::shaped(form::text_or_texts(), parse::text_or_texts),
        ),
        timeout: reader.read("wechat.timeout", "3s", "total time for one call, at most 5s", parse::duration),
        apps: reader.read(
            "wechat.apps",
            "[]",
            "tables of `app_id`, `app_secret`, `kind` (`mini_program`, `app`, `website`), `platform` (name of the Open Platform account), `push_token`, `push_aes_key`, each secret also as `app_secret_file` and so on; none in development means the simulated ones",
            form::tables(MEMBERS, apps),
        ),
        limits: WeChatLimits {
            phone_day: reader.read("wechat.phone_day", "0", "billed phone-number calls per application and day; 0 means no limit", parse::count),
            phone_per_user_day: reader.read("wechat.phone_per_user_day", "5", "billed phone-number calls per person and day; 0 means no limit", parse::count),
            decrypt_per_session: reader.read("wechat.decrypt_per_session", "30", "open data decrypted per session and minute, and in logins per person and minute; 0 means no limit", parse::count),
        },
        gateway: reader.read(
            "wechat.gateway",
            "official",
            "`official`, or `cloud_run` on WeChat cloud hosting, whose `X-WX-…` headers are believed from `server.trusted_proxies`",
            words(GATEWAYS),
        ),
        risk_rank: reader.read("wechat.risk_rank", "0", "from this rank of WeChat's on (1 to 4) a sign-up by WeChat alone is asked for a phone number; 0 never asks", form::number(0, 4, risk_rank)),
        check_session: reader.read("wechat.check_session", "false", "ask WeChat whether a stored session key is alive when open data could not be decrypted with it", parse::boolean),
    };
    check(reader, &settings);
    settings
}

fn check(reader: &mut Reader, settings: &WeChatSettings) {
    let allowed = Duration::from_millis(100)..=Duration::from_secs(5);
    reader.demand(
        "wechat.timeout",
        allowed.contains(&settings.timeout),
        "100ms to 5s",
    );
    if settings.base_urls.is_empty() {
        reader.problem("wechat.base_url", "write https://api.weixin.qq.com");
    }
    if settings.is_simulated() {
        if settings.base_urls.len() > 1 {
            reader.problem(
                "wechat.base_url",
                "simulator stands alone: remove the other hosts",
            );
        }
        if reader.profile() == Profile::Production {
            reader.problem(
                "wechat.base_url",
                "the simulator vouches for anybody: write https://api.weixin.qq.com",
            );
        }
    } else if settings.base_urls.iter().any(|url| !is_bare_url(url)) {
        reader.problem("wechat.base_url", BARE_URL);
    } else if !settings.is_open_interface()
        && settings.base_urls.iter().any(|url| !is_safe_url(url))
    {
        reader.unsafe_for_production(
            "wechat.base_url",
            "must be https://…, or http:// on loopback",
        );
    }
    let ids: Vec<_> = settings.apps.iter().map(|app| &app.app.id).collect();
    if ids.iter().enumerate().any(|(n, id)| ids[..n].contains(id)) {
        reader.problem("wechat.apps", "the same app_id is there twice: remove one");
    }
}

/// Refuses to take people at the word of headers that anybody could write.
pub fn check_hosting(reader: &mut Reader, settings: &WeChatSettings, trusted_proxies: &[IpNet]) {
    if settings.gateway != GatewayKind::CloudRun {
        return;
    }
    if trusted_proxies.is_empty() {
        reader.unsafe_for_production(
            "wechat.gateway",
            "cloud_run believes headers only from server.trusted_proxies: set the networks of cloud hosting there, or write official",
        );
    } else if trusted_proxies.iter().any(is_half_the_world) {
        reader.unsafe_for_production(
            "server.trusted_proxies",
            "is so wide that anybody could write the headers that wechat.gateway = \"cloud_run\" believes: write the network of the gateway alone",
        );
    }
}

/// True for a network wider than any private one (RFC 1918, RFC 4193): there are
/// strangers in it.
fn is_half_the_world(network: &IpNet) -> bool {
    let widest = match network {
        IpNet::V4(_) => 8,
        IpNet::V6(_) => 7,
    };
    network.prefix_len() < widest
}

fn apps(given: &Given) -> Result<Vec<AppSettings>, String> {
    parse::tables(given)?.into_iter().map(app).collect()
}

fn app(table: toml::Table) -> Result<AppSettings, String> {
    let mut members = Members::declared(table, MEMBERS);
    let id =
        AppId::parse(&members.text("app_id")?).map_err(|_| "app_id must be as WeChat shows it")?;
    let secret = members.secret("app_secret")?;
    let kind = match members.text("kind")?.as_str() {
        "mini_program" => AppKind::MiniProgram,
        "app" => AppKind::App,
        "website" => AppKind::Website,
        _ => return Err("kind must be mini_program, app or website".to_owned()),
    };
    let platform = members
        .optional_text("platform")?
        .map(|name| Platform::parse(&name))
        .transpose();
    let platform =
        platform.map_err(|_| "platform must be a short name of letters, digits, - and _")?;
    let push = match (
        members.optional_secret("push_token")?,
        members.optional_secret("push_aes_key")?,
    ) {
        (None, None) => None,
        (Some(token), Some(key)) if is_push_token(&token) && is_push_key(&key) => {
            Some((token.into(), key.into()))
        }
        (Some(token), Some(_)) if !is_push_token(&token) => {
            return Err("push_token must be 3 to 32 letters and digits".to_owned());
        }
        (Some(_), Some(_)) => {
            return Err(
                "push_aes_key must be the 43 letters and digits of EncodingAESKey".to_owned(),
            );
        }
        _ => return Err("push_token and push_aes_key go together".to_owned()),
    };
    members.finish()?;
    Ok(AppSettings {
        app: WeChatApp { id, kind, platform },
        secret: secret.into(),
        push,
    })
}

/// `Token` of the console.
fn is_push_token(text: &str) -> bool {
    (3..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// `EncodingAESKey` of the console: base64 of 32 bytes without padding.
fn is_push_key(text: &str) -> bool {
    let base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    text.len() == 43 && text.bytes().all(base64)
}

fn risk_rank(given: &Given) -> Result<Option<RiskRank>, String> {
    match parse::count(given).map(u8::try_from) {
        Ok(Ok(0)) => Ok(None),
        Ok(Ok(rank)) if RiskRank::new(rank).is_some() => Ok(RiskRank::new(rank)),
        _ => Err("write a rank from 1 to 4, or 0".to_owned()),
    }
}

const GATEWAYS: &[(&str, GatewayKind)] = &[
    ("official", GatewayKind::Official),
    ("cloud_run", GatewayKind::CloudRun),
];

/// What to write where an address is none.
pub const BARE_URL: &str =
    "write an address such as https://host/path, without credentials, query or fragment";

/// True for an address of the web that holds nothing secret, since it is logged.
#[must_use]
pub fn is_bare_url(url: &str) -> bool {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[')
            && !rest.contains(['@', '?', '#'])
            && rest.bytes().all(|b| b.is_ascii_graphic())
    })
}

/// True for https, and for http to this machine.
#[must_use]
pub fn is_safe_url(url: &str) -> bool {
    if url.starts_with("https://") {
        return true;
    }
    let Some(rest) = url.strip_prefix("http://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn push_keys_are_those_of_the_console() {
        assert!(is_push_token("abc") && is_push_token(&"a".repeat(32)));
        for bad in ["", "ab", "a b", "ab-c", &"a".repeat(33)] {
            assert!(!is_push_token(bad), "{bad}");
        }
        assert!(is_push_key("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"));
        for bad in [
            "",
            &"A".repeat(42),
            &"A".repeat(44),
            &format!("{}=", "A".repeat(42)),
        ] {
            assert!(!is_push_key(bad), "{bad}");
        }
    }

    #[test]
    fn plain_http_is_safe_on_this_machine_only() {
        for good in [
            "https://a.example",
            "http://127.0.0.1:9/x",
            "http://[::1]:9",
            "http://localhost",
        ] {
            assert!(is_safe_url(good), "{good}");
        }
        for bad in [
            "http://10.0.0.1",
            "http://localhost.evil.example",
            "http://127.0.0.1@evil.example",
            "ftp://127.0.0.1",
        ] {
            assert!(!is_safe_url(bad), "{bad}");
        }
    }
}
