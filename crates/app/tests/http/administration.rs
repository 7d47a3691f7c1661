//! `/admin/v1`: who may come in, and what operators do to accounts.

use aws_lc_rs::digest::{SHA256, digest};
use menshen_app::clock::SystemClock;
use menshen_domain::ports::clock::Clock as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::introspection;
use crate::support::{Answer, Call, Login, MINI_PROGRAM, Service, device};

/// A key that may change, one that may look, and a wrong one.
pub(crate) const WRITE: &str = "mak_q0xTlXvS2mY8cQd1Zr5hWn7uEoPa3KfGjBt9yLiV6sM";
pub(crate) const READ: &str = "mak_h7PzKq3VwB9sXn2LcRt6YdFg8JmEaUo1iTbNvSxZ4Q0";
const WRONG: &str = "mak_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const PHONE: &str = "13900000001";
const ALICE: &str = "+8613800138000";

/// The setting that lets the keys in.
pub(crate) fn admin_keys() -> String {
    let key = |name: &str, key: &str, scope: &str| {
        let sha256 = hex::encode(digest(&SHA256, key.as_bytes()).as_ref());
        format!("{{ name = \"{name}\", sha256 = \"{sha256}\", scope = \"{scope}\" }}")
    };
    format!(
        "[{}, {}]",
        key("ops.alice", WRITE, "write"),
        key("web", READ, "read")
    )
}

/// A service whose settings have both keys.
pub(crate) async fn with_keys(more: &[(&str, &str)]) -> Service {
    let keys = admin_keys();
    let mut given = vec![("admin.keys", keys.as_str())];
    given.extend_from_slice(more);
    Service::with(&given).await
}

pub(crate) fn get(service: &Service, path: &str) -> Call {
    service.get(&format!("/admin/v1/{path}")).bearer(WRITE)
}

pub(crate) fn post(service: &Service, path: &str, body: Value) -> Call {
    let call = service.post(&format!("/admin/v1/{path}")).bearer(WRITE);
    call.json(body)
}

pub(crate) fn delete(service: &Service, path: &str) -> Call {
    service.delete(&format!("/admin/v1/{path}")).bearer(WRITE)
}

async fn act(service: &Service, user: &str, what: &str) -> Answer {
    let path = format!("users/{user}/{what}");
    let body = json!({ "reason": "ticket 4711" });
    post(service, &path, body).send().await
}

async fn see(service: &Service, user: &str) -> Value {
    get(service, &format!("users/{user}")).send().await.ok()
}

async fn found(service: &Service, by: Value) -> Vec<Value> {
    let found = post(service, "users/search", by).send().await.ok();
    found["users"].as_array().expect("users").clone()
}

/// Rows of the audit log by the operator with this action.
async fn told(service: &Service, action: &str) -> i64 {
    let rows = format!("audit_events WHERE actor = 'ops.alice' AND action = '{action}'");
    service.count(&rows).await
}

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

#[tokio::test]
async fn a_disabled_account_lets_nobody_in_until_it_is_enabled() {
    let service = with_keys(&[]).await;
    let login = service.one_tap("alice").await;
    let other = service.beside().await;
    other.verify(login.access()).await.ok();
    let line = act(&service, login.user(), "disable").await.ok();
    assert_eq!(line["status"], "disabled");
    let ended = service
        .me(login.access())
        .await
        .fails(401, "session_revoked");
    assert_eq!(ended["reason"], "disabled");
    let refused = service.refresh(login.refresh()).await;
    assert_eq!(refused.fails(401, "session_revoked")["reason"], "disabled");
    // Elsewhere within the second that a replica may believe.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while other.verify(login.access()).await.status == 200 {
        assert!(std::time::Instant::now() < deadline);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let code = service.login_code("alice").await;
    let again = service.hand_in(&code, crate::support::client()).await;
    again.fails(403, "account_disabled");
    // Once more is no error, and changes nothing.
    act(&service, login.user(), "disable").await.ok();
    assert_eq!(told(&service, "account.disabled").await, 1);
    assert_eq!(
        service.count("outbox WHERE kind = 'user.disabled'").await,
        1
    );
    let line = act(&service, login.user(), "enable").await.ok();
    assert_eq!(line["status"], "active");
    service.one_tap("alice").await;
    assert_eq!(told(&service, "account.enabled").await, 1);
    let because = "audit_events WHERE action = 'account.disabled' AND reason = 'ticket 4711' \
                   AND method = 'users.disable' AND address LIKE '127.0.0.0/24~%'";
    assert_eq!(service.count(because).await, 1);
}

