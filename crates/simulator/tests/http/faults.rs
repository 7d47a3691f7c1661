//! Faults on the wire.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::offline::{APP_ID, Offline, SECRET};

const TARGET: &str = "/sns/jscode2session";

async fn ask(offline: &Offline, code: &str) -> reqwest::Result<reqwest::Response> {
    let query = [
        ("appid", APP_ID),
        ("secret", SECRET),
        ("js_code", code),
        ("grant_type", "authorization_code"),
    ];
    offline
        .client
        .get(offline.url(TARGET))
        .query(&query)
        .send()
        .await
}

/// Asks once under `fault`: status, content type and body.
async fn under(offline: &Offline, mut fault: Value) -> (u16, String, Vec<u8>) {
    fault["target"] = json!(TARGET);
    fault["times"] = json!(1);
    let code = offline.login_code("alice").await;
    offline.set_fault(&fault).await;
    let answer = ask(offline, &code).await.expect("an answer");
    let kind = answer
        .headers()
        .get("content-type")
        .map(|kind| kind.to_str().expect("text").to_owned());
    (
        answer.status().as_u16(),
        kind.unwrap_or_default(),
        answer.bytes().await.expect("a body").to_vec(),
    )
}

#[tokio::test]
async fn minus_one_twice_then_success() {
    let offline = Offline::start().await;
    let code = offline.login_code("alice").await;
    offline
        .set_fault(&json!({"target": TARGET, "errcode": -1, "times": 2}))
        .await;
    for _ in 0..2 {
        assert_eq!(offline.code2session(&code).await["errcode"], -1);
    }
    assert!(offline.code2session(&code).await["openid"].is_string());
}

#[tokio::test]
async fn any_errcode_with_any_status() {
    let offline = Offline::start().await;
    let (status, kind, body) =
        under(&offline, json!({"errcode": "45009", "http_status": 500})).await;
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        (status, kind.as_str(), &body["errcode"]),
        (500, "text/plain", &json!(45009))
    );
    let (status, kind, body) = under(&offline, json!({"http_status": 502})).await;
    assert_eq!((status, kind.as_str()), (502, "text/html"));
    assert!(body.starts_with(b"<html>"));
    let (_, _, body) = under(&offline, json!({"fail_rate": 1.0})).await;
    assert_eq!(
        serde_json::from_slice::<Value>(&body).unwrap()["errcode"],
        -1
    );
}

#[tokio::test]
async fn bodies_can_be_wrong_in_many_ways() {
    let offline = Offline::start().await;
    let (status, _, body) = under(&offline, json!({"body": "html"})).await;
    assert!(status == 502 && body.starts_with(b"<html>"));
    let (status, kind, body) = under(&offline, json!({"body": "empty"})).await;
    assert_eq!(
        (status, kind.as_str(), body.as_slice()),
        (200, "", &b""[..])
    );
    let (_, _, body) = under(&offline, json!({"body": "truncated"})).await;
    assert!(body.starts_with(b"{") && !body.ends_with(b"}"));
    let (_, _, body) = under(&offline, json!({"body": "byte_order_mark"})).await;
    assert!(body.starts_with(b"\xEF\xBB\xBF{"));
    let (_, _, body) = under(&offline, json!({"body": "control_characters"})).await;
    assert!(body.contains(&1) && body.contains(&b'\n'));
    let (_, kind, _) = under(&offline, json!({"body": "no_content_type"})).await;
    assert_eq!(kind, "");
    let (_, _, body) = under(&offline, json!({"body": "huge"})).await;
    assert!(body.len() > 16 * 1024 * 1024);
    assert!(serde_json::from_slice::<Value>(&body).unwrap()["openid"].is_string());
    let changed = async |name: &str, code: Value| {
        let mut fault = json!({"body": name});
        if !code.is_null() {
            fault["errcode"] = code;
        }
        serde_json::from_slice::<Value>(&under(&offline, fault).await.2).unwrap()
    };
    let missing = changed("missing_openid", Value::Null).await;
    assert!(missing.get("openid").is_none() && missing["session_key"].is_string());
    assert_eq!(changed("empty_openid", Value::Null).await["openid"], "");
    assert_eq!(
        changed("errcode_as_string", json!(40029)).await["errcode"],
        "40029"
    );
    assert!(changed("extra_members", Value::Null).await["unheard_of"].is_object());
    assert!(changed("array", Value::Null).await.is_array());
}

#[tokio::test]
async fn a_reset_before_spends_nothing_and_one_after_spends_the_code() {
    let offline = Offline::start().await;
    for (reset, errcode) in [("before", Value::Null), ("after", json!(40163))] {
        let code = offline.login_code("alice").await;
        offline
            .set_fault(&json!({"target": TARGET, "reset": reset, "times": 1}))
            .await;
        let lost = ask(&offline, &code).await;
        assert!(lost.is_err(), "{lost:?}");
        assert_eq!(
            offline.code2session(&code).await["errcode"],
            errcode,
            "{reset}"
        );
    }
}

#[tokio::test]
async fn latency_comes_after_the_call_took_effect() {
    let offline = Offline::start().await;
    let code = offline.login_code("alice").await;
    offline
        .set_fault(&json!({"target": TARGET, "latency_ms": 150, "times": 1}))
        .await;
    let start = Instant::now();
    assert!(offline.code2session(&code).await["openid"].is_string());
    assert!(start.elapsed() >= Duration::from_millis(150));
    let code = offline.login_code("alice").await;
    offline
        .set_fault(&json!({"target": TARGET, "latency_ms": 60_000}))
        .await;
    let late = tokio::time::timeout(Duration::from_millis(150), ask(&offline, &code)).await;
    assert!(late.is_err());
    let (_, cleared) = offline
        .control(
            Method::DELETE,
            "/control/faults",
            &json!({"target": TARGET}),
        )
        .await;
    assert_eq!(cleared, json!({"cleared": 1}));
    assert_eq!(offline.code2session(&code).await["errcode"], 40163);
}

