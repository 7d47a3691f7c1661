//! Open data: what `wx.getUserInfo` hands to the client, signed and encrypted.
//!
//! Source: `WeChat` mini-program guide, "signature verification and decryption
//! of open data": SHA-1 over `rawData` and the key's base64 text; AES-128-CBC
//! with PKCS#7 under the key's sixteen bytes.

use aws_lc_rs::cipher::{AES_128, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::digest;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

/// The profile, in the order in which `WeChat` sends it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Profile<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) open_id: Option<String>,
    pub(crate) nick_name: &'a str,
    pub(crate) gender: u8,
    pub(crate) language: &'a str,
    pub(crate) city: &'a str,
    pub(crate) province: &'a str,
    pub(crate) country: &'a str,
    pub(crate) avatar_url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) union_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) watermark: Option<Watermark<'a>>,
}

/// For whom and when data was encrypted.
#[derive(Debug, Serialize)]
pub(crate) struct Watermark<'a> {
    pub(crate) timestamp: i64,
    pub(crate) appid: &'a str,
}

impl<'a> Profile<'a> {
    /// The public part: gender and region have been empty since 2021.
    pub(crate) fn public(nick_name: &'a str, avatar_url: Option<&'a str>) -> Self {
        Self {
            open_id: None,
            nick_name,
            gender: 0,
            language: "zh_CN",
            city: "",
            province: "",
            country: "",
            avatar_url: avatar_url.unwrap_or_default(),
            union_id: None,
            watermark: None,
        }
    }
}

/// Base64 of `plain` encrypted under `session_key`.
pub(crate) fn encrypt(
    session_key: &[u8; 16],
    iv: [u8; 16],
    plain: &[u8],
) -> Result<String, Unspecified> {
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_128, session_key)?)?;
    let mut data = plain.to_vec();
    key.less_safe_encrypt(&mut data, EncryptionContext::Iv128(FixedLength::from(iv)))?;
    Ok(STANDARD.encode(data))
}

/// Lower-case hex of the signature over `raw_data`.
pub(crate) fn sign(raw_data: &str, session_key_base64: &str) -> String {
    let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    context.update(raw_data.as_bytes());
    context.update(session_key_base64.as_bytes());
    hex::encode(context.finish())
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::cipher::{DecryptionContext, PaddedBlockDecryptingKey};
    use serde_json::Value;

    use super::*;
    use crate::state::sha256_hex;

    const KEY: &str = "tiihtNczf5v6AKRyjwEUhQ==";
    const IV: &str = "r7BXXKkLb8qrSNn05n0qiA==";
    /// The demonstration of `WeChat`'s own documentation.
    const DATA: &str = "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVbJSRgv+4lGOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew==";

    fn block(base64: &str) -> [u8; 16] {
        STANDARD.decode(base64).unwrap().try_into().unwrap()
    }

    fn decrypt(key: &str, iv: &str, data: &str) -> Vec<u8> {
        let key = PaddedBlockDecryptingKey::cbc_pkcs7(
            UnboundCipherKey::new(&AES_128, &block(key)).unwrap(),
        )
        .unwrap();
        let mut data = STANDARD.decode(data).unwrap();
        key.decrypt(
            &mut data,
            DecryptionContext::Iv128(FixedLength::from(block(iv))),
        )
        .unwrap()
        .to_vec()
    }

    #[test]
    fn the_official_demonstration_opens_and_closes() {
        let plain = decrypt(KEY, IV, DATA);
        assert_eq!(
            sha256_hex(&plain),
            "3237d8a5dbd413523c194882c7156544d8a06e2afcc97383cc300c17bd09391b"
        );
        let profile: Value = serde_json::from_slice(&plain).unwrap();
        assert_eq!(profile["nickName"], "Band");
        assert_eq!(profile["watermark"]["appid"], "wx4f4bc4dec97d474b");
        assert_eq!(encrypt(&block(KEY), block(IV), &plain).unwrap(), DATA);
    }

    #[test]
    fn the_official_signature_is_made() {
        let raw_data = r#"{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjAtpujxyzYsrztuuICqIM5ibXQ/0"}"#;
        assert_eq!(
            sign(raw_data, "HyVFkGl5F5OQWJZZaNzBBg=="),
            "75e81ceda165f4ffa64f4068af58c64b8f54b88c"
        );
    }
}
