//! `Idempotency-Key` of a login.

use serde_json::{Value, json};

use super::PHONE;
use crate::support::{Login, Service, device};

#[tokio::test]
async fn the_same_idempotency_key_and_body_answer_the_same_session() {
    let service = Service::start().await;
    service.ask(PHONE).await.ok();
    let code = service.code_at(PHONE).await;
    let login = |key: &str, client: Value| {
        let body = json!({ "phone": PHONE, "code": code, "client": client });
        let call = service.post("/v1/login/sms").json(body);
        call.header("idempotency-key", key).send()
    };
    let first = Login::of(&login("key-1", device("a")).await);
    let again = Login::of(&login("key-1", device("a")).await);
    assert_eq!(
        (first.session(), first.refresh()),
        (again.session(), again.refresh())
    );
    assert!(again.is_new());
    // Another key or another body is another login, and the code is spent.
    let other_key = login("key-2", device("a")).await;
    other_key.fails(400, "sms_code_expired");
    let other_body = login("key-1", device("b")).await;
    other_body.fails(400, "sms_code_expired");
    assert_eq!(service.count("sessions").await, 1);
}

#[tokio::test]
async fn a_failed_login_may_be_tried_again_under_its_key() {
    let service = Service::start().await;
    service.ask(PHONE).await.ok();
    let code = service.code_at(PHONE).await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for (code, status) in [(wrong, 400), (wrong, 400), (code.as_str(), 200)] {
        let body = json!({ "phone": PHONE, "code": code, "client": { "type": "mini_program" } });
        let call = service.post("/v1/login/sms").json(body);
        let answer = call.header("idempotency-key", "one").send().await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
}

#[tokio::test]
async fn an_idempotency_key_is_short_and_printable() {
    let service = Service::start().await;
    let code = service.login_code("alice").await;
    for key in ["", &"k".repeat(65), "schlüssel"] {
        let body = json!({ "code": code, "client": { "type": "mini_program" } });
        let call = service.post("/v1/login/wechat").json(body);
        let answer = call.header("idempotency-key", key).send().await;
        answer.fails(400, "invalid_request");
        answer.blames("Idempotency-Key", "invalid_value");
    }
    assert_eq!(service.count("users").await, 0);
}
