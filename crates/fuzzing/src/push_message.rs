//! A pushed message of WeChat. The first line says what the rest is: `raw` with the
//! four members of the query a line each and the body; `signed` and an encrypted text
//! that gets the right signature; `sealed` and a message that is encrypted as well.

use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use menshen_domain::model::wechat::AppId;
use menshen_domain::ports::wechat_push::{PushQuery, WeChatPush as _, WeChatPushError};
use menshen_wechat::{PushKeys, SafeModePush};

use crate::input;

const APP: &str = "wxba5fad812f8e6fb9";
const TOKEN: &str = "AAAAA";
/// 43 times `A` says 32 bytes of zero.
const AES_KEY: [u8; 32] = [0; 32];
const STAMP: &str = "1700000000";
const NONCE: &str = "1514711492";

/// Without the signature nothing is opened; what is opened is of this application
/// and names a person; what is well sealed is never called forged.
pub(crate) fn run(data: &[u8]) {
    let Some((kind, rest)) = input::line(data) else {
        return;
    };
    match kind {
        "raw" => raw(rest),
        "signed" => {
            if let Ok(sealed) = std::str::from_utf8(rest) {
                signed(sealed);
            }
        }
        "sealed" => {
            let opened = signed(&sealed(rest));
            assert_ne!(opened, Some(Err(WeChatPushError::Forged)));
        }
        _ => {}
    }
}

fn reader() -> (SafeModePush, AppId) {
    let keys = PushKeys::parse(&TOKEN.into(), &"A".repeat(43).into());
    let (Ok(keys), Ok(app)) = (keys, AppId::parse(APP)) else {
        unreachable!("the names are well-formed");
    };
    (SafeModePush::new([(app.clone(), keys)]), app)
}

fn raw(rest: &[u8]) {
    let mut words = Vec::new();
    let mut body = rest;
    for _ in 0..4 {
        let Some((word, rest)) = input::line(body) else {
            return;
        };
        words.push(Some(word.to_owned()));
        body = rest;
    }
    let [signature, timestamp, nonce, echostr] = &words[..] else {
        unreachable!("four were read");
    };
    let query = PushQuery {
        signature: signature.clone(),
        msg_signature: signature.clone(),
        timestamp: timestamp.clone(),
        nonce: nonce.clone(),
        encrypt_type: Some("aes".to_owned()),
        echostr: echostr.clone(),
    };
    let (reader, app) = reader();
    if let Ok(echoed) = reader.check_url(&app, &query, input::now()) {
        let parts = [TOKEN, text_of(timestamp.as_ref()), text_of(nonce.as_ref())];
        assert_eq!(signature.as_deref(), Some(sha1_of(&parts).as_str()));
        assert_eq!(Some(echoed), *echostr);
    }
    let opened = reader.open(&app, &query, body, input::now());
    if opened.is_ok() {
        // Only a corpus of genuine messages gets here.
        assert_eq!(signature.as_ref().map(String::len), Some(40));
    }
}

fn text_of(word: Option<&String>) -> &str {
    word.map_or("", String::as_str)
}

type Opened = Result<(), WeChatPushError>;

/// `None` where the text cannot stand in JSON as it is.
fn signed(sealed: &str) -> Option<Opened> {
    if sealed
        .chars()
        .any(|c| c.is_control() || matches!(c, '"' | '\\'))
    {
        return None;
    }
    let query = PushQuery {
        msg_signature: Some(sha1_of(&[TOKEN, STAMP, NONCE, sealed])),
        timestamp: Some(STAMP.to_owned()),
        nonce: Some(NONCE.to_owned()),
        encrypt_type: Some("aes".to_owned()),
        ..PushQuery::default()
    };
    let body = format!(r#"{{"ToUserName":"gh_1","Encrypt":"{sealed}"}}"#);
    let (reader, app) = reader();
    let opened = reader.open(&app, &query, body.as_bytes(), input::now());
    if let Ok(Some(event)) = &opened {
        assert_eq!(event.app_id, app);
        assert!(!event.openid.as_str().is_empty());
    }
    Some(opened.map(drop))
}

fn sealed(message: &[u8]) -> String {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let mut clear = vec![7; 16];
    clear.extend_from_slice(&length.to_be_bytes());
    clear.extend_from_slice(message);
    clear.extend_from_slice(APP.as_bytes());
    let padding = 32 - clear.len() % 32;
    clear.resize(
        clear.len() + padding,
        u8::try_from(padding).expect("1 to 32"),
    );
    let key = UnboundCipherKey::new(&AES_256, &AES_KEY).expect("32 bytes");
    let key = EncryptingKey::cbc(key).expect("a key");
    let context = EncryptionContext::Iv128(FixedLength::from([0; 16]));
    key.less_safe_encrypt(&mut clear, context).expect("AES");
    BASE64_STANDARD.encode(clear)
}

fn sha1_of(parts: &[&str]) -> String {
    let mut sorted = parts.to_vec();
    sorted.sort_unstable();
    hex::encode(digest(
        &SHA1_FOR_LEGACY_USE_ONLY,
        sorted.concat().as_bytes(),
    ))
}
