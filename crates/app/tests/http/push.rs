//! What WeChat pushes, and what it does to accounts.

use serde_json::{Value, json};

use crate::support::{Login, MINI_PROGRAM, Service};

const CANCELLED: &str = "user_authorization_cancellation";
const REVOKED: &str = "user_authorization_revoke";

fn path() -> String {
    format!("/v1/wechat/push/{MINI_PROGRAM}")
}

/// Something that happens is delivered, and taken.
async fn happens(service: &Service, event: Value) {
    for delivery in service.happens(event).await {
        assert_eq!(delivery["status"], 200, "{delivery}");
        assert_eq!(delivery["body"], "success", "{delivery}");
    }
}

/// Something that happens is refused with this status.
async fn refused(service: &Service, event: Value, status: u16) {
    let deliveries = service.happens(event.clone()).await;
    assert!(!deliveries.is_empty(), "{event}");
    for delivery in deliveries {
        assert_eq!(delivery["status"], status, "{event}: {delivery}");
    }
}

async fn told(service: &Service, kind: &str) -> i64 {
    service
        .count(&format!("outbox WHERE kind = '{kind}'"))
        .await
}

#[tokio::test]
async fn wechat_finds_our_address() {
    let service = Service::start().await;
    service.subscribe().await;
    let query = "?timestamp=1714036504&nonce=1514711492&echostr=42\
                 &signature=f464b24fc39322e44b38aa78f5edd27bd1441696";
    let forged = service.get(&format!("{}{query}", path())).send().await;
    forged.fails(403, "forbidden");
}

#[tokio::test]
async fn without_keys_nothing_is_here() {
    let apps = format!(
        "[{{ app_id = \"{MINI_PROGRAM}\", app_secret = \"fa4e0000000000000000000000000001\", kind = \"mini_program\" }}]"
    );
    let service = Service::with(&[("wechat.apps", &apps)]).await;
    let query = "timestamp=1&nonce=n&signature=s&echostr=e";
    for app in [MINI_PROGRAM, "wx0000000000000000", "..%2f"] {
        let address = format!("/v1/wechat/push/{app}?{query}");
        service.get(&address).send().await.fails(404, "not_found");
        let post = service.post(&address).text("{}");
        post.send().await.fails(404, "not_found");
    }
}

#[tokio::test]
async fn a_cleaned_profile_becomes_random_and_default() {
    let avatar = ("accounts.default_avatar_url", "https://cdn.example/new.png");
    let service = Service::with(&[avatar]).await;
    service.subscribe().await;
    let login = service.one_tap("alice").await;
    let risky = json!({ "nickname": "坏名字", "avatar_url": "https://cdn.example/bad.png" });
    let patch = service.patch("/v1/me").bearer(login.access()).json(risky);
    patch.send().await.ok();
    let event = json!({ "person": "alice", "event": "user_info_modified" });
    happens(&service, event).await;
    let me = service.me(login.access()).await.ok();
    assert_ne!(me["nickname"], "坏名字");
    assert_eq!(me["avatar_url"], "https://cdn.example/new.png");
    let row = "audit_events WHERE action = 'wechat.notice_received' AND method = 'wechat_push'";
    assert_eq!(service.count(row).await, 1);
}

#[tokio::test]
async fn nickname_and_avatar_go_one_by_one() {
    let service = Service::start().await;
    service.subscribe().await;
    let login = service.one_tap("alice").await;
    let shown = json!({ "nickname": "阿丽", "avatar_url": "https://cdn.example/a.png" });
    let show = || {
        let patch = service.patch("/v1/me").bearer(login.access());
        patch.json(shown.clone()).send()
    };
    for (revoke_info, nickname_stays, avatar_stays) in [
        ("19", false, true),
        ("20", true, false),
        ("6", false, false),
        ("4", true, true),
    ] {
        show().await.ok();
        let event = json!({ "person": "alice", "event": REVOKED, "revoke_info": revoke_info });
        happens(&service, event).await;
        let me = service.me(login.access()).await.ok();
        let left = (me["nickname"] == "阿丽", me["avatar_url"] != Value::Null);
        assert_eq!(left, (nickname_stays, avatar_stays), "{revoke_info}");
        // The next event is another one: its time differs.
        service
            .control(reqwest::Method::POST, "clock", json!({ "seconds": 1 }))
            .await;
    }
}

/// The account is reached by its openid, and owes a number again.
#[tokio::test]
async fn a_number_of_the_button_goes_with_its_permission() {
    let service = Service::with(&[("accounts.require_phone", "prompt")]).await;
    service.subscribe().await;
    let login = Login::of(&service.press_button("alice").await);
    let event = json!({ "person": "alice", "event": REVOKED, "revoke_info": "8" });
    happens(&service, event).await;
    let me = service.me(login.access()).await.ok();
    assert_eq!(me["phone"], Value::Null);
    let again = service.one_tap("alice").await;
    assert_eq!(again.user(), login.user());
    assert_eq!(again.0["phone_required"], true);
    assert_eq!(told(&service, "user.phone_removed").await, 1);
    // Nobody is found by the number any more.
    let other = service.sms_login("+8613800138000").await;
    assert!(other.is_new());
}

