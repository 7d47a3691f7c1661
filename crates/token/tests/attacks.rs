//! Every token of the corpus gets the answer that it must get.

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{Deployment, claims, config};
use menshen_domain::model::token::Scope;
use menshen_domain::ports::sealer::{SealUse, Sealer as _};
use menshen_domain::ports::token_issuer::TokenIssuer as _;
use menshen_domain::ports::token_verifier::{TokenVerifier as _, TokenVerifierError};
use menshen_testkit::sample::now;
use menshen_token::algorithm::Algorithm;
use menshen_token::key_set::KeySet;
use proptest::prelude::*;
use serde::Deserialize;

const HEADER: &str = r#"{"alg":"ES256","typ":"at+jwt","kid":"$KID"}"#;
const CLAIMS: &str = r#"{"iss":"menshen","aud":"menshen","sub":"00000000-0000-0000-0000-000000000001","sid":"00000000-0000-0000-0000-000000000002","jti":"00000000-0000-0000-0000-000000000003","iat":1767225600,"nbf":1767225600,"exp":1767229200,"client_type":"app","scope":"user"}"#;

/// An entry of the corpus; `corpus/README.md` tells what its members mean.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    header: Option<String>,
    claims: Option<String>,
    #[serde(default)]
    replace: Vec<(String, String)>,
    sign: Option<String>,
    token: Option<String>,
    #[serde(default)]
    at: u64,
    expect: Option<String>,
}

/// A verifier, and the private key that an attacker never has.
struct Target {
    keys: KeySet,
    kid: String,
    jwk: serde_json::Value,
    ours: EcdsaKeyPair,
    stranger: EcdsaKeyPair,
}

impl Target {
    async fn new() -> Self {
        let deployment = Deployment::new().await;
        let keys = deployment.replica(config(Algorithm::Es256), now()).await;
        let row = deployment.keys.rows.lock().expect("no panic")[0].clone();
        let opened = Arc::clone(&deployment.ring).open(
            SealUse::SigningKey,
            row.kid.as_bytes(),
            &row.sealed_private_key,
        );
        let signing = &ECDSA_P256_SHA256_FIXED_SIGNING;
        Self {
            jwk: keys.jwks(now())["keys"][0].clone(),
            ours: EcdsaKeyPair::from_pkcs8(signing, &opened.expect("our key")).expect("a key"),
            stranger: EcdsaKeyPair::generate(signing).expect("a key"),
            kid: row.kid,
            keys,
        }
    }

    fn fill(&self, text: &str) -> String {
        let jwk = self.jwk.to_string();
        text.replace("$KID", &self.kid).replace("$JWK", &jwk)
    }

    fn sign(&self, how: &str, message: &[u8]) -> Vec<u8> {
        let by = |pair: &EcdsaKeyPair| {
            let signature = pair.sign(&SystemRandom::new(), message);
            signature.expect("a signature").as_ref().to_vec()
        };
        let with = |secret: &[u8]| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
            hmac::sign(&key, message).as_ref().to_vec()
        };
        match how {
            "ours" => by(&self.ours),
            "stranger" => by(&self.stranger),
            "nobody" => Vec::new(),
            "hmac:jwk" => with(self.jwk.to_string().as_bytes()),
            "hmac:point" => with(self.ours.public_key().as_ref()),
            "hmac:x" => with(self.jwk["x"].as_str().expect("a text").as_bytes()),
            "hmac:kid" => with(self.kid.as_bytes()),
            "hmac:empty" => with(b""),
            other => panic!("who is {other}?"),
        }
    }

    fn token(&self, entry: &Entry) -> String {
        let header = self.fill(entry.header.as_deref().unwrap_or(HEADER));
        let mut claims = entry.claims.as_deref().unwrap_or(CLAIMS).to_owned();
        for (old, new) in &entry.replace {
            assert!(claims.contains(old), "{}: no {old}", entry.name);
            claims = claims.replace(old, new);
        }
        let (header, payload) = (encode(header.as_bytes()), encode(claims.as_bytes()));
        let message = format!("{header}.{payload}");
        let how = entry.sign.as_deref().unwrap_or("ours");
        let signature = encode(&self.sign(how, message.as_bytes()));
        let form = entry.token.as_deref().unwrap_or("$H.$P.$S");
        form.replace("$H", &header)
            .replace("$P", &payload)
            .replace("$T", &with_spare_bits(&signature))
            .replace("$S", &signature)
            .replace("$LONG", &"A".repeat(5000))
    }

    fn verdict(&self, token: &str, at: u64) -> &'static str {
        match self.keys.verify(token, now() + Duration::from_secs(at)) {
            Ok(_) => "valid",
            Err(TokenVerifierError::Expired) => "expired",
            // Clients see one answer for both.
            Err(TokenVerifierError::Invalid | TokenVerifierError::UnknownKey) => "invalid",
        }
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The same bytes in another spelling: 64 bytes leave four bits of the last
/// letter unused.
fn with_spare_bits(signature: &str) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = signature.as_bytes().to_vec();
    if let Some(last) = bytes.last_mut() {
        let value = LETTERS.iter().position(|letter| letter == last);
        *last = LETTERS[value.expect("a letter") | 1];
    }
    String::from_utf8(bytes).expect("letters")
}

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
    check(include_str!("corpus/header.json")).await;
}

#[tokio::test]
async fn claims_are_read_strictly() {
    check(include_str!("corpus/claims.json")).await;
}

#[tokio::test]
async fn only_our_signature_holds() {
    check(include_str!("corpus/signature.json")).await;
}

#[tokio::test]
async fn only_the_compact_form_is_read() {
    check(include_str!("corpus/form.json")).await;
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
            claims: Some(claims.clone()),
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
