//! Message push, read by an independent reader.

use aws_lc_rs::cipher::{AES_256, DecryptingKey, DecryptionContext, UnboundCipherKey};
use aws_lc_rs::digest;
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use menshen_simulator::defaults::{APP_APP_ID, WEBSITE_APP_ID};
use reqwest::Method;
use serde_json::{Value, json};

use super::offline::{APP_ID, Offline, text};
use super::receiver::{Received, Receiver};

const TOKEN: &str = "pushtoken";
/// Its last character has bits to spare.
const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

async fn register(offline: &Offline, server: &Receiver, app_id: &str, mode: &str) -> Value {
    let body = json!({
        "app_id": app_id, "url": server.url(), "token": TOKEN, "aes_key": KEY, "mode": mode,
    });
    let (status, answer) = offline
        .control(Method::PUT, "/control/wechat/push", &body)
        .await;
    assert_eq!(status, 200, "{answer}");
    answer
}

async fn subscribed() -> (Offline, Receiver) {
    let (offline, server) = (Offline::start().await, Receiver::start());
    let answer = register(&offline, &server, APP_ID, "safe").await;
    assert_eq!(answer["verified"], true, "{answer}");
    server.take();
    (offline, server)
}

async fn happen(offline: &Offline, more: Value) -> Value {
    let mut body = json!({"person": "alice", "event": "user_authorization_revoke"});
    for (name, value) in more.as_object().expect("members") {
        body[name] = value.clone();
    }
    let (status, answer) = offline
        .control(Method::POST, "/control/wechat/events", &body)
        .await;
    assert_eq!(status, 200, "{answer}");
    answer
}

fn signature(parts: &[&str]) -> String {
    let mut sorted = parts.to_vec();
    sorted.sort_unstable();
    hex::encode(digest::digest(
        &digest::SHA1_FOR_LEGACY_USE_ONLY,
        sorted.concat().as_bytes(),
    ))
}

