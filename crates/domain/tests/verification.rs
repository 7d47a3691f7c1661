//! Verification codes: what they are bound to, how they are read, and that no
//! code is likelier than another.

mod support;

use std::collections::HashSet;

use menshen_domain::model::client::ClientType;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::sms_code::SmsCode;
use menshen_domain::model::verification::{
    ChallengeId, CodeId, CodeScope, CodeSeed, MAX_FAILURES_PER_CODE, Purpose,
};
use menshen_domain::ports::mac::{MacUse, MockMac};
use proptest::prelude::*;
use support::{FakeMac, FakeRandomness, phone, user};

fn scope() -> CodeScope {
    CodeScope {
        purpose: Purpose::BindPhone(user(1)),
        client_type: ClientType::App,
        phone: phone(1),
    }
}

fn seed_of(nonce: u128) -> CodeSeed {
    CodeSeed {
        id: CodeId([0; 16]),
        nonce: nonce.to_be_bytes(),
    }
}

fn code(nonce: u128, scope: &CodeScope) -> String {
    seed_of(nonce)
        .code(&FakeMac::new(5), scope)
        .expose()
        .to_owned()
}

/// Every scope that differs from [`scope`] in one thing.
fn neighbours() -> Vec<CodeScope> {
    let mut neighbours = Vec::new();
    for purpose in [
        Purpose::Login,
        Purpose::StepUp(user(1)),
        Purpose::BindPhone(user(2)),
    ] {
        neighbours.push(CodeScope { purpose, ..scope() });
    }
    for client_type in [ClientType::MiniProgram, ClientType::Web] {
        neighbours.push(CodeScope {
            client_type,
            ..scope()
        });
    }
    for number in ["13800000002", "13900000001", "+85251234567"] {
        let phone = PhoneNumber::parse(number).expect("a number");
        neighbours.push(CodeScope { phone, ..scope() });
    }
    neighbours
}

#[test]
fn a_code_is_bound_to_purpose_user_client_type_and_phone() {
    for other in neighbours() {
        let same = (0..2_000)
            .filter(|nonce| code(*nonce, &scope()) == code(*nonce, &other))
            .count();
        // One in a million is the same by chance.
        assert!(same <= 2, "{same} codes of 2000 are good for {other:?} too");
    }
}

#[test]
fn a_code_is_bound_to_its_nonce_and_key_and_not_to_its_name() {
    let mac = FakeMac::new(5);
    let renamed = CodeSeed {
        id: CodeId([9; 16]),
        ..seed_of(7)
    };
    assert!(
        renamed
            .code(&mac, &scope())
            .matches(&seed_of(7).code(&mac, &scope()))
    );
    let other_key = seed_of(7).code(&FakeMac::new(6), &scope());
    assert_ne!(other_key.expose(), code(7, &scope()));
    assert_ne!(code(8, &scope()), code(7, &scope()));
}

#[test]
fn the_parts_of_a_scope_cannot_be_spelt_alike() {
    let mut messages = HashSet::new();
    for scope in neighbours().into_iter().chain([scope()]) {
        let (sender, receiver) = std::sync::mpsc::channel();
        let mut mac = MockMac::new();
        mac.expect_tag().once().returning(move |usage, message| {
            assert_eq!(usage, MacUse::VerificationCode);
            sender.send(message.to_vec()).unwrap();
            [0; 32]
        });
        let _ = seed_of(1).code(&mac, &scope);
        assert!(messages.insert(receiver.recv().unwrap()), "{scope:?}");
    }
}

#[test]
fn the_same_seed_always_gives_the_same_code() {
    assert_eq!(code(3, &scope()), code(3, &scope()));
}

#[test]
fn a_seed_is_32_random_bytes_that_do_not_print() {
    let random = FakeRandomness::new(1);
    let (one, other) = (CodeSeed::generate(&random), CodeSeed::generate(&random));
    assert_ne!(one.id, other.id);
    assert_ne!(one.nonce, other.nonce);
    assert_ne!(one.id.0, one.nonce);
    let nonce = format!("{:?}", one.nonce);
    assert!(!format!("{one:?}").contains(&nonce), "{one:?}");
}

