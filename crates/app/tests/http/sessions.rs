//! Refreshing, signing out, devices, and what other services see.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, Login, Service, client_of, device, redacted};

const PHONE: &str = "13900000001";

async fn logout(service: &Service, login: &Login, body: Option<Value>) -> Answer {
    let call = service.post("/v1/logout").bearer(login.access());
    match body {
        Some(body) => call.json(body).send().await,
        None => call.send().await,
    }
}

async fn devices(service: &Service, login: &Login) -> Vec<Value> {
    let list = service.get("/v1/me/sessions").bearer(login.access());
    let data = list.send().await.ok();
    data["sessions"].as_array().expect("sessions").clone()
}

async fn is_over(service: &Service, login: &Login, reason: &str) {
    for answer in [
        service.me(login.access()).await,
        service.verify(login.access()).await,
        service.refresh(login.refresh()).await,
    ] {
        assert_eq!(answer.fails(401, "session_revoked")["reason"], reason);
    }
}

#[tokio::test]
async fn a_refresh_answers_the_next_pair() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let answer = service.refresh(login.refresh()).await;
    insta::assert_json_snapshot!(redacted(&answer.body()), @r#"
    {
      "code": "ok",
      "data": {
        "access_token": "[access_token]",
        "expires_in": 3600,
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
      "message": "刷新成功"
    }
    "#);
    let next = Login::of(&answer);
    assert_ne!(next.refresh(), login.refresh());
    assert_eq!(next.session(), login.session());
    service.me(next.access()).await.ok();
    service.me(login.access()).await.ok();
    let third = Login::of(&service.refresh(next.refresh()).await);
    assert_ne!(third.refresh(), next.refresh());
}

#[tokio::test]
async fn a_repeat_within_the_grace_time_answers_the_same_successor() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let first = Login::of(&service.refresh(login.refresh()).await);
    for _ in 0..3 {
        let again = Login::of(&service.refresh(login.refresh()).await);
        assert_eq!(again.refresh(), first.refresh());
    }
    let told = "audit_events WHERE action = 'refresh.replayed'";
    assert_eq!(service.count(told).await, 1, "one row however many callers");
    Login::of(&service.refresh(first.refresh()).await);
}

#[tokio::test]
async fn a_lost_answer_is_recovered_and_the_lost_token_is_dead() {
    let service = Service::with(&[("tokens.refresh_grace", "0s")]).await;
    let login = service.one_tap("alice").await;
    let lost = Login::of(&service.refresh(login.refresh()).await);
    let recovered = Login::of(&service.refresh(login.refresh()).await);
    assert_ne!(recovered.refresh(), lost.refresh());
    // Whoever holds the lost token is a thief, or shares the phone with one.
    let reused = service.refresh(lost.refresh()).await;
    reused.fails(401, "refresh_token_reused");
    is_over(&service, &recovered, "reuse_detected").await;
    let told = "audit_events WHERE action = 'refresh.reused'";
    assert_eq!(service.count(told).await, 1);
}

#[tokio::test]
async fn an_old_token_ends_the_session() {
    let service = Service::with(&[("tokens.refresh_grace", "0s")]).await;
    let first = service.one_tap("alice").await;
    let other = service.one_tap("alice").await;
    let second = Login::of(&service.refresh(first.refresh()).await);
    let third = Login::of(&service.refresh(second.refresh()).await);
    let reused = service.refresh(first.refresh()).await;
    reused.fails(401, "refresh_token_reused");
    is_over(&service, &third, "reuse_detected").await;
    // Only that session.
    service.me(other.access()).await.ok();
}

#[tokio::test]
async fn without_recovery_a_predecessor_ends_the_session_as_expired() {
    let settings = [
        ("tokens.refresh_grace", "0s"),
        ("tokens.refresh_recovery", "0s"),
    ];
    let service = Service::with(&settings).await;
    let login = service.one_tap("alice").await;
    let next = Login::of(&service.refresh(login.refresh()).await);
    let late = service.refresh(login.refresh()).await;
    late.fails(401, "refresh_token_expired");
    let ended = service.refresh(next.refresh()).await;
    assert_eq!(ended.status, 401, "{ended:?}");
    let me = service.me(next.access()).await;
    assert_eq!(me.fails(401, "session_revoked")["reason"], "expired");
}

