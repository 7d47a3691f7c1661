//! Access tokens of an application.

use menshen_simulator::{SimulatorConfig, defaults};
use reqwest::Method;
use serde_json::{Value, json};

use super::offline::{APP_ID, Offline, SECRET, text};

const CLASSIC: [(&str, &str); 3] = [
    ("grant_type", "client_credential"),
    ("appid", APP_ID),
    ("secret", SECRET),
];

/// The errcode with which a token is refused; 40029 (no such code) when it is taken.
async fn verdict(offline: &Offline, token: &str) -> Value {
    offline
        .phone_number(token, &json!({"code": "made-up"}))
        .await["errcode"]
        .clone()
}

#[tokio::test]
async fn a_stable_token_stays_and_says_what_is_left() {
    let offline = Offline::start().await;
    let first = offline.stable_token(false).await;
    assert_eq!(first["expires_in"], 7200);
    assert!(first.get("errcode").is_none());
    assert!(text(&first, "access_token").len() > 130);
    offline.advance(6899);
    let same = offline.stable_token(false).await;
    assert_eq!(
        (&same["access_token"], &same["expires_in"]),
        (&first["access_token"], &json!(301))
    );
    offline.advance(1);
    let next = offline.stable_token(false).await;
    assert_ne!(next["access_token"], first["access_token"]);
    assert_eq!(next["expires_in"], 7200);
    assert_eq!(
        verdict(&offline, &text(&first, "access_token")).await,
        40029
    );
    offline.advance(300);
    assert_eq!(
        verdict(&offline, &text(&first, "access_token")).await,
        42001
    );
    assert_eq!(verdict(&offline, &text(&next, "access_token")).await, 40029);
}

#[tokio::test]
async fn a_forced_refresh_revokes_at_once_and_is_rationed() {
    let offline = Offline::start().await;
    let first = text(&offline.stable_token(false).await, "access_token");
    let forced = text(&offline.stable_token(true).await, "access_token");
    assert_ne!(first, forced);
    assert_eq!(verdict(&offline, &first).await, 40001);
    assert_eq!(offline.stable_token(true).await["errcode"], 45011);
    for _ in 1..20 {
        offline.advance(30);
        assert!(offline.stable_token(true).await["access_token"].is_string());
    }
    offline.advance(30);
    assert_eq!(offline.stable_token(true).await["errcode"], 45009);
    assert!(offline.stable_token(false).await["access_token"].is_string());
    offline.advance(16 * 3600);
    assert!(
        offline.stable_token(true).await["access_token"].is_string(),
        "midnight in Beijing"
    );
}

#[tokio::test]
async fn each_fault_of_a_stable_token_request_has_its_errcode() {
    let offline = Offline::start().await;
    for (body, errcode) in [
        (
            json!({"grant_type": "client_credential", "secret": SECRET}),
            41002,
        ),
        (
            json!({"grant_type": "client_credential", "appid": APP_ID}),
            41004,
        ),
        (
            json!({"grant_type": "authorization_code", "appid": APP_ID, "secret": SECRET}),
            40002,
        ),
        (
            json!({"grant_type": "client_credential", "appid": "wx0", "secret": SECRET}),
            40013,
        ),
        (
            json!({"grant_type": "client_credential", "appid": APP_ID, "secret": "wrong"}),
            40125,
        ),
        (json!(["not", "an", "object"]), 47001),
    ] {
        assert_eq!(
            offline.post_json("/cgi-bin/stable_token", &body).await["errcode"],
            errcode,
            "{body}"
        );
    }
    assert_eq!(
        offline.get_json("/cgi-bin/stable_token", &[]).await["errcode"],
        43002
    );
    for (body, errcode) in [("", 44002), ("{", 47001)] {
        let sent = offline
            .client
            .post(offline.url("/cgi-bin/stable_token"))
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(
            sent.headers()["content-type"],
            "application/json; encoding=utf-8"
        );
        assert_eq!(sent.json::<Value>().await.unwrap()["errcode"], errcode);
    }
}

