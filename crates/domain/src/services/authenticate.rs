//! Who is calling: checking an access token and its session.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::model::account::Account;
use crate::model::session::{EndReason, Session};
use crate::model::token::{AccessClaims, Scope};
use crate::ports::BoxError;
use crate::ports::clock::Clock;
use crate::ports::session_store::{SessionStore, SessionWithAccount};
use crate::ports::token_verifier::{TokenVerifier, TokenVerifierError};

/// Why a caller is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticateError {
    /// The token is not ours, or was changed.
    #[error("the access token is not valid")]
    Invalid,
    /// The token is past its time.
    #[error("the access token has expired")]
    Expired,
    /// The token's session has ended.
    #[error("the session has ended: {}", .0.as_str())]
    SessionRevoked(EndReason),
    /// The account owes a phone number first.
    #[error("a phone number is required first")]
    PhoneRequired,
    /// A store did not answer: nobody is let through then.
    #[error("a store is unavailable")]
    Unavailable(#[source] BoxError),
}

impl From<TokenVerifierError> for AuthenticateError {
    fn from(error: TokenVerifierError) -> Self {
        match error {
            TokenVerifierError::Invalid | TokenVerifierError::UnknownKey => Self::Invalid,
            TokenVerifierError::Expired => Self::Expired,
        }
    }
}

/// A caller whose session lives, with what the store holds of them.
#[derive(Debug, Clone)]
pub struct Authenticated {
    /// What the token says.
    pub claims: AccessClaims,
    /// The session.
    pub session: Session,
    /// The account.
    pub account: Account,
}

/// Checks access tokens.
pub struct Authenticate {
    /// Checks signatures and claims.
    pub verifier: Arc<dyn TokenVerifier>,
    /// Knows which sessions live.
    pub sessions: Arc<dyn SessionStore>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

impl Authenticate {
    /// Checks a token for another service: only the full scope will do.
    ///
    /// # Errors
    ///
    /// See [`AuthenticateError`].
    pub async fn for_service(&self, token: &str) -> Result<AccessClaims, AuthenticateError> {
        let now = self.clock.now();
        let claims = self.claims(token, now).await?;
        let over = self.sessions.over(claims.user, claims.session, now).await;
        match over.map_err(|error| AuthenticateError::Unavailable(Box::new(error)))? {
            Some(reason) => Err(AuthenticateError::SessionRevoked(reason)),
            None if claims.scope != Scope::User => Err(AuthenticateError::PhoneRequired),
            None => Ok(claims),
        }
    }

    /// Checks a token of the person themselves, and reads session and account.
    ///
    /// # Errors
    ///
    /// See [`AuthenticateError`].
    pub async fn in_person(&self, token: &str) -> Result<Authenticated, AuthenticateError> {
        let now = self.clock.now();
        let claims = self.claims(token, now).await?;
        let found = self.sessions.find(claims.session).await;
        let found = found.map_err(|error| AuthenticateError::Unavailable(Box::new(error)))?;
        let Some(SessionWithAccount { session, account }) = found else {
            return Err(AuthenticateError::SessionRevoked(EndReason::SignedOut));
        };
        match session.over_at(now) {
            Some(reason) => Err(AuthenticateError::SessionRevoked(reason)),
            None => Ok(Authenticated {
                claims,
                session,
                account,
            }),
        }
    }

    /// Checks a token only, whether or not its session still lives: signing out
    /// twice is no error.
    ///
    /// # Errors
    ///
    /// [`AuthenticateError::Invalid`] and [`AuthenticateError::Expired`];
    /// [`AuthenticateError::Unavailable`] if the keys had to be read anew and could
    /// not.
    pub async fn token_only(&self, token: &str) -> Result<AccessClaims, AuthenticateError> {
        self.claims(token, self.clock.now()).await
    }

    /// What a token says. One that names an unknown key is looked at again with
    /// the keys as they are now: another replica may have made it.
    async fn claims(
        &self,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<AccessClaims, AuthenticateError> {
        let verified = self.verifier.verify(token, now);
        if verified != Err(TokenVerifierError::UnknownKey) {
            return Ok(verified?);
        }
        let learnt = self.verifier.learn_keys(now).await;
        learnt.map_err(|error| AuthenticateError::Unavailable(Box::new(error)))?;
        Ok(self.verifier.verify(token, now)?)
    }
}
