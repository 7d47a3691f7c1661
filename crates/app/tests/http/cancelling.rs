//! Leaving, coming back in time, and being forgotten.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use menshen_app::clock::SystemClock;
use menshen_domain::ports::clock::Clock as _;
use serde_json::{Value, json};

use crate::administration::{self, admin_keys};
use crate::support::{Answer, Login, Service, client, device};

const PHONE: &str = "+8613900000001";
const PATIENCE: Duration = Duration::from_mins(1);

async fn cancel(service: &Service, login: &Login) -> Answer {
    let call = service.delete("/v1/me").bearer(login.access());
    call.send().await
}

/// Somebody with a number and WeChat, signed in twice.
async fn somebody(service: &Service) -> (Login, Login) {
    let texted = service.sms_login_with(PHONE, device("a")).await;
    service.link(&texted, "bob").await.ok();
    let tapped = service.one_tap_with("bob", device("b")).await;
    assert_eq!(texted.user(), tapped.user());
    (texted, tapped)
}

async fn is_over(service: &Service, login: &Login) {
    for answer in [
        service.me(login.access()).await,
        service.verify(login.access()).await,
        service.refresh(login.refresh()).await,
    ] {
        assert_eq!(answer.fails(401, "session_revoked")["reason"], "cancelled");
    }
}

async fn tap(service: &Service, restore: bool) -> Answer {
    let code = service.login_code("bob").await;
    let body = json!({ "code": code, "client": client(), "restore": restore });
    service.post("/v1/login/wechat").json(body).send().await
}

/// Lets the cooling-off of all who left be over.
async fn time_passes(service: &Service) {
    let then = (SystemClock.now() - TimeDelta::seconds(1)).to_rfc3339();
    let sql = format!("UPDATE users SET purge_at = '{then}' WHERE purge_at IS NOT NULL");
    service.sql(&sql).await;
}

async fn told(service: &Service, kind: &str) -> i64 {
    service
        .count(&format!("outbox WHERE kind = '{kind}'"))
        .await
}

fn time(body: &Value) -> DateTime<Utc> {
    let text = body["purge_at"].as_str().expect("a time");
    text.parse().expect("RFC 3339")
}

#[tokio::test]
async fn whoever_leaves_is_out_everywhere_at_once_and_told_when_it_is_final() {
    let service = Service::start().await;
    let (texted, tapped) = somebody(&service).await;
    let answer = cancel(&service, &texted).await.ok();
    assert_eq!(answer["erased"], false);
    let days = (time(&answer) - SystemClock.now()).num_seconds();
    assert!((days - 15 * 86_400).abs() < 60, "{answer}");
    for login in [&texted, &tapped] {
        is_over(&service, login).await;
    }
    // Leaving again changes nothing.
    let again = cancel(&service, &texted).await;
    assert_eq!(again.fails(401, "session_revoked")["reason"], "cancelled");
    assert_eq!(told(&service, "user.cancelled").await, 1);
    assert_eq!(told(&service, "session.ended").await, 2);
    let row = "audit_events WHERE action = 'account.cancelled' AND method = 'cancel' \
               AND address IS NOT NULL";
    assert_eq!(service.count(row).await, 1);
    // Nothing is erased before its time.
    assert_eq!(service.count("identities").await, 2);
}

#[tokio::test]
async fn whoever_comes_back_in_time_finds_everything_as_it_was() {
    let service = Service::start().await;
    let (texted, _) = somebody(&service).await;
    let left = time(&cancel(&service, &texted).await.ok());
    let body = tap(&service, false).await.fails(403, "account_cancelling");
    assert_eq!(time(&body), left);
    // A refused login has not spent the code: the same one, completed.
    let code = service.login_code("bob").await;
    let mut body = json!({ "code": code, "client": client() });
    let call = service.post("/v1/login/wechat").json(body.clone());
    call.send().await.fails(403, "account_cancelling");
    body["restore"] = json!(true);
    let back = service.post("/v1/login/wechat").json(body).send().await;
    let back = Login::of(&back);
    assert_eq!(back.user(), texted.user());
    assert!(!back.is_new());
    let me = service.me(back.access()).await.ok();
    assert_eq!(me["phone"], PHONE);
    is_over(&service, &texted).await;
    assert_eq!(told(&service, "user.restored").await, 1);
    let row = "audit_events WHERE action = 'account.restored'";
    assert_eq!(service.count(row).await, 1);
    assert_eq!(service.count("users WHERE purge_at IS NOT NULL").await, 0);
}

#[tokio::test]
async fn without_a_recent_proof_nobody_leaves() {
    let service = Service::start().await;
    let (texted, _) = somebody(&service).await;
    service.age_proofs().await;
    let body = cancel(&service, &texted)
        .await
        .fails(403, "step_up_required");
    assert_eq!(body["methods"], json!(["sms", "wechat"]));
    service.me(texted.access()).await.ok();
    service
        .delete("/v1/me")
        .send()
        .await
        .fails(401, "token_missing");
}

#[tokio::test]
async fn without_a_cooling_off_whoever_leaves_is_forgotten_at_once() {
    let service = Service::with(&[("accounts.cancel_after", "0s")]).await;
    let (texted, tapped) = somebody(&service).await;
    let answer = cancel(&service, &texted).await.ok();
    assert_eq!(answer["erased"], true);
    for login in [&texted, &tapped] {
        is_over(&service, login).await;
    }
    assert_eq!(service.count("identities").await, 0);
    assert_eq!(told(&service, "user.erased").await, 1);
    assert_eq!(told(&service, "user.cancelled").await, 0);
    let new = Login::of(&tap(&service, false).await);
    assert!(new.is_new());
    assert_ne!(new.user(), texted.user());
}

