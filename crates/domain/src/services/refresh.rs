//! The next token pair.

mod replays;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::model::account::{Account, AccountStatus};
use crate::model::audit::{AuditAction, AuditEvent};
use crate::model::changes::SessionsOf;
use crate::model::limits::{Limits, Window};
use crate::model::origin::Origin;
use crate::model::refresh::{RefreshOutcome, RefreshState};
use crate::model::refresh_token::verify_refresh_token;
use crate::model::session::{EndReason, Session};
use crate::model::token::TokenPair;
use crate::ports::BoxError;
use crate::ports::audit_log::AuditLog;
use crate::ports::clock::Clock;
use crate::ports::mac::Mac;
use crate::ports::randomness::Randomness;
use crate::ports::rate_limiter::RateLimiter;
use crate::ports::session_store::{Rotation, SessionStore, SessionStoreError, SessionWithAccount};
use crate::ports::token_issuer::TokenIssuerError;
use crate::services::issue_tokens::IssueTokens;

/// How often the loser of a race reads again.
const MAX_ROUNDS: usize = 8;

/// Why there is no next pair.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// Not one of ours.
    #[error("the refresh token is not valid")]
    Invalid,
    /// Past its time.
    #[error("the refresh token has expired")]
    Expired,
    /// It must not be in use any more: the session has ended now.
    #[error("the refresh token was used before")]
    Reused,
    /// The session had ended before.
    #[error("the session has ended: {}", .0.as_str())]
    SessionRevoked(EndReason),
    /// Too many rotations.
    #[error("too many rotations")]
    RateLimited {
        /// How long to wait.
        retry_after: Duration,
    },
    /// A store did not answer.
    #[error("a store is unavailable")]
    Unavailable(#[source] BoxError),
    /// The access token could not be signed.
    #[error(transparent)]
    Tokens(#[from] TokenIssuerError),
}

impl From<SessionStoreError> for RefreshError {
    fn from(error: SessionStoreError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

/// How the next pair came about, for whoever counts; clients are not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Renewal {
    /// The newest token was exchanged.
    Rotated,
    /// A replaced token, whose answer was lost, was exchanged anew.
    Recovered,
    /// A replaced token was answered again within its grace time.
    Replayed,
}

impl Renewal {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Rotated, Self::Recovered, Self::Replayed];

    /// The stable word of the metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rotated => "rotated",
            Self::Recovered => "recovered",
            Self::Replayed => "replayed",
        }
    }
}

/// A refreshed session.
#[derive(Debug, Clone)]
pub struct Refreshed {
    /// The account, read anew.
    pub account: Account,
    /// The session.
    pub session: Session,
    /// The pair.
    pub tokens: TokenPair,
    /// Whether the deployment asks for a phone number that the account lacks.
    pub phone_required: bool,
    /// How the pair came about.
    pub renewal: Renewal,
}

/// Exchanges refresh tokens.
pub struct Refresh {
    /// The sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// Counts rotations.
    pub limiter: Arc<dyn RateLimiter>,
    /// Is told when replays do not end.
    pub audit: Arc<dyn AuditLog>,
    /// Checks refresh tokens.
    pub mac: Arc<dyn Mac>,
    /// Makes the pair.
    pub tokens: Arc<IssueTokens>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Names audit rows.
    pub randomness: Arc<dyn Randomness>,
    /// The limits of rotations.
    pub limits: Limits,
}

/// What one round came to.
enum Round {
    Answer(Box<Session>, Renewal),
    Again,
}

impl Refresh {
    /// Exchanges a refresh token: one read, and one write where it rotates. A
    /// forged token touches no store.
    ///
    /// # Errors
    ///
    /// See [`RefreshError`].
    pub async fn execute(&self, token: &str, origin: &Origin) -> Result<Refreshed, RefreshError> {
        let claims = verify_refresh_token(&*self.mac, token).ok_or(RefreshError::Invalid)?;
        for _ in 0..MAX_ROUNDS {
            let now = self.clock.now();
            let found = self
                .sessions
                .find(claims.session)
                .await?
                .ok_or(RefreshError::Invalid)?;
            self.still_open(&found, origin, now).await?;
            let SessionWithAccount { session, account } = found;
            if let Round::Answer(session, renewal) =
                self.round(session, claims.generation, origin, now).await?
            {
                let tokens = self.tokens.pair(&account, &session, now)?;
                let phone_required = self.tokens.phone_required(&account);
                return Ok(Refreshed {
                    account,
                    session: *session,
                    tokens,
                    phone_required,
                    renewal,
                });
            }
        }
        Err(RefreshError::Unavailable(
            "the session would not hold still".into(),
        ))
    }

