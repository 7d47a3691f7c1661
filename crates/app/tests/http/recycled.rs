//! Numbers that a carrier gave to somebody else.

use chrono::TimeDelta;
use menshen_app::clock::SystemClock;
use menshen_domain::ports::clock::Clock as _;
use serde_json::{Value, json};

use crate::support::{Answer, Login, Service, device};

const PHONE: &str = "+8613900000001";

async fn with(policy: &str) -> (Service, Login) {
    let given = [
        ("accounts.recycled_phone", policy),
        ("sms.resend_interval", "0s"),
    ];
    let service = Service::with(&given).await;
    let login = service.sms_login_with(PHONE, device("old")).await;
    service.link(&login, "bob").await.ok();
    (service, login)
}

/// Lets so many days pass in which nobody does anything.
async fn days_pass(service: &Service, days: i64) {
    let then = (SystemClock.now() - TimeDelta::days(days)).to_rfc3339();
    for change in [
        format!("UPDATE users SET last_login_at = '{then}'"),
        format!("UPDATE sessions SET created_at = '{then}', last_seen_at = '{then}'"),
        "DELETE FROM audit_events".to_owned(),
    ] {
        service.sql(&change).await;
    }
    service.forget_messages().await;
}

/// Tries a code from another device, with a WeChat identity or without.
async fn try_with(service: &Service, code: &str, device_id: &str, person: Option<&str>) -> Answer {
    let mut body = json!({ "phone": PHONE, "code": code, "client": device(device_id) });
    if let Some(person) = person {
        body["wechat"] = json!({ "code": service.login_code(person).await });
    }
    service.post("/v1/login/sms").json(body).send().await
}

async fn ask(service: &Service) -> String {
    service.ask(PHONE).await.ok();
    service.code_at(PHONE).await
}

fn asks_for_wechat(answer: &Answer) {
    let body = answer.fails(403, "identity_confirmation_required");
    assert_eq!(body["methods"], json!(["wechat"]));
}

#[tokio::test]
async fn the_old_owner_is_asked_for_wechat_and_the_new_one_stays_outside() {
    let (service, login) = with("ask_wechat").await;
    days_pass(&service, 91).await;
    let before = service.rows().await;
    let code = ask(&service).await;
    asks_for_wechat(&try_with(&service, &code, "new", None).await);
    asks_for_wechat(&try_with(&service, &code, "new", Some("carol")).await);
    assert_eq!(service.rows().await, before, "nothing has changed");
    let row = "audit_events WHERE action = 'login.refused' \
               AND reason = 'identity_confirmation_required'";
    assert_eq!(service.count(row).await, 2);
    // The code was not spent: with the identity of the account it opens it.
    let owner = Login::of(&try_with(&service, &code, "new", Some("bob")).await);
    assert_eq!(owner.user(), login.user());
    // From here on the account is in use, and its number in no doubt.
    service.forget_messages().await;
    let code = ask(&service).await;
    let again = Login::of(&try_with(&service, &code, "third", None).await);
    assert_eq!(again.user(), login.user());
}

#[tokio::test]
async fn an_account_in_use_a_known_device_or_no_wechat_is_not_in_doubt() {
    for policy in ["ask_wechat", "new_account"] {
        let (service, login) = with(policy).await;
        days_pass(&service, 89).await;
        let code = ask(&service).await;
        let early = Login::of(&try_with(&service, &code, "new", None).await);
        assert_eq!(early.user(), login.user(), "{policy}: 89 days");

        let (service, login) = with(policy).await;
        days_pass(&service, 91).await;
        let code = ask(&service).await;
        let known = Login::of(&try_with(&service, &code, "old", None).await);
        assert_eq!(known.user(), login.user(), "{policy}: the device");

        let (service, login) = with(policy).await;
        days_pass(&service, 91).await;
        let now = SystemClock.now().to_rfc3339();
        let refreshed = format!("UPDATE sessions SET last_seen_at = '{now}'");
        service.sql(&refreshed).await;
        let code = ask(&service).await;
        let seen = Login::of(&try_with(&service, &code, "new", None).await);
        assert_eq!(seen.user(), login.user(), "{policy}: a refresh");

        let (service, login) = with(policy).await;
        service.sql("DELETE FROM identities").await;
        days_pass(&service, 91).await;
        let code = ask(&service).await;
        let bare = Login::of(&try_with(&service, &code, "new", None).await);
        assert_eq!(bare.user(), login.user(), "{policy}: nothing to ask for");
    }
}

