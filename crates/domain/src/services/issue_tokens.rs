//! The token pair of a session.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};

use crate::model::account::Account;
use crate::model::identifiers::EventId;
use crate::model::policy::{RequirePhone, TokenPolicy};
use crate::model::refresh_token::{RefreshClaims, RefreshToken};
use crate::model::session::Session;
use crate::model::token::{AccessClaims, Scope, TokenPair};
use crate::ports::mac::Mac;
use crate::ports::randomness::Randomness;
use crate::ports::token_issuer::{TokenIssuer, TokenIssuerError};

/// Makes the token pair of a session.
pub struct IssueTokens {
    /// Signs access tokens.
    pub issuer: Arc<dyn TokenIssuer>,
    /// Authenticates refresh tokens.
    pub mac: Arc<dyn Mac>,
    /// Names access tokens.
    pub randomness: Arc<dyn Randomness>,
    /// Lives of tokens.
    pub policy: TokenPolicy,
    /// Whether an account must have a phone number.
    pub require_phone: RequirePhone,
}

impl IssueTokens {
    /// Issues the pair of the session's current generation.
    ///
    /// # Errors
    ///
    /// [`TokenIssuerError`] if the access token cannot be signed.
    pub fn pair(
        &self,
        account: &Account,
        session: &Session,
        now: DateTime<Utc>,
    ) -> Result<TokenPair, TokenIssuerError> {
        let lives = self.policy.lives(session.client_type());
        let issued_at = now.trunc_subsecs(0);
        let access_token = self.issuer.issue(&AccessClaims {
            user: account.id,
            session: session.id,
            id: EventId::generate(&*self.randomness, now),
            client_type: session.client_type(),
            scope: self.scope_of(account),
            issued_at,
            expires_at: issued_at + lives.access,
        })?;
        let claims = RefreshClaims {
            session: session.id,
            generation: session.refresh.current,
        };
        let rules = self.policy.refresh(session.client_type());
        let refresh_ends = session.refresh.expires_at(&rules).min(session.expires_at);
        Ok(TokenPair {
            access_token,
            expires_in: lives.access,
            refresh_token: RefreshToken::compute(&*self.mac, claims),
            refresh_expires_in: (refresh_ends - now).to_std().unwrap_or(Duration::ZERO),
        })
    }

    /// What a token of this account may do.
    #[must_use]
    pub fn scope_of(&self, account: &Account) -> Scope {
        match self.require_phone {
            RequirePhone::Always if account.phone.is_none() => Scope::Onboarding,
            RequirePhone::Always | RequirePhone::Prompt | RequirePhone::Never => Scope::User,
        }
    }

    /// Whether the deployment asks for a phone number that the account lacks.
    #[must_use]
    pub fn phone_required(&self, account: &Account) -> bool {
        self.require_phone != RequirePhone::Never && account.phone.is_none()
    }
}
