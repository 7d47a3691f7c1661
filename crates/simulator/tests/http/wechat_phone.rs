//! getPhoneNumber.

use menshen_simulator::{AppKind, SimulatedApp, SimulatorConfig};
use reqwest::Method;
use serde_json::{Value, json};

use super::offline::{APP_ID, Offline, text};

async fn token(offline: &Offline) -> String {
    text(&offline.stable_token(false).await, "access_token")
}

async fn phone_code(offline: &Offline, person: &str) -> String {
    offline.code("phone", &json!({"person": person})).await
}

#[tokio::test]
async fn a_button_code_gives_the_number_with_its_watermark() {
    let offline = Offline::start().await;
    let code = phone_code(&offline, "alice").await;
    assert_eq!(code.len(), 64);
    let answer = offline
        .phone_number(&token(&offline).await, &json!({"code": code}))
        .await;
    assert_eq!(
        answer,
        json!({"errcode": 0, "errmsg": "ok", "phone_info": {
            "phoneNumber": "13800138000", "purePhoneNumber": "13800138000", "countryCode": "86",
            "watermark": {"timestamp": 1_767_225_600, "appid": APP_ID},
        }})
    );
}

#[tokio::test]
async fn a_button_code_is_good_once_and_for_five_minutes() {
    let offline = Offline::start().await;
    let token = token(&offline).await;
    let (used, dead) = (
        phone_code(&offline, "alice").await,
        phone_code(&offline, "alice").await,
    );
    offline.phone_number(&token, &json!({"code": used})).await;
    let again = offline.phone_number(&token, &json!({"code": used})).await;
    assert_eq!(again["errcode"], 40029, "and not 40163");
    assert!(text(&again, "errmsg").starts_with("invalid code hint: ["));
    offline.advance(300);
    assert_eq!(
        offline.phone_number(&token, &json!({"code": dead})).await["errcode"],
        40029
    );
}

#[tokio::test]
async fn a_login_code_gives_no_number_and_stays_good() {
    let offline = Offline::start().await;
    let code = offline.login_code("alice").await;
    assert_eq!(
        offline
            .phone_number(&token(&offline).await, &json!({"code": code}))
            .await["errcode"],
        40029
    );
    assert!(offline.code2session(&code).await["openid"].is_string());
}

#[tokio::test]
async fn a_wrong_token_is_refused_and_spends_nothing() {
    let offline = Offline::start().await;
    let code = phone_code(&offline, "alice").await;
    let url = offline.url("/wxa/business/getuserphonenumber");
    let without = offline
        .client
        .post(&url)
        .json(&json!({"code": code}))
        .send()
        .await
        .unwrap();
    assert_eq!(without.json::<Value>().await.unwrap()["errcode"], 41001);
    assert_eq!(
        offline
            .phone_number("nonsense", &json!({"code": code}))
            .await["errcode"],
        40014
    );
    let unknown = "a".repeat(136);
    assert_eq!(
        offline.phone_number(&unknown, &json!({"code": code})).await["errcode"],
        40001
    );
    let token = token(&offline).await;
    offline
        .control(Method::POST, "/control/wechat/revoke-token", &json!({}))
        .await;
    assert_eq!(
        offline.phone_number(&token, &json!({"code": code})).await["errcode"],
        40001
    );
    let fresh = text(&offline.stable_token(false).await, "access_token");
    assert_eq!(
        offline.phone_number(&fresh, &json!({"code": code})).await["errcode"],
        0
    );
}

#[tokio::test]
async fn an_expired_token_is_42001() {
    let offline = Offline::start().await;
    let token = token(&offline).await;
    offline.advance(7200);
    let code = phone_code(&offline, "alice").await;
    assert_eq!(
        offline.phone_number(&token, &json!({"code": code})).await["errcode"],
        42001
    );
}

#[tokio::test]
async fn an_openid_must_be_that_of_the_button() {
    let offline = Offline::start().await;
    let token = token(&offline).await;
    let alice = text(
        &offline
            .code2session(&offline.login_code("alice").await)
            .await,
        "openid",
    );
    let bob = text(
        &offline.code2session(&offline.login_code("bob").await).await,
        "openid",
    );
    let code = phone_code(&offline, "alice").await;
    assert_eq!(
        offline
            .phone_number(&token, &json!({"code": code, "openid": bob}))
            .await["errcode"],
        40029
    );
    assert_eq!(
        offline
            .phone_number(&token, &json!({"code": code, "openid": alice}))
            .await["errcode"],
        0
    );
}

#[tokio::test]
async fn bodies_are_checked() {
    let offline = Offline::start().await;
    let token = token(&offline).await;
    assert_eq!(
        offline.phone_number(&token, &json!({})).await["errcode"],
        41008
    );
    let query = [("access_token", token.as_str())];
    assert_eq!(
        offline
            .get_json("/wxa/business/getuserphonenumber", &query)
            .await["errcode"],
        43002
    );
    for (body, errcode) in [("", 44002), ("code=1", 47001)] {
        let sent = offline
            .client
            .post(offline.url("/wxa/business/getuserphonenumber"))
            .query(&query)
            .body(body);
        assert_eq!(
            sent.send().await.unwrap().json::<Value>().await.unwrap()["errcode"],
            errcode
        );
    }
}

#[tokio::test]
async fn a_code_belongs_to_the_app_that_showed_the_button() {
    let mut config = SimulatorConfig::default();
    config.apps.push(SimulatedApp {
        app_id: "wx0123456789abcdef".to_owned(),
        app_secret: "0123456789abcdef0123456789abcdef".to_owned(),
        kind: AppKind::MiniProgram,
        platform: None,
    });
    let offline = Offline::start_with(config).await;
    let code = offline
        .code(
            "phone",
            &json!({"person": "alice", "app_id": "wx0123456789abcdef"}),
        )
        .await;
    let answer = offline
        .phone_number(&token(&offline).await, &json!({"code": code}))
        .await;
    assert_eq!(answer["errcode"], 40013);
    assert!(text(&answer, "errmsg").starts_with("invalid appid hint: ["));
    let login = offline
        .code(
            "login",
            &json!({"person": "alice", "app_id": "wx0123456789abcdef"}),
        )
        .await;
    assert_eq!(offline.code2session(&login).await["errcode"], 40029);
}

#[tokio::test]
async fn other_countries_and_numeric_codes_are_possible() {
    let config = SimulatorConfig {
        country_code_as_number: true,
        ..SimulatorConfig::default()
    };
    let offline = Offline::start_with(config).await;
    offline
        .control(
            Method::POST,
            "/control/people",
            &json!({"name": "dora", "phone": "+85298765432"}),
        )
        .await;
    let answer = offline
        .phone_number(
            &token(&offline).await,
            &json!({"code": phone_code(&offline, "dora").await}),
        )
        .await;
    assert_eq!(answer["phone_info"]["countryCode"], 852);
    assert_eq!(answer["phone_info"]["purePhoneNumber"], "98765432");
}

#[tokio::test]
async fn somebody_without_a_number_cannot_press_the_button() {
    let offline = Offline::start().await;
    offline
        .control(Method::POST, "/control/people", &json!({"name": "erin"}))
        .await;
    let (status, answer) = offline
        .control(
            Method::POST,
            "/control/wechat/phone",
            &json!({"person": "erin"}),
        )
        .await;
    assert_eq!(status, 409);
    assert_eq!(answer, json!({"error": "\"erin\" has no phone number"}));
}