/// Chi-square at p > 0.001 with 9 degrees of freedom: below 27.88. The nonces
/// are fixed, so this fails for a change of the derivation only.
#[test]
fn no_digit_is_likelier_than_another_at_any_position() {
    const CODES: u32 = 20_000;
    let mut counts = [[0_u32; 10]; 6];
    for nonce in 0..CODES {
        let code = code(u128::from(nonce), &scope());
        for (position, digit) in code.bytes().enumerate() {
            counts[position][usize::from(digit - b'0')] += 1;
        }
    }
    let expected = f64::from(CODES) / 10.0;
    for (position, counts) in counts.iter().enumerate() {
        let chi: f64 = counts
            .iter()
            .map(|n| (f64::from(*n) - expected).powi(2) / expected)
            .sum();
        assert!(chi < 27.88, "position {position}: {chi} of {counts:?}");
    }
}

#[test]
fn leading_zeros_are_kept() {
    assert_eq!(SmsCode::from_tag(&[0; 32]).expose(), "000000");
    let mut tag = [0; 32];
    tag[15] = 42;
    assert_eq!(SmsCode::from_tag(&tag).expose(), "000042");
    tag[..16].copy_from_slice(&1_000_001_u128.to_be_bytes());
    assert_eq!(SmsCode::from_tag(&tag).expose(), "000001");
    tag[..16].copy_from_slice(&999_999_u128.to_be_bytes());
    assert_eq!(SmsCode::from_tag(&tag).expose(), "999999");
}

#[test]
fn only_six_ascii_digits_are_a_code() {
    for good in ["000000", "123456", "999999"] {
        assert_eq!(SmsCode::parse(good).unwrap().expose(), good);
    }
    for bad in [
        "",
        "12345",
        "1234567",
        "12345a",
        "１２３４５６",
        "12345６",
        " 12345",
        "12345 ",
        " 123456",
        "123456 ",
        "+12345",
        "-12345",
        "1.3456",
        "1e5000",
        "12 456",
        "123\n56",
        "12345\0",
        "0x1234",
        "١٢٣٤٥٦",
        "１２",
        "1２34",
    ] {
        assert!(SmsCode::parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_code_matches_itself_only_and_does_not_print() {
    let code = SmsCode::parse("012345").unwrap();
    assert!(code.matches(&SmsCode::parse("012345").unwrap()));
    for position in 0..6 {
        let mut digits = *b"012345";
        digits[position] = b'9';
        let other = SmsCode::parse(std::str::from_utf8(&digits).unwrap()).unwrap();
        assert!(!code.matches(&other), "position {position}");
    }
    assert_eq!(format!("{code:?}"), "SmsCode(…)");
}

#[test]
fn challenge_ids_are_read_in_one_spelling() {
    let id = ChallengeId::generate(&FakeRandomness::new(3));
    let text = id.to_string();
    assert_eq!(text.len(), 32);
    assert_eq!(ChallengeId::parse(&text), Ok(id));
    let zero = "00000000000000000000000000000001";
    assert_eq!(ChallengeId::parse(zero).unwrap().to_string(), zero);
    for bad in [
        String::new(),
        text[..31].to_owned(),
        format!("{text}0"),
        format!("0{text}"),
        text.to_uppercase(),
        format!(" {}", &text[1..]),
        format!("+{}", &text[1..]),
        format!("-{}", &text[1..]),
        format!("g{}", &text[1..]),
        format!("0x{}", &text[2..]),
        format!("０{}", &text[3..]),
        "0198c0de-0000-7000-8000-00000000abcd".to_owned(),
    ] {
        assert!(ChallengeId::parse(&bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_bearer_purpose_names_its_user_and_the_words_are_stable() {
    let words = [
        (Purpose::Login, "login", None),
        (Purpose::BindPhone(user(1)), "bind_phone", Some(user(1))),
        (Purpose::StepUp(user(1)), "step_up", Some(user(1))),
    ];
    for (purpose, word, owner) in words {
        assert_eq!((purpose.as_str(), purpose.user()), (word, owner));
    }
    assert_eq!(MAX_FAILURES_PER_CODE, 15);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_derived_code_is_read_back(tag in any::<[u8; 32]>()) {
        let code = SmsCode::from_tag(&tag);
        prop_assert!(SmsCode::parse(code.expose()).unwrap().matches(&code));
    }

    #[test]
    fn what_is_read_is_six_digits(text in "[0-9]{0,8}|\\PC{0,8}") {
        let six = text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit());
        prop_assert_eq!(SmsCode::parse(&text).is_ok(), six);
    }

    #[test]
    fn no_text_panics_as_a_challenge_id(text in "[0-9a-fA-F+-]{30,34}|\\PC{0,34}") {
        if let Ok(id) = ChallengeId::parse(&text) {
            prop_assert_eq!(id.to_string(), text);
        }
    }
}
