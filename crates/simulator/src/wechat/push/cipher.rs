//! Signature and encryption of message push.
//!
//! SHA-1 over the sorted parts; AES-256-CBC whose IV is the beginning of the key,
//! over 16 random bytes, the length (big-endian), the message and the app id,
//! padded to blocks of 32 bytes.

use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::digest;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// The padding's block: not that of AES.
const PADDING_BLOCK: usize = 32;

/// Three of four keys have bits to spare behind their last byte.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// An `EncodingAESKey`, decoded.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct EncodingKey([u8; 32]);

impl EncodingKey {
    /// Reads the 43 letters and digits of the console.
    pub(crate) fn parse(raw: &str) -> Option<Self> {
        if raw.len() != 43 {
            return None;
        }
        LENIENT.decode(raw).ok()?.try_into().ok().map(Self)
    }

    /// Any other key.
    pub(super) fn wrong(&self) -> Self {
        Self(self.0.map(|byte| !byte))
    }

    /// The `Encrypt` member for `message`.
    pub(super) fn encrypt(
        &self,
        random: [u8; 16],
        message: &[u8],
        app_id: &str,
    ) -> Result<String, Unspecified> {
        let length = u32::try_from(message.len()).map_err(|_| Unspecified)?;
        let mut data = random.to_vec();
        data.extend_from_slice(&length.to_be_bytes());
        data.extend_from_slice(message);
        data.extend_from_slice(app_id.as_bytes());
        let padding = PADDING_BLOCK - data.len() % PADDING_BLOCK;
        let padding_byte = u8::try_from(padding).map_err(|_| Unspecified)?;
        data.resize(data.len() + padding, padding_byte);

        let mut iv = [0; 16];
        iv.copy_from_slice(&self.0[..16]);
        let key = EncryptingKey::cbc(UnboundCipherKey::new(&AES_256, &self.0)?)?;
        key.less_safe_encrypt(&mut data, EncryptionContext::Iv128(FixedLength::from(iv)))?;
        Ok(STANDARD.encode(data))
    }
}

impl std::fmt::Debug for EncodingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EncodingKey")
    }
}

/// Lower-case hex SHA-1 over the sorted parts.
pub(super) fn sign(parts: &[&str]) -> String {
    let mut sorted = parts.to_vec();
    sorted.sort_unstable();
    let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    for part in sorted {
        context.update(part.as_bytes());
    }
    hex::encode(context.finish())
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::cipher::{DecryptingKey, DecryptionContext};

    use super::*;

    const TOKEN: &str = "AAAAA";
    const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const APP_ID: &str = "wxba5fad812f8e6fb9";
    /// The sample of `WeChat`'s own documentation.
    const ENCRYPT: &str = "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04=";

    fn decrypt(key: &EncodingKey, encrypted: &str) -> Vec<u8> {
        let mut iv = [0; 16];
        iv.copy_from_slice(&key.0[..16]);
        let mut data = STANDARD.decode(encrypted).unwrap();
        let opened = DecryptingKey::cbc(UnboundCipherKey::new(&AES_256, &key.0).unwrap()).unwrap();
        opened
            .decrypt(&mut data, DecryptionContext::Iv128(FixedLength::from(iv)))
            .unwrap()
            .to_vec()
    }

    #[test]
    fn the_official_sample_opens_and_closes() {
        let key = EncodingKey::parse(KEY).unwrap();
        let plain = decrypt(&key, ENCRYPT);
        assert_eq!(plain.last(), Some(&19), "padded beyond a block of AES");
        assert_eq!(&plain[..16], b"a8eedb185eb2fecf");
        assert_eq!(&plain[16..20], 167_u32.to_be_bytes());
        let message = &plain[20..187];
        let event: serde_json::Value = serde_json::from_slice(message).unwrap();
        assert_eq!(event["Event"], "debug_demo");
        assert_eq!(&plain[187..plain.len() - 19], APP_ID.as_bytes());
        let random = plain[..16].try_into().unwrap();
        assert_eq!(key.encrypt(random, message, APP_ID).unwrap(), ENCRYPT);
    }

    #[test]
    fn the_official_signatures_are_made() {
        assert_eq!(
            sign(&[TOKEN, "1714036504", "1514711492"]),
            "f464b24fc39322e44b38aa78f5edd27bd1441696"
        );
        assert_eq!(
            sign(&[TOKEN, "1714037059", "486452656"]),
            "899cf89e464efb63f54ddac96b0a0a235f53aa78"
        );
        assert_eq!(
            sign(&[TOKEN, "1714112445", "415670741", ENCRYPT]),
            "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"
        );
    }

    #[test]
    fn a_key_has_43_characters_and_may_have_bits_to_spare() {
        let key = EncodingKey::parse("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG").unwrap();
        assert_ne!(key, key.wrong());
        for bad in [
            "",
            KEY.trim_end_matches('A'),
            &format!("{KEY}="),
            &"-".repeat(43),
        ] {
            assert!(EncodingKey::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn padding_is_of_1_to_32_bytes() {
        let key = EncodingKey::parse(KEY).unwrap();
        for length in 0..64 {
            let plain = decrypt(
                &key,
                &key.encrypt([7; 16], &vec![b'x'; length], APP_ID).unwrap(),
            );
            let padding = usize::from(*plain.last().unwrap());
            assert!((1..=32).contains(&padding));
            assert_eq!(plain.len() % 32, 0);
            assert_eq!(plain.len() - padding, 16 + 4 + length + APP_ID.len());
        }
    }
}
