//! The master key: the one secret of a deployment that is not in its database.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use menshen_domain::ports::randomness::Randomness;
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::cipher::{Cipher, KEY_LENGTH, KeyBytes};

/// Random keys have about 30 different bytes; repeated words and characters have
/// fewer than this.
const FEWEST_DIFFERENT_BYTES: usize = 8;

/// Why a text is no master key. The text itself is never told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MasterKeyError {
    /// It is not base64.
    #[error("the master key is not base64; make one with `openssl rand -base64 32`")]
    NotBase64,
    /// It has the wrong length.
    #[error("the master key is not 32 bytes long; make one with `openssl rand -base64 32`")]
    WrongLength,
    /// It is a repeated character or word.
    #[error("the master key is not random; make one with `openssl rand -base64 32`")]
    Weak,
    /// The list is empty.
    #[error("there is no master key; make one with `openssl rand -base64 32`")]
    Missing,
}

/// A master key: 32 random bytes. `Debug` shows none of them.
#[derive(Clone)]
pub struct MasterKey(KeyBytes);

impl MasterKey {
    /// Reads 32 bytes in base64, white space around them passed over.
    ///
    /// # Errors
    ///
    /// See [`MasterKeyError`].
    pub fn parse(text: &str) -> Result<Self, MasterKeyError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(MasterKeyError::Missing);
        }
        let bytes = Zeroizing::new(
            STANDARD
                .decode(text)
                .map_err(|_| MasterKeyError::NotBase64)?,
        );
        if bytes.len() != KEY_LENGTH {
            return Err(MasterKeyError::WrongLength);
        }
        let mut key = KeyBytes::default();
        key.copy_from_slice(&bytes);
        let different = (0..=u8::MAX).filter(|byte| key.contains(byte)).count();
        if different < FEWEST_DIFFERENT_BYTES {
            return Err(MasterKeyError::Weak);
        }
        Ok(Self(key))
    }

    /// Draws a new key, for a deployment that has none.
    #[must_use]
    pub fn generate(randomness: &dyn Randomness) -> Self {
        let mut key = KeyBytes::default();
        randomness.fill(key.as_mut_slice());
        Self(key)
    }

    /// The key in base64, for the file that keeps it.
    #[must_use]
    pub fn to_base64(&self) -> SecretString {
        STANDARD.encode(self.0.as_slice()).into()
    }

    pub(crate) fn cipher(&self) -> Cipher {
        Cipher::new(&self.0)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// The master keys of a deployment: the first wraps, all open.
///
/// To change the master key, add the new one last on every replica, then move it
/// first: so no replica meets a keyring that it cannot open.
#[derive(Debug, Clone)]
pub struct MasterKeys(Vec<MasterKey>);

impl MasterKeys {
    /// Takes a list that is not empty.
    ///
    /// # Errors
    ///
    /// [`MasterKeyError::Missing`] if it is.
    pub fn new(keys: Vec<MasterKey>) -> Result<Self, MasterKeyError> {
        if keys.is_empty() {
            return Err(MasterKeyError::Missing);
        }
        Ok(Self(keys))
    }

    /// Reads a list of base64 texts.
    ///
    /// # Errors
    ///
    /// See [`MasterKeyError`].
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, MasterKeyError> {
        let keys: Result<_, _> = texts.into_iter().map(MasterKey::parse).collect();
        Self::new(keys?)
    }

    /// The keys, the one that wraps first.
    pub(crate) fn ciphers(&self) -> Vec<Cipher> {
        self.0.iter().map(MasterKey::cipher).collect()
    }
}

impl From<MasterKey> for MasterKeys {
    fn from(key: MasterKey) -> Self {
        Self(vec![key])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system_randomness::SystemRandomness;

    #[test]
    fn a_key_survives_its_file() {
        use secrecy::ExposeSecret as _;
        let key = MasterKey::generate(&SystemRandomness);
        let text = key.to_base64();
        let again = MasterKey::parse(&format!("{}\n", text.expose_secret())).unwrap();
        assert!(key.0 == again.0);
    }

    #[test]
    fn what_is_no_random_key_is_refused() {
        let encode = |bytes: &[u8]| STANDARD.encode(bytes);
        for (text, error) in [
            (String::new(), MasterKeyError::Missing),
            (" \n".to_owned(), MasterKeyError::Missing),
            ("change me!".to_owned(), MasterKeyError::NotBase64),
            ("changeme".to_owned(), MasterKeyError::WrongLength),
            (encode(&[7; 31]), MasterKeyError::WrongLength),
            (encode(&[7; 33]), MasterKeyError::WrongLength),
            (encode(&[0; 32]), MasterKeyError::Weak),
            (encode(&[b'x'; 32]), MasterKeyError::Weak),
            (encode(&b"secret".repeat(6)[..32]), MasterKeyError::Weak),
            (encode(&b"changeme".repeat(4)), MasterKeyError::Weak),
        ] {
            assert_eq!(MasterKey::parse(&text).err(), Some(error), "{text}");
        }
        assert_eq!(MasterKeys::parse([]).err(), Some(MasterKeyError::Missing));
    }

    #[test]
    fn nothing_of_a_key_is_printed() {
        let key = MasterKey::generate(&SystemRandomness);
        let printed = format!("{:?} {key:?}", MasterKeys::from(key.clone()));
        assert_eq!(printed, "MasterKeys([MasterKey(…)]) MasterKey(…)");
    }
}
