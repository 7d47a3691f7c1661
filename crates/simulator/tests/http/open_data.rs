//! Open data, opened by an independent reader.

use aws_lc_rs::cipher::{AES_128, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::digest;
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

use super::offline::{APP_ID, Offline, text};

/// What `encrypted_data` and `iv` say under the key of `session`.
pub(crate) fn open(session: &Value, data: &Value) -> Value {
    let bytes = |base64: String| STANDARD.decode(base64).expect("base64");
    let key = UnboundCipherKey::new(&AES_128, &bytes(text(session, "session_key")));
    let iv: [u8; 16] = bytes(text(data, "iv")).try_into().expect("16 bytes");
    let mut encrypted = bytes(text(data, "encrypted_data"));
    let plain = key
        .and_then(PaddedBlockDecryptingKey::cbc_pkcs7)
        .expect("a key")
        .decrypt(
            &mut encrypted,
            DecryptionContext::Iv128(FixedLength::from(iv)),
        )
        .expect("the padding of this key");
    serde_json::from_slice(plain).expect("JSON")
}

async fn ask(offline: &Offline, more: Value) -> (u16, Value) {
    let mut body = json!({"person": "alice"});
    for (name, value) in more.as_object().expect("members") {
        body[name] = value.clone();
    }
    offline
        .control(Method::POST, "/control/wechat/open-data", &body)
        .await
}

#[tokio::test]
async fn open_data_opens_with_the_key_of_the_last_login() {
    let offline = Offline::start().await;
    assert_eq!(ask(&offline, json!({})).await.0, 409);
    let session = offline
        .code2session(&offline.login_code("alice").await)
        .await;
    let (_, data) = ask(&offline, json!({})).await;
    let mut signed = text(&data, "raw_data");
    signed.push_str(&text(&session, "session_key"));
    let signature = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, signed.as_bytes());
    assert_eq!(text(&data, "signature"), hex::encode(signature));

    let profile = open(&session, &data);
    assert_eq!(
        (&profile["openId"], &profile["unionId"]),
        (&session["openid"], &session["unionid"])
    );
    assert_eq!(
        profile["watermark"],
        json!({"timestamp": 1_767_225_600, "appid": APP_ID})
    );
    assert_eq!(profile["nickName"], "alice");
}

#[tokio::test]
async fn open_data_can_be_what_a_server_must_refuse() {
    let offline = Offline::start().await;
    let session = offline
        .code2session(&offline.login_code("alice").await)
        .await;
    let opened = async |more: Value| open(&session, &ask(&offline, more).await.1);
    let bob = offline.code2session(&offline.login_code("bob").await).await;
    let foreign = opened(json!({"ids_of": "bob"})).await;
    assert_eq!(
        (&foreign["openId"], &foreign["unionId"]),
        (&bob["openid"], &bob["unionid"])
    );
    let stale = opened(json!({"age": 3600})).await;
    assert_eq!(stale["watermark"]["timestamp"], 1_767_222_000);
    let elsewhere = opened(json!({"watermark_app_id": "wx0"})).await;
    assert_eq!(elsewhere["watermark"]["appid"], "wx0");
    let nameless = opened(json!({"without_ids": true})).await;
    assert_eq!(nameless.get("openId").or(nameless.get("unionId")), None);
    assert_eq!(nameless["nickName"], "alice");
}

#[tokio::test]
async fn a_profile_has_the_nickname_and_avatar_that_were_set() {
    let offline = Offline::start().await;
    let session = offline
        .code2session(&offline.login_code("alice").await)
        .await;
    let placeholder =
        json!({"nickname": "微信用户", "avatar_url": "https://thirdwx.qlogo.cn/grey/132"});
    offline
        .control(Method::PATCH, "/control/people/alice", &placeholder)
        .await;
    let (_, data) = ask(&offline, json!({})).await;
    let profile = open(&session, &data);
    assert_eq!(
        (&profile["nickName"], &profile["avatarUrl"]),
        (&placeholder["nickname"], &placeholder["avatar_url"])
    );
    let raw: Value = serde_json::from_str(&text(&data, "raw_data")).unwrap();
    assert_eq!(raw["avatarUrl"], placeholder["avatar_url"]);
    let none = json!({"avatar_url": null});
    let (_, person) = offline
        .control(Method::PATCH, "/control/people/alice", &none)
        .await;
    assert_eq!(person["nickname"], "微信用户", "what is left out stays");
    let (_, data) = ask(&offline, json!({})).await;
    assert_ne!(
        open(&session, &data)["avatarUrl"],
        placeholder["avatar_url"]
    );
}
