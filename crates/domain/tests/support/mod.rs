//! What the tests of this crate share: fakes, and builders of plain values.

#![allow(dead_code, reason = "each test program uses a part of it")]

pub(crate) mod people;
pub(crate) mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use menshen_domain::model::identifiers::{SessionId, UserId};
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::ports::BoxError;
use menshen_domain::ports::clock::{Clock, MockClock};
use menshen_domain::ports::mac::{Mac, MacUse};
use menshen_domain::ports::randomness::Randomness;
use uuid::Uuid;

/// A second that every test counts from.
pub(crate) fn epoch() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).expect("a valid second")
}

/// So many seconds after the [`epoch`].
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    epoch() + TimeDelta::seconds(seconds)
}

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A clock that always tells the [`epoch`].
pub(crate) fn stopped_clock() -> Arc<dyn Clock> {
    clock_at(epoch())
}

pub(crate) fn clock_at(now: DateTime<Utc>) -> Arc<dyn Clock> {
    let mut clock = MockClock::new();
    clock.expect_now().return_const(now);
    Arc::new(clock)
}

pub(crate) fn user(n: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(n))
}

pub(crate) fn session_id(n: u128) -> SessionId {
    SessionId::from_uuid(Uuid::from_u128(n))
}

/// A mainland number of its own for each `n`.
pub(crate) fn phone(n: u32) -> PhoneNumber {
    PhoneNumber::parse(&format!("138{n:08}")).expect("a mainland number")
}

/// What an adapter says that is away.
pub(crate) fn away() -> BoxError {
    "away".into()
}

/// Random bits that repeat with the seed.
pub(crate) struct FakeRandomness(AtomicU64);

impl FakeRandomness {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Randomness for FakeRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let state = self.0.fetch_add(1, Ordering::Relaxed);
            chunk.copy_from_slice(&mix(state).to_le_bytes()[..chunk.len()]);
        }
    }
}

pub(crate) fn randomness() -> Arc<dyn Randomness> {
    Arc::new(FakeRandomness::new(7))
}

/// `SplitMix64`, one step.
fn mix(state: u64) -> u64 {
    let mut z = state
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A keyed hash that spreads well and is good for nothing but tests.
pub(crate) struct FakeMac {
    key: u64,
}

impl FakeMac {
    pub(crate) const fn new(key: u64) -> Self {
        Self { key }
    }
}

impl Mac for FakeMac {
    fn tag(&self, usage: MacUse, message: &[u8]) -> [u8; 32] {
        let mut tag = [0; 32];
        for (lane, eight) in (1_u64..).zip(tag.chunks_mut(8)) {
            let mut state = mix(self.key ^ (lane << 32));
            for byte in usage
                .as_str()
                .bytes()
                .chain([0])
                .chain(message.iter().copied())
            {
                state = mix(state ^ u64::from(byte));
            }
            eight.copy_from_slice(&mix(state).to_le_bytes());
        }
        tag
    }

    fn tags(&self, usage: MacUse, message: &[u8]) -> Vec<[u8; 32]> {
        vec![self.tag(usage, message)]
    }

    fn verify(&self, usage: MacUse, message: &[u8], tag: &[u8]) -> bool {
        self.tag(usage, message) == tag
    }
}

pub(crate) fn mac() -> Arc<dyn Mac> {
    Arc::new(FakeMac::new(1))
}
