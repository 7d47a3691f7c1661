//! Short names for keys of any length.

use std::hash::{BuildHasher as _, Hash, Hasher as _, RandomState};

/// 128 bits that stand for a key.
pub(crate) type Fingerprint = [u64; 2];

/// Names keys by a hash under a random secret (the standard library's `SipHash`),
/// so that nobody can find two keys of one name, and no phone number is kept.
#[derive(Debug, Clone)]
pub(crate) struct Fingerprints(RandomState);

impl Fingerprints {
    pub(crate) fn new() -> Self {
        Self(RandomState::new())
    }

    /// The name of a key: two hashes of 64 bits that start differently.
    pub(crate) fn of(&self, key: &impl Hash) -> Fingerprint {
        [0_u8, 1].map(|half| {
            let mut hasher = self.0.build_hasher();
            half.hash(&mut hasher);
            key.hash(&mut hasher);
            hasher.finish()
        })
    }
}
