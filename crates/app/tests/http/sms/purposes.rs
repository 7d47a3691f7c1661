//! Codes of the signed-in, test numbers, and WeChat in the same step.

use serde_json::{Value, json};

use super::{PHONE, challenge, try_with};
use crate::support::{Login, Service, client};

#[tokio::test]
async fn a_step_up_code_goes_to_the_accounts_own_number() {
    let service = Service::with(&[("sms.resend_interval", "0s")]).await;
    let login = service.sms_login(PHONE).await;
    service.forget_messages().await;
    let ask = |body: Value| {
        service
            .post("/v1/sms/codes")
            .bearer(login.access())
            .json(body)
    };
    let body = json!({ "purpose": "step_up", "client_type": "mini_program" });
    let sent = ask(body).send().await.ok();
    assert_eq!(sent["phone_masked"], "139****0001");
    assert_eq!(service.inbox(PHONE).await.len(), 1);
    let body = json!({ "purpose": "step_up", "client_type": "mini_program", "phone": PHONE });
    let answer = ask(body).send().await;
    answer.fails(400, "invalid_request");
    answer.blames("phone", "invalid_value");
    let body = json!({ "purpose": "step_up", "client_type": "app" });
    let answer = ask(body).send().await;
    answer.fails(400, "invalid_request");
    answer.blames("client_type", "invalid_value");
}

#[tokio::test]
async fn who_has_no_number_cannot_step_up_by_sms() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let body = json!({ "purpose": "step_up", "client_type": "mini_program" });
    let call = service
        .post("/v1/sms/codes")
        .bearer(login.access())
        .json(body);
    call.send().await.fails(403, "phone_required");
}

#[tokio::test]
async fn purposes_of_the_signed_in_need_a_token() {
    let service = Service::start().await;
    for body in [
        json!({ "purpose": "bind_phone", "client_type": "web", "phone": PHONE }),
        json!({ "purpose": "step_up", "client_type": "web" }),
    ] {
        let answer = service.post("/v1/sms/codes").json(body).send().await;
        answer.fails(401, "token_missing");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    assert_eq!(service.calls("sms/aliyun").await, 0);
}

#[tokio::test]
async fn a_test_number_has_a_fixed_code_and_gets_no_message() {
    let numbers = "[{ phone = \"13900000099\", code = \"246810\", until = \"2099-01-01\" }]";
    let settings = [("sms.test_numbers", numbers), ("sms.resend_interval", "0s")];
    let service = Service::with(&settings).await;
    let early = service.try_code("13900000099", "246810").await;
    early.fails(400, "sms_code_expired");
    for is_new in [true, false] {
        service.ask("13900000099").await.ok();
        let answer = service.try_code("13900000099", "246810").await;
        assert_eq!(Login::of(&answer).is_new(), is_new);
    }
    assert_eq!(service.calls("sms/aliyun").await, 0);
    let audited = "audit_events WHERE action = 'code.test_number_used'";
    assert_eq!(service.count(audited).await, 2);
    // Anybody else's code is still a secret.
    service.ask("13900000098").await.ok();
    let answer = service.try_code("13900000098", "246810").await;
    assert_ne!(answer.status, 200);
}

#[tokio::test]
async fn a_test_number_past_its_time_is_a_number_like_any_other() {
    let numbers = "[{ phone = \"13900000099\", code = \"246810\", until = \"2020-01-01\" }]";
    let service = Service::with(&[("sms.test_numbers", numbers)]).await;
    service.ask("13900000099").await.ok();
    assert_eq!(service.inbox("13900000099").await.len(), 1);
    let code = service.code_at("13900000099").await;
    if code != "246810" {
        let answer = service.try_code("13900000099", "246810").await;
        answer.fails(400, "sms_code_incorrect");
    }
    service.try_code("13900000099", &code).await.ok();
}

#[tokio::test]
async fn a_wechat_code_in_the_same_step_links_the_identity() {
    let service = Service::start().await;
    service.ask(PHONE).await.ok();
    let body = json!({
        "phone": PHONE, "code": service.code_at(PHONE).await, "client": client(),
        "wechat": { "code": service.login_code("bob").await },
    });
    let login = Login::of(&service.post("/v1/login/sms").json(body).send().await);
    assert!(login.is_new());
    assert_eq!(
        login.0["user"]["identities"][0]["provider"],
        "wechat_mini_program"
    );
    let tap = service.one_tap("bob").await;
    assert_eq!((tap.user(), tap.is_new()), (login.user(), false));
}

#[tokio::test]
async fn a_wechat_code_that_is_no_good_does_not_cost_the_sms_code() {
    let service = Service::start().await;
    let id = challenge(&service.ask(PHONE).await);
    let code = service.code_at(PHONE).await;
    let body = json!({
        "phone": PHONE, "code": code, "challenge_id": id, "client": client(),
        "wechat": { "code": "0123456789abcdef0123456789abcdef" },
    });
    let answer = service.post("/v1/login/sms").json(body).send().await;
    answer.fails(400, "wechat_code_invalid");
    assert_eq!(service.count("users").await, 0);
    try_with(&service, &code, &id).await.ok();
}