/// The message and the app id, where the padding and the length are right.
fn decrypt(encrypted: &str) -> Option<(String, String)> {
    let lenient = GeneralPurpose::new(
        &ALPHABET,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let key = lenient.decode(format!("{KEY}=")).expect("a key");
    let iv: [u8; 16] = key[..16].try_into().expect("16 bytes");
    let mut data = STANDARD.decode(encrypted).expect("base64");
    let opener = UnboundCipherKey::new(&AES_256, &key).and_then(DecryptingKey::cbc);
    let plain = opener
        .expect("a key")
        .decrypt(&mut data, DecryptionContext::Iv128(FixedLength::from(iv)))
        .expect("whole blocks");
    let padding = usize::from(*plain.last()?);
    let plain = plain.get(..plain.len().checked_sub(padding)?)?;
    let length = u32::from_be_bytes(plain.get(16..20)?.try_into().ok()?);
    let end = 20_usize.checked_add(usize::try_from(length).ok()?)?;
    let message = String::from_utf8(plain.get(20..end)?.to_vec()).ok()?;
    Some((message, String::from_utf8(plain.get(end..)?.to_vec()).ok()?))
}

fn is_signed(delivery: &Received, encrypted: &str) -> bool {
    let parts = [
        TOKEN,
        delivery.parameter("timestamp"),
        delivery.parameter("nonce"),
        encrypted,
    ];
    delivery.parameter("msg_signature") == signature(&parts)
}

fn encrypted(delivery: &Received) -> String {
    text(
        &serde_json::from_str(&delivery.body).expect("JSON"),
        "Encrypt",
    )
}

#[tokio::test]
async fn an_address_is_kept_when_it_gives_the_echo_back() {
    let (offline, server) = (Offline::start().await, Receiver::start());
    let good = register(&offline, &server, APP_ID, "safe").await;
    assert_eq!(
        (&good["verified"], &good["check"]["status"]),
        (&json!(true), &json!(200))
    );
    let asked = &server.take()[0];
    assert_eq!(asked.parameter("of"), "menshen", "its own query stays");
    assert_eq!(asked.parameter("timestamp"), "1767225600");
    let parts = [
        TOKEN,
        asked.parameter("timestamp"),
        asked.parameter("nonce"),
    ];
    assert_eq!(asked.parameter("signature"), signature(&parts));
    assert_eq!(
        offline.get_json("/control/wechat/push", &[]).await,
        json!([{"app_id": APP_ID, "url": server.url(), "mode": "safe"}])
    );

    for wrong in [(200, "something else"), (403, "")] {
        server.then(Some(wrong));
        let answer = register(&offline, &server, WEBSITE_APP_ID, "safe").await;
        assert_eq!(answer["verified"], false, "{answer}");
        assert_eq!(answer["check"]["status"], wrong.0);
    }
    let kept = offline.get_json("/control/wechat/push", &[]).await;
    assert_eq!(kept.as_array().unwrap().len(), 1);
    let (_, removed) = offline
        .control(Method::DELETE, "/control/wechat/push", &json!({}))
        .await;
    assert_eq!(removed, json!({"removed": 1}));
}

#[tokio::test]
async fn a_senseless_registration_is_refused() {
    let offline = Offline::start().await;
    let good =
        json!({"app_id": APP_ID, "url": "http://127.0.0.1:1/", "token": TOKEN, "aes_key": KEY});
    for (name, value, status) in [
        ("app_id", "wx0000000000000000", 404),
        ("url", "http://example.com/", 400),
        ("url", "https://127.0.0.1/", 400),
        ("token", "x", 400),
        ("token", "not a token", 400),
        ("aes_key", "short", 400),
        ("mode", "other", 400),
        ("unknown", "x", 400),
    ] {
        let mut body = good.clone();
        body[name] = json!(value);
        let (answered, answer) = offline
            .control(Method::PUT, "/control/wechat/push", &body)
            .await;
        assert_eq!(answered, status, "{name}: {answer}");
    }
    let (status, answer) = offline
        .control(Method::PUT, "/control/wechat/push", &good)
        .await;
    assert_eq!(
        (status, &answer["verified"]),
        (200, &json!(false)),
        "nobody listens there"
    );
    let event = json!({"person": "alice", "event": "user_info_modified"});
    let (status, answer) = offline
        .control(Method::POST, "/control/wechat/events", &event)
        .await;
    assert_eq!(status, 409, "{answer}");
}

#[tokio::test]
async fn an_event_arrives_signed_and_encrypted() {
    let (offline, server) = subscribed().await;
    let answer = happen(&offline, json!({"revoke_info": "8"})).await;
    assert_eq!(answer["accepted"], true);
    assert_eq!(
        answer["deliveries"],
        json!([{"copy": 0, "attempt": 1, "accepted": true, "status": 200, "body": "success"}])
    );
    let session = offline
        .code2session(&offline.login_code("alice").await)
        .await;
    let delivery = server.take();
    let [delivery] = delivery.as_slice() else {
        panic!("{delivery:?}")
    };
    assert_eq!(delivery.content_type, "text/xml", "though it is JSON");
    assert_eq!(delivery.parameter("encrypt_type"), "aes");
    assert_eq!(delivery.parameter("openid"), text(&session, "openid"));
    let encrypted = encrypted(delivery);
    assert!(is_signed(delivery, &encrypted));
    let (message, app_id) = decrypt(&encrypted).expect("a message");
    assert_eq!(app_id, APP_ID);
    let message: Value = serde_json::from_str(&message).unwrap();
    assert_eq!(
        message,
        json!({
            "ToUserName": "gh_5f3a9c0d7e1b2a48", "FromUserName": session["openid"], "CreateTime": 1_767_225_600,
            "MsgType": "event", "Event": "user_authorization_revoke", "OpenID": session["openid"], "AppID": APP_ID,
            "RevokeInfo": "8",
        })
    );
}

#[tokio::test]
async fn an_event_of_an_app_names_the_unionid() {
    let (offline, server) = (Offline::start().await, Receiver::start());
    register(&offline, &server, APP_APP_ID, "safe").await;
    server.take();
    happen(
        &offline,
        json!({"event": "user_authorization_cancellation"}),
    )
    .await;
    let (message, _) = decrypt(&encrypted(&server.take()[0])).unwrap();
    let message: Value = serde_json::from_str(&message).unwrap();
    let session = offline
        .code2session(&offline.login_code("alice").await)
        .await;
    assert_eq!(message["UnionID"], session["unionid"]);
    assert_eq!(message["Event"], "user_authorization_cancellation");
    assert_ne!(message["OpenID"], session["openid"], "of another app");
}

#[tokio::test]
async fn a_message_comes_three_times_until_it_is_acknowledged() {
    let (offline, server) = subscribed().await;
    server.then(Some((500, "")));
    server.then(Some((200, "sorry")));
    server.then(Some((200, "")));
    let answer = happen(&offline, json!({})).await;
    assert_eq!(answer["accepted"], true, "{answer}");
    assert_eq!(answer["deliveries"].as_array().unwrap().len(), 3);
    let messages: Vec<_> = server
        .take()
        .iter()
        .map(|delivery| decrypt(&encrypted(delivery)).unwrap())
        .collect();
    assert!(
        messages.windows(2).all(|pair| pair[0] == pair[1]),
        "the same message each time"
    );
    for _ in 0..3 {
        server.then(Some((503, "")));
    }
    let answer = happen(&offline, json!({})).await;
    assert_eq!(answer["accepted"], false);
    assert_eq!(server.take().len(), 3, "and no fourth time");
}

#[tokio::test]
async fn a_receiver_that_hangs_is_asked_again() {
    let (offline, server) = subscribed().await;
    server.then(None);
    let answer = happen(&offline, json!({"patience_ms": 200})).await;
    assert_eq!(answer["deliveries"][0]["error"], "no answer in time");
    assert_eq!(answer["deliveries"][0]["accepted"], false);
    // The second may be late too, on a machine with other things to do.
    assert!(server.take().len() >= 2);
}

#[tokio::test]
async fn duplicates_differ_on_the_wire_and_replays_do_not() {
    let (offline, server) = subscribed().await;
    let answer = happen(&offline, json!({"duplicates": 1, "replays": 1})).await;
    assert_eq!(answer["deliveries"].as_array().unwrap().len(), 3);
    let delivery = server.take();
    assert_ne!(delivery[0].body, delivery[1].body);
    assert_eq!(
        decrypt(&encrypted(&delivery[0])),
        decrypt(&encrypted(&delivery[1]))
    );
    assert_eq!(delivery[1], delivery[2]);
    let (status, _) = offline
        .control(
            Method::POST,
            "/control/wechat/events",
            &json!({"person": "alice", "event": "user_info_modified", "duplicates": 11}),
        )
        .await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn plain_mode_is_signed_over_the_query_alone() {
    let (offline, server) = subscribed().await;
    happen(&offline, json!({"plain": true})).await;
    let delivery = &server.take()[0];
    let parts = [
        TOKEN,
        delivery.parameter("timestamp"),
        delivery.parameter("nonce"),
    ];
    assert_eq!(delivery.parameter("signature"), signature(&parts));
    assert_eq!(delivery.parameter("msg_signature"), "");
    let message: Value = serde_json::from_str(&delivery.body).unwrap();
    assert_eq!(message["Event"], "user_authorization_revoke");
    register(&offline, &server, APP_ID, "plain").await;
    server.take();
    happen(&offline, json!({"format": "xml"})).await;
    assert!(
        server.take()[0]
            .body
            .starts_with("<xml><ToUserName><![CDATA[gh_")
    );
}

#[tokio::test]
async fn xml_and_the_compatible_mode_are_possible() {
    let (offline, server) = subscribed().await;
    happen(
        &offline,
        json!({"format": "xml", "event": "user_info_modified"}),
    )
    .await;
    let delivery = &server.take()[0];
    let between = |text: &str, name: &str| {
        let (_, rest) = text
            .split_once(&format!("<{name}><![CDATA["))
            .expect("a member");
        rest.split_once("]]>").expect("an end").0.to_owned()
    };
    let encrypted_member = between(&delivery.body, "Encrypt");
    assert!(is_signed(delivery, &encrypted_member));
    let (message, _) = decrypt(&encrypted_member).unwrap();
    assert_eq!(between(&message, "Event"), "user_info_modified");
    register(&offline, &server, APP_ID, "compatible").await;
    server.take();
    happen(&offline, json!({})).await;
    let body: Value = serde_json::from_str(&server.take()[0].body).unwrap();
    assert_eq!(body["Event"], "user_authorization_revoke");
    assert!(body["Encrypt"].is_string());
    happen(&offline, json!({"format": "xml"})).await;
    let body = &server.take()[0].body;
    assert_eq!(between(body, "Event"), "user_authorization_revoke");
    assert!(decrypt(&between(body, "Encrypt")).is_some());
}

#[tokio::test]
async fn forgeries_are_wrong_in_one_thing_each_and_come_once() {
    let (offline, server) = subscribed().await;
    for (forged, signed, opens, ours) in [
        (json!(true), false, true, true),
        (json!("signature"), false, true, true),
        (json!("no_signature"), false, true, true),
        (json!("body"), false, true, true),
        (json!("key"), true, false, false),
        (json!("app_id"), true, true, false),
    ] {
        server.then(Some((403, "no")));
        let answer = happen(&offline, json!({"forged": forged})).await;
        assert_eq!(answer["accepted"], false);
        let delivery = server.take();
        let [delivery] = delivery.as_slice() else {
            panic!("{forged}: {delivery:?}")
        };
        let encrypted = encrypted(delivery);
        assert_eq!(is_signed(delivery, &encrypted), signed, "{forged}");
        let opened = decrypt(&encrypted);
        let readable = opened
            .as_ref()
            .is_some_and(|(message, _)| serde_json::from_str::<Value>(message).is_ok());
        assert_eq!(readable, opens, "{forged}");
        assert_eq!(
            opened.is_some_and(|(_, app_id)| app_id == APP_ID),
            ours,
            "{forged}"
        );
    }
}

#[tokio::test]
async fn a_stale_delivery_is_signed_for_its_time() {
    let (offline, server) = subscribed().await;
    for (stale, timestamp) in [
        (json!(true), "1767225000"),
        (json!(-3600), "1767229200"),
        (json!(false), "1767225600"),
    ] {
        happen(&offline, json!({"stale": stale})).await;
        let delivery = &server.take()[0];
        assert_eq!(delivery.parameter("timestamp"), timestamp);
        assert!(is_signed(delivery, &encrypted(delivery)));
    }
}

#[tokio::test]
async fn keys_may_have_spaces_and_members_be_missing() {
    let (offline, server) = subscribed().await;
    happen(&offline, json!({"spaced_keys": true, "create_time": 1})).await;
    let (message, _) = decrypt(&encrypted(&server.take()[0])).unwrap();
    let message: Value = serde_json::from_str(&message).unwrap();
    assert!(message[" OpenID"].is_string());
    assert_eq!(message["CreateTime"], 1);
    happen(&offline, json!({"without_openid": true})).await;
    let (message, _) = decrypt(&encrypted(&server.take()[0])).unwrap();
    assert!(!message.contains("OpenID"));
}
