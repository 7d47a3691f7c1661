//! Every code that a client can see, reached over HTTP, in both languages.

use std::collections::BTreeSet;

use menshen_app::http::kinds::{self, Kind};
use menshen_domain::model::client::ClientType;
use menshen_domain::model::identifiers::{EventId, SessionId, UserId};
use menshen_domain::model::token::{AccessClaims, Scope};
use menshen_domain::ports::clock::Clock as _;
use menshen_domain::ports::token_issuer::TokenIssuer as _;
use menshen_token::system_randomness::SystemRandomness;
use serde_json::{Value, json};

use crate::administration::{post, with_keys};
use crate::support::{Call, Login, MINI_PROGRAM, Service, client};

const PHONE: &str = "13900000001";
const ALICE: &str = "+8613800138000";

/// Codes that this test leaves to others, with where they are reached.
const ELSEWHERE: [(&str, &str); 2] = [
    ("internal", "panics.rs: only a mistake of ours leads there"),
    (
        "408",
        "bad_input.rs: a body that does not arrive takes its time",
    ),
];

/// The kinds that were reached, by code and status.
#[derive(Default)]
struct Reached(BTreeSet<(&'static str, u16)>);

impl Reached {
    /// Sends the call, which must end in this kind, in Chinese.
    async fn by(&mut self, kind: &'static Kind, call: Call) -> Value {
        let answer = call.send().await;
        let body = answer.fails(kind.status, kind.code);
        assert_eq!(body["message"], kind.zh, "{body}");
        self.0.insert((kind.code, kind.status));
        body
    }

    /// Sends the calls, which must end in this kind: one in each language.
    async fn in_both(&mut self, kind: &'static Kind, call: impl Fn() -> Call) {
        self.by(kind, call()).await;
        let english = call().english().send().await;
        let body = english.fails(kind.status, kind.code);
        assert_eq!(body["message"], kind.en, "{body}");
    }
}

fn sms_login(service: &Service, phone: &str, code: &str) -> Call {
    let body = json!({ "phone": phone, "code": code, "client": client() });
    service.post("/v1/login/sms").json(body)
}

fn ask(service: &Service, phone: &str) -> Call {
    let body = json!({ "phone": phone, "purpose": "login", "client_type": "mini_program" });
    service.post("/v1/sms/codes").json(body)
}

fn tap(service: &Service, code: &str) -> Call {
    let body = json!({ "code": code, "client": client() });
    service.post("/v1/login/wechat").json(body)
}

fn refresh(service: &Service, token: &str) -> Call {
    let body = json!({ "refresh_token": token });
    service.post("/v1/token/refresh").json(body)
}

fn me(service: &Service, token: &str) -> Call {
    service.get("/v1/me").bearer(token)
}

/// What is wrong with a request as such.
async fn requests(reached: &mut Reached) {
    let service = Service::start().await;
    let post = || service.post("/v1/token/refresh");
    reached
        .in_both(&kinds::MALFORMED_JSON, || post().text("{"))
        .await;
    reached
        .in_both(&kinds::INVALID_REQUEST, || post().json(json!({})))
        .await;
    reached
        .in_both(&kinds::INVALID_PHONE, || ask(&service, "123"))
        .await;
    let large = || post().text("x".repeat(20_000));
    reached.in_both(&kinds::PAYLOAD_TOO_LARGE, large).await;
    let plain = || post().header("content-type", "text/plain").body("{}");
    reached.in_both(&kinds::UNSUPPORTED_MEDIA_TYPE, plain).await;
    reached
        .in_both(&kinds::NOT_FOUND, || service.get("/v1/nothing"))
        .await;
    let wrong = || service.get("/v1/token/refresh");
    reached.in_both(&kinds::METHOD_NOT_ALLOWED, wrong).await;
    let long = format!("/v1/me?{}", "x".repeat(3000));
    reached
        .in_both(&kinds::URI_TOO_LONG, || service.get(&long))
        .await;
    let heavy = || {
        let fillers = (0..70).map(|n| format!("x-filler-{n}"));
        fillers.fold(service.get("/v1/me"), |call, name| call.header(&name, "x"))
    };
    reached.in_both(&kinds::HEADERS_TOO_LARGE, heavy).await;
}

/// Tokens that let nobody in.
async fn tokens(reached: &mut Reached) {
    let service = Service::with(&[("tokens.refresh_grace", "0s")]).await;
    let login = service.one_tap("alice").await;
    reached
        .in_both(&kinds::TOKEN_MISSING, || service.get("/v1/me"))
        .await;
    reached
        .in_both(&kinds::TOKEN_INVALID, || me(&service, "x"))
        .await;
    let old = expired(&service, &login).await;
    reached
        .in_both(&kinds::TOKEN_EXPIRED, || me(&service, &old))
        .await;
    let invalid = || refresh(&service, "x");
    reached
        .in_both(&kinds::REFRESH_TOKEN_INVALID, invalid)
        .await;
    let lost = Login::of(&service.refresh(login.refresh()).await);
    let found = Login::of(&service.refresh(login.refresh()).await);
    let reused = refresh(&service, lost.refresh());
    reached.by(&kinds::REFRESH_TOKEN_REUSED, reused).await;
    let over = || me(&service, found.access());
    reached.in_both(&kinds::SESSION_REVOKED, over).await;

    let service = Service::with(&[("tokens.refresh_ttl", "1s")]).await;
    let login = service.one_tap("alice").await;
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    let late = || refresh(&service, login.refresh());
    reached.in_both(&kinds::REFRESH_TOKEN_EXPIRED, late).await;

    let service = Service::with(&[("tokens.refresh_per_ip", "1")]).await;
    let login = service.one_tap("alice").await;
    let next = Login::of(&service.refresh(login.refresh()).await);
    let again = || refresh(&service, next.refresh());
    reached.in_both(&kinds::RATE_LIMITED, again).await;

    let service = Service::with(&[("accounts.require_phone", "always")]).await;
    let login = service.one_tap("alice").await;
    let owing = || service.get("/v1/auth/verify").bearer(login.access());
    reached.in_both(&kinds::PHONE_REQUIRED, owing).await;
}

/// A token of this session whose time is over, signed by the service's own key.
async fn expired(service: &Service, login: &Login) -> String {
    let keys = service.keys_of_yesterday().await;
    // The running service takes the change over when it looks after its keys;
    // the key itself, it has.
    let hours = chrono::TimeDelta::hours;
    let now = menshen_app::clock::SystemClock.now();
    let claims = AccessClaims {
        user: UserId::parse(login.user()).expect("a user"),
        session: SessionId::parse(login.session()).expect("a session"),
        id: EventId::generate(&SystemRandomness, now),
        client_type: ClientType::MiniProgram,
        scope: Scope::User,
        issued_at: now - hours(2),
        expires_at: now - hours(1),
    };
    let token = keys.issue(&claims).expect("a token");
    token.expose().to_owned()
}

/// Codes by SMS.
async fn sms(reached: &mut Reached) {
    let service = Service::start().await;
    let none = || sms_login(&service, PHONE, "123456");
    reached.in_both(&kinds::SMS_CODE_EXPIRED, none).await;
    service.ask(PHONE).await.ok();
    let code = service.code_at(PHONE).await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let guess = || sms_login(&service, PHONE, wrong);
    reached.in_both(&kinds::SMS_CODE_INCORRECT, guess).await;
    for _ in 0..3 {
        guess().send().await.fails(400, "sms_code_incorrect");
    }
    reached.in_both(&kinds::SMS_CODE_LOCKED, guess).await;
    let soon = || ask(&service, PHONE);
    reached.in_both(&kinds::SMS_TOO_FREQUENT, soon).await;
    let abroad = || ask(&service, "+85291234567");
    reached.in_both(&kinds::REGION_NOT_ALLOWED, abroad).await;

    for (errcode, kind) in [
        ("isv.MOBILE_NUMBER_ILLEGAL", &kinds::PHONE_UNREACHABLE),
        ("isv.AMOUNT_NOT_ENOUGH", &kinds::SMS_MISCONFIGURED),
        ("isp.SYSTEM_ERROR", &kinds::SMS_UNAVAILABLE),
        ("isv.BUSINESS_LIMIT_CONTROL", &kinds::SMS_TOO_FREQUENT),
    ] {
        let fault = json!({ "target": "sms/aliyun", "errcode": errcode });
        service.fault(fault).await;
        reached.in_both(kind, || ask(&service, "13900000002")).await;
    }
    let given = [
        ("sms.captcha.vendor", "turnstile"),
        ("sms.captcha.always", "true"),
    ];
    let service = Service::with(&given).await;
    let none = || ask(&service, PHONE);
    reached.in_both(&kinds::CAPTCHA_REQUIRED, none).await;
    let body = json!({ "phone": PHONE, "purpose": "login", "client_type": "web", "captcha": "x" });
    let made_up = || service.post("/v1/sms/codes").json(body.clone());
    reached.in_both(&kinds::CAPTCHA_INVALID, made_up).await;
    let service = Service::with(&[("sms.per_ip_day", "1")]).await;
    service.ask(PHONE).await.ok();
    let more = || ask(&service, "13900000002");
    reached.in_both(&kinds::SMS_LIMIT_REACHED, more).await;
}

/// What WeChat says, or does not.
async fn wechat(reached: &mut Reached) {
    for (fault, kind) in [
        (json!({ "errcode": 40029 }), &kinds::WECHAT_CODE_INVALID),
        (json!({ "errcode": 40226 }), &kinds::WECHAT_RISK_BLOCKED),
        (json!({ "errcode": 45011 }), &kinds::WECHAT_BUSY),
        (json!({ "errcode": 40125 }), &kinds::WECHAT_MISCONFIGURED),
        (json!({ "http_status": 502 }), &kinds::WECHAT_UNAVAILABLE),
    ] {
        let service = Service::start().await;
        let mut fault = fault;
        fault["target"] = json!("/sns/jscode2session");
        service.fault(fault).await;
        let codes = [
            service.login_code("alice").await,
            service.login_code("alice").await,
        ];
        reached.by(kind, tap(&service, &codes[0])).await;
        let english = tap(&service, &codes[1]).english().send().await;
        assert_eq!(english.fails(kind.status, kind.code)["message"], kind.en);
    }
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let mut data = service.open_data("alice").await;
    let decrypt = |data: &Value| {
        let call = service.post("/v1/me/wechat/decrypt");
        call.bearer(login.access()).json(data.clone())
    };
    data["signature"] = json!("0000");
    reached
        .in_both(&kinds::SIGNATURE_MISMATCH, || decrypt(&data))
        .await;
    data["iv"] = json!("AAAA");
    reached
        .in_both(&kinds::DECRYPT_FAILED, || decrypt(&data))
        .await;
    let path = format!("/v1/wechat/push/{MINI_PROGRAM}?timestamp=1&nonce=n&signature=s&echostr=e");
    reached
        .in_both(&kinds::FORBIDDEN, || service.get(&path))
        .await;
}

/// What accounts and policies refuse.
async fn accounts(reached: &mut Reached) {
    let service = Service::with(&[("accounts.consent_version", "1")]).await;
    let code = service.login_code("alice").await;
    let without = || tap(&service, &code);
    reached.in_both(&kinds::CONSENT_REQUIRED, without).await;

    let service = Service::with(&[("accounts.wechat_phone", "sms_confirm")]).await;
    service.sms_login(ALICE).await;
    let body = json!({
        "phone_code": service.phone_code("alice").await, "client": client(),
        "login_code": service.login_code("alice").await,
    });
    let press = || service.post("/v1/login/wechat-phone").json(body.clone());
    reached
        .in_both(&kinds::PHONE_CONFIRMATION_REQUIRED, press)
        .await;

    let service = Service::with(&[("accounts.recycled_phone", "ask_wechat")]).await;
    service.press_button("alice").await.ok();
    let then = "2020-01-01T00:00:00+00:00";
    for (table, column) in [("users", "last_login_at"), ("sessions", "last_seen_at")] {
        let sql = format!("UPDATE {table} SET {column} = '{then}'");
        service.sql(&sql).await;
    }
    service.sql("DELETE FROM audit_events").await;
    service.ask(ALICE).await.ok();
    let code = service.code_at(ALICE).await;
    let doubtful = || sms_login(&service, ALICE, &code);
    reached
        .in_both(&kinds::IDENTITY_CONFIRMATION_REQUIRED, doubtful)
        .await;

    let service = Service::with(&[("sms.resend_interval", "0s")]).await;
    let login = Login::of(&service.press_button("alice").await);
    service.person("former", Some(ALICE)).await;
    let body = json!({
        "phone_code": service.phone_code("former").await, "client": client(),
        "login_code": service.login_code("former").await,
    });
    let press = service.post("/v1/login/wechat-phone").json(body);
    reached.by(&kinds::ACCOUNT_CONFLICT, press).await;
    let link = json!({ "code": service.login_code("bob").await });
    let link = || {
        let call = service.post("/v1/me/wechat").bearer(login.access());
        call.json(link.clone())
    };
    reached.in_both(&kinds::IDENTITY_TAKEN, link).await;

    let tapped = service.one_tap("carol").await;
    let last = tapped.0["user"]["identities"][0]["id"].as_str();
    let path = format!("/v1/me/identities/{}", last.expect("an id"));
    let unlink = || service.delete(&path).bearer(tapped.access());
    reached.in_both(&kinds::LAST_IDENTITY, unlink).await;

    service.sms_login(PHONE).await;
    service.forget_messages().await;
    let wanted = json!({ "phone": PHONE, "purpose": "bind_phone", "client_type": "mini_program" });
    let asked = service.post("/v1/sms/codes").bearer(login.access());
    asked.json(wanted).send().await.ok();
    let bind = json!({ "phone": PHONE, "code": service.code_at(PHONE).await });
    let bind = || {
        let call = service.post("/v1/me/phone").bearer(login.access());
        call.json(bind.clone())
    };
    service.age_proofs().await;
    reached.in_both(&kinds::STEP_UP_REQUIRED, bind).await;
    let now = menshen_app::clock::SystemClock.now().to_rfc3339();
    service
        .sql(&format!("UPDATE sessions SET proven_at = '{now}'"))
        .await;
    reached.by(&kinds::PHONE_TAKEN, bind()).await;

    service.sql("UPDATE users SET status = 'disabled'").await;
    let code = service.login_code("alice").await;
    reached
        .by(&kinds::ACCOUNT_DISABLED, tap(&service, &code))
        .await;
    let cancelling =
        "UPDATE users SET status = 'cancelling', purge_at = '2099-01-01T00:00:00+00:00'";
    service.sql(cancelling).await;
    let code = service.login_code("alice").await;
    let closing = || tap(&service, &code);
    reached.in_both(&kinds::ACCOUNT_CANCELLING, closing).await;
    service.database.close().await.expect("closed");
    let broken = || me(&service, login.access());
    reached.in_both(&kinds::UNAVAILABLE, broken).await;
}

/// What operators are refused.
async fn operators(reached: &mut Reached) {
    let service = with_keys(&[]).await;
    let nobody = || service.get("/admin/v1/key").bearer("x");
    reached.in_both(&kinds::ADMIN_KEY_INVALID, nobody).await;
    let login = service.sms_login(PHONE).await;
    let user = login.user();
    let same = json!({ "into": user, "from": user, "reason": "x" });
    let merge = || post(&service, "users/merge", same.clone());
    reached.in_both(&kinds::ADMIN_CONFLICT, merge).await;
}

#[tokio::test]
async fn every_code_can_be_reached() {
    let mut reached = Reached::default();
    requests(&mut reached).await;
    tokens(&mut reached).await;
    sms(&mut reached).await;
    wechat(&mut reached).await;
    accounts(&mut reached).await;
    operators(&mut reached).await;
    let elsewhere = |kind: &&&'static Kind| {
        let status = kind.status.to_string();
        !ELSEWHERE
            .iter()
            .any(|(name, _)| *name == kind.code || *name == status)
    };
    let all = kinds::ALL.iter().filter(elsewhere);
    let missing: Vec<_> = all
        .filter(|kind| !reached.0.contains(&(kind.code, kind.status)))
        .map(|kind| (kind.code, kind.status))
        .collect();
    assert!(missing.is_empty(), "no test reaches {missing:?}");
}
