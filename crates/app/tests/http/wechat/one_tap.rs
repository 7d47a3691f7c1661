//! Signing in with a code of `wx.login`.

use reqwest::Method;
use serde_json::json;

use super::{APP, CODE2SESSION, press_with};
use crate::support::{Login, Service, client, client_of, device, redacted};

fn aws_lc_digest(text: &str) -> String {
    use aws_lc_rs::digest::{SHA256, digest};
    hex::encode(digest(&SHA256, text.as_bytes()))
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
