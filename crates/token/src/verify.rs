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

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use menshen_domain::model::token::AccessClaims;
use menshen_domain::ports::token_verifier::{LearnKeysError, TokenVerifier, TokenVerifierError};

use crate::algorithm::Algorithm;
use crate::claims::ReadClaims;
use crate::compact::{Compact, MAX_LENGTH};
use crate::key_set::{KeySet, LEEWAY};
use crate::members::Members;
use crate::signing_key::{SigningKey, TOKEN_TYPE, is_kid};
use crate::verified::{TokenHash, Verified};

impl KeySet {
    /// A token whose signature holds, and whose issuer and audience are ours.
    fn signed(
        &self,
        token: &str,
        keys: &[SigningKey],
        now: DateTime<Utc>,
    ) -> Result<Verified, TokenVerifierError> {
        let invalid = TokenVerifierError::Invalid;
        let compact = Compact::parse(token).ok_or(invalid)?;
        let header = Members::decode(compact.header).ok_or(invalid)?;
        let key = self.key_of(&header, keys, now)?;
        let held = jsonwebtoken::crypto::verify(
            compact.signature,
            compact.signed.as_bytes(),
            &key.key.checking,
            key.key.algorithm.jose(),
        );
        if !held.is_ok_and(|held| held) {
            return Err(invalid);
        }
        let read = ReadClaims::decode(compact.payload).ok_or(invalid)?;
        let ours =
            read.issuer == self.config.issuer && read.audience == self.audience(read.claims.scope);
        if !ours {
            return Err(invalid);
        }
        Ok(Verified {
            key: Arc::downgrade(&key.key),
            claims: read.claims,
            not_before: read.not_before,
        })
    }

    /// The key that a header names, if the header is one of ours in every way that
    /// counts. `jku`, `x5u`, `x5c` and `jwk` are not looked at.
    fn key_of<'a>(
        &self,
        header: &Members,
        keys: &'a [SigningKey],
        now: DateTime<Utc>,
    ) -> Result<&'a SigningKey, TokenVerifierError> {
        let invalid = TokenVerifierError::Invalid;
        let algorithm = header.text("alg").and_then(Algorithm::parse);
        let (Some(algorithm), Some(TOKEN_TYPE), false) =
            (algorithm, header.text("typ"), header.has("crit"))
        else {
            return Err(invalid);
        };
        let kid = header.text("kid").filter(|kid| is_kid(kid));
        let kid = kid.ok_or(invalid)?;
        match keys.iter().find(|key| key.key.kid == kid) {
            Some(key) if !key.retired(now) && key.key.algorithm == algorithm => Ok(key),
            Some(_) => Err(invalid),
            None if self.has_gone(kid) => Err(invalid),
            None => Err(TokenVerifierError::UnknownKey),
        }
    }

    /// The token as it was checked before, or as it is checked now. Its time is
    /// not looked at. What was checked before counts for as long as its key does.
    fn checked(&self, compact: &str, now: DateTime<Utc>) -> Result<Verified, TokenVerifierError> {
        if compact.len() > MAX_LENGTH {
            return Err(TokenVerifierError::Invalid);
        }
        let keys = self.keys();
        let hash = TokenHash::of(compact);
        if let Some(known) = self.verified.get(hash) {
            let mut live = keys.iter().filter(|key| !key.retired(now));
            if live.any(|key| Arc::as_ptr(&key.key) == known.key.as_ptr()) {
                return Ok(known);
            }
            self.verified.forget(hash);
        }
        let verified = self.signed(compact, &keys, now)?;
        // One that is past its time is not worth a place.
        if now < verified.claims.expires_at {
            self.verified.put(hash, verified.clone());
        }
        Ok(verified)
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

#[async_trait]
impl TokenVerifier for KeySet {
    fn verify(
        &self,
        compact: &str,
        now: DateTime<Utc>,
    ) -> Result<AccessClaims, TokenVerifierError> {
        let verified = self.checked(compact, now)?;
        if !timely(&verified, now) {
            return Err(TokenVerifierError::Invalid);
        }
        // Not the end plus the leeway: an end can lie so late that nothing is after it.
        if now - LEEWAY >= verified.claims.expires_at {
            return Err(TokenVerifierError::Expired);
        }
        Ok(verified.claims)
    }

    async fn learn_keys(&self, now: DateTime<Utc>) -> Result<(), LearnKeysError> {
        let Some(turn) = self.learning.turn().await else {
            return Ok(());
        };
        let reloaded = self.reload(now).await;
        drop(turn);
        reloaded.map_err(|error| LearnKeysError(error.into()))
    }
}
