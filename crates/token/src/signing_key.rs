//! A signing key with its life.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::DecodingKey;
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::ports::sealer::{SealUse, Sealer};
use menshen_domain::ports::signing_key_store::SealedSigningKey;
use zeroize::Zeroizing;

use crate::algorithm::Algorithm;
use crate::key_set::KeySetError;
use crate::private_key::{self, PrivateKey};

/// The `typ` of our access tokens (RFC 9068).
pub(crate) const TOKEN_TYPE: &str = "at+jwt";

/// A signing key with its life.
#[derive(Clone)]
pub(crate) struct SigningKey {
    pub(crate) key: Arc<KeyPair>,
    pub(crate) not_before: DateTime<Utc>,
    pub(crate) retire_at: Option<DateTime<Utc>>,
}

/// What does not change in a key's life.
pub(crate) struct KeyPair {
    pub(crate) kid: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) private: PrivateKey,
    pub(crate) checking: DecodingKey,
    /// The header of every token that it signs, ready to travel.
    pub(crate) header: String,
}

impl SigningKey {
    /// True if the key is of no use any more.
    pub(crate) fn retired(&self, now: DateTime<Utc>) -> bool {
        self.retire_at.is_some_and(|at| at <= now)
    }
}

impl KeyPair {
    /// Reads a key of the store.
    pub(crate) fn open(row: &SealedSigningKey, sealer: &dyn Sealer) -> Result<Self, KeySetError> {
        let unreadable = || KeySetError::Unreadable {
            kid: row.kid.clone(),
        };
        let algorithm = Algorithm::parse(&row.algorithm).ok_or_else(unreadable)?;
        if !is_kid(&row.kid) {
            return Err(unreadable());
        }
        let bytes = sealer
            .open(
                SealUse::SigningKey,
                row.kid.as_bytes(),
                &row.sealed_private_key,
            )
            .map(Zeroizing::new)
            .map_err(|_| unreadable())?;
        let (private, checking) = PrivateKey::read(algorithm, &bytes).map_err(|_| unreadable())?;
        let header =
            serde_json::json!({"alg": algorithm.as_str(), "typ": TOKEN_TYPE, "kid": row.kid});
        Ok(Self {
            kid: row.kid.clone(),
            algorithm,
            private,
            checking,
            header: URL_SAFE_NO_PAD.encode(header.to_string()),
        })
    }
}

/// Makes a new key, sealed.
pub(crate) fn generate(
    algorithm: Algorithm,
    not_before: DateTime<Utc>,
    sealer: &dyn Sealer,
    randomness: &dyn Randomness,
) -> Result<SealedSigningKey, KeySetError> {
    let mut id = [0; 16];
    randomness.fill(&mut id);
    // A key id is written on command lines, where `-` begins an option.
    if id[0] >> 2 == 62 {
        id[0] &= 0x7f;
    }
    let kid = URL_SAFE_NO_PAD.encode(id);
    let bytes = private_key::generate(algorithm, randomness).map_err(|_| KeySetError::NotMade)?;
    let sealed_private_key = sealer
        .seal(SealUse::SigningKey, kid.as_bytes(), &bytes)
        .map_err(|_| KeySetError::NotMade)?;
    Ok(SealedSigningKey {
        kid,
        algorithm: algorithm.as_str().to_owned(),
        sealed_private_key,
        not_before,
        retire_at: None,
    })
}

/// True for `[A-Za-z0-9_-]{1,64}`.
pub(crate) fn is_kid(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({}, {}, …)", self.kid, self.algorithm)
    }
}
