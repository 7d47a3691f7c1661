//! The phone-number button, and whose number it is.

use reqwest::Method;
use serde_json::json;

use super::{ALICE, PHONE_NUMBER, press_with};
use crate::support::{Login, Service, client, redacted};

/// Asks for a code for `phone`, and signs in with it and the WeChat of `person`.
async fn both(service: &Service, phone: &str, person: &str) -> Login {
    service.ask(phone).await.ok();
    let body = json!({
        "phone": phone, "code": service.code_at(phone).await, "client": client(),
        "wechat": { "code": service.login_code(person).await },
    });
    Login::of(&service.post("/v1/login/sms").json(body).send().await)
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
