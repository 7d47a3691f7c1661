//! What is done to accounts, and what cannot be.

use serde_json::{Value, json};

use super::{ALICE, PHONE, READ, WRITE, delete, get, post, see, told, with_keys};
use crate::support::{Answer, Login, Service, device};
use crate::webhooks::until;

async fn act(service: &Service, user: &str, what: &str) -> Answer {
    let path = format!("users/{user}/{what}");
    let body = json!({ "reason": "ticket 4711" });
    post(service, &path, body).send().await
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
    // The detached number is told so, without a code.
    let noticed = async || {
        let inbox = service.inbox(ALICE).await;
        inbox.iter().any(|message| message["code"] == "")
    };
    until("a notice", noticed).await;
    let asked = "sms_sends WHERE purpose = 'number_notice' AND client_type = 'operator'";
    assert_eq!(service.count(asked).await, 1);
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