#[tokio::test]
async fn what_is_not_ours_touches_no_database() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let before = service.statements();
    let mut forged = login.refresh().to_owned();
    let last = forged.pop().expect("a character");
    forged.push(if last == 'A' { 'B' } else { 'A' });
    let padded = format!("{}=", login.refresh());
    for token in ["", "x", "a.b.c", "\0", login.access(), &forged, &padded] {
        let answer = service.refresh(token).await;
        answer.fails(401, "refresh_token_invalid");
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.contains("invalid_token"));
    }
    assert_eq!(service.statements(), before);
    let answer = service.me(login.refresh()).await;
    answer.fails(401, "token_invalid");
    Login::of(&service.refresh(login.refresh()).await);
}

#[tokio::test]
async fn an_unused_token_expires() {
    let service = Service::with(&[("tokens.refresh_ttl", "1s")]).await;
    let login = service.one_tap("alice").await;
    assert!(login.0["refresh_expires_in"].as_u64().unwrap() <= 1);
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let late = service.refresh(login.refresh()).await;
    late.fails(401, "refresh_token_expired");
}

#[tokio::test]
async fn a_session_ends_whatever_happens() {
    let service = Service::with(&[("tokens.session_ttl", "1s")]).await;
    let login = service.one_tap("alice").await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let late = service.refresh(login.refresh()).await;
    late.fails(401, "refresh_token_expired");
    let me = service.me(login.access()).await;
    assert_eq!(me.fails(401, "session_revoked")["reason"], "expired");
}

#[tokio::test]
async fn each_client_type_has_its_own_lives() {
    let settings = [
        ("tokens.web.access_ttl", "5m"),
        ("tokens.web.refresh_ttl", "1h"),
    ];
    let service = Service::with(&settings).await;
    let web = service.sms_login_with(PHONE, client_of("web")).await;
    assert_eq!(web.0["expires_in"], 300);
    assert_eq!(web.0["refresh_expires_in"], 3600);
    let tapped = service.one_tap("alice").await;
    assert_eq!(tapped.0["expires_in"], 3600);
    assert_eq!(tapped.0["refresh_expires_in"], 2_592_000);
}

#[tokio::test]
async fn rotations_are_limited_per_session_and_replays_are_free() {
    let service = Service::with(&[("tokens.refresh_per_session", "2")]).await;
    let login = service.one_tap("alice").await;
    let first = Login::of(&service.refresh(login.refresh()).await);
    for _ in 0..4 {
        Login::of(&service.refresh(login.refresh()).await);
    }
    let second = Login::of(&service.refresh(first.refresh()).await);
    let limited = service.refresh(second.refresh()).await;
    limited.fails(429, "rate_limited");
    let other = service.one_tap("alice").await;
    Login::of(&service.refresh(other.refresh()).await);
}

#[tokio::test]
async fn rotations_are_limited_per_address() {
    let service = Service::with(&[("tokens.refresh_per_ip", "1")]).await;
    let (first, second) = (service.one_tap("alice").await, service.one_tap("bob").await);
    Login::of(&service.refresh(first.refresh()).await);
    let limited = service.refresh(second.refresh()).await;
    limited.fails(429, "rate_limited");
}

#[tokio::test]
async fn a_disabled_account_cannot_refresh() {
    for (status, reason) in [("disabled", "disabled"), ("cancelling", "cancelled")] {
        let service = Service::start().await;
        let login = service.one_tap("alice").await;
        let purge_at = "'2099-01-01T00:00:00+00:00'";
        let change = format!("UPDATE users SET status = '{status}', purge_at = {purge_at}");
        service.sql(&change).await;
        let ended = service.refresh(login.refresh()).await;
        assert_eq!(ended.fails(401, "session_revoked")["reason"], reason);
        let me = service.me(login.access()).await;
        assert_eq!(me.fails(401, "session_revoked")["reason"], reason);
    }
}

#[tokio::test]
async fn signing_out_ends_this_session_at_once() {
    let service = Service::start().await;
    let (login, other) = (
        service.one_tap("alice").await,
        service.one_tap("alice").await,
    );
    // Known as live a moment ago, and over all the same.
    service.verify(login.access()).await.ok();
    let out = logout(&service, &login, None).await;
    insta::assert_json_snapshot!(out.body(), @r#"
    {
      "code": "ok",
      "data": {
        "ended": 1
      },
      "message": "已退出登录"
    }
    "#);
    is_over(&service, &login, "signed_out").await;
    service.me(other.access()).await.ok();
}

#[tokio::test]
async fn signing_out_twice_is_no_error() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    for ended in [1, 0, 0] {
        let out = logout(&service, &login, Some(json!({ "scope": "this" }))).await;
        assert_eq!(out.ok()["ended"], ended);
    }
}

