//! Verification codes as they are really derived: the keyring's MAC, the domain's
//! seeds.

mod common;

use std::sync::Arc;

use common::Rings;
use menshen_domain::model::client::ClientType;
use menshen_domain::model::verification::{CodeScope, CodeSeed, Purpose};
use menshen_testkit::sample::{SeededRandomness, now, phone};
use menshen_token::keyring::Keyring;
use menshen_token::master_key::{MasterKey, MasterKeys};

const CODES: u32 = 100_000;

/// The chi-square of nine degrees of freedom that chance exceeds once in 1000.
const CRITICAL: f64 = 27.877;

#[tokio::test]
async fn the_digits_of_codes_are_uniform() {
    // Seeded, so that the test tells the same each time.
    let random = Arc::new(SeededRandomness::new(2026));
    let master = MasterKeys::from(MasterKey::generate(&*random));
    let ring = Keyring::open(&Rings::default(), &master, random.clone(), now())
        .await
        .unwrap();
    let scope = CodeScope {
        purpose: Purpose::Login,
        client_type: ClientType::MiniProgram,
        phone: phone(1),
    };
    let mut seen = [[0_u32; 10]; 6];
    for _ in 0..CODES {
        let code = CodeSeed::generate(&*random).code(&ring, &scope);
        for (position, digit) in code.expose().bytes().enumerate() {
            seen[position][usize::from(digit - b'0')] += 1;
        }
    }
    let expected = f64::from(CODES) / 10.0;
    for (position, counts) in seen.iter().enumerate() {
        let part = |count: &u32| (f64::from(*count) - expected).powi(2) / expected;
        let chi_square: f64 = counts.iter().map(part).sum();
        assert!(chi_square < CRITICAL, "position {position}: {chi_square}");
    }
}
