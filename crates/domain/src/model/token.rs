//! What an access token says.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};

use crate::model::client::ClientType;
use crate::model::identifiers::{EventId, SessionId, UserId};
use crate::model::refresh_token::RefreshToken;

/// What a token lets its holder do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everything a person may do.
    User,
    /// Only what leads to the phone number that the deployment demands.
    Onboarding,
}

impl Scope {
    /// The stable word of the `scope` claim.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Onboarding => "onboarding",
        }
    }

    /// Reads the stable word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::User, Self::Onboarding]
            .into_iter()
            .find(|scope| scope.as_str() == text)
    }
}

/// The claims of an access token (RFC 9068), without issuer and audience, which
/// are the deployment's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessClaims {
    /// `sub`: the account.
    pub user: UserId,
    /// `sid`: the session.
    pub session: SessionId,
    /// `jti`: this very token.
    pub id: EventId,
    /// `client_type`.
    pub client_type: ClientType,
    /// `scope`.
    pub scope: Scope,
    /// `iat` and `nbf`, whole seconds.
    pub issued_at: DateTime<Utc>,
    /// `exp`, whole seconds.
    pub expires_at: DateTime<Utc>,
}

/// A signed access token as it travels.
#[derive(Clone)]
pub struct AccessToken(SecretString);

impl AccessToken {
    /// Wraps a token that was just signed.
    #[must_use]
    pub fn new(compact: String) -> Self {
        Self(compact.into())
    }

    /// The token, for the answer that issues it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(…)")
    }
}

/// What a login or a refresh answers.
#[derive(Debug, Clone)]
pub struct TokenPair {
    /// The short-lived token for any backend.
    pub access_token: AccessToken,
    /// How long the access token lives.
    pub expires_in: Duration,
    /// The token that gets the next pair.
    pub refresh_token: RefreshToken,
    /// How long the refresh token lives unused.
    pub refresh_expires_in: Duration,
}
