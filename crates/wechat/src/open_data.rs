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
use chrono::{DateTime, TimeDelta, Utc};
use menshen_domain::model::wechat::{AppId, OpenId, SessionKey, UnionId};
use serde_json::{Map, Value};

/// The longest encrypted text that is looked at; real ones are near 600 bytes.
const MAX_TEXT: usize = 4096;
const BLOCK: usize = 16;

/// Padding may be missing, and its spare bits set.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The data cannot be used: wrong key, damage, or not meant for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the open data cannot be decrypted")]
pub struct OpenDataError;

/// For whom and for when open data must be.
#[derive(Debug, Clone)]
pub struct Expectation<'a> {
    /// The application that its watermark must name.
    pub app: &'a AppId,
    /// The person that it must be about, if it names one.
    pub openid: Option<&'a OpenId>,
    /// The time now.
    pub now: DateTime<Utc>,
    /// How old it may be.
    pub max_age: TimeDelta,
    /// How far WeChat's clock may be ahead of ours.
    pub max_ahead: TimeDelta,
}

/// Clear open data whose watermark has been checked.
#[derive(Clone)]
pub struct OpenData(Map<String, Value>);

impl OpenData {
    /// A member that is a text and not empty.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    }

    /// The person as all applications of one platform know them.
    #[must_use]
    pub fn union_id(&self) -> Option<UnionId> {
        UnionId::parse(self.text("unionId")?).ok()
    }

    /// What may be told to the client: all but the ids and the watermark.
    #[must_use]
    pub fn into_client_data(self) -> Map<String, Value> {
        let hidden = ["openId", "unionId", "watermark"];
        self.0
            .into_iter()
            .filter(|(name, _)| !hidden.contains(&name.as_str()))
            .collect()
    }
}

impl std::fmt::Debug for OpenData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OpenData(…)")
    }
}

/// Whether `signature` is the lower-case hexadecimal SHA-1 of `raw_data`, byte
/// for byte as it came, followed by the base64 text of the session key.
///
/// Source: `WeChat` open data, "signature verification".
#[must_use]
pub fn signature_matches(raw_data: &str, signature: &str, session_key: &SessionKey) -> bool {
    let mut digest = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    digest.update(raw_data.as_bytes());
    digest.update(session_key.expose().as_bytes());
    let expected = hex::encode(digest.finish());
    verify_slices_are_equal(expected.as_bytes(), signature.as_bytes()).is_ok()
}

/// Decrypts open data (AES-128-CBC, PKCS#7) and checks its watermark and whom it
/// is about.
///
/// # Errors
///
/// [`OpenDataError`], the same whatever is wrong.
///
/// Source: `WeChat` open data, "decryption algorithm".
pub fn decrypt(
    encrypted_data: &str,
    iv: &str,
    session_key: &SessionKey,
    expected: &Expectation<'_>,
) -> Result<OpenData, OpenDataError> {
    let clear = decrypt_bytes(encrypted_data, iv, session_key)?;
    let data: Map<String, Value> = serde_json::from_slice(&clear).map_err(|_| OpenDataError)?;
    is_meant(&data, expected)
        .then_some(OpenData(data))
        .ok_or(OpenDataError)
}

fn decrypt_bytes(text: &str, iv: &str, key: &SessionKey) -> Result<Vec<u8>, OpenDataError> {
    let iv: [u8; BLOCK] = decode(iv)?.try_into().map_err(|_| OpenDataError)?;
    let key = decode(key.expose())?;
    let mut buffer = decode(text)?;
    if buffer.is_empty() || !buffer.len().is_multiple_of(BLOCK) {
        return Err(OpenDataError);
    }
    let key = UnboundCipherKey::new(&AES_128, &key).map_err(|_| OpenDataError)?;
    let clear = PaddedBlockDecryptingKey::cbc_pkcs7(key)
        .and_then(|key| {
            let context = DecryptionContext::Iv128(FixedLength::from(iv));
            key.decrypt(&mut buffer, context)
                .map(|clear| clear.to_vec())
        })
        .map_err(|_| OpenDataError)?;
    Ok(clear)
}

/// Base64 as it arrives: form encoding on the way turns `+` into a space.
fn decode(text: &str) -> Result<Vec<u8>, OpenDataError> {
    if text.len() > MAX_TEXT {
        return Err(OpenDataError);
    }
    BASE64
        .decode(text.replace(' ', "+"))
        .map_err(|_| OpenDataError)
}

fn is_meant(data: &Map<String, Value>, expected: &Expectation<'_>) -> bool {
    let mark = data.get("watermark").and_then(Value::as_object);
    let app = mark
        .and_then(|mark| mark.get("appid"))
        .and_then(Value::as_str);
    let at = mark
        .and_then(|mark| mark.get("timestamp"))
        .and_then(crate::reply::integer)
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let fresh = at.is_some_and(|at| {
        expected.now - at <= expected.max_age && at - expected.now <= expected.max_ahead
    });
    let person = match (data.get("openId"), expected.openid) {
        (Some(named), Some(openid)) => named.as_str() == Some(openid.as_str()),
        (None, _) | (_, None) => true,
    };
    app == Some(expected.app.as_str()) && fresh && person
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::digest::{SHA256, digest};

    #[test]
    fn wechats_own_example_comes_out_byte_for_byte() {
        let encrypted = include_str!("../tests/vectors/open_data_profile.b64");
        let key = SessionKey::parse("tiihtNczf5v6AKRyjwEUhQ==").unwrap();
        let clear = decrypt_bytes(encrypted, "r7BXXKkLb8qrSNn05n0qiA==", &key).unwrap();
        assert_eq!(clear.len(), 393);
        assert_eq!(
            hex::encode(digest(&SHA256, &clear)),
            "3237d8a5dbd413523c194882c7156544d8a06e2afcc97383cc300c17bd09391b"
        );
    }
}
