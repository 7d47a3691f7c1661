//! getUserRiskRank.

use menshen_simulator::defaults::{APP_APP_ID, APP_APP_SECRET};
use reqwest::Method;
use serde_json::{Value, json};

use super::offline::{APP_ID, Offline, text};

async fn rank(offline: &Offline, token: &str, body: &Value) -> Value {
    offline
        .with_token("/wxa/getuserriskrank", token, body)
        .await
}

async fn token(offline: &Offline) -> String {
    text(&offline.stable_token(false).await, "access_token")
}

async fn openid(offline: &Offline, person: &str) -> String {
    let session = offline
        .code2session(&offline.login_code(person).await)
        .await;
    text(&session, "openid")
}

fn question(openid: &str) -> Value {
    json!({"appid": APP_ID, "openid": openid, "scene": 0, "client_ip": "203.0.113.9"})
}

async fn set_risk(offline: &Offline, risk_rank: Value) -> (u16, Value) {
    let body = json!({"risk_rank": risk_rank});
    offline
        .control(Method::PATCH, "/control/people/alice", &body)
        .await
}

#[tokio::test]
async fn somebody_has_the_rank_that_was_set() {
    let offline = Offline::start().await;
    let (token, alice) = (token(&offline).await, openid(&offline, "alice").await);
    let harmless = rank(&offline, &token, &question(&alice)).await;
    assert_eq!(
        (
            &harmless["errcode"],
            &harmless["errmsg"],
            &harmless["risk_rank"]
        ),
        (&json!(0), &json!("getuserriskrank succ"), &json!(0))
    );
    assert!(harmless["unoin_id"].as_u64().unwrap() > u64::from(i32::MAX.unsigned_abs()));
    for level in 1..=4 {
        let (_, person) = set_risk(&offline, json!(level)).await;
        assert_eq!(person["risk_rank"], level);
        let answer = rank(&offline, &token, &question(&alice)).await;
        assert_eq!(answer["risk_rank"], level);
    }
    assert_eq!(set_risk(&offline, json!(5)).await.0, 400);
}

#[tokio::test]
async fn nothing_is_known_after_two_hours_or_where_it_is_said() {
    let offline = Offline::start().await;
    let alice = openid(&offline, "alice").await;
    offline.advance(7199);
    let ask = async || rank(&offline, &token(&offline).await, &question(&alice)).await;
    assert_eq!(ask().await["risk_rank"], 0);
    offline.advance(1);
    assert_eq!(ask().await["errcode"], 61010);
    offline.login_code("alice").await;
    assert_eq!(ask().await["risk_rank"], 0);
    set_risk(&offline, json!(null)).await;
    assert_eq!(ask().await["errcode"], 61010);
}

#[tokio::test]
async fn each_fault_of_a_question_has_its_errcode() {
    let offline = Offline::start().await;
    let (token, alice) = (token(&offline).await, openid(&offline, "alice").await);
    let elsewhere = text(&userid_in_app(&offline).await, "openid");
    for (name, value, errcode) in [
        ("appid", json!(""), 41002),
        ("appid", json!(APP_APP_ID), 43104),
        ("openid", json!(""), 41009),
        ("openid", json!("oNobody"), 40003),
        ("openid", json!(elsewhere), 43104),
        ("scene", json!(3), 40129),
        ("scene", json!("0"), 40129),
        ("scene", json!(null), 40129),
        ("client_ip", json!(""), 40097),
        ("client_ip", json!("somewhere"), 40097),
        ("mobile_no", json!(13_800_138_000_u64), 40097),
        ("is_test", json!("yes"), 40097),
    ] {
        let mut body = question(&alice);
        body[name] = value.clone();
        let answer = rank(&offline, &token, &body).await;
        assert_eq!(answer["errcode"], errcode, "{name}={value}");
    }
    assert_eq!(
        rank(&offline, "", &question(&alice)).await["errcode"],
        41001
    );
    let query = [("access_token", token.as_str())];
    let answer = offline.get_json("/wxa/getuserriskrank", &query).await;
    assert_eq!(answer["errcode"], 43302, "it is not 43002 here");
    for (body, errcode) in [("", 44002), ("x", 47001)] {
        let url = offline.url("/wxa/getuserriskrank");
        let sent = offline.client.post(url).query(&query).body(body).send();
        let answer: Value = sent.await.unwrap().json().await.unwrap();
        assert_eq!(answer["errcode"], errcode);
    }
}

async fn userid_in_app(offline: &Offline) -> Value {
    let code = offline.code("oauth", &json!({"person": "alice"})).await;
    let query = [
        ("appid", APP_APP_ID),
        ("secret", APP_APP_SECRET),
        ("code", &code),
        ("grant_type", "authorization_code"),
    ];
    offline.get_json("/sns/oauth2/access_token", &query).await
}

#[tokio::test]
async fn tests_have_a_quota_of_their_own() {
    let offline = Offline::start().await;
    let (token, alice) = (token(&offline).await, openid(&offline, "alice").await);
    let mut test = question(&alice);
    test["is_test"] = json!(true);
    for _ in 0..100 {
        assert_eq!(rank(&offline, &token, &test).await["errcode"], 0);
    }
    assert_eq!(rank(&offline, &token, &test).await["errcode"], 9_410_009);
    assert_eq!(
        rank(&offline, &token, &question(&alice)).await["errcode"],
        0
    );
}

#[tokio::test]
async fn an_unverified_app_lacks_the_right() {
    let offline = Offline::start().await;
    let (token, alice) = (token(&offline).await, openid(&offline, "alice").await);
    let change = json!({"verified": false});
    let path = format!("/control/apps/{APP_ID}");
    offline.control(Method::POST, &path, &change).await;
    assert_eq!(
        rank(&offline, &token, &question(&alice)).await["errcode"],
        48001
    );
    assert_eq!(
        offline.phone_number(&token, &json!({"code": "x"})).await["errcode"],
        48001
    );
    assert!(
        openid(&offline, "alice").await.starts_with('o'),
        "the login needs no right"
    );
}