    async fn still_open(
        &self,
        found: &SessionWithAccount,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<(), RefreshError> {
        match found.session.over_at(now) {
            Some(EndReason::Expired) => return Err(RefreshError::Expired),
            Some(reason) => return Err(RefreshError::SessionRevoked(reason)),
            None => {}
        }
        let reason = match found.account.status {
            AccountStatus::Active => return Ok(()),
            AccountStatus::Disabled { .. } => EndReason::Disabled,
            AccountStatus::Merged { .. } => EndReason::Merged,
            AccountStatus::Cancelling { .. } | AccountStatus::Erased => EndReason::Cancelled,
        };
        self.end(
            &found.session,
            reason,
            AuditAction::SessionEnded,
            origin,
            now,
        )
        .await?;
        Err(RefreshError::SessionRevoked(reason))
    }

    async fn round(
        &self,
        session: Session,
        generation: u32,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<Round, RefreshError> {
        let rules = self.tokens.policy.refresh(session.client_type());
        match session.refresh.present(generation, now, &rules) {
            RefreshOutcome::Rotate(to) => self.rotate(session, to, None, origin, now).await,
            RefreshOutcome::Recover(to) => {
                let row = self.row(AuditAction::RefreshRecovered, &session, origin, now);
                self.rotate(session, to, Some(row), origin, now).await
            }
            RefreshOutcome::Replay => {
                if session.replay_noted != Some(session.refresh.current) {
                    let row = self.row(AuditAction::RefreshReplayed, &session, origin, now);
                    let noted = self
                        .sessions
                        .note_replay(session.id, session.refresh.current, row)
                        .await?;
                    if noted {
                        self.heed_replay(&session, origin, now).await;
                    }
                }
                Ok(Round::Answer(Box::new(session), Renewal::Replayed))
            }
            RefreshOutcome::Expired => Err(RefreshError::Expired),
            RefreshOutcome::RecoveryOver => {
                self.end(
                    &session,
                    EndReason::Expired,
                    AuditAction::SessionEnded,
                    origin,
                    now,
                )
                .await?;
                Err(RefreshError::Expired)
            }
            RefreshOutcome::Reused => {
                let reason = EndReason::ReuseDetected;
                self.end(&session, reason, AuditAction::RefreshReused, origin, now)
                    .await?;
                Err(RefreshError::Reused)
            }
            RefreshOutcome::Unknown => Err(RefreshError::Invalid),
        }
    }

    async fn rotate(
        &self,
        mut session: Session,
        to: RefreshState,
        audit: Option<AuditEvent>,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<Round, RefreshError> {
        let windows = self.limits.for_refresh(session.id, origin.address);
        self.within_limits(&windows).await?;
        let renewal = if audit.is_some() {
            Renewal::Recovered
        } else {
            Renewal::Rotated
        };
        let rotation = self
            .sessions
            .rotate(session.id, &session.refresh, &to, now, audit)
            .await?;
        match rotation {
            Rotation::Done => {
                self.count(&windows).await;
                session.refresh = to;
                session.last_seen_at = now;
                Ok(Round::Answer(Box::new(session), renewal))
            }
            Rotation::Lost => Ok(Round::Again),
        }
    }

    /// With the limiter away, refreshing goes on: it only needs the database.
    ///
    /// Nothing is reserved: of many who exchange one token at once all but one
    /// are repeats, which are free.
    async fn within_limits(&self, windows: &[Window]) -> Result<(), RefreshError> {
        match self.limiter.wait(windows).await {
            Ok(None) => Ok(()),
            Ok(Some(retry_after)) => Err(RefreshError::RateLimited { retry_after }),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "refreshing without limits"
                );
                Ok(())
            }
        }
    }

    /// Counts a rotation that has happened. Where others have filled the window
    /// meanwhile, it counts no more.
    async fn count(&self, windows: &[Window]) {
        if let Err(error) = self.limiter.reserve(windows).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a rotation could not be counted"
            );
        }
    }

    async fn end(
        &self,
        session: &Session,
        reason: EndReason,
        action: AuditAction,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<(), RefreshError> {
        let row = self
            .row(action, session, origin, now)
            .with_reason(reason.as_str());
        self.sessions
            .end(session.user, SessionsOf::One(session.id), reason, now, row)
            .await?;
        Ok(())
    }

    fn row(
        &self,
        action: AuditAction,
        session: &Session,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> AuditEvent {
        AuditEvent::new(action, now, &*self.randomness)
            .with_user(session.user)
            .with_session(session.id)
            .with_origin(origin)
    }
}
