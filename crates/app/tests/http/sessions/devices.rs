//! The list of devices, and room for new ones.

use serde_json::{Value, json};

use super::{PHONE, is_over, logout};
use crate::support::{Login, Service, client_of, device, redacted};

async fn devices(service: &Service, login: &Login) -> Vec<Value> {
    let list = service.get("/v1/me/sessions").bearer(login.access());
    let data = list.send().await.ok();
    data["sessions"].as_array().expect("sessions").clone()
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
