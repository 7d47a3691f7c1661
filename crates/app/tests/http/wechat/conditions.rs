//! What a login owes before it is one, and what new people get.

use reqwest::Method;
use serde_json::{Value, json};

use super::{ALICE, APP, CODE2SESSION, PHONE_NUMBER, press_with};
use crate::support::{Login, Service, client, client_of};

#[tokio::test]
async fn an_account_that_is_disabled_or_cancelled_says_so_after_the_proof_only() {
    let service = Service::with(&[("sms.resend_interval", "0s")]).await;
    Login::of(&service.press_button("alice").await);
    service.sql("UPDATE users SET status = 'disabled'").await;
    let tap = service.login_code("alice").await;
    service
        .hand_in(&tap, client())
        .await
        .fails(403, "account_disabled");
    service.ask(ALICE).await.ok();
    let code = service.code_at(ALICE).await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    service
        .try_code(ALICE, wrong)
        .await
        .fails(400, "sms_code_incorrect");
    service
        .try_code(ALICE, &code)
        .await
        .fails(403, "account_disabled");
    let cancelling =
        "UPDATE users SET status = 'cancelling', purge_at = '2099-01-01T00:00:00+00:00'";
    service.sql(cancelling).await;
    service.forget_messages().await;
    service.ask(ALICE).await.ok();
    let code = service.code_at(ALICE).await;
    let answer = service.try_code(ALICE, &code).await;
    let failure = answer.fails(403, "account_cancelling");
    assert_eq!(failure["purge_at"], "2099-01-01T00:00:00.000Z");
    let body = json!({ "phone": ALICE, "code": code, "client": client(), "restore": true });
    let restored = Login::of(&service.post("/v1/login/sms").json(body).send().await);
    assert!(!restored.is_new());
    assert_eq!(service.count("users WHERE status = 'active'").await, 1);
}

#[tokio::test]
async fn consent_is_asked_of_the_new_only_and_keeps_every_code_good() {
    let settings = [
        ("accounts.consent_version", "2026-01"),
        ("sms.resend_interval", "0s"),
    ];
    let service = Service::with(&settings).await;
    let agreed = json!({ "version": "2026-01" });
    let code = service.login_code("bob").await;
    for consent in [json!(null), json!({ "version": "2025-12" })] {
        let body = json!({ "code": code, "client": client(), "consent": consent });
        let answer = service.post("/v1/login/wechat").json(body).send().await;
        let failure = answer.fails(403, "consent_required");
        assert_eq!(failure["version"], "2026-01");
    }
    assert_eq!(service.count("users").await, 0);
    let body = json!({ "code": code, "client": client(), "consent": agreed });
    let login = service.post("/v1/login/wechat").json(body).send().await;
    assert!(Login::of(&login).is_new());
    assert_eq!(service.calls(CODE2SESSION).await, 1);
    service.one_tap("bob").await;

    service.ask(ALICE).await.ok();
    let code = service.code_at(ALICE).await;
    let refused = service.try_code(ALICE, &code).await;
    refused.fails(403, "consent_required");
    let body = json!({ "phone": ALICE, "code": code, "client": client(), "consent": agreed });
    let login = service.post("/v1/login/sms").json(body).send().await;
    assert!(Login::of(&login).is_new());
    assert_eq!(
        service
            .count("users WHERE consent_version = '2026-01' AND consented_at IS NOT NULL")
            .await,
        2
    );

    let (login_code, phone_code) = (
        service.login_code("carol").await,
        service.phone_code("carol").await,
    );
    let refused = press_with(&service, &login_code, &phone_code).await;
    refused.fails(403, "consent_required");
    let body = json!({
        "phone_code": phone_code, "login_code": login_code, "client": client(), "consent": agreed,
    });
    let login = service
        .post("/v1/login/wechat-phone")
        .json(body)
        .send()
        .await;
    assert!(Login::of(&login).is_new());
    assert_eq!(service.calls(PHONE_NUMBER).await, 1);

    service.person("erin", None).await;
    let mut body = json!({
        "code": service.oauth_code(APP, "erin").await, "app_id": APP, "client": client_of("app"),
    });
    let refused = service.post("/v1/login/wechat-oauth").json(body.clone());
    let failure = refused.send().await.fails(403, "consent_required");
    assert_eq!(failure["version"], "2026-01");
    body["consent"] = agreed;
    let login = service.post("/v1/login/wechat-oauth").json(body);
    assert!(Login::of(&login.send().await).is_new());
    assert_eq!(service.count("users WHERE consented_at IS NULL").await, 0);
}

#[tokio::test]
async fn both_codes_of_an_sms_login_stay_good_while_consent_is_asked_for() {
    let service = Service::with(&[("accounts.consent_version", "2026-01")]).await;
    service.ask(ALICE).await.ok();
    let mut body = json!({
        "phone": ALICE, "code": service.code_at(ALICE).await, "client": client(),
        "wechat": { "code": service.login_code("alice").await },
    });
    let refused = service
        .post("/v1/login/sms")
        .json(body.clone())
        .send()
        .await;
    refused.fails(403, "consent_required");
    body["consent"] = json!({ "version": "2026-01" });
    let login = Login::of(&service.post("/v1/login/sms").json(body).send().await);
    assert!(login.is_new());
    assert_eq!(
        login.0["user"]["identities"].as_array().map(Vec::len),
        Some(1)
    );
    assert_eq!(service.calls(CODE2SESSION).await, 1);
}

#[tokio::test]
async fn new_people_have_the_configured_name_and_picture() {
    let settings = [
        ("accounts.nickname_prefix", "guest-"),
        ("accounts.default_avatar_url", "https://cdn.example/a.png"),
    ];
    let service = Service::with(&settings).await;
    let login = service.one_tap("alice").await;
    let user: &Value = &login.0["user"];
    assert!(user["nickname"].as_str().unwrap().starts_with("guest-"));
    assert_eq!(user["avatar_url"], "https://cdn.example/a.png");
}

#[tokio::test]
async fn the_token_of_the_service_is_renewed_once_where_wechat_lost_it() {
    let service = Service::start().await;
    service.press_button("alice").await.ok();
    service
        .control(Method::POST, "wechat/revoke-token", json!({}))
        .await;
    service.press_button("bob").await.ok();
    assert_eq!(service.calls("/cgi-bin/stable_token").await, 2);
    service.press_button("carol").await.ok();
    assert_eq!(service.calls("/cgi-bin/stable_token").await, 2);
}
