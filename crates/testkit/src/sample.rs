//! Values that the suites work with.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::ports::randomness::Randomness;

/// A moment with whole seconds, which every store keeps exactly.
///
/// # Panics
///
/// Never: the second is within the range of the calendar.
#[must_use]
pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).expect("a valid second")
}

/// A mainland number of its own for each `n`.
///
/// # Panics
///
/// Never: every such number is well formed.
#[must_use]
pub fn phone(n: u32) -> PhoneNumber {
    PhoneNumber::parse(&format!("138{n:08}")).expect("a mainland number")
}

/// Random bits that repeat with the seed: a fake for tests.
#[derive(Debug)]
pub struct SeededRandomness(AtomicU64);

impl SeededRandomness {
    /// Starts the sequence of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Randomness for SeededRandomness {
    /// Fills with the output of `SplitMix64`.
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}
