//! checkSessionKey and `ResetUserSessionKey`.

use aws_lc_rs::hmac;
use menshen_simulator::SimulatorConfig;
use reqwest::Method;
use serde_json::{Value, json};

use super::offline::{APP_ID, Offline, text};

fn sign(session_key: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, session_key.as_bytes());
    hex::encode(hmac::sign(&key, b""))
}

/// A token, an openid and its living key.
async fn logged_in(offline: &Offline) -> (String, String, String) {
    let session = offline
        .code2session(&offline.login_code("alice").await)
        .await;
    let token = text(&offline.stable_token(false).await, "access_token");
    (
        token,
        text(&session, "openid"),
        text(&session, "session_key"),
    )
}

async fn ask(offline: &Offline, call: &str, (token, openid): (&str, &str), key: &str) -> Value {
    let query = [
        ("access_token", token),
        ("openid", openid),
        ("signature", &sign(key)),
        ("sig_method", "hmac_sha256"),
    ];
    offline.get_json(call, &query).await
}

#[tokio::test]
async fn the_living_key_passes_and_one_that_a_login_replaced_does_not() {
    let offline = Offline::start().await;
    let (token, openid, key) = logged_in(&offline).await;
    let check = async || ask(&offline, "/wxa/checksession", (&token, &openid), &key).await;
    assert_eq!(check().await, json!({"errcode": 0, "errmsg": "ok"}));
    offline.login_code("alice").await;
    let answer = check().await;
    assert_eq!(answer["errcode"], 87009);
    assert!(text(&answer, "errmsg").starts_with("invalid signature rid: "));
}

#[tokio::test]
async fn a_dead_key_is_87007() {
    let offline = Offline::start().await;
    let (token, openid, key) = logged_in(&offline).await;
    let body = json!({"person": "alice"});
    let expire = async || {
        offline
            .control(Method::POST, "/control/wechat/expire-session-key", &body)
            .await
            .1
    };
    assert_eq!(expire().await, json!({"expired": true}));
    for call in ["/wxa/checksession", "/wxa/resetusersessionkey"] {
        let answer = ask(&offline, call, (&token, &openid), &key).await;
        assert_eq!(answer["errcode"], 87007, "{call}");
    }
    assert_eq!(expire().await, json!({"expired": false}));
}

#[tokio::test]
async fn each_fault_of_a_signed_request_has_its_errcode() {
    let offline = Offline::start().await;
    let (token, openid, key) = logged_in(&offline).await;
    let right = [
        ("access_token", token.clone()),
        ("openid", openid.clone()),
        ("signature", sign(&key)),
        ("sig_method", "hmac_sha256".to_owned()),
    ];
    let website = offline.code("oauth", &json!({"person": "alice"})).await;
    for call in ["/wxa/checksession", "/wxa/resetusersessionkey"] {
        for (name, value, errcode) in [
            ("access_token", "", 41001),
            ("access_token", "x", 40014),
            ("openid", "", 41009),
            ("openid", "oNobody", 40003),
            ("openid", website.as_str(), 40003),
            ("signature", "", 40097),
            ("signature", "0", 87009),
            ("sig_method", "", 87008),
            ("sig_method", "hmac_sha1", 87008),
        ] {
            let query: Vec<_> = right
                .iter()
                .map(|(key, right)| (*key, if *key == name { value } else { right }))
                .collect();
            let answer = offline.get_json(call, &query).await;
            assert_eq!(answer["errcode"], errcode, "{call} {name}={value}");
        }
        assert_eq!(offline.post_json(call, &json!({})).await["errcode"], 43001);
    }
}

#[tokio::test]
async fn a_reset_key_replaces_the_old_one_once_a_minute() {
    let offline = Offline::start().await;
    let (token, openid, key) = logged_in(&offline).await;
    let reset =
        async |key: &str| ask(&offline, "/wxa/resetusersessionkey", (&token, &openid), key).await;
    let answer = reset(&key).await;
    assert_eq!(
        (&answer["errcode"], &answer["errmsg"], &answer["openid"]),
        (&json!(0), &json!("ok"), &json!(openid))
    );
    let new = text(&answer, "session_key");
    assert_ne!(new, key);
    assert_eq!(reset(&key).await["errcode"], 87009, "the old one is dead");
    assert_eq!(reset(&new).await["errcode"], 45011);
    let check = ask(&offline, "/wxa/checksession", (&token, &openid), &new).await;
    assert_eq!(check["errcode"], 0);
    offline.advance(60);
    assert_eq!(reset(&new).await["errcode"], 0);
}

#[tokio::test]
async fn without_quotas_a_key_is_reset_at_will() {
    let config = SimulatorConfig {
        wechat_quotas: false,
        ..SimulatorConfig::default()
    };
    let offline = Offline::start_with(config).await;
    let (token, openid, mut key) = logged_in(&offline).await;
    for _ in 0..3 {
        let call = "/wxa/resetusersessionkey";
        key = text(
            &ask(&offline, call, (&token, &openid), &key).await,
            "session_key",
        );
    }
}

#[tokio::test]
async fn the_request_log_shows_neither_signature_nor_openid() {
    let offline = Offline::start().await;
    let (token, openid, key) = logged_in(&offline).await;
    let answer = ask(
        &offline,
        "/wxa/resetusersessionkey",
        (&token, &openid),
        &key,
    )
    .await;
    let body = json!({
        "appid": APP_ID, "openid": openid, "scene": 0, "client_ip": "203.0.113.9", "mobile_no": "13800138000",
    });
    offline
        .client
        .post(offline.url("/wxa/getuserriskrank"))
        .query(&[("access_token", &token)])
        .json(&body)
        .send()
        .await
        .unwrap();
    let log = offline.get("/control/requests", &[]).await.text().await;
    let log = log.unwrap();
    for secret in [
        &token,
        &openid,
        &key,
        &sign(&key),
        &text(&answer, "session_key"),
        "203.0.113.9",
        "13800138000",
    ] {
        assert!(!log.contains(secret), "{secret}");
    }
}
