//! Idempotency: the same login, asked for again under the same key, is answered
//! again and not carried out again.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::model::evidence::EvidencePart;
use crate::model::identifiers::SessionId;
use crate::model::wechat::UnionId;
use crate::model::wechat_login::HostedIdentity;
use crate::ports::mac::{Mac, MacUse};
use crate::ports::replay_ledger::{Binding, Claim, ProofKey, ProofRecord, ReplayLedger};
use crate::services::login::{LoginError, SignedIn};
use crate::services::rejoin::Rejoin;
use crate::services::vouch::parts;

/// How long an answer can be asked for again.
const FRESH: Duration = Duration::from_mins(1);
/// Longer than any login takes.
const LEASE: Duration = Duration::from_secs(15);
/// How long a repeat waits for the first.
const PATIENCE: Duration = Duration::from_secs(3);

/// Carries a login out once per idempotency key.
pub struct CompleteOnce {
    /// Remembers what became of a key.
    pub ledger: Arc<dyn ReplayLedger>,
    /// Names keys in the ledger.
    pub mac: Arc<dyn Mac>,
    /// Answers a repeat.
    pub rejoin: Arc<Rejoin>,
}

impl CompleteOnce {
    /// Names one login: the route, the client's key, and the whole body, so that
    /// another body under the same key is another login. Where cloud hosting vouches
    /// for a person, the body holds no proof, and that person is part of the name:
    /// whoever guesses a key must not be answered with somebody else's session.
    #[must_use]
    pub fn key(
        &self,
        route: &str,
        idempotency_key: &str,
        body: &str,
        hosted: Option<&HostedIdentity>,
    ) -> ProofKey {
        let mut texts = vec!["idempotency", route, idempotency_key, body];
        if let Some(person) = hosted {
            texts.extend([person.app_id.as_str(), person.openid.as_str()]);
            texts.extend(person.union_id.as_ref().map(UnionId::as_str));
        }
        ProofKey(self.mac.tag(MacUse::ReplayLedger, &parts(&texts)))
    }

    /// Carries `login` out, or answers what it answered before.
    ///
    /// A login that failed may be tried again under the same key.
    ///
    /// # Errors
    ///
    /// As of `login`; [`LoginError::Unavailable`] while the first is still at it.
    pub async fn execute(
        &self,
        key: ProofKey,
        login: impl Future<Output = Result<SignedIn, LoginError>>,
    ) -> Result<SignedIn, LoginError> {
        match self.ledger.claim(key, LEASE, PATIENCE).await {
            Ok(Claim::Granted { .. }) => {}
            Ok(Claim::Recorded(ProofRecord::SignedIn {
                session,
                is_new_user,
                not_attached,
                ..
            })) => {
                if let Some(again) = self
                    .rejoin
                    .execute(session, is_new_user, not_attached)
                    .await?
                {
                    return Ok(again);
                }
                return login.await;
            }
            Ok(Claim::Recorded(ProofRecord::Vouched { .. } | ProofRecord::Spent)) => {
                return login.await;
            }
            Ok(Claim::InProgress) => {
                return Err(LoginError::Unavailable(
                    "the same request is still in progress".into(),
                ));
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a login without idempotency"
                );
                return login.await;
            }
        }
        let outcome = login.await;
        let told = match &outcome {
            Ok(done) => {
                let record = record(done.session.id, done.is_new_user, &done.not_attached);
                self.ledger.record(key, record, FRESH, FRESH).await
            }
            Err(_) => self.ledger.release(key).await,
        };
        if let Err(error) = told {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the ledger could not be told"
            );
        }
        outcome
    }
}

fn record(session: SessionId, is_new_user: bool, not_attached: &[EvidencePart]) -> ProofRecord {
    // The key itself binds the route and the body.
    let binding = Binding([0; 32]);
    ProofRecord::SignedIn {
        binding,
        session,
        is_new_user,
        not_attached: not_attached.to_vec(),
    }
}
