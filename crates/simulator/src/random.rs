//! Random values of the shapes that the vendors hand out.

use std::hash::{BuildHasher as _, RandomState};

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A generator that SHA-256 drives from one seed: unpredictable with the
/// system's seed, repeatable with a given one.
///
/// Nothing here protects anything but made-up people.
#[derive(Debug)]
pub(crate) struct Random {
    seed: [u8; 32],
    counter: u64,
}

impl Random {
    /// From `seed`, or from the keys that the system gives to hash maps: those
    /// cost nothing, where the generator of the cryptographic library takes tens
    /// of milliseconds to start.
    pub(crate) fn new(seed: Option<u64>) -> Self {
        let word = |part: u64| seed.unwrap_or_else(|| RandomState::new().hash_one(part));
        let mut start = [0; 32];
        for (part, bytes) in (0..).zip(start.chunks_mut(8)) {
            bytes.copy_from_slice(&word(part).to_be_bytes());
        }
        Self {
            seed: start,
            counter: 0,
        }
    }

    /// Fills `target` with fresh bytes.
    pub(crate) fn fill(&mut self, target: &mut [u8]) {
        for chunk in target.chunks_mut(32) {
            let mut context = digest::Context::new(&digest::SHA256);
            context.update(&self.seed);
            context.update(&self.counter.to_be_bytes());
            self.counter = self.counter.wrapping_add(1);
            let block = context.finish();
            chunk.copy_from_slice(&block.as_ref()[..chunk.len()]);
        }
    }

    /// Sixteen bytes, as many as an AES-128 key or IV has.
    pub(crate) fn block(&mut self) -> [u8; 16] {
        let mut block = [0; 16];
        self.fill(&mut block);
        block
    }

    /// Lower-case hex digits of `bytes` random bytes.
    pub(crate) fn hex(&mut self, bytes: usize) -> String {
        let mut raw = vec![0; bytes];
        self.fill(&mut raw);
        hex::encode(raw)
    }

    /// URL-safe base64 of `bytes` random bytes.
    pub(crate) fn base64url(&mut self, bytes: usize) -> String {
        let mut raw = vec![0; bytes];
        self.fill(&mut raw);
        URL_SAFE_NO_PAD.encode(raw)
    }

    /// `length` letters and digits.
    pub(crate) fn alphanumeric(&mut self, length: usize) -> String {
        const ALPHABET: &[u8; 62] =
            b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut raw = vec![0; length];
        self.fill(&mut raw);
        raw.iter()
            .map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]))
            .collect()
    }

    /// `length` decimal digits.
    pub(crate) fn digits(&mut self, length: usize) -> String {
        let mut raw = vec![0; length];
        self.fill(&mut raw);
        raw.iter()
            .map(|byte| char::from(b'0' + byte % 10))
            .collect()
    }

    /// Any number of 32 bits.
    pub(crate) fn number(&mut self) -> u32 {
        let mut raw = [0; 4];
        self.fill(&mut raw);
        u32::from_be_bytes(raw)
    }

    /// True with the probability `rate`, of 0 to 1.
    pub(crate) fn chance(&mut self, rate: f64) -> bool {
        f64::from(self.number()) < rate * f64::from(u32::MAX) || (rate >= 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_no_seed_does_not() {
        assert_eq!(Random::new(Some(7)).hex(40), Random::new(Some(7)).hex(40));
        assert_ne!(Random::new(None).hex(16), Random::new(None).hex(16));
    }

    #[test]
    fn a_chance_of_one_always_happens_and_of_zero_never() {
        let mut random = Random::new(Some(1));
        for _ in 0..1000 {
            assert!(random.chance(1.0));
            assert!(!random.chance(0.0));
        }
    }
}