#[tokio::test]
async fn housekeeping_forgets_whoever_left_long_enough_ago_and_nobody_else() {
    let eager = [("retention.interval", "100ms"), ("retention.pause", "0s")];
    let service = Service::with(&eager).await;
    let (texted, _) = somebody(&service).await;
    let stays = service.one_tap("carol").await;
    cancel(&service, &texted).await.ok();
    let erased = "users WHERE status = 'erased'";
    let erasures = r#"menshen_housekeeping_rows_total{kind="cancelled_accounts"}"#;
    let counted = async || {
        let text = service.get("/metrics").raw().await.text().await;
        let text = text.expect("a text");
        let line = text.lines().find_map(|line| line.strip_prefix(erasures));
        line.expect("a metric")
            .trim()
            .parse::<u64>()
            .expect("a number")
    };
    assert_eq!((service.count(erased).await, counted().await), (0, 0));
    time_passes(&service).await;
    let waiting = async {
        while counted().await == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .expect("in time");
    assert_eq!((service.count(erased).await, counted().await), (1, 1));
    let left = "identities WHERE user_id IN (SELECT id FROM users WHERE status = 'erased')";
    assert_eq!(service.count(left).await, 0);
    let row = "audit_events WHERE action = 'account.erased' AND method = 'cooling_off_over'";
    assert_eq!(service.count(row).await, 1);
    service.me(stays.access()).await.ok();
    // Also of the second who asks: `restore` restores nobody.
    let new = Login::of(&tap(&service, true).await);
    assert!(new.is_new());
    assert_ne!(new.user(), texted.user());
}

/// A login does not wait for housekeeping: the number is free when it was said to be.
#[tokio::test]
async fn whoever_comes_after_the_time_is_new_whether_or_not_housekeeping_has_come() {
    for restore in [false, true] {
        let service = Service::with(&[("sms.resend_interval", "0s")]).await;
        let (texted, _) = somebody(&service).await;
        cancel(&service, &texted).await.ok();
        time_passes(&service).await;
        let tapped = Login::of(&tap(&service, restore).await);
        assert!(tapped.is_new());
        service.forget_messages().await;
        let again = service.bind_by_sms(&tapped, PHONE).await.ok();
        assert_eq!(again["user"]["phone"], PHONE, "the number is free");
        assert_eq!(service.count("users WHERE status = 'erased'").await, 1);
        assert_eq!(told(&service, "user.erased").await, 1);
        is_over(&service, &texted).await;
    }
}

/// Nobody evades an operator by leaving, and nobody is kept for it.
#[tokio::test]
async fn whoever_is_disabled_while_leaving_does_not_come_back_and_is_forgotten_in_time() {
    let keys = admin_keys();
    let service = Service::with(&[("admin.keys", &keys)]).await;
    let (texted, _) = somebody(&service).await;
    cancel(&service, &texted).await.ok();
    let act = async |what: &str| {
        let path = format!("users/{}/{what}", texted.user());
        let call = administration::post(&service, &path, json!({ "reason": "fraud" }));
        call.send().await.ok()
    };
    let shut = act("disable").await;
    assert_eq!(shut["status"], "disabled");
    assert!(shut["purge_at"].is_string());
    for restore in [false, true] {
        tap(&service, restore).await.fails(403, "account_disabled");
    }
    assert_eq!(act("enable").await["status"], "cancelling");
    act("disable").await;
    time_passes(&service).await;
    assert!(Login::of(&tap(&service, false).await).is_new());
    assert_eq!(service.count("users WHERE status = 'erased'").await, 1);
}

/// A number whose owner left can be bound when the time is over, and not before.
#[tokio::test]
async fn a_number_is_bound_only_when_its_owner_has_gone() {
    let service = Service::with(&[("sms.resend_interval", "0s")]).await;
    let (texted, _) = somebody(&service).await;
    let carol = service.one_tap("carol").await;
    cancel(&service, &texted).await.ok();
    service.forget_messages().await;
    let early = service.bind_by_sms(&carol, PHONE).await;
    early.fails(403, "account_cancelling");
    time_passes(&service).await;
    service.forget_messages().await;
    let bound = service.bind_by_sms(&carol, PHONE).await.ok();
    assert_eq!(bound["user"]["phone"], PHONE);
}

#[tokio::test]
async fn leaving_and_signing_in_at_once_leaves_no_session() {
    let service = Service::start().await;
    for round in 0..5 {
        let person = format!("person {round}");
        service.person(&person, None).await;
        let login = service.one_tap(&person).await;
        let code = service.login_code(&person).await;
        let (left, came) = tokio::join!(
            cancel(&service, &login),
            service.hand_in(&code, device("other"))
        );
        left.ok();
        if came.status == 200 {
            is_over(&service, &Login::of(&came)).await;
        } else {
            came.fails(403, "account_cancelling");
        }
        is_over(&service, &login).await;
    }
    let live = "sessions WHERE ended_at IS NULL";
    assert_eq!(service.count(live).await, 0);
}
