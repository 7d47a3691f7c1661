//! Open data. The first line says what the rest is: `sealed` with a line each of
//! text, IV and key; or `clear` and what is encrypted under the right key.

use aws_lc_rs::cipher::{AES_128, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use menshen_domain::model::wechat::{AppId, OpenId, SessionKey};
use menshen_domain::ports::open_data_reader::{
    OpenDataError, OpenDataExpectation, OpenDataReader as _, SealedOpenData,
};
use menshen_wechat::AesOpenDataReader;
use serde_json::Value;

use crate::input;

const APP: &str = "wx4f4bc4dec97d474b";
const OPENID: &str = "oGZUI0egBJY1zhBYw2KhdUfwVJJE";
const KEY: &str = "tiihtNczf5v6AKRyjwEUhQ==";
const IV: [u8; 16] = [5; 16];

/// What is opened is an object of this application and person without its hidden
/// members; everything else is one and the same refusal.
pub(crate) fn run(data: &[u8]) {
    let Some((kind, rest)) = input::line(data) else {
        return;
    };
    match kind {
        "sealed" => {
            let text = String::from_utf8_lossy(rest);
            let mut lines = text.lines();
            let (sealed, iv) = (lines.next(), lines.next());
            let key = lines.next().and_then(|key| SessionKey::parse(key).ok());
            if let (Some(sealed), Some(iv), Some(key)) = (sealed, iv, key) {
                open(sealed, iv, &key);
                let verified = AesOpenDataReader.verify(sealed, iv, &key);
                assert!(matches!(
                    verified,
                    Ok(()) | Err(OpenDataError::SignatureMismatch)
                ));
            }
        }
        "clear" => {
            let Ok(key) = SessionKey::parse(KEY) else {
                unreachable!("the key is well-formed");
            };
            open(&encrypted(rest), &BASE64_STANDARD.encode(IV), &key);
        }
        _ => {}
    }
}

fn open(encrypted_data: &str, iv: &str, key: &SessionKey) {
    let (Ok(app), Ok(openid)) = (AppId::parse(APP), OpenId::parse(OPENID)) else {
        unreachable!("the names are well-formed");
    };
    let expected = OpenDataExpectation {
        app: &app,
        openid: &openid,
        now: input::now(),
    };
    let sealed = SealedOpenData { encrypted_data, iv };
    match AesOpenDataReader.open(sealed, key, expected) {
        Ok(clear) => {
            let shown: Value = serde_json::from_str(&clear.client_json).expect("JSON");
            let shown = shown.as_object().expect("an object");
            for hidden in ["openId", "unionId", "watermark"] {
                assert!(!shown.contains_key(hidden), "{hidden} is shown");
            }
            assert!(clear.openid.is_none_or(|named| named == openid));
        }
        Err(error) => assert_eq!(error, OpenDataError::DecryptFailed),
    }
}

fn encrypted(clear: &[u8]) -> String {
    let key = BASE64_STANDARD.decode(KEY).expect("base64");
    let key = UnboundCipherKey::new(&AES_128, &key).expect("16 bytes");
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).expect("a key");
    let mut buffer = clear.to_vec();
    let context = EncryptionContext::Iv128(FixedLength::from(IV));
    key.less_safe_encrypt(&mut buffer, context).expect("AES");
    BASE64_STANDARD.encode(buffer)
}
