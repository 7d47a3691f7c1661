//! Open data: within a login, and afterwards with the stored key.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Login, MINI_PROGRAM, Service, client};

const CODE2SESSION: &str = "/sns/jscode2session";

/// A login with open data of the same `wx.login`, changed by `change`.
/// The address of an avatar that somebody chose.
const AVATAR: &str = "https://thirdwx.qlogo.cn/mmopen/vi_32/chosen/132";

async fn login_with(service: &Service, code: &str, profile: &Value) -> Answer {
    let body = json!({ "code": code, "client": client(), "profile": profile });
    service.post("/v1/login/wechat").json(body).send().await
}

/// The order that WeChat asks for: `wx.login`, the exchange, then the data API. So
/// a first login makes the key, and the data goes along with the second.
async fn code_and_data(service: &Service, person: &str) -> (String, Value) {
    let code = service.login_code(person).await;
    (code, service.open_data(person).await)
}

async fn decrypt(service: &Service, login: &Login, data: &Value) -> Answer {
    let call = service.post("/v1/me/wechat/decrypt");
    let call = call.bearer(login.access()).json(data.clone());
    call.send().await
}

#[tokio::test]
async fn a_new_account_shows_what_the_open_data_says() {
    let service = Service::start().await;
    let looks = json!({ "nickname": "  阿丽👨‍👩‍👧\u{0}\u{202e} ", "avatar_url": AVATAR });
    service.control(Method::PATCH, "people/alice", looks).await;
    let (code, data) = code_and_data(&service, "alice").await;
    let login = Login::of(&login_with(&service, &code, &data).await);
    assert!(login.is_new());
    assert_eq!(login.0["user"]["nickname"], "阿丽👨‍👩‍👧");
    assert_eq!(login.0["user"]["avatar_url"], AVATAR);
    let me = service.me(login.access()).await.ok();
    assert_eq!(me["nickname"], "阿丽👨‍👩‍👧");
    let again = Login::of(&login_with(&service, &code, &data).await);
    assert_eq!(again.session(), login.session());
}

#[tokio::test]
async fn whoever_was_here_before_keeps_what_they_show() {
    let service = Service::start().await;
    let first = service.one_tap("alice").await;
    let (code, data) = code_and_data(&service, "alice").await;
    let login = Login::of(&login_with(&service, &code, &data).await);
    assert_eq!(login.user(), first.user());
    assert_eq!(
        login.0["user"]["nickname"], first.0["user"]["nickname"],
        "{}",
        login.0
    );
}

#[tokio::test]
async fn all_ways_of_failing_are_one_and_the_code_is_kept() {
    let service = Service::start().await;
    let (code, good) = code_and_data(&service, "alice").await;
    let other = service.open_data("alice").await;
    service.login_code("bob").await;
    let bobs = service.open_data("bob").await;
    let mut bad = Vec::new();
    for (member, value) in [
        ("encrypted_data", json!("")),
        ("encrypted_data", json!("AAAA")),
        ("encrypted_data", json!("!".repeat(64))),
        ("encrypted_data", json!("A".repeat(6000))),
        ("encrypted_data", bobs["encrypted_data"].clone()),
        ("iv", json!("AAAA")),
        ("iv", other["iv"].clone()),
    ] {
        let mut data = good.clone();
        data[member] = value;
        bad.push(data);
    }
    for data in &bad {
        let answer = login_with(&service, &code, data).await;
        answer.fails(400, "decrypt_failed");
    }
    let mut unsigned = good.clone();
    unsigned["signature"] = json!("75e81ceda165f4ffa64f4068af58c64b8f54b88c");
    let answer = login_with(&service, &code, &unsigned).await;
    answer.fails(400, "signature_mismatch");
    assert_eq!(service.count("users").await, 0);
    let login = Login::of(&service.hand_in(&code, client()).await);
    assert!(login.is_new());
    assert_eq!(service.calls(CODE2SESSION).await, 1);
}

#[tokio::test]
async fn half_a_signature_is_named() {
    let service = Service::start().await;
    let (code, mut data) = code_and_data(&service, "alice").await;
    let members = data.as_object_mut().expect("an object");
    let signature = members.remove("signature").expect("a signature");
    let answer = login_with(&service, &code, &data).await;
    answer.fails(400, "invalid_request");
    answer.blames("profile.signature", "required");
    data["signature"] = signature;
    let members = data.as_object_mut().expect("an object");
    members.remove("raw_data");
    let answer = login_with(&service, &code, &data).await;
    answer.blames("profile.raw_data", "required");
    assert_eq!(service.calls(CODE2SESSION).await, 0);
}

/// As form encoding on the way would damage it.
#[tokio::test]
async fn what_a_proxy_has_bent_is_bent_back() {
    let service = Service::start().await;
    let (code, mut data) = code_and_data(&service, "alice").await;
    for member in ["encrypted_data", "iv"] {
        let text = data[member].as_str().expect("text").replace('+', " ");
        data[member] = json!(text.trim_end_matches('='));
    }
    let login = Login::of(&login_with(&service, &code, &data).await);
    assert!(login.is_new());
}

#[tokio::test]
async fn the_stored_key_decrypts_and_ids_stay_here() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let data = service.open_data("alice").await;
    let clear = decrypt(&service, &login, &data).await.ok();
    assert!(clear["nickName"].is_string(), "{clear}");
    for hidden in ["openId", "unionId", "watermark"] {
        assert!(clear.get(hidden).is_none(), "{clear}");
    }
    let mut named = data.clone();
    named["app_id"] = json!(MINI_PROGRAM);
    decrypt(&service, &login, &named).await.ok();
    named["app_id"] = json!("wx0000000000000000");
    let answer = decrypt(&service, &login, &named).await;
    answer.fails(400, "invalid_request");
    answer.blames("app_id", "unknown_app");
}

