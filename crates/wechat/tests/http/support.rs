//! A gateway in front of a badly behaved server.
#![allow(dead_code, reason = "each test program uses a part")]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use menshen_domain::model::wechat::{AppId, AppKind, LoginCode, OpenId, PhoneCode, WeChatApp};
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::wechat_gateway::WeChatGatewayError;
use menshen_outbound::mock::{MockServer, Reaction, Seen};
use menshen_wechat::{OfficialGateway, OfficialGatewayConfig, WeChatMetrics};
use prometheus_client::registry::Registry;

pub(crate) const APP: &str = "wx4f4bc4dec97d474b";
pub(crate) const OTHER_APP: &str = "wx0000000000000000";
pub(crate) const SECRET: &str = "5ec7e75ec7e75ec7e75ec7e75ec7e75e";
pub(crate) const CODE: &str = "0a1b2c3dC0DE0a1b2c3dC0DE0a1b2c3d";
pub(crate) const SESSION_KEY: &str = "tiihtNczf5v6AKRyjwEUhQ==";
pub(crate) const OPENID: &str = "oGZUI0egBJY1zhBYw2KhdUfwVJJE";
pub(crate) const NOW: i64 = 1_700_000_000;

pub(crate) const LOGIN: &str = "/sns/jscode2session";
pub(crate) const OAUTH: &str = "/sns/oauth2/access_token";
pub(crate) const PHONE: &str = "/wxa/business/getuserphonenumber";
pub(crate) const TOKEN: &str = "/cgi-bin/stable_token";
pub(crate) const PROFILE: &str = "/sns/userinfo";
pub(crate) const RISK: &str = "/wxa/getuserriskrank";
pub(crate) const CHECK: &str = "/wxa/checksession";

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(NOW, 0).unwrap_or_default()
    }
}

pub(crate) fn gateway(bases: &[&str]) -> OfficialGateway {
    gateway_within(bases, Duration::from_millis(1200))
}

pub(crate) fn gateway_within(bases: &[&str], timeout: Duration) -> OfficialGateway {
    OfficialGateway::new(config(bases, timeout), Arc::new(Fixed)).unwrap()
}

/// A gateway for two applications, and what it counts.
pub(crate) fn counted(bases: &[&str]) -> (OfficialGateway, Counts) {
    counted_within(bases, Duration::from_millis(1200))
}

pub(crate) fn counted_within(bases: &[&str], timeout: Duration) -> (OfficialGateway, Counts) {
    let mut config = config(bases, timeout);
    config
        .apps
        .push((AppId::parse(OTHER_APP).unwrap(), SECRET.into()));
    let mut counts = Counts(Registry::default());
    config.metrics.register(&mut counts.0);
    let gateway = OfficialGateway::new(config, Arc::new(Fixed)).unwrap();
    (gateway, counts)
}

pub(crate) fn config(bases: &[&str], timeout: Duration) -> OfficialGatewayConfig {
    OfficialGatewayConfig {
        base_urls: bases.iter().map(ToString::to_string).collect(),
        timeout,
        apps: vec![(AppId::parse(APP).unwrap(), SECRET.into())],
        metrics: WeChatMetrics::default(),
    }
}

/// What is counted, as a collector of metrics sees it.
pub(crate) struct Counts(Registry);

impl Counts {
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.0).unwrap();
        text
    }

    /// The value of one line, 0 if nothing was counted.
    pub(crate) fn of(&self, line: &str) -> u64 {
        let text = self.text();
        let value = text
            .lines()
            .find_map(|found| found.strip_prefix(line)?.strip_prefix(' '));
        value.map_or(0, |value| value.parse().unwrap())
    }
}

pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(Fixed)
}

pub(crate) async fn server(
    handler: impl Fn(&Seen, usize) -> Reaction + Send + Sync + 'static,
) -> MockServer {
    MockServer::start(handler).await.unwrap()
}

pub(crate) fn app(kind: AppKind) -> WeChatApp {
    WeChatApp {
        id: AppId::parse(APP).unwrap(),
        kind,
        platform: None,
    }
}

pub(crate) fn mini() -> WeChatApp {
    app(AppKind::MiniProgram)
}

pub(crate) fn login_code() -> LoginCode {
    LoginCode::parse(CODE).unwrap()
}

pub(crate) fn other_app() -> WeChatApp {
    WeChatApp {
        id: AppId::parse(OTHER_APP).unwrap(),
        ..mini()
    }
}

pub(crate) fn phone_code() -> PhoneCode {
    PhoneCode::parse(CODE).unwrap()
}

pub(crate) fn openid() -> OpenId {
    OpenId::parse(OPENID).unwrap()
}

/// A whole answer to a login.
pub(crate) fn session() -> String {
    format!(r#"{{"session_key":"{SESSION_KEY}","openid":"{OPENID}"}}"#)
}

/// A whole answer to a phone code.
pub(crate) fn phone_info() -> String {
    format!(
        r#"{{"errcode":0,"errmsg":"ok","phone_info":{{"phoneNumber":"13580006666","purePhoneNumber":"13580006666","countryCode":86,"watermark":{{"timestamp":{NOW},"appid":"{APP}"}}}}}}"#
    )
}

pub(crate) fn token(value: &str, expires_in: u64) -> Reaction {
    Reaction::ok(format!(
        r#"{{"access_token":"{value}","expires_in":{expires_in}}}"#
    ))
}

pub(crate) fn errcode(errcode: i64) -> Reaction {
    Reaction::ok(format!(
        r#"{{"errcode":{errcode},"errmsg":"some words rid: 6437cc6f-0a1b2c3d-11223344"}}"#
    ))
}

/// The token that a call carried.
pub(crate) fn sent_token(seen: &Seen) -> &str {
    seen.query().strip_prefix("access_token=").unwrap_or("")
}

/// Whether the code may be exchanged again, of an error that leaves it open.
pub(crate) fn unspent(error: &WeChatGatewayError) -> Option<bool> {
    match error {
        WeChatGatewayError::Unavailable { code_unspent, .. } => Some(*code_unspent),
        _ => None,
    }
}

/// All that an error shows, to people and to programmers.
pub(crate) fn shown(error: &dyn Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text} {inner} {inner:?}");
        source = inner.source();
    }
    text
}
