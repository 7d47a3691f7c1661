//! How a key of the ring is wrapped by a master key.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use menshen_domain::ports::keyring_store::WrappedKey;
use menshen_domain::ports::randomness::Randomness;
use zeroize::Zeroizing;

use super::KeyringError;
use crate::cipher::{Cipher, KeyBytes};
use crate::master_key::MasterKeys;

/// The first byte of every wrapped key.
const VERSION: u8 = 1;

/// Wraps with the first master key, and opens with any.
pub(super) struct Wrapper {
    masters: Vec<Cipher>,
    randomness: Arc<dyn Randomness>,
}

impl Wrapper {
    pub(super) fn new(masters: &MasterKeys, randomness: Arc<dyn Randomness>) -> Self {
        Self {
            masters: masters.ciphers(),
            randomness,
        }
    }

    /// Makes a new key, wrapped.
    pub(super) fn generate(
        &self,
        id: u32,
        usage: &str,
        now: DateTime<Utc>,
        not_before: DateTime<Utc>,
    ) -> WrappedKey {
        let mut key = KeyBytes::default();
        self.randomness.fill(key.as_mut_slice());
        WrappedKey {
            id,
            usage: usage.to_owned(),
            wrapped: self.wrap(id, usage, &key),
            created_at: now,
            not_before,
        }
    }

    /// `version ‖ nonce ‖ ciphertext ‖ tag`, bound to the key's number and use.
    pub(super) fn wrap(&self, id: u32, usage: &str, key: &KeyBytes) -> Vec<u8> {
        let mut wrapped = vec![VERSION];
        // A list of master keys is never empty, and AES-GCM refuses only texts
        // of gigabytes.
        self.masters[0]
            .seal_onto(
                &mut wrapped,
                &context(id, usage),
                key.as_slice(),
                self.randomness.as_ref(),
            )
            .expect("32 bytes can be sealed");
        wrapped
    }

    /// Opens a key; the second part is true if the first master key wrapped it.
    pub(super) fn unwrap(&self, key: &WrappedKey) -> Result<(KeyBytes, bool), KeyringError> {
        let context = context(key.id, &key.usage);
        let sealed = key.wrapped.strip_prefix(&[VERSION]).unwrap_or_default();
        for (position, master) in self.masters.iter().enumerate() {
            let Ok(opened) = master.open(&context, sealed).map(Zeroizing::new) else {
                continue;
            };
            let mut bytes = KeyBytes::default();
            if opened.len() == bytes.len() {
                bytes.copy_from_slice(&opened);
                return Ok((bytes, position == 0));
            }
        }
        Err(KeyringError::Locked {
            id: key.id,
            usage: key.usage.clone(),
        })
    }
}

fn context(id: u32, usage: &str) -> Vec<u8> {
    [
        b"menshen keyring\0",
        &id.to_be_bytes()[..],
        usage.as_bytes(),
    ]
    .concat()
}
