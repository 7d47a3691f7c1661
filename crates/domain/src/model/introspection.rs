//! What other services learn of a token (RFC 7662).

use chrono::{DateTime, Utc};

use crate::model::client::ClientType;
use crate::model::identifiers::{SessionId, UserId};
use crate::model::token::AccessClaims;

/// What a token is worth at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Introspection {
    /// Nothing: not ours, changed, expired, ended, or not for other services. Which
    /// of these is not told.
    Inactive,
    /// An access token whose session lives.
    Access(AccessClaims),
    /// A refresh token that would be exchanged.
    Refresh(RefreshFacts),
}

/// What is told of a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshFacts {
    /// Whose it is.
    pub user: UserId,
    /// Which session it belongs to.
    pub session: SessionId,
    /// The session's client type.
    pub client_type: ClientType,
    /// When the newest token of the session was issued.
    pub issued_at: DateTime<Utc>,
    /// When it dies unused.
    pub expires_at: DateTime<Utc>,
}
