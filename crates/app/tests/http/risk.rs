//! Newcomers whom WeChat ranks as a risk.

use reqwest::Method;
use serde_json::json;

use crate::support::{Login, Service, client};

const RISK_RANK: &str = "/wxa/getuserriskrank";
const PHONE: &str = "+8613900139000";

async fn ranked(service: &Service, person: &str, rank: Option<u8>) {
    let path = format!("people/{person}");
    let body = json!({ "risk_rank": rank });
    service.control(Method::PATCH, &path, body).await;
}

#[tokio::test]
async fn a_risky_newcomer_proves_a_number_and_is_in_with_the_same_code() {
    let service = Service::with(&[("wechat.risk_rank", "3")]).await;
    ranked(&service, "alice", Some(4)).await;
    let code = service.login_code("alice").await;
    for _ in 0..2 {
        let answer = service.hand_in(&code, client()).await;
        answer.fails(403, "phone_confirmation_required");
    }
    assert_eq!(service.count("users").await, 0);
    let told = "audit_events WHERE reason = 'risky_sign_up'";
    assert_eq!(service.count(told).await, 2);

    service.ask(PHONE).await.ok();
    let body = json!({
        "phone": PHONE, "code": service.code_at(PHONE).await, "client": client(),
        "wechat": { "code": code },
    });
    let call = service.post("/v1/login/sms").json(body);
    let login = Login::of(&call.send().await);
    assert_eq!(login.0["user"]["phone"], PHONE);
    assert_eq!(
        login.0["user"]["identities"].as_array().map(Vec::len),
        Some(1)
    );
    assert_eq!(service.calls("/sns/jscode2session").await, 1);
    // Known from now on: nobody asks about them again.
    let asked = service.calls(RISK_RANK).await;
    assert_eq!(service.one_tap("alice").await.user(), login.user());
    assert_eq!(service.calls(RISK_RANK).await, asked);
}

/// The code is kept for the same client, and for nobody else.
#[tokio::test]
async fn another_device_does_not_complete_the_sign_up() {
    let service = Service::with(&[("wechat.risk_rank", "1")]).await;
    ranked(&service, "alice", Some(1)).await;
    let code = service.login_code("alice").await;
    let answer = service.hand_in(&code, client()).await;
    answer.fails(403, "phone_confirmation_required");
    service.ask(PHONE).await.ok();
    let body = json!({
        "phone": PHONE, "code": service.code_at(PHONE).await, "wechat": { "code": code },
        "client": { "type": "mini_program", "device_id": "another" },
    });
    let answer = service.post("/v1/login/sms").json(body).send().await;
    answer.fails(400, "wechat_code_invalid");
    assert_eq!(service.count("users").await, 0);
}

#[tokio::test]
async fn an_unknown_or_small_risk_blocks_nobody() {
    let service = Service::with(&[("wechat.risk_rank", "3")]).await;
    for (person, rank) in [("alice", None), ("bob", Some(2)), ("carol", Some(0))] {
        ranked(&service, person, rank).await;
        assert!(service.one_tap(person).await.is_new(), "{person}");
    }
    assert!(service.calls(RISK_RANK).await >= 3);
    service.person("dora", None).await;
    ranked(&service, "dora", Some(4)).await;
    let fault = json!({ "target": RISK_RANK, "http_status": 502 });
    service.fault(fault).await;
    assert!(service.one_tap("dora").await.is_new());
}

#[tokio::test]
async fn whoever_brings_a_number_or_comes_by_default_is_not_asked_about() {
    let service = Service::with(&[("wechat.risk_rank", "1")]).await;
    ranked(&service, "alice", Some(4)).await;
    service.press_button("alice").await.ok();
    assert_eq!(service.calls(RISK_RANK).await, 0);
    let service = Service::start().await;
    ranked(&service, "alice", Some(4)).await;
    assert!(service.one_tap("alice").await.is_new());
    assert_eq!(service.calls(RISK_RANK).await, 0);
}