#[tokio::test]
async fn a_hanging_call_never_answers_and_others_do() {
    let offline = Offline::start().await;
    offline
        .set_fault(&json!({"target": TARGET, "hang": true}))
        .await;
    let code = offline.login_code("alice").await;
    let hanging = tokio::time::timeout(Duration::from_millis(150), ask(&offline, &code)).await;
    assert!(hanging.is_err());
    assert!(offline.stable_token(false).await["access_token"].is_string());
    tokio::time::timeout(Duration::from_secs(5), offline.stop())
        .await
        .expect("stopping waits for nobody");
}

#[tokio::test]
async fn a_redirect_leads_to_a_place_that_is_counted() {
    let offline = Offline::start().await;
    offline
        .set_fault(&json!({"target": TARGET, "redirect": true, "times": 1}))
        .await;
    let answer = ask(&offline, "any").await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["location"]),
        (302, &"/redirected".parse().unwrap())
    );
    let log = offline.get_json("/control/requests", &[]).await;
    assert_eq!(log["counts"], json!({TARGET: 1}));
    offline.get("/redirected", &[]).await;
    assert_eq!(
        offline.get_json("/control/requests", &[]).await["counts"]["other"],
        1
    );
}

#[tokio::test]
async fn all_faults_end_at_once_and_a_senseless_one_is_refused() {
    let offline = Offline::start().await;
    offline
        .set_fault(&json!({"target": "sns/jscode2session", "errcode": -1}))
        .await;
    offline
        .set_fault(&json!({"target": "sms/aliyun", "fail_rate": 0.5}))
        .await;
    let listed = offline
        .control(Method::GET, "/control/faults", &json!(null))
        .await
        .1;
    assert_eq!(
        listed,
        json!([{"target": TARGET, "errcode": -1}, {"target": "sms/aliyun", "fail_rate": 0.5}])
    );
    let cleared = offline
        .client
        .delete(offline.url("/control/faults"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        cleared.json::<Value>().await.unwrap(),
        json!({"cleared": 2})
    );
    let (status, answer) = offline
        .control(
            Method::PUT,
            "/control/faults",
            &json!({"target": "/nowhere"}),
        )
        .await;
    assert_eq!(status, 400);
    assert!(answer["error"].as_str().unwrap().contains("sms/aliyun"));
}

#[tokio::test]
async fn single_members_differ_or_are_missing() {
    let offline = Offline::start().await;
    let parsed =
        async |fault: Value| serde_json::from_slice::<Value>(&under(&offline, fault).await.2);
    let answer = parsed(json!({"without": ["session_key"], "members": {"unionid": null}})).await;
    let answer = answer.unwrap();
    assert!(answer["openid"].is_string());
    assert!(answer.get("session_key").is_none());
    assert!(answer.get("unionid").is_some_and(Value::is_null));
    assert!(parsed(json!({"body": "invalid_utf8"})).await.is_err());

    let expiring = json!({"target": "cgi-bin/stable_token", "members": {"expires_in": 1}});
    offline.set_fault(&expiring).await;
    let token = offline.stable_token(false).await;
    assert_eq!(token["expires_in"], 1);
    let target = "wxa/business/getuserphonenumber";
    let pointed = json!({
        "target": target, "members": {"/phone_info/watermark/appid": "wx0"}, "without": ["/phone_info/countryCode"],
    });
    offline.set_fault(&pointed).await;
    let token = token["access_token"].as_str().unwrap();
    let code = offline.code("phone", &json!({"person": "alice"})).await;
    let answer = offline.phone_number(token, &json!({"code": code})).await;
    let phone_info = &answer["phone_info"];
    assert_eq!(phone_info["watermark"]["appid"], "wx0");
    assert_eq!(phone_info.get("countryCode"), None);
    assert_eq!(phone_info["purePhoneNumber"], "13800138000");

    let many: Vec<_> = (0..33).map(|number| number.to_string()).collect();
    let too_many = json!({"target": TARGET, "without": many});
    let (status, _) = offline
        .control(Method::PUT, "/control/faults", &too_many)
        .await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn every_call_takes_every_fault() {
    let offline = Offline::start().await;
    let unknown = json!({"target": "/nowhere"});
    let (_, answer) = offline
        .control(Method::PUT, "/control/faults", &unknown)
        .await;
    let named = answer["error"].as_str().unwrap().to_owned();
    let targets: Vec<_> = named
        .trim_start_matches("target is one of ")
        .split(", ")
        .filter(|target| target.starts_with('/'))
        .collect();
    assert!(targets.len() >= 18, "{named}");
    for target in targets {
        offline
            .set_fault(&json!({"target": target, "errcode": 45009, "times": 1}))
            .await;
        let answer = offline.get_json(target, &[]).await;
        assert_eq!(answer["errcode"], 45009, "{target}");
        offline
            .set_fault(&json!({"target": target, "http_status": 502, "times": 1}))
            .await;
        assert_eq!(offline.get(target, &[]).await.status(), 502, "{target}");
        offline
            .set_fault(&json!({"target": target, "reset": "before", "times": 1}))
            .await;
        let reset = offline.client.get(offline.url(target)).send().await;
        assert!(reset.is_err(), "{target}");
        let answer = offline.get_json(target, &[]).await;
        assert!(answer["errcode"].is_i64(), "{target}: {answer}");
    }
}
