//! Phone numbers from WeChat are billed: a budget, and none asked for in vain.

use serde_json::json;

use crate::support::{Answer, Login, Service, client};

const PHONE_NUMBER: &str = "/wxa/business/getuserphonenumber";

async fn press_if_missing(service: &Service, person: &str) -> Answer {
    let body = json!({
        "login_code": service.login_code(person).await,
        "phone_code": service.phone_code(person).await,
        "phone_if_missing": true, "client": client(),
    });
    service
        .post("/v1/login/wechat-phone")
        .json(body)
        .send()
        .await
}

#[tokio::test]
async fn a_person_has_a_budget_a_day() {
    let service = Service::with(&[("wechat.phone_per_user_day", "2")]).await;
    for _ in 0..2 {
        service.press_button("alice").await.ok();
    }
    let refused = service.press_button("alice").await;
    let body = refused.fails(429, "rate_limited");
    let wait = body["retry_after"].as_u64().expect("a wait");
    assert!((86_000..=86_400).contains(&wait), "{wait}");
    assert_eq!(service.calls(PHONE_NUMBER).await, 2);
    service.press_button("bob").await.ok();
    // The binding counts against the same budget.
    let login = service.one_tap("alice").await;
    service
        .bind_by_button(&login, "alice")
        .await
        .fails(429, "rate_limited");
    assert_eq!(service.calls(PHONE_NUMBER).await, 3);
}

#[tokio::test]
async fn an_application_has_a_budget_a_day() {
    let service = Service::with(&[("wechat.phone_day", "2")]).await;
    for person in ["alice", "bob"] {
        service.press_button(person).await.ok();
    }
    let refused = service.press_button("carol").await;
    refused.fails(429, "rate_limited");
    assert_eq!(service.count("users").await, 2);
}

/// The codes of the refused request are good once there is a budget again, and for
/// a login without the number.
#[tokio::test]
async fn a_refused_call_spends_no_code() {
    let service = Service::with(&[("wechat.phone_day", "1")]).await;
    service.press_button("bob").await.ok();
    let body = json!({
        "login_code": service.login_code("alice").await,
        "phone_code": service.phone_code("alice").await, "client": client(),
    });
    for _ in 0..2 {
        let call = service.post("/v1/login/wechat-phone").json(body.clone());
        call.send().await.fails(429, "rate_limited");
    }
    assert_eq!(service.calls("/sns/jscode2session").await, 2);
}

#[tokio::test]
async fn a_call_that_was_refused_by_wechats_settings_is_not_counted() {
    let service = Service::with(&[("wechat.phone_per_user_day", "1")]).await;
    let fault = json!({ "target": PHONE_NUMBER, "errcode": 48001, "times": 1 });
    service.fault(fault).await;
    service
        .press_button("alice")
        .await
        .fails(502, "wechat_misconfigured");
    service.press_button("alice").await.ok();
}

#[tokio::test]
async fn a_number_that_is_there_is_not_bought_again() {
    let service = Service::start().await;
    let first = Login::of(&press_if_missing(&service, "alice").await);
    assert!(first.0["user"]["phone"].is_string());
    assert_eq!(service.calls(PHONE_NUMBER).await, 1);
    let again = Login::of(&press_if_missing(&service, "alice").await);
    assert_eq!(again.user(), first.user());
    assert_eq!(again.0["user"]["phone"], first.0["user"]["phone"]);
    assert_eq!(service.calls(PHONE_NUMBER).await, 1);
    // An account without a number is worth the call.
    service.one_tap("bob").await;
    let bob = Login::of(&press_if_missing(&service, "bob").await);
    assert!(bob.0["user"]["phone"].is_string());
    assert_eq!(service.calls(PHONE_NUMBER).await, 2);
}
