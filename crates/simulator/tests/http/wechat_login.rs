//! code2Session.

use std::sync::Arc;

use menshen_simulator::{SessionKeyRotation, SimulatorConfig, defaults};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::offline::{APP_ID, Offline, SECRET, text};

#[tokio::test]
async fn a_login_code_gives_openid_unionid_and_session_key_as_text() {
    let offline = Offline::start().await;
    let code = offline.login_code("alice").await;
    assert_eq!(code.len(), 32);
    let query = [
        ("appid", APP_ID),
        ("secret", SECRET),
        ("js_code", &code),
        ("grant_type", "authorization_code"),
    ];
    let answer = offline.get("/sns/jscode2session", &query).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/plain");
    let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert!(body.get("errcode").is_none());
    assert_eq!(text(&body, "openid").len(), 28);
    assert_eq!(text(&body, "session_key").len(), 24);
    assert!(text(&body, "unionid").starts_with('o'));
    assert_eq!(body.as_object().unwrap().len(), 3);
    offline.stop().await;
}

#[tokio::test]
async fn an_openid_outlives_the_simulator() {
    let (first, second) = (
        Offline::start().await,
        Offline::start_with(SimulatorConfig::default()).await,
    );
    let one = first.code2session(&first.login_code("alice").await).await;
    let other = second.code2session(&second.login_code("alice").await).await;
    assert_eq!(
        (&one["openid"], &one["unionid"]),
        (&other["openid"], &other["unionid"])
    );
    assert_ne!(one["session_key"], other["session_key"]);
}

#[tokio::test]
async fn each_fault_of_the_request_has_its_errcode_in_order() {
    let offline = Offline::start().await;
    let code = offline.login_code("alice").await;
    let right = [
        ("appid", APP_ID),
        ("secret", SECRET),
        ("js_code", code.as_str()),
        ("grant_type", "authorization_code"),
    ];
    let with = |name: &str, value: &'static str| {
        right.map(|(key, held)| {
            if key == name {
                (key, value.to_owned())
            } else {
                (key, held.to_owned())
            }
        })
    };
    for (changed, errcode) in [
        (with("appid", ""), 41002),
        (with("secret", ""), 41004),
        (with("js_code", ""), 41008),
        (with("grant_type", "client_credential"), 40002),
        (with("appid", "wx0000000000000000"), 40013),
        (with("secret", "00000000000000000000000000000000"), 40125),
        (with("js_code", "made-up"), 40029),
        (with("appid", defaults::APP_APP_ID), 40125),
    ] {
        let query: Vec<_> = changed
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
            .collect();
        let answer = offline.get_json("/sns/jscode2session", &query).await;
        assert_eq!(answer["errcode"], errcode, "{changed:?}");
        assert_eq!(answer.as_object().unwrap().len(), 2);
    }
    assert!(
        offline.code2session(&code).await["errcode"].is_null(),
        "a refusal spends nothing"
    );
}

