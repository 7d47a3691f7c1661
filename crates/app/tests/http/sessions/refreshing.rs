//! Refresh tokens over HTTP.

use std::time::Duration;

use super::{PHONE, is_over};
use crate::support::{Login, Service, client_of, redacted};

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
