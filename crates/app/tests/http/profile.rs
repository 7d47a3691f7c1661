//! What a person shows of themselves.

use serde_json::{Value, json};

use crate::support::{Answer, Login, Service, redacted};

async fn edit(service: &Service, login: &Login, patch: Value) -> Answer {
    let call = service.patch("/v1/me").bearer(login.access());
    call.json(patch).send().await
}

#[tokio::test]
async fn a_person_sees_their_account() {
    let service = Service::start().await;
    let login = Login::of(&service.press_button("alice").await);
    let me = service.me(login.access()).await;
    insta::assert_json_snapshot!(redacted(&me.body()), @r#"
    {
      "code": "ok",
      "data": {
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
      },
      "message": "成功"
    }
    "#);
    assert_eq!(me.ok(), login.0["user"]);
}

#[tokio::test]
async fn what_is_edited_is_kept_and_the_rest_stays() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let patch = json!({
        "nickname": " 小明 👨‍👩‍👧 ", "avatar_url": "https://cdn.example/a.png",
        "birthday": "1995-08-17", "bio": "第一行\r\n第二行 ❤️",
    });
    let saved = edit(&service, &login, patch).await.ok();
    assert_eq!(saved["nickname"], "小明 👨‍👩‍👧");
    assert_eq!(saved["bio"], "第一行\n第二行 ❤️");
    assert_eq!(service.me(login.access()).await.ok(), saved);
    let saved = edit(&service, &login, json!({ "bio": "short" })).await.ok();
    assert_eq!(saved["bio"], "short");
    assert_eq!(saved["birthday"], "1995-08-17");
    assert_eq!(saved["avatar_url"], "https://cdn.example/a.png");
    let tapped = service.one_tap("alice").await;
    assert_eq!(tapped.0["user"]["nickname"], "小明 👨‍👩‍👧");
}

#[tokio::test]
async fn who_cannot_send_patch_edits_by_an_overridden_post() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let post = || service.post("/v1/me").bearer(login.access());
    let overridden = |method: &str| post().header("x-http-method-override", method);
    let call = overridden("PATCH").json(json!({ "nickname": "小明" }));
    assert_eq!(call.send().await.ok()["nickname"], "小明");
    let wrong = overridden("PATCH").json(json!({ "name": "小明" }));
    wrong.send().await.fails(400, "invalid_request");
    for call in [post(), overridden("GET"), overridden("DELETE")] {
        let answer = call.json(json!({ "nickname": "小红" })).send().await;
        assert_eq!(answer.header("allow"), Some("GET, PATCH, DELETE"));
        answer.fails(405, "method_not_allowed");
    }
    assert_eq!(service.me(login.access()).await.ok()["nickname"], "小明");
}

#[tokio::test]
async fn null_clears_and_a_cleared_nickname_is_a_random_one() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let patch = json!({ "nickname": "小明", "birthday": "1995-08-17", "bio": "words" });
    edit(&service, &login, patch).await.ok();
    let nulls = json!({ "nickname": null, "avatar_url": null, "birthday": null, "bio": null });
    let cleared = edit(&service, &login, nulls).await.ok();
    for member in ["avatar_url", "birthday", "bio"] {
        assert_eq!(cleared[member], Value::Null, "{member}");
    }
    let nickname = cleared["nickname"].as_str().unwrap();
    assert!(nickname.starts_with("用户") && nickname.chars().count() == 8);
}

#[tokio::test]
async fn limits_are_counted_in_characters_and_are_exact() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let address = |bytes: usize| format!("https://cdn.example/{}", "a".repeat(bytes - 20));
    let good = json!({
        "nickname": "字".repeat(32), "bio": "🙂".repeat(200),
        "avatar_url": address(512), "birthday": "1900-01-01",
    });
    edit(&service, &login, good).await.ok();
    let bad = [
        json!({ "nickname": "字".repeat(33) }),
        json!({ "nickname": "" }),
        json!({ "nickname": "   " }),
        json!({ "nickname": "\u{200b}" }),
        json!({ "nickname": "a\nb" }),
        json!({ "nickname": "a\0b" }),
        json!({ "nickname": "a\u{202e}b" }),
        json!({ "bio": "字".repeat(201) }),
        json!({ "bio": "a\0" }),
        json!({ "bio": "a\u{1b}[31m" }),
        json!({ "avatar_url": address(513) }),
        json!({ "avatar_url": "http://cdn.example/a.png" }),
        json!({ "avatar_url": "javascript:alert(1)" }),
        json!({ "avatar_url": "https://cdn.example/ü.png" }),
        json!({ "avatar_url": "" }),
        json!({ "birthday": "1899-12-31" }),
        json!({ "birthday": "2999-01-01" }),
        json!({ "birthday": "2001-02-29" }),
        json!({ "birthday": "1995-8-17" }),
        json!({ "birthday": "１９９５-08-17" }),
        json!({ "birthday": "" }),
    ];
    let before = service.me(login.access()).await.ok();
    for patch in bad {
        let answer = edit(&service, &login, patch.clone()).await;
        answer.fails(400, "invalid_request");
        let member = patch.as_object().unwrap().keys().next().unwrap();
        answer.blames(member, "invalid_value");
    }
    assert_eq!(service.me(login.access()).await.ok(), before);
}

#[tokio::test]
async fn every_wrong_member_is_named_at_once_and_none_is_saved() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let before = service.me(login.access()).await.ok();
    let patch = json!({ "nickname": "", "bio": "fine", "birthday": "tomorrow" });
    let call = service.patch("/v1/me").bearer(login.access()).english();
    let answer = call.json(patch).send().await;
    insta::assert_json_snapshot!(redacted(&answer.fails(400, "invalid_request")), @r#"
    {
      "code": "invalid_request",
      "errors": [
        {
          "code": "invalid_value",
          "field": "nickname",
          "message": "has a value that is not allowed"
        },
        {
          "code": "invalid_value",
          "field": "birthday",
          "message": "has a value that is not allowed"
        }
      ],
      "message": "The request is not valid",
      "request_id": "[request_id]"
    }
    "#);
    assert_eq!(service.me(login.access()).await.ok(), before);
}

#[tokio::test]
async fn an_edit_of_nothing_changes_nothing() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let before = service.me(login.access()).await.ok();
    let saved = edit(&service, &login, json!({})).await.ok();
    assert_eq!(saved["nickname"], before["nickname"]);
    for member in ["phone", "id", "status", "identities", "nick_name"] {
        let answer = edit(&service, &login, json!({ member: "x" })).await;
        answer.fails(400, "invalid_request");
        answer.blames(member, "unknown_field");
    }
}

#[tokio::test]
async fn people_are_answered_in_their_language() {
    let service = Service::start().await;
    for (wanted, message) in [
        (None, "请先登录"),
        (Some("zh-CN,zh;q=0.9,en;q=0.8"), "请先登录"),
        (Some("fr"), "请先登录"),
        (Some("en-US,en;q=0.9,zh;q=0.8"), "Sign in first"),
    ] {
        let call = service.get("/v1/me");
        let call = match wanted {
            Some(wanted) => call.header("accept-language", wanted),
            None => call,
        };
        let failure = call.send().await.fails(401, "token_missing");
        assert_eq!(failure["message"], message, "{wanted:?}");
    }
}
