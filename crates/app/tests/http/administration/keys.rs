//! Keys of operators, and what each may.

use menshen_app::clock::SystemClock;
use menshen_domain::ports::clock::Clock as _;
use reqwest::Method;
use serde_json::json;

use super::{PHONE, READ, WRITE, with_keys};
use crate::introspection;
use crate::support::Service;

const WRONG: &str = "mak_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

#[tokio::test]
async fn without_a_key_in_the_settings_nothing_is_there() {
    let service = Service::start().await;
    for path in ["/admin/v1/key", "/admin/v1/counters", "/admin/v1/users/x"] {
        let answer = service.get(path).bearer(WRITE).send().await;
        answer.fails(404, "not_found");
    }
    for path in ["/v1/token/introspect", "/v1/token/revoke"] {
        let call = service.post(path).bearer(WRITE).form("token=x");
        call.send().await.fails(404, "not_found");
    }
}

#[tokio::test]
async fn only_a_key_of_the_settings_lets_in() {
    let service = with_keys(&[]).await;
    let key = || service.get("/admin/v1/key");
    let told = key().bearer(WRITE).send().await.ok();
    assert_eq!(told, json!({ "name": "ops.alice", "scope": "write" }));
    let told = key().bearer(READ).send().await.ok();
    assert_eq!(told, json!({ "name": "web", "scope": "read" }));
    let login = service.one_tap("alice").await;
    let lower = WRITE.to_lowercase();
    for wrong in [WRONG, login.access(), &WRITE[..20], &lower, "x"] {
        let answer = key().bearer(wrong).send().await;
        answer.fails(401, "admin_key_invalid");
    }
    key().send().await.fails(401, "admin_key_invalid");
    let basic = key().header("authorization", "Basic eDp5").send().await;
    basic.fails(401, "admin_key_invalid");
    let in_query = service.get(&format!("/admin/v1/key?access_token={WRITE}"));
    in_query.send().await.fails(401, "admin_key_invalid");
    // An admin key is nobody's access token.
    service.me(WRITE).await.fails(401, "token_invalid");
}

#[tokio::test]
async fn wrong_keys_are_bounded_and_then_no_key_is_taken() {
    let service = with_keys(&[("admin.failures_per_ip", "3")]).await;
    let key = |key| service.get("/admin/v1/key").bearer(key).send();
    for _ in 0..2 {
        key(WRONG).await.fails(401, "admin_key_invalid");
    }
    // Right ones count nowhere.
    for _ in 0..4 {
        key(WRITE).await.ok();
    }
    key(WRONG).await.fails(401, "admin_key_invalid");
    for any in [WRONG, WRITE] {
        let refused = key(any).await.fails(429, "rate_limited");
        let wait = refused["retry_after"].as_u64().expect("a wait");
        assert!((1..=900).contains(&wait), "{wait}");
    }
    // People are not concerned.
    service.one_tap("alice").await;
}

#[tokio::test]
async fn a_key_that_may_look_changes_nothing() {
    let service = with_keys(&[]).await;
    let login = service.one_tap("alice").await;
    let user = login.user();
    let before = service.rows().await;
    let reason = json!({ "reason": "x" });
    let until = (SystemClock.now() + chrono::TimeDelta::days(1)).to_rfc3339();
    for (method, path, body) in [
        (
            Method::POST,
            format!("users/{user}/disable"),
            reason.clone(),
        ),
        (Method::POST, format!("users/{user}/enable"), reason.clone()),
        (Method::POST, format!("users/{user}/detach-phone"), reason),
        (
            Method::POST,
            "users/merge".to_owned(),
            json!({ "into": user, "from": user, "reason": "x" }),
        ),
        (Method::DELETE, format!("users/{user}/sessions"), json!({})),
        (Method::DELETE, "signing-keys/x".to_owned(), json!({})),
        (
            Method::POST,
            "test-numbers".to_owned(),
            json!({ "phone": PHONE, "code": "246810", "until": until }),
        ),
        (Method::DELETE, format!("test-numbers/{user}"), json!({})),
        (
            Method::POST,
            "webhooks/deliveries/replay".to_owned(),
            json!({ "all": true }),
        ),
    ] {
        let call = service.call(method, &format!("/admin/v1/{path}"));
        let answer = call.bearer(READ).json(body).send().await;
        answer.fails(403, "forbidden");
    }
    let form = format!("token={}", login.access());
    let revoke = introspection::ask(&service, "revoke", READ, &form).await;
    assert_eq!(revoke.status, 403, "{}", revoke.text);
    assert_eq!(service.rows().await, before);
    let refusals = "audit_events WHERE actor = 'web' AND action = 'admin.refused' \
                    AND reason = 'forbidden'";
    assert_eq!(service.count(refusals).await, 10);
    service.me(login.access()).await.ok();
}
