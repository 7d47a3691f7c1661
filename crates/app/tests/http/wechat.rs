//! Logins through WeChat: one tap, the phone button, OAuth2 consent.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Login, Service, client, client_of, device, redacted};

const APP: &str = "wx8c2d4e6f0a1b3c5d";
const WEBSITE: &str = "wx1a2b3c4d5e6f7089";
const CODE2SESSION: &str = "/sns/jscode2session";
const PHONE_NUMBER: &str = "/wxa/business/getuserphonenumber";
const ALICE: &str = "+8613800138000";

async fn oauth(service: &Service, app_id: &str, client_type: &str, person: &str) -> Answer {
    let code = service.oauth_code(app_id, person).await;
    let body = json!({ "code": code, "app_id": app_id, "client": client_of(client_type) });
    service
        .post("/v1/login/wechat-oauth")
        .json(body)
        .send()
        .await
}

async fn press_with(service: &Service, login_code: &str, phone_code: &str) -> Answer {
    let body = json!({ "phone_code": phone_code, "login_code": login_code, "client": client() });
    service
        .post("/v1/login/wechat-phone")
        .json(body)
        .send()
        .await
}

#[tokio::test]
async fn one_tap_signs_a_new_person_in_and_then_the_same_one() {
    let service = Service::start().await;
    let code = service.login_code("alice").await;
    let first = service.hand_in(&code, client()).await;
    insta::assert_json_snapshot!(redacted(&first.body()), @r#"
    {
      "code": "ok",
      "data": {
        "access_token": "[access_token]",
        "expires_in": 3600,
        "is_new_user": true,
        "phone_required": false,
        "refresh_expires_in": 2592000,
        "refresh_token": "[refresh_token]",
        "session_id": "[session_id]",
        "token_type": "Bearer",
        "user": {
          "avatar_url": null,
          "bio": null,
          "birthday": null,
          "created_at": "[created_at]",
          "id": "[id]",
          "identities": [
            {
              "app_id": "wx5f3a9c0d7e1b2a48",
              "id": "[id]",
              "linked_at": "[linked_at]",
              "provider": "wechat_mini_program"
            }
          ],
          "last_login_at": "[last_login_at]",
          "nickname": "[nickname]",
          "phone": null,
          "phone_masked": null,
          "updated_at": "[updated_at]"
        }
      },
      "message": "登录成功"
    }
    "#);
    let first = Login::of(&first);
    let second = service.one_tap("alice").await;
    assert!(!second.is_new());
    assert_eq!(first.user(), second.user());
    assert_ne!(first.session(), second.session());
    let stranger = service.one_tap("bob").await;
    assert_ne!(first.user(), stranger.user());
}

#[tokio::test]
async fn no_answer_names_openid_unionid_or_session_key() {
    let service = Service::start().await;
    let code = service.login_code("alice").await;
    let tap = service.hand_in(&code, client()).await;
    let me = service.me(Login::of(&tap).access()).await;
    for answer in [tap, me] {
        for secret in ["openid", "unionid", "session_key"] {
            assert!(!answer.text.to_lowercase().contains(secret), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn a_repeated_code_answers_the_same_session_and_its_current_token() {
    let service = Service::start().await;
    let code = service.login_code("alice").await;
    let first = Login::of(&service.hand_in(&code, device("a")).await);
    let again = Login::of(&service.hand_in(&code, device("a")).await);
    assert_eq!(first.session(), again.session());
    assert_eq!(first.refresh(), again.refresh());
    assert!(again.is_new(), "the same answer as the one that was lost");
    assert_eq!(service.calls(CODE2SESSION).await, 1);
    let newest = Login::of(&service.refresh(first.refresh()).await);
    let late = Login::of(&service.hand_in(&code, device("a")).await);
    assert_eq!(late.refresh(), newest.refresh());
    assert_eq!(service.count("sessions").await, 1);
}

#[tokio::test]
async fn elsewhere_a_used_code_is_invalid() {
    let service = Service::start().await;
    let code = service.login_code("alice").await;
    let login = Login::of(&service.hand_in(&code, device("a")).await);
    for client in [device("b"), client(), client_of("app")] {
        let answer = service.hand_in(&code, client).await;
        answer.fails(400, "wechat_code_invalid");
    }
    let phone_code = service.phone_code("alice").await;
    let answer = press_with(&service, &code, &phone_code).await;
    answer.fails(400, "wechat_code_invalid");
    let link = service.post("/v1/me/wechat").bearer(login.access());
    let answer = link.json(json!({ "code": code })).send().await;
    answer.fails(400, "wechat_code_invalid");
    assert_eq!(service.calls(CODE2SESSION).await, 1);
    assert_eq!(service.count("sessions").await, 1);
}

#[tokio::test]
async fn a_repeat_after_signing_out_is_invalid() {
    let service = Service::start().await;
    let code = service.login_code("alice").await;
    let login = Login::of(&service.hand_in(&code, client()).await);
    let out = service.post("/v1/logout").bearer(login.access());
    out.send().await.ok();
    let answer = service.hand_in(&code, client()).await;
    answer.fails(400, "wechat_code_invalid");
}

#[tokio::test]
async fn a_code_reaches_wechat_as_one_value() {
    let service = Service::start().await;
    let before = service.rows().await;
    let odd = "x&appid=evil&secret=evil#%00+/?=";
    let answer = service.hand_in(odd, client()).await;
    answer.fails(400, "wechat_code_invalid");
    let log = service.control(Method::GET, "requests", json!({})).await;
    let seen = &log["requests"][0];
    assert_eq!(
        seen["query"],
        json!(["appid", "secret", "js_code", "grant_type"])
    );
    let digest = aws_lc_digest(odd);
    assert_eq!(seen["sha256"]["js_code"], digest);
    assert_eq!(service.rows().await, before);
}

fn aws_lc_digest(text: &str) -> String {
    use aws_lc_rs::digest::{SHA256, digest};
    hex::encode(digest(&SHA256, text.as_bytes()))
}

#[tokio::test]
async fn what_cannot_be_a_code_reaches_no_wechat() {
    let service = Service::start().await;
    for code in ["", "a\0b", "a\nb", "中文", &"a".repeat(257)] {
        let answer = service.hand_in(code, client()).await;
        answer.fails(400, "invalid_request");
        answer.blames("code", "invalid_value");
    }
    assert_eq!(service.calls(CODE2SESSION).await, 0);
}

#[tokio::test]
async fn an_application_that_is_not_configured_is_refused_before_wechat_is_asked() {
    let service = Service::start().await;
    let code = service.login_code("alice").await;
    // One is unknown, one is of another kind.
    for app_id in ["wx0000000000000000", APP] {
        let body = json!({ "code": code, "app_id": app_id, "client": client() });
        let answer = service.post("/v1/login/wechat").json(body).send().await;
        answer.fails(400, "invalid_request");
        answer.blames("app_id", "unknown_app");
    }
    assert_eq!(service.calls(CODE2SESSION).await, 0);
    service.hand_in(&code, client()).await.ok();
}

#[tokio::test]
async fn identity_comes_from_wechat_and_from_nowhere_else() {
    let service = Service::start().await;
    let code = service.login_code("alice").await;
    for member in ["openid", "unionid", "session_key", "user_id", "verified"] {
        let mut body = json!({ "code": code, "client": client() });
        body[member] = json!("o1234567890123456789012345678");
        let answer = service.post("/v1/login/wechat").json(body).send().await;
        answer.fails(400, "invalid_request");
        answer.blames(member, "unknown_field");
    }
    let bob = service.one_tap("bob").await;
    let body = json!({ "code": code, "client": client() });
    let call = service
        .post("/v1/login/wechat?openid=o1&user_id=1")
        .header("x-wx-openid", "o1234567890123456789012345678")
        .header("x-wx-unionid", "o1234567890123456789012345678")
        .header("cookie", "openid=o1; session_id=1");
    let alice = Login::of(&call.json(body).send().await);
    assert!(alice.is_new());
    assert_ne!(alice.user(), bob.user());
}

#[tokio::test]
async fn applications_of_one_platform_lead_to_one_account() {
    let service = Service::start().await;
    let tap = service.one_tap("alice").await;
    let in_app = Login::of(&oauth(&service, APP, "app", "alice").await);
    let on_web = Login::of(&oauth(&service, WEBSITE, "web", "alice").await);
    for login in [&in_app, &on_web] {
        assert_eq!((login.user(), login.is_new()), (tap.user(), false));
    }
    let identities = on_web.0["user"]["identities"].as_array().unwrap();
    let providers: Vec<&str> = identities
        .iter()
        .filter_map(|identity| identity["provider"].as_str())
        .collect();
    assert_eq!(
        providers,
        ["wechat_mini_program", "wechat_app", "wechat_website"]
    );
}

#[tokio::test]
async fn without_a_common_platform_two_applications_see_two_people() {
    let service = Service::start().await;
    let unbound = json!({ "platform": null });
    service
        .control(Method::POST, &format!("apps/{APP}"), unbound)
        .await;
    let tap = service.one_tap("alice").await;
    let in_app = Login::of(&oauth(&service, APP, "app", "alice").await);
    assert!(in_app.is_new());
    assert_ne!(in_app.user(), tap.user());
}

#[tokio::test]
async fn the_kind_of_application_follows_the_client() {
    let service = Service::start().await;
    let code = service.oauth_code(APP, "alice").await;
    let body = json!({ "code": code, "client": client_of("app") });
    let call = service.post("/v1/login/wechat-oauth").json(body);
    let login = Login::of(&call.send().await);
    assert_eq!(login.0["user"]["identities"][0]["app_id"], APP);
    let body = json!({ "code": code, "client": client() });
    let answer = service
        .post("/v1/login/wechat-oauth")
        .json(body)
        .send()
        .await;
    answer.fails(400, "invalid_request");
    answer.blames("client.type", "invalid_value");
}

#[tokio::test]
async fn the_button_brings_number_and_identity_into_one_new_account() {
    let service = Service::start().await;
    let answer = service.press_button("alice").await;
    insta::assert_json_snapshot!(redacted(&answer.body()), @r#"
    {
      "code": "ok",
      "data": {
        "access_token": "[access_token]",
        "expires_in": 3600,
        "is_new_user": true,
        "phone_required": false,
        "refresh_expires_in": 2592000,
        "refresh_token": "[refresh_token]",
        "session_id": "[session_id]",
        "token_type": "Bearer",
        "user": {
          "avatar_url": null,
          "bio": null,
          "birthday": null,
          "created_at": "[created_at]",
          "id": "[id]",
          "identities": [
            {
              "app_id": "wx5f3a9c0d7e1b2a48",
              "id": "[id]",
              "linked_at": "[linked_at]",
              "provider": "wechat_mini_program"
            }
          ],
          "last_login_at": "[last_login_at]",
          "nickname": "[nickname]",
          "phone": "+8613800138000",
          "phone_masked": "138****8000",
          "updated_at": "[updated_at]"
        }
      },
      "message": "登录成功"
    }
    "#);
    assert_eq!(service.rows().await["users"], 1);
}

/// The account that the number, the openid and the button all lead to.
async fn one_account(service: &Service) -> String {
    service.forget_messages().await;
    let pressed = Login::of(&service.press_button("alice").await);
    let tapped = service.one_tap("alice").await;
    let texted = service.sms_login(ALICE).await;
    assert_eq!(pressed.user(), tapped.user());
    assert_eq!(pressed.user(), texted.user());
    assert!(
        ![&pressed, &tapped, &texted]
            .iter()
            .any(|login| login.is_new())
    );
    assert_eq!(pressed.0["user"]["phone"], ALICE);
    pressed.user().to_owned()
}

#[tokio::test]
async fn who_came_by_phone_first_keeps_that_account() {
    let service = Service::with(&[("sms.resend_interval", "0s")]).await;
    let by_phone = service.sms_login(ALICE).await;
    let pressed = Login::of(&service.press_button("alice").await);
    assert_eq!((pressed.user(), pressed.is_new()), (by_phone.user(), false));
    assert_eq!(one_account(&service).await, by_phone.user());
}

#[tokio::test]
async fn who_came_by_wechat_first_keeps_that_account() {
    let service = Service::with(&[("sms.resend_interval", "0s")]).await;
    let by_wechat = service.one_tap("alice").await;
    let pressed = Login::of(&service.press_button("alice").await);
    assert_eq!(
        (pressed.user(), pressed.is_new()),
        (by_wechat.user(), false)
    );
    assert_eq!(pressed.0["user"]["phone"], ALICE);
    assert_eq!(one_account(&service).await, by_wechat.user());
}

#[tokio::test]
async fn who_came_by_both_ends_with_the_account_that_has_the_phone() {
    for wechat_first in [true, false] {
        let service = Service::with(&[("sms.resend_interval", "0s")]).await;
        let by_wechat;
        let by_phone;
        if wechat_first {
            by_wechat = service.one_tap("alice").await;
            by_phone = service.sms_login(ALICE).await;
        } else {
            by_phone = service.sms_login(ALICE).await;
            by_wechat = service.one_tap("alice").await;
        }
        assert_ne!(by_wechat.user(), by_phone.user());
        let pressed = Login::of(&service.press_button("alice").await);
        assert_eq!(pressed.user(), by_phone.user());
        let ended = service.me(by_wechat.access()).await;
        assert_eq!(ended.fails(401, "session_revoked")["reason"], "merged");
        let ended = service.refresh(by_wechat.refresh()).await;
        assert_eq!(ended.fails(401, "session_revoked")["reason"], "merged");
        service.me(by_phone.access()).await.ok();
        assert_eq!(one_account(&service).await, by_phone.user());
        let merged = "audit_events WHERE action = 'account.merged'";
        assert_eq!(service.count(merged).await, 1);
        let told = "outbox WHERE kind = 'user.merged'";
        assert_eq!(service.count(told).await, 1);
    }
}

#[tokio::test]
async fn a_button_pressed_twice_answers_the_same_session() {
    let service = Service::start().await;
    let login_code = service.login_code("alice").await;
    let phone_code = service.phone_code("alice").await;
    let first = Login::of(&press_with(&service, &login_code, &phone_code).await);
    let again = Login::of(&press_with(&service, &login_code, &phone_code).await);
    assert_eq!(first.session(), again.session());
    assert_eq!(service.calls(PHONE_NUMBER).await, 1);
    let fresh = service.login_code("alice").await;
    let answer = press_with(&service, &fresh, &phone_code).await;
    answer.fails(400, "wechat_code_invalid");
}

#[tokio::test]
async fn the_number_of_one_person_does_not_enter_with_the_code_of_another() {
    let service = Service::start().await;
    let login_code = service.login_code("bob").await;
    let phone_code = service.phone_code("alice").await;
    let before = service.rows().await;
    let answer = press_with(&service, &login_code, &phone_code).await;
    answer.fails(400, "wechat_code_invalid");
    assert_eq!(service.rows().await, before);
}

#[tokio::test]
async fn a_number_from_the_button_does_not_enter_an_account_of_another_openid() {
    let service = Service::start().await;
    // The carrier gave alice's old number to somebody whose WeChat is new.
    service.person("former", Some(ALICE)).await;
    let owner = Login::of(&service.press_button("alice").await);
    let before = service.rows().await;
    let answer = service.press_button("former").await;
    answer.fails(409, "account_conflict");
    assert_eq!(service.rows().await, before);
    service.me(owner.access()).await.ok();
}

#[tokio::test]
async fn an_account_with_another_number_is_not_torn_by_the_button() {
    let service = Service::start().await;
    Login::of(&service.press_button("alice").await);
    service.sms_login("13900000001").await;
    let moved = json!({ "phone": "13900000001" });
    service.control(Method::POST, "people/alice", moved).await;
    let before = service.rows().await;
    let answer = service.press_button("alice").await;
    answer.fails(409, "account_conflict");
    assert_eq!(service.rows().await, before);
}

#[tokio::test]
async fn a_number_that_nobody_holds_does_not_replace_the_one_that_is_held() {
    let service = Service::start().await;
    let first = Login::of(&service.press_button("alice").await);
    let moved = json!({ "phone": "13900000001" });
    service.control(Method::POST, "people/alice", moved).await;
    let second = Login::of(&service.press_button("alice").await);
    assert_eq!(first.user(), second.user());
    assert_eq!(second.0["not_attached"], json!(["phone"]));
    assert_eq!(second.0["user"]["phone"], ALICE);
}

/// Asks for a code for `phone`, and signs in with it and the WeChat of `person`.
async fn both(service: &Service, phone: &str, person: &str) -> Login {
    service.ask(phone).await.ok();
    let body = json!({
        "phone": phone, "code": service.code_at(phone).await, "client": client(),
        "wechat": { "code": service.login_code(person).await },
    });
    Login::of(&service.post("/v1/login/sms").json(body).send().await)
}

#[tokio::test]
async fn a_number_proven_by_sms_signs_into_its_account_and_leaves_a_foreign_wechat() {
    let service = Service::with(&[("sms.resend_interval", "0s")]).await;
    Login::of(&service.press_button("alice").await);
    let mine = service.sms_login("13900000001").await;
    service.forget_messages().await;
    let login = both(&service, "13900000001", "alice").await;
    assert_eq!(login.user(), mine.user());
    assert_eq!(login.0["not_attached"], json!(["wechat"]));
    assert_eq!(login.0["user"]["identities"], json!([]));
}

#[tokio::test]
async fn a_held_identity_is_not_replaced_by_another_one() {
    let service = Service::with(&[("sms.resend_interval", "0s")]).await;
    let first = both(&service, "13900000001", "bob").await;
    service.forget_messages().await;
    let second = both(&service, "13900000001", "carol").await;
    assert_eq!(second.user(), first.user());
    assert_eq!(second.0["not_attached"], json!(["wechat"]));
    assert!(service.one_tap("carol").await.is_new());
}

#[tokio::test]
async fn a_button_may_have_to_be_confirmed_by_sms_which_then_links_both() {
    let settings = [
        ("accounts.wechat_phone", "sms_confirm"),
        ("sms.resend_interval", "0s"),
    ];
    let service = Service::with(&settings).await;
    let mine = service.sms_login(ALICE).await;
    let before = service.rows().await;
    let answer = service.press_button("alice").await;
    answer.fails(403, "phone_confirmation_required");
    assert_eq!(service.rows().await, before);
    service.forget_messages().await;
    let login = both(&service, ALICE, "alice").await;
    assert_eq!(login.user(), mine.user());
    assert_eq!(login.0.get("not_attached"), None);
    // From now on the identity is known, and so the button is enough.
    Login::of(&service.press_button("alice").await);
    // A new number needs no confirmation.
    let bob = Login::of(&service.press_button("bob").await);
    assert!(bob.is_new());
}

#[tokio::test]
async fn no_merging_by_policy_leaves_both_accounts() {
    let settings = [("accounts.merge", "reject"), ("sms.resend_interval", "0s")];
    let service = Service::with(&settings).await;
    let by_wechat = service.one_tap("alice").await;
    let by_phone = service.sms_login(ALICE).await;
    let before = service.rows().await;
    let answer = service.press_button("alice").await;
    answer.fails(409, "account_conflict");
    assert_eq!(service.rows().await, before);
    service.forget_messages().await;
    let login = both(&service, ALICE, "alice").await;
    assert_eq!(login.user(), by_phone.user());
    assert_eq!(login.0["not_attached"], json!(["wechat"]));
    service.me(by_wechat.access()).await.ok();
}

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
