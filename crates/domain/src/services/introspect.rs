//! What a token is worth, for other services (RFC 7662), and ending what it belongs
//! to (RFC 7009).

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::model::audit::{AuditAction, AuditEvent};
use crate::model::changes::SessionsOf;
use crate::model::identifiers::{SessionId, UserId};
use crate::model::introspection::{Introspection, RefreshFacts};
use crate::model::operator::Operator;
use crate::model::origin::Origin;
use crate::model::policy::TokenPolicy;
use crate::model::refresh::RefreshOutcome;
use crate::model::refresh_token::{RefreshClaims, verify_refresh_token};
use crate::model::session::EndReason;
use crate::ports::BoxError;
use crate::ports::clock::Clock;
use crate::ports::mac::Mac;
use crate::ports::randomness::Randomness;
use crate::ports::session_store::{SessionStore, SessionStoreError};
use crate::services::authenticate::{Authenticate, AuthenticateError};

/// The method of the audit log.
const METHOD: &str = "token.revoke";

/// A store did not answer: nothing is told of the token.
#[derive(Debug, thiserror::Error)]
#[error("a store is unavailable")]
pub struct IntrospectError(#[source] pub BoxError);

impl From<SessionStoreError> for IntrospectError {
    fn from(error: SessionStoreError) -> Self {
        Self(Box::new(error))
    }
}

/// Tells what tokens are worth, and ends their sessions.
pub struct Introspect {
    /// Checks access tokens.
    pub authenticate: Arc<Authenticate>,
    /// Knows which sessions live.
    pub sessions: Arc<dyn SessionStore>,
    /// Checks refresh tokens.
    pub mac: Arc<dyn Mac>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Names audit rows.
    pub randomness: Arc<dyn Randomness>,
    /// The lives of tokens.
    pub policy: TokenPolicy,
}

impl Introspect {
    /// What a token of either kind is worth now. Looking changes nothing: a refresh
    /// token that was replaced long ago is worth nothing, and its session goes on.
    ///
    /// An access token that only leads to the phone number which the deployment
    /// demands is worth nothing to other services.
    ///
    /// # Errors
    ///
    /// [`IntrospectError`].
    pub async fn execute(&self, token: &str) -> Result<Introspection, IntrospectError> {
        if let Some(claims) = verify_refresh_token(&*self.mac, token) {
            return self.refresh_token(claims).await;
        }
        match self.authenticate.for_service(token).await {
            Ok(claims) => Ok(Introspection::Access(claims)),
            Err(AuthenticateError::Unavailable(source)) => Err(IntrospectError(source)),
            Err(
                AuthenticateError::Invalid
                | AuthenticateError::Expired
                | AuthenticateError::SessionRevoked(_)
                | AuthenticateError::PhoneRequired,
            ) => Ok(Introspection::Inactive),
        }
    }

    async fn refresh_token(&self, claims: RefreshClaims) -> Result<Introspection, IntrospectError> {
        let now = self.clock.now();
        let Some(found) = self.sessions.find(claims.session).await? else {
            return Ok(Introspection::Inactive);
        };
        let session = found.session;
        let rules = self.policy.refresh(session.client_type());
        let exchanged = match session.refresh.present(claims.generation, now, &rules) {
            RefreshOutcome::Rotate(_) | RefreshOutcome::Recover(_) | RefreshOutcome::Replay => true,
            RefreshOutcome::Expired
            | RefreshOutcome::RecoveryOver
            | RefreshOutcome::Reused
            | RefreshOutcome::Unknown => false,
        };
        if !exchanged || session.over_at(now).is_some() {
            return Ok(Introspection::Inactive);
        }
        Ok(Introspection::Refresh(RefreshFacts {
            user: session.user,
            session: session.id,
            client_type: session.client_type(),
            issued_at: session.refresh.current_issued_at,
            expires_at: session.refresh.expires_at(&rules).min(session.expires_at),
        }))
    }

    /// Ends the session that a token of either kind belongs to, so that both are
    /// worth nothing, on all replicas. A token that is worth nothing already, or
    /// none of ours, is no error, and nothing is told of it.
    ///
    /// # Errors
    ///
    /// [`IntrospectError`]; nothing may have ended then.
    pub async fn revoke(
        &self,
        token: &str,
        operator: &Operator,
        origin: &Origin,
    ) -> Result<(), IntrospectError> {
        let now = self.clock.now();
        let Some((user, session)) = self.meant(token).await? else {
            return Ok(());
        };
        let row = self.row(user, session, operator, origin, now);
        let which = SessionsOf::One(session);
        let ended = self
            .sessions
            .end(user, which, EndReason::SignedOut, now, row);
        ended.await?;
        Ok(())
    }

    /// Whose session a genuine token belongs to.
    async fn meant(&self, token: &str) -> Result<Option<(UserId, SessionId)>, IntrospectError> {
        if let Some(claims) = verify_refresh_token(&*self.mac, token) {
            let found = self.sessions.find(claims.session).await?;
            return Ok(found.map(|found| (found.session.user, found.session.id)));
        }
        match self.authenticate.token_only(token).await {
            Ok(claims) => Ok(Some((claims.user, claims.session))),
            Err(AuthenticateError::Unavailable(source)) => Err(IntrospectError(source)),
            Err(_) => Ok(None),
        }
    }

    fn row(
        &self,
        user: UserId,
        session: SessionId,
        operator: &Operator,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> AuditEvent {
        AuditEvent::new(AuditAction::SessionRevoked, now, &*self.randomness)
            .with_user(user)
            .with_session(session)
            .with_method(METHOD)
            .with_origin(origin)
            .with_actor(operator)
    }
}