#[tokio::test]
async fn what_cannot_be_done_says_why() {
    let service = with_keys(&[]).await;
    let login = service.one_tap("alice").await;
    let user = login.user();
    for (status, what) in [
        ("cancelling", "enable"),
        ("erased", "disable"),
        ("erased", "enable"),
    ] {
        let changed =
            format!("UPDATE users SET status = '{status}', purge_at = '2099-01-01T00:00:00+00:00'");
        service.sql(&changed).await;
        let refused = act(&service, user, what).await;
        assert_eq!(refused.fails(409, "account_conflict")["reason"], status);
    }
    let nobody = "0198c0de-7c1a-7000-8000-4f2a9b1c3d5e";
    act(&service, nobody, "disable")
        .await
        .fails(404, "not_found");
    for wrong in [
        json!({}),
        json!({ "reason": "" }),
        json!({ "reason": "a\nb" }),
    ] {
        let path = format!("users/{user}/disable");
        let refused = post(&service, &path, wrong).send().await;
        refused.fails(400, "invalid_request");
    }
    assert_eq!(told(&service, "admin.refused").await, 4);
}

#[tokio::test]
async fn sessions_are_ended_one_by_one_and_all_at_once() {
    let service = with_keys(&[]).await;
    let logins = [
        service.one_tap_with("alice", device("d1")).await,
        service.one_tap_with("alice", device("d2")).await,
        service.one_tap_with("alice", device("d3")).await,
    ];
    let bob = service.one_tap("bob").await;
    let path = |login: &Login| format!("users/{}/sessions/{}", logins[0].user(), login.session());
    let ended = delete(&service, &path(&logins[0])).send().await.ok();
    assert_eq!(ended, json!({ "count": 1 }));
    let over = service.me(logins[0].access()).await;
    assert_eq!(over.fails(401, "session_revoked")["reason"], "signed_out");
    service.me(logins[1].access()).await.ok();
    // Neither twice, nor somebody else's.
    for other in [&logins[0], &bob] {
        let refused = delete(&service, &path(other)).send().await;
        refused.fails(404, "not_found");
    }
    let all = format!("users/{}/sessions", logins[0].user());
    let ended = delete(&service, &all).send().await.ok();
    assert_eq!(ended, json!({ "count": 2 }));
    for login in &logins[1..] {
        service
            .me(login.access())
            .await
            .fails(401, "session_revoked");
    }
    let none = delete(&service, &all).send().await.ok();
    assert_eq!(none, json!({ "count": 0 }));
    service.me(bob.access()).await.ok();
    assert_eq!(told(&service, "session.revoked").await, 2);
}

#[tokio::test]
async fn everybody_is_signed_out_once_that_is_confirmed() {
    let service = with_keys(&[]).await;
    let logins = [
        service.one_tap("alice").await,
        service.one_tap("bob").await,
        service.sms_login(PHONE).await,
    ];
    let end = async |key: &str, body: Value| {
        let call = service.post("/admin/v1/sessions/end").bearer(key);
        call.json(body).send().await
    };
    let body = json!({ "confirm": "everybody", "reason": "ticket 4711" });
    end(READ, body.clone()).await.fails(403, "forbidden");
    for (member, wrong) in [("confirm", "yes"), ("cursor", "x"), ("reason", "")] {
        let mut body = body.clone();
        body[member] = json!(wrong);
        end(WRITE, body).await.fails(400, "invalid_request");
    }
    for login in &logins {
        service.me(login.access()).await.ok();
    }
    let part = end(WRITE, body.clone()).await.ok();
    assert_eq!(part, json!({ "count": 3, "next_cursor": null }));
    for login in &logins {
        let over = service.me(login.access()).await;
        assert_eq!(over.fails(401, "session_revoked")["reason"], "signed_out");
        let over = service.refresh(login.refresh()).await;
        over.fails(401, "session_revoked");
    }
    let again = end(WRITE, body).await.ok();
    assert_eq!(again["count"], 0);
    let because = "audit_events WHERE action = 'session.revoked' AND reason = 'ticket 4711' \
                   AND method = 'sessions.end_everybody' AND actor = 'ops.alice'";
    assert_eq!(service.count(because).await, 3);
}

#[tokio::test]
async fn a_number_is_detached_and_free_for_its_new_owner() {
    let service = with_keys(&[("sms.resend_interval", "0s")]).await;
    let alice = Login::of(&service.press_button("alice").await);
    service.ask(ALICE).await.ok();
    let outstanding = service.code_at(ALICE).await;
    let line = act(&service, alice.user(), "detach-phone").await.ok();
    let tried = service.try_code(ALICE, &outstanding).await;
    tried.fails(400, "sms_code_expired");
    service.forget_messages().await;
    assert_eq!(line["phone_masked"], Value::Null);
    let over = service.me(alice.access()).await;
    assert_eq!(
        over.fails(401, "session_revoked")["reason"],
        "phone_changed"
    );
    // The number is somebody else's now; Alice still comes in by WeChat.
    let owner = service.sms_login(ALICE).await;
    assert!(owner.is_new());
    assert_ne!(owner.user(), alice.user());
    assert_eq!(service.one_tap("alice").await.user(), alice.user());
    // The last way in goes only when that is said.
    let refused = act(&service, owner.user(), "detach-phone").await;
    assert_eq!(
        refused.fails(409, "last_identity")["reason"],
        "last_identity"
    );
    let path = format!("users/{}/detach-phone", owner.user());
    let even = json!({ "reason": "reissued", "even_the_last": true });
    post(&service, &path, even).send().await.ok();
    service.forget_messages().await;
    assert!(service.sms_login(ALICE).await.is_new());
    assert_eq!(told(&service, "account.phone_removed").await, 2);
}