#[tokio::test]
async fn signing_out_the_others_leaves_this_session() {
    let service = Service::start().await;
    let one = service.one_tap("alice").await;
    let two = service.one_tap("alice").await;
    let this = service.one_tap("alice").await;
    let stranger = service.one_tap("bob").await;
    let out = logout(&service, &this, Some(json!({ "scope": "others" }))).await;
    assert_eq!(out.ok()["ended"], 2);
    for login in [&one, &two] {
        is_over(&service, login, "signed_out").await;
    }
    for login in [&this, &stranger] {
        service.me(login.access()).await.ok();
    }
    let again = logout(&service, &this, Some(json!({ "scope": "others" }))).await;
    assert_eq!(again.ok()["ended"], 0);
}

#[tokio::test]
async fn signing_out_of_all_ends_every_session() {
    let service = Service::start().await;
    let (one, two) = (
        service.one_tap("alice").await,
        service.one_tap("alice").await,
    );
    let out = logout(&service, &two, Some(json!({ "scope": "all" }))).await;
    assert_eq!(out.ok()["ended"], 2);
    for login in [&one, &two] {
        is_over(&service, login, "signed_out").await;
    }
    // A session that is over speaks for no other one.
    let tapped = service.one_tap("alice").await;
    let answer = logout(&service, &one, Some(json!({ "scope": "all" }))).await;
    answer.fails(401, "session_revoked");
    service.me(tapped.access()).await.ok();
}

#[tokio::test]
async fn a_logout_that_cannot_be_read_ends_nothing() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let odd = [
        (json!({ "scope": "everything" }), "scope"),
        (json!({ "scope": 1 }), "scope"),
        (json!({ "scop": "all" }), "scop"),
        (json!([]), "body"),
    ];
    for (body, field) in odd {
        let answer = logout(&service, &login, Some(body)).await;
        let failure = answer.fails(400, "invalid_request");
        assert_eq!(failure["errors"][0]["field"], field, "{failure}");
    }
    let call = service.post("/v1/logout").bearer(login.access());
    let answer = call.text("{").send().await;
    answer.fails(400, "malformed_json");
    service.me(login.access()).await.ok();
}

