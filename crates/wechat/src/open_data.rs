//! Open data: what WeChat's client APIs hand over, signed and encrypted under
//! the person's session key.
//!
//! AES-CBC without a MAC is a padding oracle as soon as failures can be told
//! apart, so all of them are one error.

use aws_lc_rs::cipher::{AES_128, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use chrono::{DateTime, TimeDelta};
use menshen_domain::model::wechat::{OpenId, SessionKey, UnionId};
use menshen_domain::model::wechat_profile::WeChatProfile;
use menshen_domain::ports::open_data_reader::{
    OpenData, OpenDataError, OpenDataExpectation, OpenDataReader, SealedOpenData,
};
use serde_json::{Map, Value};

/// The longest encrypted text that is looked at; real ones are near 600 bytes.
const MAX_TEXT: usize = 4096;
const BLOCK: usize = 16;
/// How old open data may be.
const OLDEST: TimeDelta = TimeDelta::seconds(600);
/// How far WeChat's clock may be ahead of ours.
const AHEAD: TimeDelta = TimeDelta::seconds(60);
/// What the client is never told.
const HIDDEN: [&str; 3] = ["openId", "unionId", "watermark"];

/// Padding may be missing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reads open data: SHA-1 signatures and AES-128-CBC with PKCS#7.
///
/// Source: `WeChat` open data, "signature verification and decryption".
#[derive(Debug, Clone, Copy, Default)]
pub struct AesOpenDataReader;

impl OpenDataReader for AesOpenDataReader {
    /// The signature is the lower-case hexadecimal SHA-1 of `raw_data` followed
    /// by the base64 text of the session key.
    fn verify(
        &self,
        raw_data: &str,
        signature: &str,
        key: &SessionKey,
    ) -> Result<(), OpenDataError> {
        let mut digest = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
        digest.update(raw_data.as_bytes());
        digest.update(key.expose().as_bytes());
        let expected = hex::encode(digest.finish());
        verify_slices_are_equal(expected.as_bytes(), signature.as_bytes())
            .map_err(|_| OpenDataError::SignatureMismatch)
    }

    fn open<'a>(
        &self,
        sealed: SealedOpenData<'a>,
        key: &SessionKey,
        expected: OpenDataExpectation<'a>,
    ) -> Result<OpenData, OpenDataError> {
        read(sealed, key, expected).ok_or(OpenDataError::DecryptFailed)
    }
}

/// The data, or nothing, whatever is wrong.
fn read(
    sealed: SealedOpenData<'_>,
    key: &SessionKey,
    expected: OpenDataExpectation<'_>,
) -> Option<OpenData> {
    let clear = decrypt(sealed.encrypted_data, sealed.iv, key)?;
    let mut data = parse(clear)?;
    if !is_meant(&data, expected) {
        return None;
    }
    let text = |name: &str| data.get(name).and_then(Value::as_str);
    let openid = text("openId").map(|_| expected.openid.clone());
    let union_id = text("unionId").and_then(|text| UnionId::parse(text).ok());
    let profile = WeChatProfile::cleaned(text("nickName"), text("avatarUrl"));
    data.retain(|name, _| !HIDDEN.contains(&name.as_str()));
    Some(OpenData {
        client_json: Value::Object(data).to_string(),
        union_id,
        openid,
        profile,
    })
}

/// A JSON object. Nicknames have held raw control characters, which JSON does
/// not allow; as spaces they do no harm, within a text or between members.
fn parse(mut clear: Vec<u8>) -> Option<Map<String, Value>> {
    for byte in &mut clear {
        if byte.is_ascii_control() {
            *byte = b' ';
        }
    }
    serde_json::from_slice(&clear).ok()
}

fn decrypt(text: &str, iv: &str, key: &SessionKey) -> Option<Vec<u8>> {
    let iv: [u8; BLOCK] = decode(iv)?.try_into().ok()?;
    let key = decode(key.expose())?;
    let mut buffer = decode(text)?;
    if buffer.is_empty() || !buffer.len().is_multiple_of(BLOCK) {
        return None;
    }
    let key = UnboundCipherKey::new(&AES_128, &key).ok()?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).ok()?;
    let context = DecryptionContext::Iv128(FixedLength::from(iv));
    let clear = key.decrypt(&mut buffer, context).ok()?;
    Some(clear.to_vec())
}

/// Base64 as it arrives: form encoding on the way turns `+` into a space.
fn decode(text: &str) -> Option<Vec<u8>> {
    if text.len() > MAX_TEXT {
        return None;
    }
    BASE64.decode(text.replace(' ', "+")).ok()
}

fn is_meant(data: &Map<String, Value>, expected: OpenDataExpectation<'_>) -> bool {
    let mark = data.get("watermark").and_then(Value::as_object);
    let app = mark
        .and_then(|mark| mark.get("appid"))
        .and_then(Value::as_str);
    let at = mark
        .and_then(|mark| mark.get("timestamp"))
        .and_then(crate::reply::integer)
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let fresh = at.is_some_and(|at| expected.now - at <= OLDEST && at - expected.now <= AHEAD);
    app == Some(expected.app.as_str()) && fresh && is_of(data.get("openId"), expected.openid)
}

/// Data that names nobody is taken: what a client holds under this key is this
/// person's.
fn is_of(named: Option<&Value>, person: &OpenId) -> bool {
    named.is_none_or(|named| named.as_str() == Some(person.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::digest::{SHA256, digest};

    #[test]
    fn wechats_own_example_comes_out_byte_for_byte() {
        let encrypted = include_str!("../tests/vectors/open_data_profile.b64");
        let key = SessionKey::parse("tiihtNczf5v6AKRyjwEUhQ==").unwrap();
        let clear = decrypt(encrypted, "r7BXXKkLb8qrSNn05n0qiA==", &key).unwrap();
        assert_eq!(clear.len(), 393);
        assert_eq!(
            hex::encode(digest(&SHA256, &clear)),
            "3237d8a5dbd413523c194882c7156544d8a06e2afcc97383cc300c17bd09391b"
        );
    }
}
