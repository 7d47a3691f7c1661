//! The claims of an access token as they travel.

use chrono::{DateTime, Utc};
use menshen_domain::model::client::ClientType;
use menshen_domain::model::identifiers::{EventId, SessionId, UserId};
use menshen_domain::model::token::{AccessClaims, Scope};
use serde::Serialize;

use crate::members::Members;

/// The claims as they are written: nothing else goes into a token.
#[derive(Serialize)]
pub(crate) struct WireClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: String,
    sid: String,
    jti: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    client_type: &'static str,
    scope: &'static str,
}

impl<'a> WireClaims<'a> {
    pub(crate) fn new(claims: &AccessClaims, issuer: &'a str, audience: &'a str) -> Self {
        Self {
            iss: issuer,
            aud: audience,
            sub: claims.user.to_string(),
            sid: claims.session.to_string(),
            jti: claims.id.to_string(),
            iat: claims.issued_at.timestamp(),
            nbf: claims.issued_at.timestamp(),
            exp: claims.expires_at.timestamp(),
            client_type: claims.client_type.as_str(),
            scope: claims.scope.as_str(),
        }
    }
}

/// The claims as they are read: each there, and of its type.
pub(crate) struct ReadClaims {
    pub(crate) claims: AccessClaims,
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) not_before: DateTime<Utc>,
}

impl ReadClaims {
    pub(crate) fn decode(payload: &str) -> Option<Self> {
        let members = Members::decode(payload)?;
        let time = |name| DateTime::from_timestamp(members.integer(name)?, 0);
        Some(Self {
            claims: AccessClaims {
                user: UserId::parse(members.text("sub")?)?,
                session: SessionId::parse(members.text("sid")?)?,
                id: EventId::parse(members.text("jti")?)?,
                client_type: ClientType::parse(members.text("client_type")?)?,
                scope: Scope::parse(members.text("scope")?)?,
                issued_at: time("iat")?,
                expires_at: time("exp")?,
            },
            issuer: members.text("iss")?.to_owned(),
            audience: members.text("aud")?.to_owned(),
            not_before: time("nbf")?,
        })
    }
}
