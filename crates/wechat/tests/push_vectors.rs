//! Message push against WeChat's own examples and others made to its rules.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use menshen_domain::model::wechat::AppId;
use menshen_domain::model::wechat_push::{PushEvent, PushKind, RevokedPermission};
use menshen_domain::ports::wechat_push::{PushQuery, WeChatPush as _, WeChatPushError as E};
use menshen_wechat::{PushKeys, SafeModePush};

/// The examples of WeChat's own documentation.
const TOKEN: &str = "AAAAA";
const APP: &str = "wxba5fad812f8e6fb9";
const ENCRYPTED: &str = include_str!("vectors/push_safe_mode.b64");
const SENT: i64 = 1_714_112_445;

const OPENID: &str = "oGZUI0egBJY1zhBYw2KhdUfwVJJE";
/// 43 times `A`, decoded.
const KEY: [u8; 32] = [0; 32];

fn push() -> SafeModePush {
    let keys = PushKeys::parse(&TOKEN.into(), &"A".repeat(43).into()).unwrap();
    SafeModePush::new([(AppId::parse(APP).unwrap(), keys)])
}

fn sign(parts: &[&str]) -> String {
    let mut sorted = parts.to_vec();
    sorted.sort_unstable();
    let mut digest = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    digest.update(sorted.concat().as_bytes());
    hex::encode(digest.finish())
}

fn safe_mode(timestamp: i64, msg_signature: &str) -> PushQuery {
    PushQuery {
        signature: Some("whatever".to_owned()),
        msg_signature: Some(msg_signature.to_owned()),
        timestamp: Some(timestamp.to_string()),
        nonce: Some("415670741".to_owned()),
        encrypt_type: Some("aes".to_owned()),
        echostr: None,
    }
}

fn signed(encrypted: &str) -> PushQuery {
    let signature = sign(&[TOKEN, &SENT.to_string(), "415670741", encrypted]);
    safe_mode(SENT, &signature)
}

