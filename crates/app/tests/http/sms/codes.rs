//! A code: whom it signs in, how long, how often.

use std::time::Duration;

use super::{PHONE, challenge};
use crate::support::{Login, Service, redacted};

#[tokio::test]
async fn a_code_comes_by_sms_and_signs_a_new_person_in() {
    let service = Service::start().await;
    let sent = service.ask(PHONE).await.ok();
    insta::assert_json_snapshot!(redacted(&sent), @r#"
    {
      "challenge_id": "[challenge_id]",
      "expires_in": 600,
      "phone_masked": "139****0001",
      "resend_after": 60
    }
    "#);
    let code = service.code_at(PHONE).await;
    assert_eq!(code.len(), 6);
    let login = service.try_code(PHONE, &code).await;
    insta::assert_json_snapshot!(redacted(&login.body()), @r#"
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
          "identities": [],
          "last_login_at": "[last_login_at]",
          "nickname": "[nickname]",
          "phone": "+8613900000001",
          "phone_masked": "139****0001",
          "updated_at": "[updated_at]"
        }
      },
      "message": "登录成功"
    }
    "#);
    let nickname = login.ok()["user"]["nickname"].as_str().map(str::to_owned);
    assert!(nickname.is_some_and(|name| name.starts_with("用户")));
}

#[tokio::test]
async fn the_same_number_signs_into_the_same_account() {
    let service = Service::with(&[("sms.resend_interval", "0s")]).await;
    let first = service.sms_login(PHONE).await;
    service.forget_messages().await;
    service.ask("+86 139-0000-0001").await.ok();
    let code = service.code_at(PHONE).await;
    let second = Login::of(&service.try_code("8613900000001", &code).await);
    assert!(first.is_new() && !second.is_new());
    assert_eq!(first.user(), second.user());
    assert_ne!(first.session(), second.session());
}

#[tokio::test]
async fn a_code_works_once() {
    let service = Service::start().await;
    service.ask(PHONE).await.ok();
    let code = service.code_at(PHONE).await;
    service.try_code(PHONE, &code).await.ok();
    let again = service.try_code(PHONE, &code).await;
    again.fails(400, "sms_code_expired");
    assert_eq!(service.count("sessions").await, 1);
}

#[tokio::test]
async fn asking_again_sends_the_same_code_and_does_not_prolong_it() {
    let service = Service::with(&[("sms.resend_interval", "0s")]).await;
    let first = service.ask(PHONE).await;
    let code = service.code_at(PHONE).await;
    service.forget_messages().await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let second = service.ask(PHONE).await;
    assert_eq!(service.code_at(PHONE).await, code);
    assert_ne!(challenge(&first), challenge(&second));
    let left = second.ok()["expires_in"].as_u64().unwrap();
    assert!((500..600).contains(&left), "{left}");
}

#[tokio::test]
async fn a_code_with_little_life_left_is_replaced_and_dies() {
    let limits = [("sms.resend_interval", "0s"), ("sms.code_ttl", "90s")];
    let service = Service::with(&limits).await;
    service.ask(PHONE).await.ok();
    let old = service.code_at(PHONE).await;
    service.forget_messages().await;
    service.ask(PHONE).await.ok();
    let new = service.code_at(PHONE).await;
    assert_ne!(old, new, "one time in a million they are alike");
    let late = service.try_code(PHONE, &old).await;
    late.fails(400, "sms_code_incorrect");
    service.try_code(PHONE, &new).await.ok();
}

#[tokio::test]
async fn an_expired_code_is_worth_nothing() {
    let service = Service::with(&[("sms.code_ttl", "1s")]).await;
    service.ask(PHONE).await.ok();
    let code = service.code_at(PHONE).await;
    tokio::time::sleep(Duration::from_millis(2100)).await;
    let late = service.try_code(PHONE, &code).await;
    late.fails(400, "sms_code_expired");
    assert_eq!(service.count("users").await, 0);
}