#[tokio::test]
async fn the_list_of_devices_shows_where_one_is_signed_in() {
    let service = Service::start().await;
    service.one_tap_with("alice", device("a")).await;
    let login = service.one_tap_with("alice", device("b")).await;
    service.one_tap("bob").await;
    let list = devices(&service, &login).await;
    insta::assert_json_snapshot!(redacted(&json!(list)), @r#"
    [
      {
        "address": "127.0.0.*",
        "client_type": "mini_program",
        "created_at": "[created_at]",
        "current": true,
        "device_name": "phone b",
        "id": "[id]",
        "last_seen_at": "[last_seen_at]"
      },
      {
        "address": "127.0.0.*",
        "client_type": "mini_program",
        "created_at": "[created_at]",
        "current": false,
        "device_name": "phone a",
        "id": "[id]",
        "last_seen_at": "[last_seen_at]"
      }
    ]
    "#);
}

#[tokio::test]
async fn nobody_can_lie_about_their_address() {
    let service = Service::start().await;
    let code = service.login_code("alice").await;
    let mut call = service.post("/v1/login/wechat");
    for name in [
        "x-forwarded-for",
        "x-real-ip",
        "cf-connecting-ip",
        "true-client-ip",
        "x-client-ip",
    ] {
        call = call.header(name, "198.51.100.7");
    }
    let call = call.header("forwarded", "for=198.51.100.7");
    let body = json!({ "code": code, "client": { "type": "mini_program" } });
    let login = Login::of(&call.json(body).send().await);
    let list = devices(&service, &login).await;
    assert_eq!(list[0]["address"], "127.0.0.*");
    assert_eq!(
        service
            .count("audit_events WHERE address LIKE '198%'")
            .await,
        0
    );
}

#[tokio::test]
async fn whatever_happens_to_an_account_is_in_the_audit_log() {
    let service = Service::with(&[("sms.resend_interval", "0s")]).await;
    let tapped = service.one_tap("alice").await;
    service.ask(PHONE).await.ok();
    let wrong = service.try_code(PHONE, "000000").await;
    assert_ne!(wrong.status, 500);
    service.forget_messages().await;
    let texted = service.sms_login(PHONE).await;
    Login::of(&service.link(&texted, "alice").await);
    service
        .me(tapped.access())
        .await
        .fails(401, "session_revoked");
    let login = service.one_tap("alice").await;
    let patch = json!({ "bio": "x" });
    let call = service.patch("/v1/me").bearer(login.access()).json(patch);
    call.send().await.ok();
    logout(&service, &login, Some(json!({ "scope": "all" })))
        .await
        .ok();
    for action in [
        "code.requested",
        "code.sent",
        "code.failed",
        "login.succeeded",
        "account.created",
        "account.linked",
        "account.merged",
        "account.profile_updated",
        "session.signed_out",
        "key.created",
    ] {
        let rows = format!("audit_events WHERE action = '{action}'");
        assert!(service.count(&rows).await > 0, "{action}");
    }
    let unmasked = "audit_events WHERE subject LIKE '%13900000001%'";
    assert_eq!(service.count(unmasked).await, 0);
    // Only what the process does by itself comes from no request.
    let anonymous = "audit_events WHERE (request_id IS NULL OR address IS NULL) \
                     AND action NOT IN ('key.created', 'process.started')";
    assert_eq!(service.count(anonymous).await, 0);
    let name = "UPDATE audit_events SET action = 'nothing'";
    assert!(service.try_sql(name).await.is_err(), "rows are not edited");
}

#[tokio::test]
async fn a_device_is_signed_out_by_its_session() {
    let service = Service::start().await;
    let lost = service.one_tap_with("alice", device("lost")).await;
    let login = service.one_tap_with("alice", device("here")).await;
    let path = format!("/v1/me/sessions/{}", lost.session());
    let ended = service.delete(&path).bearer(login.access()).send().await;
    assert_eq!(ended.ok()["ended"], 1);
    is_over(&service, &lost, "signed_out").await;
    assert_eq!(devices(&service, &login).await.len(), 1);
    let again = service.delete(&path).bearer(login.access()).send().await;
    again.fails(404, "not_found");
}

#[tokio::test]
async fn the_session_of_somebody_else_is_not_there() {
    let service = Service::start().await;
    let (alice, bob) = (service.one_tap("alice").await, service.one_tap("bob").await);
    let odd = [
        bob.session(),
        "00000000-0000-7000-8000-000000000000",
        "nonsense",
        "%00",
        "..%2f..",
    ];
    for id in odd {
        let path = format!("/v1/me/sessions/{id}");
        let answer = service.delete(&path).bearer(alice.access()).send().await;
        answer.fails(404, "not_found");
    }
    service.me(bob.access()).await.ok();
}

#[tokio::test]
async fn the_oldest_session_of_a_client_type_makes_room() {
    let settings = [
        ("sessions.max_per_client_type", "2"),
        ("sms.resend_interval", "0s"),
    ];
    let service = Service::with(&settings).await;
    let pressed = Login::of(&service.press_button("alice").await);
    let second = service.one_tap("alice").await;
    let on_web = service
        .sms_login_with("+8613800138000", client_of("web"))
        .await;
    assert_eq!(on_web.user(), pressed.user());
    let third = service.one_tap("alice").await;
    is_over(&service, &pressed, "replaced").await;
    for login in [&second, &third, &on_web] {
        service.me(login.access()).await.ok();
    }
}

#[tokio::test]
async fn one_session_at_a_time_where_the_deployment_says_so() {
    let service = Service::with(&[("sessions.max_per_client_type", "1")]).await;
    let first = service.one_tap("alice").await;
    let second = service.one_tap("alice").await;
    is_over(&service, &first, "replaced").await;
    assert_eq!(devices(&service, &second).await.len(), 1);
}

#[tokio::test]
async fn a_device_that_signs_in_again_takes_its_own_place() {
    let service = Service::start().await;
    let first = service.one_tap_with("alice", device("a")).await;
    let other = service.one_tap_with("alice", device("b")).await;
    let second = service.one_tap_with("alice", device("a")).await;
    is_over(&service, &first, "replaced").await;
    service.me(other.access()).await.ok();
    assert_eq!(devices(&service, &second).await.len(), 2);
    // The device of somebody else is another device.
    service.one_tap_with("bob", device("a")).await;
    service.me(second.access()).await.ok();
}

#[tokio::test]
async fn a_restart_keeps_people_signed_in() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let out = service.one_tap("bob").await;
    logout(&service, &out, None).await.ok();
    let service = service.restarted().await;
    let me = service.me(login.access()).await.ok();
    assert_eq!(me["id"], login.user());
    service.verify(login.access()).await.ok();
    let next = Login::of(&service.refresh(login.refresh()).await);
    service.me(next.access()).await.ok();
    is_over(&service, &out, "signed_out").await;
    let tapped = service.one_tap("alice").await;
    assert_eq!((tapped.user(), tapped.is_new()), (login.user(), false));
}