#[tokio::test]
async fn a_number_that_an_sms_code_has_proven_stays() {
    let service = Service::start().await;
    service.subscribe().await;
    let login = Login::of(&service.press_button("alice").await);
    // The same number, by its own proof: it is the person's from now on.
    let by_sms = service.sms_login("+8613800138000").await;
    assert_eq!(by_sms.user(), login.user());
    let event = json!({ "person": "alice", "event": REVOKED, "revoke_info": "8" });
    happens(&service, event).await;
    let me = service.me(login.access()).await.ok();
    assert_eq!(me["phone"], "+8613800138000");
    assert_eq!(told(&service, "user.phone_removed").await, 0);
}

#[tokio::test]
async fn a_closed_wechat_account_takes_the_account_that_has_no_other_way_in() {
    let service = Service::start().await;
    service.subscribe().await;
    let login = Login::of(&service.press_button("alice").await);
    let event = json!({ "person": "alice", "event": CANCELLED });
    happens(&service, event).await;
    let body = service.me(login.access()).await;
    assert_eq!(body.fails(401, "session_revoked")["reason"], "cancelled");
    let body = service.refresh(login.refresh()).await;
    assert_eq!(body.fails(401, "session_revoked")["reason"], "cancelled");
    assert_eq!(service.count("identities").await, 0);
    let left = "users WHERE status = 'erased' AND nickname IS NULL AND avatar_url IS NULL \
                AND phone_sealed IS NULL AND phone_index IS NULL";
    assert_eq!(service.count(left).await, 1);
    for kind in [
        "user.erased",
        "user.identity_unlinked",
        "user.phone_removed",
        "session.ended",
    ] {
        assert_eq!(told(&service, kind).await, 1, "{kind}");
    }
    // Whoever comes again is somebody new, by number and by openid.
    let number = service.sms_login("+8613800138000").await;
    assert!(number.is_new());
    let again = service.one_tap("alice").await;
    assert!(again.is_new());
    assert_ne!(again.user(), login.user());
}

#[tokio::test]
async fn with_a_number_of_its_own_the_account_stays() {
    let service = Service::start().await;
    service.subscribe().await;
    let by_sms = service.sms_login("+8613900139000").await;
    service.link(&by_sms, "alice").await.ok();
    let tapped = service.one_tap("alice").await;
    assert_eq!(tapped.user(), by_sms.user());
    let event = json!({ "person": "alice", "event": CANCELLED });
    happens(&service, event).await;
    service
        .me(tapped.access())
        .await
        .fails(401, "session_revoked");
    let me = service.me(by_sms.access()).await.ok();
    assert_eq!(me["identities"], json!([]));
    assert_eq!(service.count("identities").await, 0, "nor a unionid");
    assert_eq!(told(&service, "user.erased").await, 0);
    assert_eq!(told(&service, "user.identity_unlinked").await, 1);
    assert!(service.one_tap("alice").await.is_new());
}

/// Another application of the platform keeps its openid, and the unionid.
#[tokio::test]
async fn another_identity_keeps_the_account_and_its_unionid() {
    let service = Service::start().await;
    service.subscribe().await;
    let tapped = service.one_tap("alice").await;
    let code = service.oauth_code("wx8c2d4e6f0a1b3c5d", "alice").await;
    let body = json!({ "code": code, "client": { "type": "app" } });
    let call = service.post("/v1/login/wechat-oauth").json(body);
    let in_app = Login::of(&call.send().await);
    assert_eq!(in_app.user(), tapped.user());
    let event = json!({ "person": "alice", "event": CANCELLED });
    happens(&service, event).await;
    service
        .me(tapped.access())
        .await
        .fails(401, "session_revoked");
    service.me(in_app.access()).await.ok();
    assert_eq!(service.count("identities").await, 2);
    assert_eq!(service.one_tap("alice").await.user(), tapped.user());
}

#[tokio::test]
async fn repeats_change_nothing_more() {
    let service = Service::start().await;
    service.subscribe().await;
    let login = service.one_tap("alice").await;
    let event =
        json!({ "person": "alice", "event": "user_info_modified", "duplicates": 3, "replays": 2 });
    happens(&service, event).await;
    assert_eq!(service.count("provider_notices").await, 1);
    let row = "audit_events WHERE action = 'wechat.notice_received'";
    assert_eq!(service.count(row).await, 1);
    assert_eq!(told(&service, "user.updated").await, 1);
    service.me(login.access()).await.ok();
}

#[tokio::test]
async fn every_form_that_wechat_writes_is_read() {
    for form in [
        json!({ "format": "xml" }),
        json!({ "format": "json" }),
        json!({ "spaced_keys": true }),
    ] {
        let service = Service::start().await;
        service.subscribe().await;
        let login = service.one_tap("alice").await;
        let mut event = json!({ "person": "alice", "event": CANCELLED });
        for (name, value) in form.as_object().expect("members") {
            event[name] = value.clone();
        }
        happens(&service, event).await;
        service
            .me(login.access())
            .await
            .fails(401, "session_revoked");
    }
}

