//! Where the real ones differ, or nobody knows.

use reqwest::Method;
use serde_json::{Value, json};

use super::offline::{APP_ID, Offline, text};

async fn set(offline: &Offline, body: &Value) -> (u16, Value) {
    offline
        .control(Method::PATCH, "/control/settings", body)
        .await
}

#[tokio::test]
async fn settings_hold_until_the_reset() {
    let offline = Offline::start().await;
    let start = offline.get_json("/control/settings", &[]).await;
    assert_eq!(
        start,
        json!({
            "session_key_rotation": "always", "country_code_as_number": false, "openid_mismatch_errcode": 40029,
            "wechat_quotas": true, "sms_limits": true, "cloud_app_id": null,
        })
    );
    let other = json!({
        "session_key_rotation": "never", "country_code_as_number": true, "openid_mismatch_errcode": 40003,
        "wechat_quotas": false, "sms_limits": false, "cloud_app_id": null,
    });
    assert_eq!(set(&offline, &other).await, (200, other.clone()));
    assert_eq!(set(&offline, &json!({})).await.1, other);

    let first = offline
        .code2session(&offline.login_code("alice").await)
        .await;
    let second = offline
        .code2session(&offline.login_code("alice").await)
        .await;
    assert_eq!(first["session_key"], second["session_key"]);
    let token = text(&offline.stable_token(true).await, "access_token");
    let token = match offline.stable_token(true).await["access_token"].as_str() {
        Some(next) if next != token => next.to_owned(),
        other => panic!("a second forced refresh within 30 seconds: {other:?}"),
    };
    let code = offline.code("phone", &json!({"person": "alice"})).await;
    let foreign = json!({"code": code, "openid": "oSomebody"});
    let refused = offline.phone_number(&token, &foreign).await;
    assert_eq!(refused["errcode"], 40003);
    let answer = offline.phone_number(&token, &json!({"code": code})).await;
    assert_eq!(answer["phone_info"]["countryCode"], 86);

    for wrong in [
        json!({"session_key_rotation": "daily"}),
        json!({"openid_mismatch_errcode": 0}),
        json!({"unheard_of": true}),
    ] {
        assert_eq!(set(&offline, &wrong).await.0, 400, "{wrong}");
    }
    offline
        .control(Method::POST, "/control/reset", &json!({}))
        .await;
    assert_eq!(offline.get_json("/control/settings", &[]).await, start);
}

#[tokio::test]
async fn inside_cloud_hosting_no_token_is_needed() {
    let offline = Offline::start().await;
    let code = offline.code("phone", &json!({"person": "alice"})).await;
    let ask = async || {
        let body = json!({"code": code});
        offline
            .post_json("/wxa/business/getuserphonenumber", &body)
            .await
    };
    assert_eq!(ask().await["errcode"], 41001);
    let nowhere = json!({"cloud_app_id": "wx0000000000000000"});
    assert_eq!(set(&offline, &nowhere).await.0, 404);
    let hosted = json!({"cloud_app_id": APP_ID});
    assert_eq!(set(&offline, &hosted).await.1["cloud_app_id"], APP_ID);
    assert_eq!(
        offline
            .phone_number("made-up", &json!({"code": code}))
            .await["errcode"],
        40014,
        "a token that is sent is checked"
    );
    assert_eq!(ask().await["phone_info"]["purePhoneNumber"], "13800138000");
    set(&offline, &json!({"cloud_app_id": null})).await;
    assert_eq!(ask().await["errcode"], 41001);
}