#[tokio::test]
async fn what_one_process_ends_is_over_in_another_within_a_second() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let beside = service.beside().await;
    beside.verify(login.access()).await.ok();
    logout(&service, &login, None).await.ok();
    let me = beside.me(login.access()).await;
    me.fails(401, "session_revoked");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let verified = beside.verify(login.access()).await;
    verified.fails(401, "session_revoked");
}

#[tokio::test]
async fn other_services_learn_who_is_there_from_headers() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let call = service.get("/v1/auth/verify").bearer(login.access());
    let forged = call
        .header("x-user-id", "somebody")
        .header("x-session-id", "else");
    let answer = forged.send().await;
    answer.ok();
    assert_eq!(answer.header("x-user-id"), Some(login.user()));
    assert_eq!(answer.header("x-session-id"), Some(login.session()));
    assert_eq!(answer.header("x-client-type"), Some("mini_program"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn a_token_travels_in_its_header_and_nowhere_else() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let token = login.access();
    let path = format!("/v1/me?access_token={token}");
    let in_query = service.get(&path).send().await;
    in_query.fails(401, "token_missing");
    let cookie = format!("access_token={token}; Authorization={token}");
    let in_cookie = service.get("/v1/me").header("cookie", &cookie).send().await;
    in_cookie.fails(401, "token_missing");
    let basic = format!("Basic {token}");
    let otherwise = service.get("/v1/me").header("authorization", &basic);
    otherwise.send().await.fails(401, "token_missing");
    let lower = format!("bearer {token}");
    let call = service.get("/v1/me").header("authorization", &lower);
    call.send().await.ok();
    let twice = service
        .get("/v1/me")
        .bearer(token)
        .bearer(token)
        .send()
        .await;
    twice.fails(400, "invalid_request");
    twice.blames("Authorization", "duplicate_field");
    let huge = "a".repeat(8000);
    service.me(&huge).await.fails(401, "token_invalid");
}

#[tokio::test]
async fn the_same_idempotency_key_and_body_answer_the_same_session() {
    let service = Service::start().await;
    service.ask(PHONE).await.ok();
    let code = service.code_at(PHONE).await;
    let login = |key: &str, client: Value| {
        let body = json!({ "phone": PHONE, "code": code, "client": client });
        let call = service.post("/v1/login/sms").json(body);
        call.header("idempotency-key", key).send()
    };
    let first = Login::of(&login("key-1", device("a")).await);
    let again = Login::of(&login("key-1", device("a")).await);
    assert_eq!(
        (first.session(), first.refresh()),
        (again.session(), again.refresh())
    );
    assert!(again.is_new());
    // Another key or another body is another login, and the code is spent.
    let other_key = login("key-2", device("a")).await;
    other_key.fails(400, "sms_code_expired");
    let other_body = login("key-1", device("b")).await;
    other_body.fails(400, "sms_code_expired");
    assert_eq!(service.count("sessions").await, 1);
}

#[tokio::test]
async fn a_failed_login_may_be_tried_again_under_its_key() {
    let service = Service::start().await;
    service.ask(PHONE).await.ok();
    let code = service.code_at(PHONE).await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for (code, status) in [(wrong, 400), (wrong, 400), (code.as_str(), 200)] {
        let body = json!({ "phone": PHONE, "code": code, "client": { "type": "mini_program" } });
        let call = service.post("/v1/login/sms").json(body);
        let answer = call.header("idempotency-key", "one").send().await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
}

#[tokio::test]
async fn an_idempotency_key_is_short_and_printable() {
    let service = Service::start().await;
    let code = service.login_code("alice").await;
    for key in ["", &"k".repeat(65), "schlüssel"] {
        let body = json!({ "code": code, "client": { "type": "mini_program" } });
        let call = service.post("/v1/login/wechat").json(body);
        let answer = call.header("idempotency-key", key).send().await;
        answer.fails(400, "invalid_request");
        answer.blames("Idempotency-Key", "invalid_value");
    }
    assert_eq!(service.count("users").await, 0);
}
