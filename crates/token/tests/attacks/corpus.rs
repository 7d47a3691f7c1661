//! An entry of the corpus, the token that it makes, and the verifier that it meets.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use menshen_domain::ports::sealer::{SealUse, Sealer as _};
use menshen_domain::ports::token_verifier::{TokenVerifier as _, TokenVerifierError};
use menshen_testkit::sample::now;
use menshen_token::algorithm::Algorithm;
use menshen_token::key_set::KeySet;
use serde::Deserialize;

use crate::common::{Deployment, config};

const HEADER: &str = r#"{"alg":"ES256","typ":"at+jwt","kid":"$KID"}"#;
pub(crate) const CLAIMS: &str = r#"{"iss":"menshen","aud":"menshen","sub":"00000000-0000-0000-0000-000000000001","sid":"00000000-0000-0000-0000-000000000002","jti":"00000000-0000-0000-0000-000000000003","iat":1767225600,"nbf":1767225600,"exp":1767229200,"client_type":"app","scope":"user"}"#;

/// An entry of the corpus; `corpus/README.md` tells what its members mean.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) header: Option<String>,
    pub(crate) header_as: Option<Spelling>,
    pub(crate) claims: Option<String>,
    pub(crate) claims_as: Option<Spelling>,
    pub(crate) length: Option<usize>,
    #[serde(default)]
    pub(crate) replace: Vec<(String, String)>,
    pub(crate) sign: Option<String>,
    pub(crate) token: Option<String>,
    #[serde(default)]
    pub(crate) at: u64,
    pub(crate) expect: Option<String>,
}

/// How a part is spelt, other than as it should be. It is signed as it is spelt, so
/// that nothing but the spelling is wrong.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Spelling {
    Padded,
    Standard,
    SpareBits,
    LineBreak,
    Twice,
    #[serde(rename = "utf-16")]
    Utf16,
    #[serde(rename = "latin-1")]
    Latin1,
}

/// A part of a token: base64url of its text, unless it is to be spelt otherwise.
fn spelt(text: &str, how: Option<Spelling>) -> String {
    let plain = encode(text.as_bytes());
    let odd = match how {
        None => return plain,
        Some(Spelling::Padded) => URL_SAFE.encode(text),
        Some(Spelling::Standard) => STANDARD_NO_PAD.encode(text),
        Some(Spelling::SpareBits) => {
            assert_ne!(plain.len() % 4, 0, "no bits to spare: {text}");
            with_spare_bits(&plain)
        }
        Some(Spelling::LineBreak) => plain.replacen(&plain[..8], &format!("{}\n", &plain[..8]), 1),
        Some(Spelling::Twice) => encode(plain.as_bytes()),
        Some(Spelling::Utf16) => {
            let units = text.encode_utf16().flat_map(u16::to_le_bytes);
            encode(&units.collect::<Vec<_>>())
        }
        Some(Spelling::Latin1) => {
            let bytes = text.chars().map(|c| u8::try_from(c).expect("Latin-1"));
            encode(&bytes.collect::<Vec<_>>())
        }
    };
    assert_ne!(odd, plain, "the spelling changes nothing: {text}");
    odd
}

/// A verifier, and the private key that an attacker never has.
pub(crate) struct Target {
    pub(crate) keys: KeySet,
    kid: String,
    jwk: serde_json::Value,
    ours: EcdsaKeyPair,
    stranger: EcdsaKeyPair,
}

impl Target {
    pub(crate) async fn new() -> Self {
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

    pub(crate) fn token(&self, entry: &Entry) -> String {
        let header = self.fill(entry.header.as_deref().unwrap_or(HEADER));
        let mut claims = entry.claims.as_deref().unwrap_or(CLAIMS).to_owned();
        for (old, new) in &entry.replace {
            assert!(claims.contains(old), "{}: no {old}", entry.name);
            claims = claims.replace(old, new);
        }
        let header = spelt(&header, entry.header_as);
        if let Some(length) = entry.length {
            claims = filled(&claims, length - header.len() - SIGNATURE.len() - 2);
        }
        let payload = spelt(&claims, entry.claims_as);
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

    pub(crate) fn verdict(&self, token: &str, at: u64) -> &'static str {
        match self.keys.verify(token, now() + Duration::from_secs(at)) {
            Ok(_) => "valid",
            Err(TokenVerifierError::Expired) => "expired",
            // Clients see one answer for both.
            Err(TokenVerifierError::Invalid | TokenVerifierError::UnknownKey) => "invalid",
        }
    }
}

/// Signatures of ES256 have 64 bytes, which are so many letters.
const SIGNATURE: [u8; 86] = [b'A'; 86];

/// The claims with so many more letters in the place of `$FILL` that their part of
/// the token is this long.
fn filled(claims: &str, length: usize) -> String {
    let with = |letters: usize| claims.replace("$FILL", &"a".repeat(letters));
    let fits = |claims: &String| encode(claims.as_bytes()).len() == length;
    let fitting = (0..length).map(with).find(fits);
    fitting.expect("no payload has this length")
}

pub(crate) fn encode(bytes: &[u8]) -> String {
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
