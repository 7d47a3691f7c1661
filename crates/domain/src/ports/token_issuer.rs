//! Signing access tokens.

use crate::model::token::{AccessClaims, AccessToken};
use crate::ports::BoxError;

/// The token could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("an access token could not be signed")]
pub struct TokenIssuerError(#[source] pub BoxError);

/// Signs access tokens with the deployment's current key; no I/O.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
pub trait TokenIssuer: Send + Sync {
    /// Signs a token.
    ///
    /// # Errors
    ///
    /// [`TokenIssuerError`].
    fn issue(&self, claims: &AccessClaims) -> Result<AccessToken, TokenIssuerError>;
}