#[tokio::test]
async fn a_chunked_body_is_412_and_empty() {
    let offline = Offline::start().await;
    let answer = offline
        .raw("POST /cgi-bin/stable_token HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
        .await;
    assert!(answer.starts_with("HTTP/1.1 412 "), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn a_classic_token_is_new_each_time_and_apart_from_the_stable_one() {
    let offline = Offline::start().await;
    let stable = text(&offline.stable_token(false).await, "access_token");
    let first = offline.get_json("/cgi-bin/token", &CLASSIC).await;
    let second = offline.get_json("/cgi-bin/token", &CLASSIC).await;
    assert_eq!(first["expires_in"], 7200);
    assert_ne!(first["access_token"], second["access_token"]);
    offline.advance(299);
    assert_eq!(
        verdict(&offline, &text(&first, "access_token")).await,
        40029
    );
    offline.advance(1);
    assert_eq!(
        verdict(&offline, &text(&first, "access_token")).await,
        40001
    );
    assert_eq!(
        verdict(&offline, &text(&second, "access_token")).await,
        40029
    );
    assert_eq!(verdict(&offline, &stable).await, 40029);
}

#[tokio::test]
async fn classic_tokens_are_2000_a_day_unless_quotas_are_off() {
    for quotas in [true, false] {
        let config = SimulatorConfig {
            wechat_quotas: quotas,
            ..SimulatorConfig::default()
        };
        let offline = Offline::start_with(config).await;
        for _ in 0..2000 {
            offline.get("/cgi-bin/token", &CLASSIC).await;
        }
        let next = offline.get_json("/cgi-bin/token", &CLASSIC).await;
        assert_eq!(next["errcode"] == 45009, quotas, "{next}");
    }
}

#[tokio::test]
async fn a_classic_request_is_checked() {
    let offline = Offline::start().await;
    for (name, value, errcode) in [
        ("grant_type", "x", 40002),
        ("appid", "", 41002),
        ("appid", "x", 40013),
        ("secret", "", 41004),
        ("secret", "x", 40125),
    ] {
        let query = CLASSIC.map(|(key, right)| (key, if key == name { value } else { right }));
        assert_eq!(
            offline.get_json("/cgi-bin/token", &query).await["errcode"],
            errcode
        );
    }
}

#[tokio::test]
async fn a_token_can_be_killed_behind_its_holders_back() {
    let offline = Offline::start().await;
    let (_, none) = offline
        .control(Method::POST, "/control/wechat/revoke-token", &json!({}))
        .await;
    assert_eq!(none, json!({"revoked": false}));
    for errcode in [40001, 42001, 40014] {
        let token = text(&offline.stable_token(false).await, "access_token");
        let body = json!({"app_id": APP_ID, "errcode": errcode});
        assert_eq!(
            offline
                .control(Method::POST, "/control/wechat/revoke-token", &body)
                .await
                .1,
            json!({"revoked": true})
        );
        assert_eq!(verdict(&offline, &token).await, errcode);
        assert_ne!(
            text(&offline.stable_token(false).await, "access_token"),
            token
        );
    }
    let token = text(&offline.stable_token(false).await, "access_token");
    offline
        .control(
            Method::POST,
            "/control/wechat/revoke-token",
            &json!({"sticky": true}),
        )
        .await;
    assert_eq!(
        text(&offline.stable_token(false).await, "access_token"),
        token
    );
    assert_eq!(verdict(&offline, &token).await, 40001);
    assert_ne!(
        text(&offline.stable_token(true).await, "access_token"),
        token
    );
    let wrong = json!({"app_id": defaults::APP_APP_ID});
    assert_eq!(
        offline
            .control(Method::POST, "/control/wechat/revoke-token", &wrong)
            .await
            .0,
        400
    );
}
