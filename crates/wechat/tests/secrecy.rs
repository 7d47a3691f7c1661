//! What never reaches a log or an error, at any level: secrets, session keys,
//! codes, tokens, addresses with a query.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

#[path = "http/support.rs"]
mod support;

use std::io::Write;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::wechat::{AppKind, SessionKey};
use menshen_domain::model::wechat_login::{LoginProof, ProfileTicket};
use menshen_domain::ports::wechat_gateway::{WeChatGateway as _, WeChatGatewayError};
use menshen_outbound::mock::{Reaction, Seen};
use menshen_wechat::OfficialGateway;
use support::{
    CODE, OPENID, SECRET, SESSION_KEY, TOKEN, app, counted_within, errcode, login_code, mini,
    openid, phone_code, phone_info, server, session, shown, token,
};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Uses the whole port, and notes all that it says.
async fn use_all(gateway: &OfficialGateway, said: &mut Vec<String>) {
    for kind in [AppKind::MiniProgram, AppKind::App] {
        let (app, code) = (app(kind), login_code());
        let person = gateway.identify(&app, LoginProof::Code(&code)).await;
        said.push(either(person));
    }
    let phone = gateway
        .phone_number(&mini(), &phone_code(), &openid())
        .await;
    said.push(either(phone));
    let ticket = ProfileTicket::new(openid(), "USER-TOKEN-VALUE".into());
    said.push(format!("{ticket:?}"));
    said.push(either(gateway.profile(&app(AppKind::App), &ticket).await));
    let key = SessionKey::parse(SESSION_KEY).unwrap();
    let live = gateway.session_key_is_live(&mini(), &openid(), &key).await;
    said.push(either(live));
    let number = PhoneNumber::parse("+8613580006666").ok();
    let address = Ipv4Addr::new(203, 0, 113, 7).into();
    gateway.user_risk(&mini(), &openid(), address, number).await;
}

fn either<T: std::fmt::Debug>(result: Result<T, WeChatGatewayError>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(error) => shown(&error),
    }
}

#[tokio::test]
async fn no_secret_reaches_a_log_line_or_an_error() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .init();

    let leaky = format!(
        r#"{{"errcode":40125,"errmsg":"bad secret {SECRET} of code {CODE}","session_key":"{SESSION_KEY}"}}"#
    );
    let mut errors = Vec::new();
    for reaction in [
        Reaction::ok(session()),
        Reaction::ok(phone_info()),
        Reaction::ok(session().replace(OPENID, "")),
        Reaction::ok(format!(r#"{{"session_key":"{SESSION_KEY}","#)),
        Reaction::ok(leaky),
        Reaction::status(502, format!("<html>{SECRET}{SESSION_KEY}{CODE}")),
        Reaction::Close,
        Reaction::Hang,
        Reaction::Endless,
        errcode(-1),
        errcode(40001),
        errcode(40029),
        errcode(40226),
        errcode(45009),
        errcode(99_999),
    ] {
        let all = server({
            let reaction = reaction.clone();
            move |_: &Seen, _| reaction.clone()
        })
        .await;
        let with_token = server(move |seen: &Seen, _| match seen.path() {
            TOKEN => token("ACCESS-TOKEN-VALUE", 7200),
            _ => reaction.clone(),
        })
        .await;
        for base in [
            all.url(),
            with_token.url(),
            "http://nobody.invalid".to_owned(),
        ] {
            let (gateway, counts) = counted_within(&[&base], Duration::from_millis(300));
            errors.push(format!("{gateway:?}"));
            use_all(&gateway, &mut errors).await;
            errors.push(counts.text());
        }
    }

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        log.contains("WeChat gave no usable answer"),
        "something was logged"
    );
    assert!(
        log.contains("hyper_util"),
        "the HTTP client's own words were heard"
    );
    assert!(
        log.contains("6437cc6f-0a1b2c3d-11223344"),
        "the id of the request is"
    );
    for (place, text) in [("the log", log), ("an error", errors.join("\n"))] {
        for secret in [
            SECRET,
            CODE,
            SESSION_KEY,
            OPENID,
            "ACCESS-TOKEN-VALUE",
            "USER-TOKEN-VALUE",
            "7154f9f8b4b76b92f541cbf0e37d48840fa06e5e42da92a6f80168a1516a4735",
            "203.0.113.7",
            "13580006666",
            "secret=",
            "js_code=",
            "access_token=",
        ] {
            let at = text.find(secret);
            let around = at.map(|at| &text[at.saturating_sub(300)..at + secret.len()]);
            assert_eq!(around, None, "{secret} is in {place}");
        }
    }
}
