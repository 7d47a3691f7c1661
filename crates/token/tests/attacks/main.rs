//! Every token of the corpus gets the answer that it must get.

#[path = "../common/mod.rs"]
mod common;
mod corpus;

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{Deployment, claims, config};
use corpus::{CLAIMS, Entry, Target, encode};
use menshen_domain::model::token::Scope;
use menshen_domain::ports::token_issuer::TokenIssuer as _;
use menshen_domain::ports::token_verifier::{TokenVerifier as _, TokenVerifierError};
use menshen_testkit::sample::now;
use menshen_token::algorithm::Algorithm;
use proptest::prelude::*;

async fn check(corpus: &str) {
    let target = Target::new().await;
    let entries: Vec<Entry> = serde_json::from_str(corpus).expect("a list of entries");
    let mut wrong = Vec::new();
    for entry in &entries {
        let verdict = target.verdict(&target.token(entry), entry.at);
        if verdict != entry.expect.as_deref().unwrap_or("invalid") {
            wrong.push(format!("{}: {verdict}", entry.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn headers_are_read_strictly() {
    check(include_str!("../corpus/header.json")).await;
}

#[tokio::test]
async fn claims_are_read_strictly() {
    check(include_str!("../corpus/claims.json")).await;
}

#[tokio::test]
async fn only_our_signature_holds() {
    check(include_str!("../corpus/signature.json")).await;
}

#[tokio::test]
async fn only_the_compact_form_is_read() {
    check(include_str!("../corpus/form.json")).await;
}

#[tokio::test]
async fn only_one_spelling_of_the_parts_is_read() {
    check(include_str!("../corpus/spelling.json")).await;
}

#[tokio::test]
async fn sizes_are_bounded_to_the_byte() {
    check(include_str!("../corpus/size.json")).await;
}

/// A file that nobody reads would look like a proof.
#[test]
fn no_file_of_the_corpus_is_left_out_and_no_name_stands_twice() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus");
    let mut names = BTreeSet::new();
    for file in fs::read_dir(folder).expect("the corpus") {
        let path = file.expect("a file").path();
        if path.extension().is_none_or(|end| end != "json") {
            continue;
        }
        let file = path.file_name().expect("a name").to_string_lossy();
        let read = format!("include_str!(\"../corpus/{file}\")");
        assert!(include_str!("main.rs").contains(&read), "{file}");
        let text = fs::read_to_string(&path).expect("text");
        let entries: Vec<Entry> = serde_json::from_str(&text).expect("a list of entries");
        assert!(entries.iter().any(|one| one.expect.is_some()), "{file}");
        for entry in entries {
            let name = format!("{file}: {}", entry.name);
            assert!(names.insert(name.clone()), "{name} stands twice");
        }
    }
    assert!(names.len() > 250, "{}", names.len());
}

/// What a library that believes the header would do with the published keys.
#[tokio::test]
async fn no_published_key_serves_as_a_secret() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Rs256] {
        let deployment = Deployment::new().await;
        let keys = deployment.replica(config(algorithm), now()).await;
        let jwk = keys.jwks(now())["keys"][0].clone();
        let text = |name: &str| jwk[name].as_str().unwrap_or_default().to_owned();
        let raw = |name: &str| URL_SAFE_NO_PAD.decode(text(name)).unwrap();
        let kid = text("kid");
        let secrets = [
            jwk.to_string().into_bytes(),
            keys.jwks(now()).to_string().into_bytes(),
            text("x").into_bytes(),
            text("n").into_bytes(),
            raw("x"),
            raw("n"),
        ];
        for alg in ["HS256", algorithm.as_str()] {
            for secret in &secrets {
                let header = format!(r#"{{"alg":"{alg}","typ":"at+jwt","kid":"{kid}"}}"#);
                let message = format!(
                    "{}.{}",
                    encode(header.as_bytes()),
                    encode(CLAIMS.as_bytes())
                );
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                let tag = encode(hmac::sign(&key, message.as_bytes()).as_ref());
                let verified = keys.verify(&format!("{message}.{tag}"), now());
                assert_eq!(verified, Err(TokenVerifierError::Invalid));
            }
        }
    }
}

#[tokio::test]
async fn a_change_of_any_letter_is_noticed() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Hs256] {
        let at = now();
        let keys = Deployment::new().await.replica(config(algorithm), at).await;
        let token = keys.issue(&claims(at, Scope::User)).unwrap();
        assert!(keys.verify(token.expose(), at).is_ok());
        for position in 0..token.expose().len() {
            for letter in ['A', 'B', 'z', '-', '.'] {
                let mut changed = token.expose().to_owned();
                changed.replace_range(position..=position, &letter.to_string());
                let same = changed == token.expose();
                assert_eq!(
                    keys.verify(&changed, at).is_ok(),
                    same,
                    "{position} {letter}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_megabyte_costs_nothing() {
    let target = Target::new().await;
    let valid = target.keys.issue(&claims(now(), Scope::User)).unwrap();
    let long = "A".repeat(1 << 20);
    for token in [
        long.clone(),
        format!("{}{long}", valid.expose()),
        format!("{long}.{long}.{long}"),
        ".".repeat(1 << 20),
        "[".repeat(4096),
    ] {
        // The best of five, since other tests run beside this one.
        let best = (0..5).map(|_| {
            let begun = Instant::now();
            assert_eq!(target.verdict(&token, 0), "invalid");
            begun.elapsed()
        });
        assert!(best.min().unwrap() < Duration::from_millis(5));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_text_is_accepted_or_makes_the_verifier_panic(
        text in "[A-Za-z0-9_.=+ -]{0,300}|\\PC{0,100}|[A-Za-z0-9_-]{0,80}\\.[A-Za-z0-9_-]{0,80}\\.[A-Za-z0-9_-]{0,80}"
    ) {
        let verdict = TARGET.with(|target| target.verdict(&text, 0));
        prop_assert_eq!(verdict, "invalid");
    }

    #[test]
    fn no_json_of_a_stranger_is_accepted_or_makes_the_verifier_panic(
        header in "\\PC{0,100}", claims in "\\PC{0,200}"
    ) {
        let entry = |sign: &str| Entry {
            name: String::new(),
            header: Some(header.clone()),
            header_as: None,
            claims: Some(claims.clone()),
            claims_as: None,
            length: None,
            replace: Vec::new(),
            sign: Some(sign.to_owned()),
            token: None,
            at: 0,
            expect: None,
        };
        TARGET.with(|target| {
            for sign in ["ours", "nobody"] {
                assert_eq!(target.verdict(&target.token(&entry(sign)), 0), "invalid");
            }
            // The same claims under a right header and a right signature.
            let with_header = Entry { header: None, ..entry("ours") };
            assert_eq!(target.verdict(&target.token(&with_header), 0), "invalid");
        });
    }
}

thread_local! {
    static TARGET: Target = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime")
        .block_on(Target::new());
}
