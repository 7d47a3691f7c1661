//! What a refresh token looks like, and that a forged one is none.

use menshen_domain::model::refresh_token::{RefreshClaims, RefreshToken, verify_refresh_token};
use menshen_domain::ports::mac::{MacUse, MockMac};
use proptest::prelude::*;

use crate::support::{FakeMac, session_id};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn claims() -> RefreshClaims {
    RefreshClaims {
        session: session_id(0x0198_c0de_0000_7000_8000_0000_0000_abcd),
        generation: 7,
    }
}

fn token() -> String {
    RefreshToken::compute(&FakeMac::new(1), claims())
        .expose()
        .to_owned()
}

#[test]
fn the_same_generation_is_always_the_same_token() {
    assert_eq!(token(), token());
    assert!(token().starts_with("mrt_"), "a leak can be searched for");
    assert_eq!(token().len(), 4 + 70);
}

#[test]
fn every_changed_character_is_refused() {
    let token = token();
    let mac = FakeMac::new(1);
    assert_eq!(verify_refresh_token(&mac, &token), Some(claims()));
    for at in 0..token.len() {
        for other in ALPHABET.iter().filter(|c| **c != token.as_bytes()[at]) {
            let mut changed = token.clone().into_bytes();
            changed[at] = *other;
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(verify_refresh_token(&mac, &changed), None, "{changed}");
        }
    }
}

#[test]
fn every_truncated_or_lengthened_token_is_refused() {
    let token = token();
    let mac = FakeMac::new(1);
    for end in 0..token.len() {
        assert_eq!(verify_refresh_token(&mac, &token[..end]), None, "{end}");
    }
    for more in [
        "A", "AA", "AAA", "AAAA", "=", "==", " ", "\n", "\0", ".", &token,
    ] {
        let longer = format!("{token}{more}");
        assert_eq!(verify_refresh_token(&mac, &longer), None, "{longer:?}");
        assert_eq!(verify_refresh_token(&mac, &format!("{more}{token}")), None);
    }
}

#[test]
fn another_spelling_of_the_same_bytes_is_refused() {
    let mac = FakeMac::new(1);
    let token = token();
    for other in [
        token.replacen("mrt_", "MRT_", 1),
        token.replacen("mrt_", "", 1),
        token.replacen("mrt_", "mrt-", 1),
        token.replace('-', "+").replace('_', "/"),
        format!("Bearer {token}"),
    ] {
        assert_eq!(verify_refresh_token(&mac, &other), None, "{other}");
    }
}

#[test]
fn a_token_of_another_deployment_is_refused() {
    assert_eq!(verify_refresh_token(&FakeMac::new(2), &token()), None);
}

#[test]
fn what_is_no_token_costs_no_tag() {
    // A mock without expectations fails at the first call.
    let mac = MockMac::new();
    for text in ["", "mrt_", "mrt_AAAA", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln", "Ω"] {
        assert_eq!(verify_refresh_token(&mac, text), None, "{text}");
    }
}

#[test]
fn a_tag_covers_session_and_generation_under_the_key_of_refresh_tokens() {
    let mut mac = MockMac::new();
    mac.expect_verify()
        .withf(|usage, message, tag| {
            *usage == MacUse::RefreshToken && message.len() == 16 + 4 && tag.len() == 32
        })
        .once()
        .return_const(true);
    assert_eq!(verify_refresh_token(&mac, &token()), Some(claims()));
}

#[test]
fn a_token_does_not_print() {
    let token = RefreshToken::compute(&FakeMac::new(1), claims());
    assert_eq!(format!("{token:?}"), "RefreshToken(…)");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_computed_is_read_back(session in any::<u128>(), generation in any::<u32>()) {
        let mac = FakeMac::new(9);
        let claims = RefreshClaims { session: session_id(session), generation };
        let token = RefreshToken::compute(&mac, claims);
        prop_assert_eq!(verify_refresh_token(&mac, token.expose()), Some(claims));
    }

    #[test]
    fn no_other_session_or_generation_has_the_same_token(
        a in any::<(u128, u32)>(), b in any::<(u128, u32)>(),
    ) {
        prop_assume!(a != b);
        let mac = FakeMac::new(9);
        let token = |(session, generation)| {
            let claims = RefreshClaims { session: session_id(session), generation };
            RefreshToken::compute(&mac, claims).expose().to_owned()
        };
        prop_assert_ne!(token(a), token(b));
    }

    #[test]
    fn no_text_panics_or_passes(text in "(mrt_)?[ -~]{0,90}|\\PC{0,40}") {
        prop_assert_eq!(verify_refresh_token(&FakeMac::new(9), &text), None);
    }
}
