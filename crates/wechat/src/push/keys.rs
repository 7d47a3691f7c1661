//! The two values of an application's message push, as the console has them.

use std::fmt;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::{ExposeSecret as _, SecretBox, SecretString};

/// The 43 characters say 258 bits of which 256 count. In three of four keys the
/// other two are set, and a strict decoder refuses them.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// `Token` and `EncodingAESKey`. `Debug` shows neither.
pub struct PushKeys {
    token: SecretString,
    aes_key: SecretBox<[u8; 32]>,
}

/// What is wrong with a pair of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedPushKeys {
    /// `Token` is not what the console takes.
    #[error("push_token must be 3 to 32 letters and digits")]
    Token,
    /// `EncodingAESKey` is not what the console makes.
    #[error("push_aes_key must be the 43 letters and digits of EncodingAESKey")]
    AesKey,
}

impl PushKeys {
    /// Reads the values of the console: a token of 3 to 32 letters and digits,
    /// and 43 characters of base64 without padding.
    ///
    /// # Errors
    ///
    /// [`MalformedPushKeys`] for anything else.
    pub fn parse(token: &SecretString, aes_key: &SecretString) -> Result<Self, MalformedPushKeys> {
        let text = token.expose_secret();
        let fits =
            (3..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
        if !fits {
            return Err(MalformedPushKeys::Token);
        }
        let text = aes_key.expose_secret();
        let decoded = (text.len() == 43).then(|| BASE64.decode(text).ok());
        let key: [u8; 32] = decoded
            .flatten()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(MalformedPushKeys::AesKey)?;
        Ok(Self {
            token: token.clone(),
            aes_key: SecretBox::new(Box::new(key)),
        })
    }

    pub(super) fn token(&self) -> &str {
        self.token.expose_secret()
    }

    pub(super) fn aes_key(&self) -> &[u8; 32] {
        self.aes_key.expose_secret()
    }
}

impl fmt::Debug for PushKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PushKeys(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(token: &str, aes_key: &str) -> Result<PushKeys, MalformedPushKeys> {
        PushKeys::parse(&token.into(), &aes_key.into())
    }

    #[test]
    fn keys_with_bits_to_spare_are_taken() {
        let key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
        assert!(parse("AAA", key).is_ok());
        // The last character says six bits, and four of them count.
        let (whole, spare) = (&key[..42], ["E", "F", "G", "H"]);
        let keys = spare.map(|last| parse("AAA", &format!("{whole}{last}")).unwrap());
        for other in &keys[1..] {
            assert_eq!(other.aes_key(), keys[0].aes_key());
        }
        assert_eq!(format!("{:?}", keys[0]), "PushKeys(…)");
    }

    #[test]
    fn what_the_console_does_not_make_is_refused() {
        let key = "A".repeat(43);
        for token in ["", "ab", "a b", "ab-c", &"a".repeat(33)] {
            assert_eq!(parse(token, &key).err(), Some(MalformedPushKeys::Token));
        }
        for bad in [
            "",
            &"A".repeat(42),
            &"A".repeat(44),
            &format!("{}=", "A".repeat(42)),
            &format!("{}-", "A".repeat(42)),
        ] {
            assert_eq!(parse("AAA", bad).err(), Some(MalformedPushKeys::AesKey));
        }
    }
}