#[tokio::test]
async fn a_rid_tells_the_second() {
    let offline = Offline::start().await;
    let answer = offline.code2session("made-up").await;
    assert!(
        text(&answer, "errmsg").starts_with("invalid code, rid: 6955b900-"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_code_is_good_once_and_for_five_minutes() {
    let offline = Offline::start().await;
    let used = offline.login_code("alice").await;
    let late = offline.login_code("alice").await;
    assert!(offline.code2session(&used).await["openid"].is_string());
    let again = offline.code2session(&used).await;
    assert_eq!(again["errcode"], 40163);
    assert!(text(&again, "errmsg").starts_with("code been used, rid: "));
    offline.advance(299);
    assert!(offline.code2session(&late).await["openid"].is_string());
    assert_eq!(offline.code2session(&used).await["errcode"], 40163);
    let dead = offline.login_code("alice").await;
    offline.advance(300);
    assert_eq!(offline.code2session(&dead).await["errcode"], 40029);
    assert_eq!(
        offline.code2session(&used).await["errcode"],
        40029,
        "used, and expired"
    );
}

#[tokio::test]
async fn a_code_of_another_kind_is_no_login_code() {
    let offline = Offline::start().await;
    let phone = offline.code("phone", &json!({"person": "alice"})).await;
    let oauth = offline.code("oauth", &json!({"person": "alice"})).await;
    assert_eq!(offline.code2session(&phone).await["errcode"], 40029);
    assert_eq!(offline.code2session(&oauth).await["errcode"], 40029);
}

#[tokio::test]
async fn a_blocked_person_is_told_so_and_nobody_else() {
    let offline = Offline::start().await;
    offline
        .control(
            Method::POST,
            "/control/people/bob",
            &json!({"blocked": true}),
        )
        .await;
    let code = offline.login_code("bob").await;
    assert_eq!(offline.code2session(&code).await["errcode"], 40226);
    assert!(
        offline
            .code2session(&offline.login_code("alice").await)
            .await["openid"]
            .is_string()
    );
    offline
        .control(
            Method::POST,
            "/control/people/bob",
            &json!({"blocked": false}),
        )
        .await;
    assert!(offline.code2session(&code).await["openid"].is_string());
}

#[tokio::test]
async fn a_hundred_logins_of_one_person_a_minute() {
    let offline = Offline::start().await;
    for _ in 0..100 {
        assert!(
            offline
                .code2session(&offline.login_code("alice").await)
                .await["openid"]
                .is_string()
        );
    }
    let code = offline.login_code("alice").await;
    assert_eq!(offline.code2session(&code).await["errcode"], 45011);
    assert!(offline.code2session(&offline.login_code("bob").await).await["openid"].is_string());
    offline.advance(60);
    assert!(
        offline.code2session(&code).await["openid"].is_string(),
        "the limit spends nothing"
    );
}

#[tokio::test]
async fn a_session_key_turns_at_each_login_or_never() {
    for (mode, same) in [
        (SessionKeyRotation::Always, false),
        (SessionKeyRotation::Never, true),
    ] {
        let config = SimulatorConfig {
            session_key_rotation: mode,
            ..SimulatorConfig::default()
        };
        let offline = Offline::start_with(config).await;
        let first = offline
            .code2session(&offline.login_code("alice").await)
            .await;
        let second = offline
            .code2session(&offline.login_code("alice").await)
            .await;
        assert_eq!(first["session_key"] == second["session_key"], same);
    }
}

#[tokio::test]
async fn an_app_without_a_platform_gives_no_unionid() {
    let offline = Offline::start().await;
    let path = format!("/control/apps/{APP_ID}");
    offline
        .control(Method::POST, &path, &json!({"platform": null}))
        .await;
    let unbound = offline
        .code2session(&offline.login_code("alice").await)
        .await;
    assert!(unbound.get("unionid").is_none());
    offline
        .control(Method::POST, &path, &json!({"platform": "another"}))
        .await;
    let bound = offline
        .code2session(&offline.login_code("alice").await)
        .await;
    assert!(bound["unionid"].is_string());
    assert_eq!(bound["openid"], unbound["openid"]);
}

#[tokio::test]
async fn the_method_is_get() {
    let offline = Offline::start().await;
    let answer = offline.post_json("/sns/jscode2session", &json!({})).await;
    assert_eq!(answer["errcode"], 43001);
}

/// One round alone lets a race through now and then.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixteen_simultaneous_exchanges_one_wins() {
    let offline = Arc::new(Offline::start().await);
    for round in 0..5 {
        let code = offline.login_code("alice").await;
        let mut tries = JoinSet::new();
        for _ in 0..16 {
            let (offline, code) = (Arc::clone(&offline), code.clone());
            tries.spawn(async move { offline.code2session(&code).await["errcode"].clone() });
        }
        let outcomes = tries.join_all().await;
        let won = outcomes.iter().filter(|errcode| errcode.is_null()).count();
        let used = outcomes.iter().filter(|errcode| **errcode == 40163).count();
        assert_eq!((won, used), (1, 15), "round {round}: {outcomes:?}");
    }
}