#[tokio::test]
async fn two_accounts_become_one_only_where_the_rules_of_linking_allow() {
    let service = with_keys(&[("sms.resend_interval", "0s")]).await;
    let merge = async |from: &Login, into: &Login| {
        let body = json!({ "from": from.user(), "into": into.user(), "reason": "one person" });
        post(&service, "users/merge", body).send().await
    };
    let by_phone = service.sms_login(PHONE).await;
    let by_wechat = service.one_tap("bob").await;
    let with_both = Login::of(&service.press_button("alice").await);
    for (from, into, conflict) in [
        (&by_phone, &by_phone, "same_account"),
        (&by_phone, &with_both, "both_have_phone"),
        (&by_phone, &by_wechat, "survivor_without_phone"),
        (&by_wechat, &with_both, "same_place"),
    ] {
        let refused = merge(from, into).await;
        assert_eq!(refused.fails(409, "account_conflict")["reason"], conflict);
    }
    act(&service, by_phone.user(), "disable").await.ok();
    let refused = merge(&by_wechat, &by_phone).await;
    assert_eq!(refused.fails(409, "account_conflict")["reason"], "disabled");
    act(&service, by_phone.user(), "enable").await.ok();

    let line = merge(&by_wechat, &by_phone).await.ok();
    assert_eq!(
        (&line["id"], &line["identity_count"]),
        (&json!(by_phone.user()), &json!(1))
    );
    let over = service.me(by_wechat.access()).await;
    assert_eq!(over.fails(401, "session_revoked")["reason"], "merged");
    assert_eq!(service.one_tap("bob").await.user(), by_phone.user());
    let alias = see(&service, by_wechat.user()).await;
    assert_eq!(
        (&alias["status"], &alias["merged_into"]),
        (&json!("merged"), &json!(by_phone.user()))
    );
    let again = merge(&by_wechat, &by_phone).await;
    assert_eq!(again.fails(409, "account_conflict")["reason"], "merged");
    assert_eq!(told(&service, "account.merged").await, 1);
    assert_eq!(service.count("outbox WHERE kind = 'user.merged'").await, 1);
}

/// The same change asked for many times at once happens once.
#[tokio::test]
async fn simultaneous_merges_merge_once() {
    let service = with_keys(&[]).await;
    let (phone, wechat) = (service.sms_login(PHONE).await, service.one_tap("bob").await);
    let merge = || {
        let body = json!({ "from": wechat.user(), "into": phone.user(), "reason": "x" });
        post(&service, "users/merge", body).send()
    };
    let answers = futures_util::future::join_all((0..8).map(|_| merge())).await;
    let merged = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(merged, 1);
    let late = answers.iter().filter(|answer| answer.status != 200);
    for answer in late {
        assert_eq!(answer.fails(409, "account_conflict")["reason"], "merged");
    }
    assert_eq!(told(&service, "account.merged").await, 1);
}

/// Nobody looks unseen.
#[tokio::test]
async fn what_cannot_be_audited_is_not_shown() {
    let service = with_keys(&[]).await;
    let login = service.one_tap("alice").await;
    service
        .sql("ALTER TABLE audit_events RENAME TO audit_events_away")
        .await;
    let by = json!({ "user_id": login.user() });
    let refused = post(&service, "users/search", by).send().await;
    refused.fails(503, "unavailable");
    act(&service, login.user(), "disable")
        .await
        .fails(503, "unavailable");
    service
        .sql("ALTER TABLE audit_events_away RENAME TO audit_events")
        .await;
    service.me(login.access()).await.ok();
}

#[tokio::test]
async fn a_signing_key_is_dropped_in_an_emergency() {
    let service = with_keys(&[]).await;
    let login = service.one_tap("alice").await;
    let listed = get(&service, "signing-keys").send().await.ok();
    let kid = listed["keys"][0]["kid"].as_str().expect("a key").to_owned();
    assert_eq!(listed["keys"][0]["stage"], "signing");
    let left = delete(&service, &format!("signing-keys/{kid}"))
        .send()
        .await
        .ok();
    assert_eq!(left["keys"].as_array().unwrap().len(), 1);
    assert_ne!(left["keys"][0]["kid"], kid.as_str());
    service.me(login.access()).await.fails(401, "token_invalid");
    let next = Login::of(&service.refresh(login.refresh()).await);
    service.me(next.access()).await.ok();
    let again = delete(&service, &format!("signing-keys/{kid}"))
        .send()
        .await;
    again.fails(404, "not_found");
    assert_eq!(told(&service, "key.dropped").await, 1);
    assert_eq!(told(&service, "key.created").await, 1);
}
