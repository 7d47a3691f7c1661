//! Checking access tokens, strictly.
//!
//! The order matters: form before decoding, header before key, key before
//! signature, signature before any claim is looked at. Of jsonwebtoken only the
//! signature check is used, with the one algorithm of the key: its own reading of
//! claims accepts absent audiences, fractional times and critical extensions.
//!
//! A token that comes again is not checked again, as far as its text alone decides:
//! signature, issuer, audience. Its times, and whether its key is still one of
//! ours, are looked at each time.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use menshen_domain::model::token::AccessClaims;
use menshen_domain::ports::token_verifier::{TokenVerifier, TokenVerifierError};

use crate::claims::ReadClaims;
use crate::compact::{Compact, MAX_LENGTH};
use crate::key_set::{KeySet, LEEWAY};
use crate::members::Members;
use crate::signing_key::{SigningKey, TOKEN_TYPE, is_kid};
use crate::verified::{TokenHash, Verified};

impl KeySet {
    /// A token whose signature holds, and whose issuer and audience are ours.
    fn signed(&self, token: &str, keys: &[SigningKey], now: DateTime<Utc>) -> Option<Verified> {
        let compact = Compact::parse(token)?;
        let header = Members::decode(compact.header)?;
        let key = key_of(&header, keys, now)?;
        let held = jsonwebtoken::crypto::verify(
            compact.signature,
            compact.signed.as_bytes(),
            &key.key.checking,
            key.key.algorithm.jose(),
        );
        if !held.is_ok_and(|held| held) {
            return None;
        }
        let read = ReadClaims::decode(compact.payload)?;
        let ours =
            read.issuer == self.config.issuer && read.audience == self.audience(read.claims.scope);
        ours.then(|| Verified {
            key: Arc::downgrade(&key.key),
            claims: read.claims,
            not_before: read.not_before,
        })
    }

    /// The token as it was checked before, or as it is checked now. Its time is
    /// not looked at. What was checked before counts for as long as its key does.
    fn checked(&self, compact: &str, now: DateTime<Utc>) -> Option<Verified> {
        if compact.len() > MAX_LENGTH {
            return None;
        }
        let keys = self.keys();
        let hash = TokenHash::of(compact);
        if let Some(known) = self.verified.get(hash) {
            let mut live = keys.iter().filter(|key| !key.retired(now));
            if live.any(|key| Arc::as_ptr(&key.key) == known.key.as_ptr()) {
                return Some(known);
            }
            self.verified.forget(hash);
        }
        let verified = self.signed(compact, &keys, now)?;
        // One that is past its time is not worth a place.
        if now < verified.claims.expires_at {
            self.verified.put(hash, verified.clone());
        }
        Some(verified)
    }
}

/// True if the times are those of a token that we issue, by `now`.
fn timely(verified: &Verified, now: DateTime<Utc>) -> bool {
    let claims = &verified.claims;
    let latest = now + LEEWAY;
    verified.not_before <= latest
        && claims.issued_at <= latest
        && claims.issued_at < claims.expires_at
}

/// The key that a header names, if the header is one of ours in every way that
/// counts. `jku`, `x5u`, `x5c` and `jwk` are not looked at.
fn key_of<'a>(
    header: &Members,
    keys: &'a [SigningKey],
    now: DateTime<Utc>,
) -> Option<&'a SigningKey> {
    if header.has("crit") || header.text("typ")? != TOKEN_TYPE {
        return None;
    }
    let kid = header.text("kid").filter(|kid| is_kid(kid))?;
    let mut live = keys.iter().filter(|key| !key.retired(now));
    let key = live.find(|key| key.key.kid == kid)?;
    (header.text("alg")? == key.key.algorithm.as_str()).then_some(key)
}

impl TokenVerifier for KeySet {
    fn verify(
        &self,
        compact: &str,
        now: DateTime<Utc>,
    ) -> Result<AccessClaims, TokenVerifierError> {
        let verified = self
            .checked(compact, now)
            .filter(|verified| timely(verified, now))
            .ok_or(TokenVerifierError::Invalid)?;
        if now >= verified.claims.expires_at + LEEWAY {
            return Err(TokenVerifierError::Expired);
        }
        Ok(verified.claims)
    }
}