#[tokio::test]
async fn what_concerns_nobody_is_taken_and_does_nothing() {
    let service = Service::start().await;
    service.subscribe().await;
    service.one_tap("alice").await;
    let before = service.rows().await;
    happens(&service, json!({ "person": "bob", "event": CANCELLED })).await;
    let nameless = json!({ "person": "alice", "event": CANCELLED, "without_openid": true });
    happens(&service, nameless).await;
    assert_eq!(service.rows().await, before);
}

#[tokio::test]
async fn what_wechat_has_not_sealed_now_is_refused() {
    let service = Service::start().await;
    service.subscribe().await;
    let login = service.one_tap("alice").await;
    let before = service.rows().await;
    let event = |more: Value| {
        let mut event = json!({ "person": "alice", "event": CANCELLED });
        for (name, value) in more.as_object().expect("members") {
            event[name] = value.clone();
        }
        event
    };
    for forged in ["signature", "no_signature", "body", "app_id"] {
        let deliveries = service.happens(event(json!({ "forged": forged }))).await;
        for delivery in deliveries {
            let status = delivery["status"].as_u64().expect("a status");
            assert!(matches!(status, 400 | 403), "{forged}: {delivery}");
        }
    }
    refused(&service, event(json!({ "forged": "signature" })), 403).await;
    refused(&service, event(json!({ "stale": true })), 403).await;
    refused(&service, event(json!({ "plain": true })), 403).await;
    let deliveries = service.happens(event(json!({ "forged": "key" }))).await;
    assert_ne!(deliveries[0]["status"], 200);
    assert_eq!(service.rows().await, before);
    service.me(login.access()).await.ok();
    let metrics = service.get("/metrics").send().await.text;
    assert!(
        metrics.contains(r#"menshen_wechat_pushes_total{event="unknown",outcome="plain_mode"}"#),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_body_is_bounded() {
    let service = Service::start().await;
    let address = format!(
        "{}?timestamp=1&nonce=n&encrypt_type=aes&msg_signature=s",
        path()
    );
    let call = service.post(&address).body(vec![b'a'; 64 * 1024 + 1]);
    call.send().await.fails(413, "payload_too_large");
    let call = service.post(&address).body("nonsense");
    let status = call.send().await.status;
    assert!(matches!(status, 400 | 403), "{status}");
}

/// WeChat hears nothing good, and comes again.
#[tokio::test]
async fn with_the_database_away_nothing_is_acknowledged() {
    let service = Service::start().await;
    service.subscribe().await;
    service.one_tap("alice").await;
    service.database.close().await.expect("closed");
    let event = json!({ "person": "alice", "event": CANCELLED });
    refused(&service, event, 503).await;
}

/// One of the deliveries does it, all are told so.
#[tokio::test]
async fn deliveries_at_once_are_carried_out_once() {
    let service = Service::start().await;
    service.subscribe().await;
    service.one_tap("alice").await;
    let event =
        json!({ "person": "alice", "event": "user_info_modified", "create_time": 1_700_000_000 });
    let deliveries = (0..8).map(|_| happens(&service, event.clone()));
    futures_util::future::join_all(deliveries).await;
    assert_eq!(told(&service, "user.updated").await, 1);
    assert_eq!(service.count("provider_notices").await, 1);
}

/// Somebody closes their WeChat account while they sign in: whichever came last
/// counts, and nobody is left half-way.
#[tokio::test]
async fn a_closed_wechat_account_and_logins_at_once_leave_whole_accounts() {
    let service = Service::with(&[("sessions.max_per_client_type", "0")]).await;
    service.subscribe().await;
    service.one_tap("alice").await;
    let codes = futures_util::future::join_all((0..12).map(|_| service.login_code("alice"))).await;
    let logins = codes
        .iter()
        .map(|code| service.hand_in(code, crate::support::client()));
    let (answers, ()) = tokio::join!(
        futures_util::future::join_all(logins),
        happens(&service, json!({ "person": "alice", "event": CANCELLED }))
    );
    for answer in &answers {
        answer.ok();
    }
    assert_eq!(told(&service, "user.erased").await, 1);
    let live = "users WHERE status = 'active'";
    assert!(service.count(live).await <= 1);
    for half in [
        "users u WHERE status = 'active' AND NOT EXISTS (SELECT 1 FROM identities i WHERE i.user_id = u.id)",
        "users u WHERE status <> 'active' AND EXISTS (SELECT 1 FROM identities i WHERE i.user_id = u.id)",
        "sessions s JOIN users u ON u.id = s.user_id WHERE u.status <> 'active' AND s.ended_at IS NULL",
    ] {
        assert_eq!(service.count(half).await, 0, "{half}");
    }
    // Who comes back is somebody new, or who came back already.
    let again = service.one_tap("alice").await;
    service.me(again.access()).await.ok();
    assert_eq!(service.count(live).await, 1);
}