#[tokio::test]
async fn without_the_policy_the_number_opens_its_account() {
    let (service, login) = with("off").await;
    days_pass(&service, 1_000).await;
    let code = ask(&service).await;
    let done = Login::of(&try_with(&service, &code, "new", None).await);
    assert_eq!(done.user(), login.user());
}

#[tokio::test]
async fn the_number_goes_to_a_new_account_and_the_old_owner_keeps_the_old_one() {
    let (service, login) = with("new_account").await;
    days_pass(&service, 91).await;
    let code = ask(&service).await;
    let new = Login::of(&try_with(&service, &code, "new", None).await);
    assert!(new.is_new());
    assert_ne!(new.user(), login.user());
    let over = service.me(login.access()).await;
    assert_eq!(
        over.fails(401, "session_revoked")["reason"],
        "phone_changed"
    );
    let old = service.one_tap("bob").await;
    assert_eq!(old.user(), login.user());
    let me = service.me(old.access()).await.ok();
    assert_eq!(me["phone"], Value::Null);
    assert_eq!(service.me(new.access()).await.ok()["phone"], PHONE);
    let told = "outbox WHERE kind = 'user.phone_removed'";
    assert_eq!(service.count(told).await, 1);
    // The old owner's log does not tell who came.
    let row = "audit_events WHERE action = 'account.phone_removed' AND reason = 'recycled' \
               AND address IS NULL AND request_id IS NULL";
    assert_eq!(service.count(row).await, 1);
}

/// The new owner has an account of their own by WeChat: it takes the number in.
#[tokio::test]
async fn the_number_goes_to_the_account_that_its_new_owner_has() {
    let (service, login) = with("new_account").await;
    days_pass(&service, 91).await;
    let carol = service.one_tap("carol").await;
    let code = ask(&service).await;
    let new = Login::of(&try_with(&service, &code, "new", Some("carol")).await);
    assert_eq!(new.user(), carol.user());
    assert_eq!(service.me(new.access()).await.ok()["phone"], PHONE);
    assert_eq!(service.one_tap("bob").await.user(), login.user());
}

/// WeChat may still name a number that its carrier gave to somebody else.
#[tokio::test]
async fn the_button_takes_a_number_away_from_nobody() {
    let given = [
        ("accounts.recycled_phone", "new_account"),
        ("sms.resend_interval", "0s"),
    ];
    let service = Service::with(&given).await;
    let number = "+8613800138000";
    let login = service.sms_login_with(number, device("old")).await;
    service.link(&login, "bob").await.ok();
    days_pass(&service, 91).await;
    let before = service.rows().await;
    let pressed = service.press_button("alice").await;
    pressed.fails(403, "phone_confirmation_required");
    assert_eq!(service.rows().await, before, "nothing has changed");
    // By an SMS code it is hers.
    let new = service.sms_login(number).await;
    assert!(new.is_new());
    assert_eq!(service.one_tap("bob").await.user(), login.user());
}

#[tokio::test]
async fn binding_a_number_in_doubt_does_not_join_its_account() {
    let (service, _) = with("ask_wechat").await;
    days_pass(&service, 91).await;
    let carol = service.one_tap_with("carol", device("new")).await;
    asks_for_wechat(&service.bind_by_sms(&carol, PHONE).await);

    let (service, login) = with("new_account").await;
    days_pass(&service, 91).await;
    let carol = service.one_tap_with("carol", device("new")).await;
    let bound = service.bind_by_sms(&carol, PHONE).await.ok();
    assert_eq!(bound["merged"], false);
    assert_eq!(bound["user"]["id"], carol.user());
    assert_eq!(bound["user"]["phone"], PHONE);
    let old = service.one_tap("bob").await;
    assert_eq!(old.user(), login.user());
    assert_eq!(service.me(old.access()).await.ok()["phone"], Value::Null);
}

#[tokio::test]
async fn of_many_who_come_at_once_one_takes_the_number() {
    let (service, _) = with("new_account").await;
    days_pass(&service, 91).await;
    let code = ask(&service).await;
    let tries = (0..6).map(|n| {
        let (service, code) = (&service, code.as_str());
        async move { try_with(service, code, &format!("new-{n}"), None).await }
    });
    let answers = futures_util::future::join_all(tries).await;
    let won: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 200)
        .collect();
    assert_eq!(won.len(), 1, "one code, one login");
    assert_eq!(
        service.count("users WHERE phone_index IS NOT NULL").await,
        1
    );
    assert_eq!(service.count("users").await, 2);
}