#[tokio::test]
async fn nobody_decrypts_for_another() {
    let service = Service::start().await;
    let alice = service.one_tap("alice").await;
    let bob = service.one_tap("bob").await;
    let by_sms = service.sms_login("13900139000").await;
    let data = service.open_data("alice").await;
    for login in [&bob, &by_sms] {
        let answer = decrypt(&service, login, &data).await;
        answer.fails(400, "decrypt_failed");
    }
    decrypt(&service, &alice, &data).await.ok();
}

/// Each `wx.login` may make another key; what is exchanged is kept, whichever
/// route it comes by.
#[tokio::test]
async fn the_key_of_the_last_exchange_is_the_one() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let stale = service.open_data("alice").await;
    let code = service.login_code("alice").await;
    let fresh = service.open_data("alice").await;
    let answer = decrypt(&service, &login, &fresh).await;
    answer.fails(400, "decrypt_failed");
    let link = service.post("/v1/me/wechat").bearer(login.access());
    let linked = link.json(json!({ "code": code })).send().await.ok();
    assert_eq!(linked["merged"], false);
    decrypt(&service, &login, &fresh).await.ok();
    let answer = decrypt(&service, &login, &stale).await;
    answer.fails(400, "decrypt_failed");

    let code = service.login_code("alice").await;
    let newest = service.open_data("alice").await;
    let proof = service.post("/v1/me/step-up").bearer(login.access());
    proof.json(json!({ "wechat_code": code })).send().await.ok();
    decrypt(&service, &login, &newest).await.ok();
    let told = "audit_events WHERE action = 'wechat.session_key_replaced'";
    assert_eq!(service.count(told).await, 2);
}

#[tokio::test]
async fn a_session_decrypts_so_often_and_no_more() {
    let service = Service::with(&[("wechat.decrypt_per_session", "2")]).await;
    let login = service.one_tap("alice").await;
    let data = service.open_data("alice").await;
    for _ in 0..2 {
        decrypt(&service, &login, &data).await.ok();
    }
    let answer = decrypt(&service, &login, &data).await;
    answer.fails(429, "rate_limited");
    let other = service.one_tap_with("bob", client()).await;
    let data = service.open_data("bob").await;
    decrypt(&service, &other, &data).await.ok();
}

/// The code stays good, and so do logins without data; data that was made up is
/// not tried again and again under one key.
#[tokio::test]
async fn a_person_tries_data_in_logins_so_often_and_no_more() {
    let service = Service::with(&[("wechat.decrypt_per_session", "2")]).await;
    let (code, good) = code_and_data(&service, "alice").await;
    let mut bad = good.clone();
    bad["iv"] = json!("AAAAAAAAAAAAAAAAAAAAAA==");
    for _ in 0..2 {
        let answer = login_with(&service, &code, &bad).await;
        answer.fails(400, "decrypt_failed");
    }
    for data in [&bad, &good] {
        let answer = login_with(&service, &code, data).await;
        answer.fails(429, "rate_limited");
    }
    let (fresh, data) = code_and_data(&service, "alice").await;
    let answer = login_with(&service, &fresh, &data).await;
    answer.fails(429, "rate_limited");
    Login::of(&service.hand_in(&code, client()).await);
    let (code, data) = code_and_data(&service, "bob").await;
    Login::of(&login_with(&service, &code, &data).await);
}

/// Only where the deployment asks WeChat about keys that fail.
#[tokio::test]
async fn a_dead_key_is_dropped_where_wechat_is_asked() {
    let keys = "identities WHERE session_key_sealed IS NOT NULL";
    for (setting, left) in [("false", 1), ("true", 0)] {
        let service = Service::with(&[("wechat.check_session", setting)]).await;
        let login = service.one_tap("alice").await;
        let mut data = service.open_data("alice").await;
        data["iv"] = json!("AAAA");
        decrypt(&service, &login, &data)
            .await
            .fails(400, "decrypt_failed");
        assert_eq!(service.count(keys).await, 1, "a living key stays");
        let expire = json!({ "person": "alice" });
        service
            .control(Method::POST, "wechat/expire-session-key", expire)
            .await;
        decrypt(&service, &login, &data)
            .await
            .fails(400, "decrypt_failed");
        assert_eq!(service.count(keys).await, left, "{setting}");
    }
}

#[tokio::test]
async fn consent_in_an_app_brings_nickname_and_avatar_once() {
    let service = Service::start().await;
    let app = "wx8c2d4e6f0a1b3c5d";
    let looks = json!({ "nickname": "阿丽", "avatar_url": AVATAR });
    service.control(Method::PATCH, "people/alice", looks).await;
    let consent = async |person: &str| {
        let code = service.oauth_code(app, person).await;
        let body = json!({ "code": code, "client": { "type": "app" } });
        let call = service.post("/v1/login/wechat-oauth").json(body);
        Login::of(&call.send().await)
    };
    let login = consent("alice").await;
    assert_eq!(login.0["user"]["nickname"], "阿丽");
    assert_eq!(login.0["user"]["avatar_url"], AVATAR);
    assert_eq!(service.calls("/sns/userinfo").await, 1);
    let again = consent("alice").await;
    assert!(!again.is_new());
    assert_eq!(service.calls("/sns/userinfo").await, 1);

    service
        .fault(json!({ "target": "/sns/userinfo", "http_status": 502 }))
        .await;
    let bob = consent("bob").await;
    assert!(bob.is_new());
    assert_eq!(bob.0["user"]["avatar_url"], Value::Null);
}
