//! An access token. The first line says what the rest is: `token` and a text, or
//! `signed` with a line of header and a line of claims, which get our signature.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::ports::sealer::{SealError, SealUse, Sealer};
use menshen_domain::ports::signing_key_store::{
    KeyLife, SealedSigningKey, SigningKeyStore, SigningKeyStoreError,
};
use menshen_domain::ports::token_verifier::TokenVerifier as _;
use menshen_token::algorithm::Algorithm;
use menshen_token::key_set::{KeySet, LEEWAY, TokenConfig};
use serde_json::Value;

use crate::{input, strict_json};

const KEY: [u8; 32] = [9; 32];
const KID: &str = "fuzz";

/// A text without our signature is refused; one with it is accepted only if its
/// header and claims are ours in every member, each of them there once.
pub(crate) fn run(data: &[u8]) {
    let Some((kind, rest)) = input::line(data) else {
        return;
    };
    match kind {
        "token" => {
            if let Ok(token) = std::str::from_utf8(rest) {
                foreign(token);
            }
        }
        "signed" => {
            if let Some((header, claims)) = input::line(rest) {
                ours(header.as_bytes(), claims);
            }
        }
        _ => {}
    }
}

fn verifies(token: &str) -> bool {
    keys().verify(token, input::now()).is_ok()
}

fn foreign(token: &str) {
    let signed = token.rsplit_once('.').is_some_and(|(signed, tag)| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &KEY);
        let tag = URL_SAFE_NO_PAD.decode(tag).unwrap_or_default();
        hmac::verify(&key, signed.as_bytes(), &tag).is_ok()
    });
    // A corpus may hold genuine ones.
    assert!(signed || !verifies(token), "accepted: {token}");
}

fn ours(header: &[u8], claims: &[u8]) {
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let key = hmac::Key::new(hmac::HMAC_SHA256, &KEY);
    let tag = hmac::sign(&key, message.as_bytes());
    let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag));
    let first = verifies(&token);
    assert_eq!(
        verifies(&token),
        first,
        "the second time it is another answer"
    );
    if !first {
        return;
    }
    assert!(token.len() <= 4096, "a long token was read");
    let header = object(header);
    assert_eq!(header["alg"], "HS256");
    assert_eq!(header["typ"], "at+jwt");
    assert_eq!(header["kid"], KID);
    assert!(header.get("crit").is_none());
    let claims = object(claims);
    assert_eq!(claims["iss"], "menshen");
    let onboarding = claims["scope"] == "onboarding";
    let audience = if onboarding {
        "menshen:onboarding"
    } else {
        "menshen"
    };
    assert_eq!(claims["aud"], audience);
    let time = |name: &str| claims[name].as_i64().expect("a whole number");
    let (now, leeway) = (input::now().timestamp(), LEEWAY.as_secs().cast_signed());
    assert!(time("iat") <= now + leeway && time("nbf") <= now + leeway);
    assert!(time("exp") > now - leeway && time("iat") < time("exp"));
}

/// What was accepted, read by another reader.
fn object(json: &[u8]) -> Value {
    let text = std::str::from_utf8(json).expect("UTF-8");
    assert!(strict_json::names_once_at_the_top(text), "{text}");
    serde_json::from_str(text).expect("JSON")
}

fn keys() -> &'static KeySet {
    static KEYS: OnceLock<KeySet> = OnceLock::new();
    KEYS.get_or_init(|| {
        let config = TokenConfig {
            issuer: "menshen".to_owned(),
            audience: "menshen".to_owned(),
            algorithm: Algorithm::Hs256,
            key_rotation: Duration::ZERO,
            longest_access_ttl: Duration::from_hours(1),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let (one, clear) = (Arc::new(OneKey), Arc::new(Unsealed));
        let set = KeySet::open(config, one, clear, Arc::new(NotRandom), input::now());
        let set = runtime.expect("a runtime").block_on(set);
        set.expect("a key set of one key")
    })
}

struct OneKey;

#[async_trait]
impl SigningKeyStore for OneKey {
    async fn load(&self, _: DateTime<Utc>) -> Result<Vec<SealedSigningKey>, SigningKeyStoreError> {
        Ok(vec![SealedSigningKey {
            kid: KID.to_owned(),
            algorithm: "HS256".to_owned(),
            sealed_private_key: KEY.to_vec(),
            not_before: DateTime::UNIX_EPOCH,
            retire_at: None,
        }])
    }

    async fn add(
        &self,
        _: &SealedSigningKey,
        _: Option<String>,
        _: DateTime<Utc>,
    ) -> Result<bool, SigningKeyStoreError> {
        Ok(false)
    }

    async fn revise(&self, _: &[KeyLife], _: &str) -> Result<bool, SigningKeyStoreError> {
        Ok(true)
    }
}

/// Sealing is not what is looked at here.
struct Unsealed;

impl Sealer for Unsealed {
    fn seal(&self, _: SealUse, _: &[u8], clear: &[u8]) -> Result<Vec<u8>, SealError> {
        Ok(clear.to_vec())
    }

    fn key_of(&self, _: &[u8]) -> Option<u32> {
        Some(1)
    }

    fn active_key(&self, _: SealUse) -> Result<u32, SealError> {
        Ok(1)
    }

    fn open(&self, _: SealUse, _: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        Ok(sealed.to_vec())
    }

    fn reseal(&self, _: SealUse, _: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        Ok(sealed.to_vec())
    }
}

struct NotRandom;

impl Randomness for NotRandom {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(3);
    }
}
