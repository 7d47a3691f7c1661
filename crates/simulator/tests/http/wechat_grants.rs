//! Consents of OAuth2, the tokens they give, and how they end.

use menshen_simulator::defaults::{APP_APP_ID, APP_APP_SECRET, WEBSITE_APP_ID};
use reqwest::Method;
use serde_json::{Value, json};

use super::offline::{Offline, text};
use super::receiver::Receiver;

/// The tokens of a fresh consent of alice's in the native app.
async fn granted(offline: &Offline) -> Value {
    let code = offline.code("oauth", &json!({"person": "alice"})).await;
    let query = [
        ("appid", APP_APP_ID),
        ("secret", APP_APP_SECRET),
        ("code", &code),
        ("grant_type", "authorization_code"),
    ];
    offline.get_json("/sns/oauth2/access_token", &query).await
}

async fn refresh(offline: &Offline, refresh_token: &str) -> Value {
    let query = [
        ("appid", APP_APP_ID),
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token),
    ];
    offline.get_json("/sns/oauth2/refresh_token", &query).await
}

async fn check(offline: &Offline, token: &str, openid: &str) -> Value {
    let query = [("access_token", token), ("openid", openid)];
    offline.get_json("/sns/auth", &query).await
}

async fn control(offline: &Offline, path: &str, body: &Value) -> Value {
    let (status, answer) = offline.control(Method::POST, path, body).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

#[tokio::test]
async fn a_living_token_is_extended_and_a_dead_one_replaced() {
    let offline = Offline::start().await;
    let first = granted(&offline).await;
    let refresh_token = text(&first, "refresh_token");
    offline.advance(7199);
    assert_eq!(
        refresh(&offline, &refresh_token).await,
        first,
        "the same, with its life extended"
    );
    let (token, openid) = (text(&first, "access_token"), text(&first, "openid"));
    offline.advance(7199);
    assert_eq!(check(&offline, &token, &openid).await["errcode"], 0);
    offline.advance(1);
    assert_eq!(check(&offline, &token, &openid).await["errcode"], 42001);
    let second = refresh(&offline, &refresh_token).await;
    assert_ne!(second["access_token"], first["access_token"]);
    assert_eq!(second["unionid"], first["unionid"]);
    assert_eq!(check(&offline, &token, &openid).await["errcode"], 40001);
    offline.advance(30 * 86_400);
    assert_eq!(refresh(&offline, &refresh_token).await["errcode"], 42002);
}

#[tokio::test]
async fn each_fault_of_a_refresh_has_its_errcode() {
    let offline = Offline::start().await;
    let grant = granted(&offline).await;
    let token = text(&grant, "refresh_token");
    let right = [
        ("appid", APP_APP_ID),
        ("grant_type", "refresh_token"),
        ("refresh_token", &token),
    ];
    for (name, value, errcode) in [
        ("appid", "", 41002),
        ("appid", "wx0000000000000000", 40013),
        ("appid", WEBSITE_APP_ID, 40030),
        ("refresh_token", "", 41003),
        ("refresh_token", "made-up", 40030),
        ("refresh_token", &text(&grant, "access_token"), 40030),
        ("grant_type", "authorization_code", 40002),
    ] {
        let query = right.map(|(key, right)| (key, if key == name { value } else { right }));
        let answer = offline.get_json("/sns/oauth2/refresh_token", &query).await;
        assert_eq!(answer["errcode"], errcode, "{name}={value}");
    }
    let posted = offline
        .post_json("/sns/oauth2/refresh_token", &json!({}))
        .await;
    assert_eq!(posted["errcode"], 43001);
    let blocked = json!({"blocked": true});
    control(&offline, "/control/people/alice", &blocked).await;
    assert_eq!(refresh(&offline, &token).await["errcode"], 50002);
}

#[tokio::test]
async fn a_token_is_checked_for_its_holder() {
    let offline = Offline::start().await;
    let grant = granted(&offline).await;
    let (token, openid) = (text(&grant, "access_token"), text(&grant, "openid"));
    assert_eq!(
        check(&offline, &token, &openid).await,
        json!({"errcode": 0, "errmsg": "ok"})
    );
    for (token, openid, errcode) in [
        (token.as_str(), "oSomebodyElse", 40003),
        (token.as_str(), "", 41009),
        ("made-up", openid.as_str(), 40001),
        ("", openid.as_str(), 41001),
    ] {
        let answer = check(&offline, token, openid).await;
        assert_eq!(answer["errcode"], errcode, "{answer}");
    }
    let answer = offline
        .get(
            "/sns/auth",
            &[("access_token", &token), ("openid", &openid)],
        )
        .await;
    assert_eq!(answer.headers()["content-type"], "text/plain");
}

#[tokio::test]
async fn a_withdrawn_grant_is_dead_and_the_app_is_told() {
    let (offline, server) = (Offline::start().await, Receiver::start());
    let grant = granted(&offline).await;
    let withdraw = json!({"person": "alice", "app_id": APP_APP_ID});
    let other = json!({"person": "alice", "app_id": WEBSITE_APP_ID});
    assert_eq!(
        control(&offline, "/control/wechat/withdraw", &other).await,
        json!({"ended": 0, "push": null}),
        "of another app"
    );
    let push = json!({
        "app_id": APP_APP_ID, "url": server.url(), "token": "pushtoken", "aes_key": "A".repeat(43), "mode": "plain",
    });
    offline
        .control(Method::PUT, "/control/wechat/push", &push)
        .await;
    server.take();
    let answer = control(&offline, "/control/wechat/withdraw", &withdraw).await;
    assert_eq!(
        (&answer["ended"], &answer["push"]["accepted"]),
        (&json!(1), &json!(true))
    );
    let event: Value = serde_json::from_str(&server.take()[0].body).unwrap();
    assert_eq!(
        (&event["Event"], &event["RevokeInfo"]),
        (&json!("user_authorization_revoke"), &json!("301"))
    );
    let (token, openid) = (text(&grant, "access_token"), text(&grant, "openid"));
    assert_eq!(check(&offline, &token, &openid).await["errcode"], 40001);
    let refresh_token = text(&grant, "refresh_token");
    assert_eq!(refresh(&offline, &refresh_token).await["errcode"], 42007);
    assert!(
        granted(&offline).await["openid"].is_string(),
        "a new consent"
    );
    let of_mini_program = json!({"person": "alice", "app_id": super::offline::APP_ID});
    let (status, _) = offline
        .control(Method::POST, "/control/wechat/withdraw", &of_mini_program)
        .await;
    assert_eq!(status, 400, "it must be said what");
}

#[tokio::test]
async fn a_consent_leads_back_with_its_state() {
    let offline = Offline::start().await;
    let body = json!({
        "person": "alice", "app_id": WEBSITE_APP_ID, "state": "a b&c",
        "redirect_uri": "https://example.com/back?x=1",
    });
    let answer = control(&offline, "/control/wechat/oauth", &body).await;
    let code = text(&answer, "code");
    assert_eq!(
        answer,
        json!({
            "code": code, "state": "a b&c",
            "redirect": format!("https://example.com/back?x=1&code={code}&state=a%20b%26c"),
        })
    );
    let mut refusal = body.clone();
    refusal["refuse"] = json!(true);
    assert_eq!(
        control(&offline, "/control/wechat/oauth", &refusal).await,
        json!({"state": "a b&c", "redirect": "https://example.com/back?x=1&state=a%20b%26c"})
    );
    let in_app = json!({"person": "alice", "refuse": true});
    assert_eq!(
        control(&offline, "/control/wechat/oauth", &in_app).await,
        json!({"errcode": -4})
    );
    for (name, value) in [
        ("scope", "snsapi_other"),
        ("redirect_uri", "javascript:alert(1)"),
        ("redirect_uri", "https://example.com/#x"),
        ("state", &"x".repeat(129)),
    ] {
        let mut wrong = body.clone();
        wrong[name] = json!(value);
        let (status, _) = offline
            .control(Method::POST, "/control/wechat/oauth", &wrong)
            .await;
        assert_eq!(status, 400, "{name}={value}");
    }
}

#[tokio::test]
async fn a_snapshot_user_has_no_profile() {
    let offline = Offline::start().await;
    let body = json!({"person": "alice", "snapshot_user": true});
    let code = offline.code("oauth", &body).await;
    let query = [
        ("appid", APP_APP_ID),
        ("secret", APP_APP_SECRET),
        ("code", &code),
        ("grant_type", "authorization_code"),
    ];
    let grant = offline.get_json("/sns/oauth2/access_token", &query).await;
    assert_eq!(grant["is_snapshotuser"], 1);
    let (token, openid) = (text(&grant, "access_token"), text(&grant, "openid"));
    let query = [("access_token", token.as_str()), ("openid", &openid)];
    assert_eq!(
        offline.get_json("/sns/userinfo", &query).await["errcode"],
        48001
    );
    let again = refresh(&offline, &text(&grant, "refresh_token")).await;
    assert_eq!(again["is_snapshotuser"], 1);
}

#[tokio::test]
async fn a_closed_account_is_nowhere_any_more() {
    let (offline, server) = (Offline::start().await, Receiver::start());
    let grant = granted(&offline).await;
    let login = offline.login_code("alice").await;
    for app_id in [APP_APP_ID, super::offline::APP_ID] {
        let push = json!({
            "app_id": app_id, "url": server.url(), "token": "pushtoken", "aes_key": "A".repeat(43), "mode": "plain",
        });
        offline
            .control(Method::PUT, "/control/wechat/push", &push)
            .await;
    }
    server.take();
    let closing = json!({"person": "alice"});
    let answer = control(&offline, "/control/wechat/close-account", &closing).await;
    assert_eq!(answer["ended"], 1);
    assert_eq!(answer["push"][APP_APP_ID]["accepted"], true);
    let told: Vec<Value> = server
        .take()
        .iter()
        .map(|told| serde_json::from_str(&told.body).unwrap())
        .collect();
    assert_eq!(told.len(), 2);
    assert!(
        told.iter()
            .all(|event| event["Event"] == "user_authorization_cancellation")
    );
    assert_eq!(offline.code2session(&login).await["errcode"], 40029);
    let (token, openid) = (text(&grant, "access_token"), text(&grant, "openid"));
    assert_eq!(check(&offline, &token, &openid).await["errcode"], 40001);
    for action in [
        "login",
        "phone",
        "oauth",
        "open-data",
        "pay",
        "close-account",
    ] {
        let path = format!("/control/wechat/{action}");
        let (status, answer) = offline.control(Method::POST, &path, &closing).await;
        assert_eq!(status, 409, "{action}: {answer}");
    }
    let reopened = json!({"closed": false});
    control(&offline, "/control/people/alice", &reopened).await;
    assert!(
        offline
            .code2session(&offline.login_code("alice").await)
            .await["openid"]
            .is_string()
    );
}
