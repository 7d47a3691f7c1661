//! Introspection (RFC 7662) and revocation (RFC 7009).

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::administration::{READ, WRITE, with_keys};
use crate::support::{Answer, Login, Service};

pub(crate) async fn ask(service: &Service, what: &str, key: &str, form: &str) -> Answer {
    let call = service.post(&format!("/v1/token/{what}")).bearer(key);
    call.form(form).send().await
}

async fn worth(service: &Service, token: &str) -> Value {
    let answer = ask(service, "introspect", READ, &format!("token={token}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.body()
}

async fn revoke(service: &Service, token: &str) {
    let answer = ask(service, "revoke", WRITE, &format!("token={token}")).await;
    assert_eq!(
        (answer.status, answer.body()),
        (200, json!({})),
        "{}",
        answer.text
    );
}

fn nothing() -> Value {
    json!({ "active": false })
}

#[tokio::test]
async fn a_live_token_of_either_kind_is_told_with_its_account() {
    let service = with_keys(&[]).await;
    let login = service.one_tap("alice").await;
    let access = worth(&service, login.access()).await;
    let expected = [
        ("active", json!(true)),
        ("token_type", json!("Bearer")),
        ("scope", json!("user")),
        ("sub", json!(login.user())),
        ("sid", json!(login.session())),
        ("client_type", json!("mini_program")),
        ("iss", json!("menshen")),
        ("aud", json!("menshen")),
    ];
    for (name, value) in expected {
        assert_eq!(access[name], value, "{name}: {access}");
    }
    let life = access["exp"].as_i64().unwrap() - access["iat"].as_i64().unwrap();
    assert_eq!(life, 3600);
    let refresh = worth(&service, login.refresh()).await;
    assert_eq!(refresh["active"], true);
    assert_eq!(refresh["token_type"], "refresh_token");
    assert_eq!(
        (&refresh["sub"], &refresh["sid"]),
        (&access["sub"], &access["sid"])
    );
    // A service that looks at these takes it for no access token.
    assert_eq!(
        (&refresh["scope"], &refresh["aud"]),
        (&Value::Null, &Value::Null)
    );
    // A wrong hint is only a hint.
    let form = format!("token_type_hint=access_token&token={}", login.refresh());
    let answer = ask(&service, "introspect", READ, &form).await;
    assert_eq!(answer.body()["active"], true);
}

/// Which of the many ways of being worth nothing it is, nobody learns.
#[tokio::test]
async fn a_token_that_is_worth_nothing_is_told_in_one_way() {
    let service = with_keys(&[("tokens.refresh_grace", "0s")]).await;
    let login = service.one_tap("alice").await;
    let forged = format!("{}x", login.access());
    let forged_refresh = format!("mrt_{}", "A".repeat(70));
    let long = "x".repeat(5000);
    for token in ["x", "mrt_x", &forged, &forged_refresh, WRITE, "..", &long] {
        assert_eq!(worth(&service, token).await, nothing(), "{token}");
    }
    // A refresh token that must not be in use any more; looking ends no session.
    let next = Login::of(&service.refresh(login.refresh()).await);
    let next = Login::of(&service.refresh(next.refresh()).await);
    assert_eq!(worth(&service, login.refresh()).await, nothing());
    assert_eq!(worth(&service, next.refresh()).await["active"], true);
    service.me(next.access()).await.ok();
    // Signed out.
    let logout = service.post("/v1/logout").bearer(next.access());
    logout.send().await.ok();
    for token in [next.access(), next.refresh()] {
        assert_eq!(worth(&service, token).await, nothing());
    }
    // Not for other services.
    let service = with_keys(&[("accounts.require_phone", "always")]).await;
    let owing = service.one_tap("bob").await;
    assert_eq!(worth(&service, owing.access()).await, nothing());
}

#[tokio::test]
async fn what_is_revoked_is_worth_nothing_anywhere() {
    let service = with_keys(&[]).await;
    for kind in ["access", "refresh"] {
        let login = service.one_tap("alice").await;
        let other = service.replica().await;
        other.verify(login.access()).await.ok();
        assert_eq!(worth(&other, login.access()).await["active"], true);
        let token = match kind {
            "access" => login.access(),
            _ => login.refresh(),
        };
        revoke(&service, token).await;
        for token in [login.access(), login.refresh()] {
            assert_eq!(worth(&service, token).await, nothing(), "{kind}");
        }
        service
            .me(login.access())
            .await
            .fails(401, "session_revoked");
        service
            .refresh(login.refresh())
            .await
            .fails(401, "session_revoked");
        let deadline = Instant::now() + Duration::from_secs(10);
        while worth(&other, login.access()).await != nothing() {
            assert!(Instant::now() < deadline, "{kind}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // Once more, and nonsense, is no error.
        revoke(&service, token).await;
        revoke(&service, "nonsense").await;
    }
    let told = "audit_events WHERE action = 'session.revoked' AND actor = 'ops.alice'";
    assert_eq!(service.count(told).await, 2);
}

/// An earlier generation of a refresh token names its session as well as any.
#[tokio::test]
async fn an_old_refresh_token_revokes_its_session() {
    let service = with_keys(&[]).await;
    let login = service.one_tap("alice").await;
    let next = Login::of(&service.refresh(login.refresh()).await);
    revoke(&service, login.refresh()).await;
    service
        .me(next.access())
        .await
        .fails(401, "session_revoked");
}

#[tokio::test]
async fn whoever_asks_holds_a_key_and_a_form() {
    let service = with_keys(&[]).await;
    let login = service.one_tap("alice").await;
    let form = format!("token={}", login.access());
    for path in ["/v1/token/introspect", "/v1/token/revoke"] {
        let answer = service.post(path).form(&form).send().await;
        answer.fails(401, "admin_key_invalid");
        let answer = service
            .post(path)
            .bearer(login.access())
            .form(&form)
            .send()
            .await;
        let refused = answer.fails(401, "admin_key_invalid");
        assert_eq!(refused["error"], "invalid_token");
        let get = service.call(Method::GET, path).bearer(WRITE).send().await;
        get.fails(405, "method_not_allowed");
        for (wrong, status, code) in [
            ("", 400, "invalid_request"),
            ("token=", 400, "invalid_request"),
            ("token=a&token=b", 400, "invalid_request"),
            ("token_type_hint=access_token", 400, "invalid_request"),
        ] {
            let call = service.post(path).bearer(WRITE).form(wrong);
            let refused = call.send().await.fails(status, code);
            assert_eq!(refused["error"], "invalid_request", "{wrong}");
            assert!(refused["error_description"].is_string());
        }
        let json = service
            .post(path)
            .bearer(WRITE)
            .json(json!({ "token": "x" }));
        json.send().await.fails(415, "unsupported_media_type");
        let large = format!("token={}", "x".repeat(20_000));
        let large = service.post(path).bearer(WRITE).form(&large).send().await;
        large.fails(413, "payload_too_large");
    }
    // What changes something needs a key that may.
    let refused = ask(&service, "revoke", READ, &form).await;
    let refused = refused.fails(403, "forbidden");
    assert_eq!(refused["error"], "insufficient_scope");
    service.me(login.access()).await.ok();
    let metrics = service.get("/metrics").send().await.text;
    let told = "menshen_token_introspections_total{outcome=\"admin_key_invalid\"} 2";
    assert!(metrics.contains(told), "{metrics}");
}

#[tokio::test]
async fn nothing_is_told_of_a_token_while_the_database_is_away() {
    let service = with_keys(&[]).await;
    let login = service.one_tap("alice").await;
    service.database.close().await.expect("closed");
    for token in [login.access(), login.refresh()] {
        let answer = ask(&service, "introspect", READ, &format!("token={token}")).await;
        let refused = answer.fails(503, "unavailable");
        assert_eq!(refused["error"], "temporarily_unavailable");
    }
}