fn body(encrypted: &str) -> String {
    format!(r#"{{"ToUserName":"gh_97417a04a28d","Encrypt":"{encrypted}"}}"#)
}

fn open(query: &PushQuery, body: &str, now: i64) -> Result<Option<PushEvent>, E> {
    let app = AppId::parse(APP).unwrap();
    let now = DateTime::from_timestamp(now, 0).unwrap();
    push().open(&app, query, body.as_bytes(), now)
}

/// Encrypts as WeChat does: 16 bytes, a length, the message, the application's
/// id, and padding to blocks of 32.
fn encrypt(message: &str, app: &str) -> String {
    let mut data = vec![9; 16];
    data.extend_from_slice(&u32::try_from(message.len()).unwrap().to_be_bytes());
    data.extend_from_slice(message.as_bytes());
    data.extend_from_slice(app.as_bytes());
    let padding = 32 - data.len() % 32;
    data.resize(data.len() + padding, u8::try_from(padding).unwrap());
    encrypt_blocks(data)
}

fn encrypt_blocks(mut data: Vec<u8>) -> String {
    let iv: [u8; 16] = KEY[..16].try_into().unwrap();
    EncryptingKey::cbc(UnboundCipherKey::new(&AES_256, &KEY).unwrap())
        .unwrap()
        .less_safe_encrypt(&mut data, EncryptionContext::Iv128(FixedLength::from(iv)))
        .unwrap();
    STANDARD.encode(data)
}

/// Delivers a message in safe mode.
fn deliver(message: &str) -> Result<Option<PushEvent>, E> {
    let encrypted = encrypt(message, APP);
    open(&signed(&encrypted), &body(&encrypted), SENT)
}

fn revoke(more: &str) -> String {
    format!(
        r#"{{"ToUserName":"gh_1","FromUserName":"{OPENID}","CreateTime":{SENT},"MsgType":"event","Event":"user_authorization_revoke",{more}}}"#
    )
}

#[test]
fn wechats_own_example_is_authentic_and_asks_nothing_of_us() {
    let query = safe_mode(SENT, "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3");
    assert_eq!(open(&query, &body(ENCRYPTED), SENT), Ok(None));
}

#[test]
fn wechats_own_check_of_an_address_is_answered() {
    let app = AppId::parse(APP).unwrap();
    let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
    let query = PushQuery {
        signature: Some("f464b24fc39322e44b38aa78f5edd27bd1441696".to_owned()),
        timestamp: Some("1714036504".to_owned()),
        nonce: Some("1514711492".to_owned()),
        echostr: Some("4375120948345356249".to_owned()),
        ..PushQuery::default()
    };
    let check = |query: &PushQuery, now| push().check_url(&app, query, at(now));
    let now = 1_714_036_504;
    assert_eq!(check(&query, now).as_deref(), Ok("4375120948345356249"));
    assert_eq!(check(&query, now + 301), Err(E::Stale));
    let forged = PushQuery {
        nonce: Some("1514711493".to_owned()),
        ..query.clone()
    };
    assert_eq!(check(&forged, now), Err(E::Forged));
    for odd in [
        "",
        "<script>alert(1)</script> x",
        "a\r\nb",
        &"1".repeat(513),
    ] {
        let query = PushQuery {
            echostr: Some(odd.to_owned()),
            ..query.clone()
        };
        assert_eq!(check(&query, now), Err(E::Unreadable), "{odd}");
    }
    let other = AppId::parse("wx0000000000000000").unwrap();
    let error = push().check_url(&other, &query, at(now));
    assert_eq!(error, Err(E::NotConfigured));
}

#[test]
fn an_event_is_read_however_it_is_written() {
    let json = revoke(&format!(
        r#""OpenID":"{OPENID}","AppID":"{APP}","RevokeInfo":"8""#
    ));
    let spaced = json.replace("\"OpenID\"", "\" OpenID\"");
    let spaced = spaced.replace("\"RevokeInfo\"", "\" RevokeInfo\"");
    let xml = format!(
        "<xml><FromUserName><![CDATA[{OPENID}]]></FromUserName><CreateTime>{SENT}</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[user_authorization_revoke]]></Event><OpenID><![CDATA[{OPENID}]]></OpenID><AppID><![CDATA[{APP}]]></AppID><RevokeInfo><![CDATA[8]]></RevokeInfo></xml>"
    );
    let mut keys = Vec::new();
    for message in [json, spaced, xml] {
        let event = deliver(&message).unwrap().unwrap();
        let phone = vec![RevokedPermission::PhoneNumber];
        assert_eq!(event.kind, PushKind::AuthorizationRevoked(phone));
        assert_eq!(event.openid.as_str(), OPENID);
        assert_eq!(event.app_id.as_str(), APP);
        keys.push(event.key);
    }
    assert_eq!(keys[0], keys[1]);
    assert_eq!(keys[0], keys[2], "one event, in any writing");
}

#[test]
fn the_envelope_may_be_xml_too() {
    let message = revoke(&format!(r#""OpenID":"{OPENID}""#));
    let encrypted = encrypt(&message, APP);
    let envelope = format!(
        "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    );
    assert!(
        open(&signed(&encrypted), &envelope, SENT)
            .unwrap()
            .is_some()
    );
}

#[test]
fn every_length_of_padding_is_stripped() {
    for length in 0..32 {
        let message = revoke(&format!(
            r#""OpenID":"{OPENID}","X":"{}""#,
            "x".repeat(length)
        ));
        assert!(deliver(&message).unwrap().is_some(), "{length}");
    }
}

#[test]
fn a_delivery_without_a_person_is_passed_over() {
    assert_eq!(deliver(&revoke(r#""RevokeInfo":"8""#)), Ok(None));
}

#[test]
fn forged_stale_and_plain_messages_are_told_apart() {
    let encrypted = encrypt(&revoke(&format!(r#""OpenID":"{OPENID}""#)), APP);
    let (query, whole) = (signed(&encrypted), body(&encrypted));
    assert!(open(&query, &whole, SENT).unwrap().is_some());

    assert_eq!(open(&query, &whole, SENT + 301), Err(E::Stale));
    assert_eq!(open(&query, &whole, SENT - 301), Err(E::Stale));

    let later = safe_mode(SENT + 1, query.msg_signature.as_deref().unwrap());
    assert_eq!(open(&later, &whole, SENT), Err(E::Forged));
    let other = body(&encrypt(&revoke(r#""OpenID":"oother""#), APP));
    assert_eq!(open(&query, &other, SENT), Err(E::Forged));
    let for_another = encrypt("{}", "wx0000000000000000");
    let crossed = open(&signed(&for_another), &body(&for_another), SENT);
    assert_eq!(crossed, Err(E::Forged));
    // What signs a message in the clear signs nothing here.
    let plain_signature = sign(&[TOKEN, &SENT.to_string(), "415670741"]);
    let plainly = safe_mode(SENT, &plain_signature);
    assert_eq!(open(&plainly, &whole, SENT), Err(E::Forged));

    let clear = revoke(&format!(r#""OpenID":"{OPENID}""#));
    let plain = PushQuery {
        signature: Some(plain_signature),
        msg_signature: None,
        encrypt_type: None,
        ..query.clone()
    };
    assert_eq!(open(&plain, &clear, SENT), Err(E::PlainMode));
    assert_eq!(open(&query, &clear, SENT), Err(E::PlainMode));
}

#[test]
fn what_cannot_be_read_is_said_so_and_never_panics() {
    let encrypted = encrypt("{}", APP);
    let query = signed(&encrypted);
    for broken in ["", "hello", "{", "[]", "<xml>"] {
        assert_eq!(open(&query, broken, SENT), Err(E::Unreadable), "{broken}");
    }
    let huge = format!("{{\"Encrypt\":\"{}\"}}", "A".repeat(70_000));
    assert_eq!(open(&query, &huge, SENT), Err(E::Unreadable));
    let mut missing = query.clone();
    missing.nonce = None;
    assert_eq!(open(&missing, &body(&encrypted), SENT), Err(E::Unreadable));
    let mut missing = query;
    missing.msg_signature = None;
    assert_eq!(open(&missing, &body(&encrypted), SENT), Err(E::Unreadable));
    // Signed by WeChat, so to say, and still no message.
    for odd in [
        "%%%%".to_owned(),
        STANDARD.encode([1; 31]),
        STANDARD.encode([]),
        encrypt_blocks(vec![0; 32]),
        encrypt_blocks(vec![32; 32]),
        encrypt_blocks(vec![1; 64]),
        encrypt("no members", APP),
    ] {
        let result = open(&signed(&odd), &body(&odd), SENT);
        assert_eq!(result, Err(E::Unreadable), "{odd}");
    }
}
