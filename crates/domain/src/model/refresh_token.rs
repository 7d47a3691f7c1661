//! The refresh token: deterministic, and checked without a store.
//!
//! `mrt_` and the base64url form of `session id ‖ generation ‖ tag`, where the
//! tag is a MAC over the first two. A forged token costs one MAC; a leaked
//! database yields no token; the same generation is always the same token, so a
//! lost answer can be given again.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::model::identifiers::SessionId;
use crate::ports::mac::{Mac, MacUse};

const PREFIX: &str = "mrt_";
const SIGNED: usize = 16 + 4;
const LENGTH: usize = SIGNED + 32;

/// A refresh token as it travels.
#[derive(Clone)]
pub struct RefreshToken(SecretString);

/// What a genuine refresh token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshClaims {
    /// The session that it belongs to.
    pub session: SessionId,
    /// Which of the session's tokens it is.
    pub generation: u32,
}

impl RefreshToken {
    /// Computes the token of a session's generation.
    #[must_use]
    pub fn compute(mac: &dyn Mac, claims: RefreshClaims) -> Self {
        let signed = signed_part(claims);
        let mut bytes = [0; LENGTH];
        bytes[..SIGNED].copy_from_slice(&signed);
        bytes[SIGNED..].copy_from_slice(&mac.tag(MacUse::RefreshToken, &signed));
        Self(SecretString::from(format!(
            "{PREFIX}{}",
            URL_SAFE_NO_PAD.encode(bytes)
        )))
    }

    /// The token, for the answer that issues it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(…)")
    }
}

/// Reads a token and checks its tag; `None` if it is not one of ours.
#[must_use]
pub fn verify_refresh_token(mac: &dyn Mac, text: &str) -> Option<RefreshClaims> {
    let mut bytes = [0; LENGTH];
    // The engine refuses padding and spare bits, so that a token has one spelling.
    let length = URL_SAFE_NO_PAD
        .decode_slice(text.strip_prefix(PREFIX)?, &mut bytes)
        .ok()?;
    if length != LENGTH {
        return None;
    }
    let (signed, tag) = bytes.split_at(SIGNED);
    if !mac.verify(MacUse::RefreshToken, signed, tag) {
        return None;
    }
    let (session, generation) = signed.split_at(16);
    Some(RefreshClaims {
        session: SessionId::from_uuid(Uuid::from_slice(session).ok()?),
        generation: u32::from_be_bytes(generation.try_into().ok()?),
    })
}

fn signed_part(claims: RefreshClaims) -> [u8; SIGNED] {
    let mut signed = [0; SIGNED];
    signed[..16].copy_from_slice(claims.session.as_uuid().as_bytes());
    signed[16..].copy_from_slice(&claims.generation.to_be_bytes());
    signed
}
