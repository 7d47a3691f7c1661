//! AES-256-GCM with random nonces.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;
use menshen_domain::ports::randomness::Randomness;
use zeroize::Zeroizing;

/// The length of every symmetric key.
pub(crate) const KEY_LENGTH: usize = 32;

/// The bytes of a symmetric key, wiped when they are dropped.
pub(crate) type KeyBytes = Zeroizing<[u8; KEY_LENGTH]>;

/// AES-256-GCM under one key. A box is `nonce ‖ ciphertext ‖ tag`; nonces are 96
/// random bits, good for 2³² boxes a key.
pub(crate) struct Cipher(LessSafeKey);

impl Cipher {
    pub(crate) fn new(key: &KeyBytes) -> Self {
        // 32 bytes are what AES-256 takes.
        let key = UnboundKey::new(&AES_256_GCM, key.as_slice()).expect("a key of 32 bytes");
        Self(LessSafeKey::new(key))
    }

    /// Appends a box to `sealed`.
    pub(crate) fn seal_onto(
        &self,
        sealed: &mut Vec<u8>,
        context: &[u8],
        clear: &[u8],
        randomness: &dyn Randomness,
    ) -> Result<(), Unspecified> {
        let mut nonce = [0; NONCE_LEN];
        randomness.fill(&mut nonce);
        let mut text = clear.to_vec();
        let nonce_of_box = Nonce::assume_unique_for_key(nonce);
        let tag = self
            .0
            .seal_in_place_separate_tag(nonce_of_box, Aad::from(context), &mut text)?;
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&text);
        sealed.extend_from_slice(tag.as_ref());
        Ok(())
    }

    /// Opens a box.
    pub(crate) fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or(Unspecified)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce)?;
        let mut text = text.to_vec();
        let length = self
            .0
            .open_in_place(nonce, Aad::from(context), &mut text)?
            .len();
        text.truncate(length);
        Ok(text)
    }
}
