//! Open data under the key of a login, and the life of that key.

use menshen_domain::model::wechat::{AppKind, SessionKey};
use menshen_domain::model::wechat_login::LoginProof;
use menshen_domain::ports::clock::Clock as _;
use menshen_domain::ports::open_data_reader::{
    OpenDataError, OpenDataExpectation, OpenDataReader as _, SealedOpenData,
};
use menshen_domain::ports::wechat_gateway::WeChatGateway as _;
use menshen_outbound::Method;
use menshen_wechat::AesOpenDataReader;
use serde_json::json;

use crate::{MachineClock, World, app};

#[tokio::test]
async fn open_data_opens_under_the_key_of_the_login() {
    let world = World::new().await;
    let mini = app(AppKind::MiniProgram);
    let code = world.login_code("alice").await;
    let person = world
        .gateway
        .identify(&mini, LoginProof::Code(&code))
        .await
        .unwrap();
    let key = person.session_key.unwrap();
    let body = json!({"person": "alice", "app_id": mini.id.as_str()});
    let data = world.control(Method::POST, "wechat/open-data", body).await;
    let text = |name: &str| data[name].as_str().unwrap().to_owned();
    let (raw_data, signature) = (text("raw_data"), text("signature"));
    assert_eq!(
        AesOpenDataReader.verify(&raw_data, &signature, &key),
        Ok(())
    );
    let (encrypted_data, iv) = (text("encrypted_data"), text("iv"));
    let sealed = SealedOpenData {
        encrypted_data: &encrypted_data,
        iv: &iv,
    };
    let expected = OpenDataExpectation {
        app: &mini.id,
        openid: &person.openid,
        now: MachineClock.now(),
    };
    let clear = AesOpenDataReader.open(sealed, &key, expected).unwrap();
    assert!(clear.client_json.contains("nickName"));
}

#[tokio::test]
async fn a_session_key_is_live_until_wechat_gives_another() {
    let world = World::new().await;
    let mini = app(AppKind::MiniProgram);
    let code = world.login_code("alice").await;
    let proof = LoginProof::Code(&code);
    let person = world.gateway.identify(&mini, proof).await.unwrap();
    let key = person.session_key.unwrap();
    let is_live = async |key: &SessionKey| {
        let asked = world
            .gateway
            .session_key_is_live(&mini, &person.openid, key);
        asked.await.unwrap()
    };
    assert!(is_live(&key).await);
    let never = SessionKey::parse("HyVFkGl5F5OQWJZZaNzBBg==").unwrap();
    assert!(!is_live(&never).await);
}

#[tokio::test]
async fn damaged_swapped_and_foreign_open_data_are_one_error() {
    let world = World::new().await;
    let mini = app(AppKind::MiniProgram);
    let code = world.login_code("alice").await;
    let proof = LoginProof::Code(&code);
    let person = world.gateway.identify(&mini, proof).await.unwrap();
    let bob = world.openid("bob").await;
    let key = person.session_key.unwrap();
    let body = json!({"person": "alice", "app_id": mini.id.as_str()});
    let data = world.control(Method::POST, "wechat/open-data", body).await;
    let text = |name: &str| data[name].as_str().unwrap().to_owned();
    let (encrypted_data, iv) = (text("encrypted_data"), text("iv"));
    let spaced = encrypted_data.replace('+', " ");
    let other_key = SessionKey::parse("HyVFkGl5F5OQWJZZaNzBBg==").unwrap();
    let website = app(AppKind::Website);
    for (text, key, app, openid, opens) in [
        (&encrypted_data, &key, &mini, &person.openid, true),
        (&spaced, &key, &mini, &person.openid, true),
        (&encrypted_data, &other_key, &mini, &person.openid, false),
        (&encrypted_data, &key, &website, &person.openid, false),
        (&encrypted_data, &key, &mini, &bob, false),
        (&iv, &key, &mini, &person.openid, false),
    ] {
        let sealed = SealedOpenData {
            encrypted_data: text,
            iv: &iv,
        };
        let expected = OpenDataExpectation {
            app: &app.id,
            openid,
            now: MachineClock.now(),
        };
        let opened = AesOpenDataReader.open(sealed, key, expected);
        assert_eq!(opened.is_ok(), opens);
        assert!(opens || opened == Err(OpenDataError::DecryptFailed));
    }
}
