//! Checking access tokens, strictly.
//!
//! The order matters: form before decoding, header before key, key before
//! signature, signature before any claim is looked at. Of jsonwebtoken only the
//! signature check is used, with the one algorithm of the key: its own reading of
//! claims accepts absent audiences, fractional times and critical extensions.

use chrono::{DateTime, Utc};
use menshen_domain::model::token::AccessClaims;
use menshen_domain::ports::token_verifier::{TokenVerifier, TokenVerifierError};

use crate::claims::ReadClaims;
use crate::compact::Compact;
use crate::key_set::{KeySet, LEEWAY};
use crate::members::Members;
use crate::signing_key::{SigningKey, TOKEN_TYPE, is_kid};

impl KeySet {
    /// The claims of a token whose signature holds.
    fn signed_claims(&self, token: &str, now: DateTime<Utc>) -> Option<ReadClaims> {
        let compact = Compact::parse(token)?;
        let header = Members::decode(compact.header)?;
        let keys = self.keys();
        let key = key_of(&header, &keys, now)?;
        let held = jsonwebtoken::crypto::verify(
            compact.signature,
            compact.signed.as_bytes(),
            &key.key.checking,
            key.key.algorithm.jose(),
        );
        if !held.is_ok_and(|held| held) {
            return None;
        }
        ReadClaims::decode(compact.payload)
    }

    /// True if the claims are those of a token that we issue, by `now`.
    fn are_ours(&self, read: &ReadClaims, now: DateTime<Utc>) -> bool {
        let claims = &read.claims;
        let latest = now + LEEWAY;
        read.issuer == self.config.issuer
            && read.audience == self.audience(claims.scope)
            && read.not_before <= latest
            && claims.issued_at <= latest
            && claims.issued_at < claims.expires_at
    }
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
        let read = self
            .signed_claims(compact, now)
            .filter(|read| self.are_ours(read, now))
            .ok_or(TokenVerifierError::Invalid)?;
        if now >= read.claims.expires_at + LEEWAY {
            return Err(TokenVerifierError::Expired);
        }
        Ok(read.claims)
    }
}
