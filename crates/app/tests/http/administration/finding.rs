//! Accounts are found and seen.

use serde_json::{Value, json};

use super::{ALICE, PHONE, READ, WRITE, get, post, see, with_keys};
use crate::support::{Login, MINI_PROGRAM, Service, device};

async fn found(service: &Service, by: Value) -> Vec<Value> {
    let found = post(service, "users/search", by).send().await.ok();
    found["users"].as_array().expect("users").clone()
}

#[tokio::test]
async fn an_account_is_found_by_each_of_its_names_and_by_no_other() {
    let service = with_keys(&[]).await;
    let login = Login::of(&service.press_button("alice").await);
    let seen = see(&service, login.user()).await;
    let openid = seen["identities"][0]["openid"].as_str().expect("an openid");
    let union_id = seen["union_ids"][0]["union_id"]
        .as_str()
        .expect("a unionid");
    let platform = &seen["union_ids"][0]["platform"];
    for by in [
        json!({ "user_id": login.user() }),
        json!({ "phone": "138 0013 8000" }),
        json!({ "openid": openid, "app_id": MINI_PROGRAM }),
        json!({ "union_id": union_id }),
        json!({ "union_id": union_id, "platform": platform }),
    ] {
        let users = found(&service, by.clone()).await;
        assert_eq!(users.len(), 1, "{by}");
        assert_eq!(users[0]["id"], login.user(), "{by}");
        assert_eq!(users[0]["phone_masked"], "138****8000");
        assert!(!users[0].to_string().contains("13800138000"), "{by}");
    }
    for by in [
        json!({ "phone": PHONE }),
        json!({ "user_id": "0198c0de-7c1a-7000-8000-4f2a9b1c3d5e" }),
        json!({ "openid": openid, "app_id": "wx0000000000000000" }),
        json!({ "union_id": union_id, "platform": "other" }),
    ] {
        assert!(found(&service, by.clone()).await.is_empty(), "{by}");
    }
    for (by, field) in [
        (json!({}), "phone"),
        (json!({ "phone": PHONE, "user_id": login.user() }), "phone"),
        (json!({ "openid": openid }), "app_id"),
        (json!({ "phone": PHONE, "app_id": MINI_PROGRAM }), "app_id"),
        (json!({ "user_id": "x" }), "user_id"),
        (json!({ "phone": "123" }), "phone"),
    ] {
        let refused = post(&service, "users/search", by.clone()).send().await;
        assert_eq!(refused.status, 400, "{by}");
        assert_eq!(refused.body()["errors"][0]["field"], field, "{by}");
    }
    // Each look is told, with what was looked for masked.
    let masked = "audit_events WHERE action = 'admin.read' AND method = 'users.search' \
                  AND subject = '138****8000' AND actor = 'ops.alice'";
    assert_eq!(service.count(masked).await, 1);
}

#[tokio::test]
async fn an_account_is_seen_whole_by_who_may_change_it_and_masked_by_who_may_look() {
    let service = with_keys(&[]).await;
    let login = Login::of(&service.press_button("alice").await);
    service.one_tap_with("alice", device("d1")).await;
    let profile = json!({ "birthday": "1990-01-02", "bio": "有点忙" });
    let edited = service.patch("/v1/me").bearer(login.access()).json(profile);
    edited.send().await.ok();
    let whole = see(&service, login.user()).await;
    assert_eq!(
        (&whole["phone"], &whole["status"]),
        (&json!(ALICE), &json!("active"))
    );
    assert_eq!(whole["phone_proof"], "wechat");
    assert_eq!(
        (&whole["birthday"], &whole["bio"]),
        (&json!("1990-01-02"), &json!("有点忙"))
    );
    assert_eq!(whole["sessions"].as_array().unwrap().len(), 2);
    assert_eq!(whole["sessions"][0]["device_id"], "d1");
    assert_eq!(whole["sessions"][0]["address"], "127.0.0.1");
    let actions: Vec<&str> = whole["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions[0], "account.profile_updated", "{actions:?}");
    assert!(actions.contains(&"account.created"), "{actions:?}");
    let openid = whole["identities"][0]["openid"]
        .as_str()
        .unwrap()
        .to_owned();
    let union_id = whole["union_ids"][0]["union_id"]
        .as_str()
        .unwrap()
        .to_owned();

    let path = format!("/admin/v1/users/{}", login.user());
    let masked = service.get(&path).bearer(READ).send().await;
    for hidden in [
        "13800138000",
        &openid,
        &union_id,
        "1990-01-02",
        "有点忙",
        "127.0.0.1",
        "\"d1\"",
    ] {
        assert!(!masked.text.contains(hidden), "{hidden}: {}", masked.text);
    }
    let masked = masked.ok();
    assert_eq!(
        (&masked["phone"], &masked["phone_masked"]),
        (&Value::Null, &json!("138****8000"))
    );
    assert_eq!(masked["sessions"][0]["address"], "127.0.0.*");
    for nobody in ["x", "0198c0de-7c1a-7000-8000-4f2a9b1c3d5e"] {
        let path = format!("users/{nobody}");
        get(&service, &path).send().await.fails(404, "not_found");
    }
}

/// Numbers are shown to such a key masked; it does not find the rest by asking.
#[tokio::test]
async fn a_key_that_may_look_searches_for_so_many_numbers_an_hour() {
    let service = with_keys(&[("admin.phone_searches_per_hour", "2")]).await;
    let search = async |key, by: Value| {
        let call = service.post("/admin/v1/users/search").bearer(key);
        call.json(by).send().await
    };
    for _ in 0..2 {
        search(READ, json!({ "phone": PHONE })).await.ok();
    }
    let refused = search(READ, json!({ "phone": ALICE })).await;
    assert!(refused.fails(429, "rate_limited")["retry_after"].is_u64());
    let user = service.one_tap("alice").await;
    search(READ, json!({ "user_id": user.user() })).await.ok();
    search(WRITE, json!({ "phone": PHONE })).await.ok();
}
