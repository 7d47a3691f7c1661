//! Proving again who is there, for what must not be done with a stolen token.

use std::sync::Arc;

use crate::model::audit::{AuditAction, AuditEvent};
use crate::model::changes::{Changes, Step};
use crate::model::evidence::WeChatIdentity;
use crate::model::origin::Origin;
use crate::model::sms_code::SmsCode;
use crate::model::verification::{ChallengeId, CodeId, CodeScope, Purpose};
use crate::model::wechat::{AppId, AppKind, WeChatApps};
use crate::ports::account_store::AccountStore;
use crate::ports::clock::Clock;
use crate::ports::randomness::Randomness;
use crate::ports::session_store::{Proof, SessionStore, SessionStoreError};
use crate::services::authenticate::Authenticated;
use crate::services::check_code::{CheckCode, CheckCodeError};
use crate::services::login::{LoginError, WeChatProof};
use crate::services::vouch::{Caller, Vouch, Vouched};

const METHOD: &str = "step_up";

/// Why nobody is known to be there.
#[derive(Debug, thiserror::Error)]
pub enum StepUpError {
    /// As a login with this proof would have.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The account has no phone number to prove.
    #[error("the account has no phone number")]
    NoPhone,
    /// The session ended meanwhile.
    #[error("the session has ended")]
    SessionOver,
}

impl StepUpError {
    /// True if the same proof may complete a later request.
    fn keeps_proof(&self) -> bool {
        match self {
            Self::Login(error) => error.keeps_proof(),
            Self::NoPhone | Self::SessionOver => true,
        }
    }
}

impl From<SessionStoreError> for StepUpError {
    fn from(error: SessionStoreError) -> Self {
        Self::Login(error.into())
    }
}

/// Proves again who is there.
pub struct StepUp {
    /// Compares the code.
    pub check: Arc<CheckCode>,
    /// Exchanges the WeChat code.
    pub vouch: Arc<Vouch>,
    /// The applications of the deployment.
    pub apps: Arc<WeChatApps>,
    /// Keeps the key of the person's open data.
    pub accounts: Arc<dyn AccountStore>,
    /// Remembers the proof.
    pub sessions: Arc<dyn SessionStore>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Names the audit row.
    pub randomness: Arc<dyn Randomness>,
}

impl StepUp {
    /// Takes a code of purpose `step_up`, which went to the account's own number.
    ///
    /// # Errors
    ///
    /// See [`StepUpError`].
    pub async fn with_sms(
        &self,
        caller: &Authenticated,
        code: &SmsCode,
        challenge: Option<ChallengeId>,
        origin: &Origin,
    ) -> Result<(), StepUpError> {
        let phone = caller.account.phone.clone().ok_or(StepUpError::NoPhone)?;
        let scope = CodeScope {
            purpose: Purpose::StepUp(caller.account.id),
            client_type: caller.session.client_type(),
            phone,
        };
        let checked = self.check.execute(&scope, challenge, code, origin).await;
        let receipt = checked.map_err(LoginError::from)?;
        let proven = self.remember(caller, Some(receipt.code()), origin).await;
        if proven.as_ref().is_err_and(StepUpError::keeps_proof) {
            self.check.give_back(&receipt, challenge).await;
        }
        proven
    }

    /// Takes a login code, or the word of cloud hosting, of a WeChat identity that the account holds. Without
    /// `app_id` it is a code of the only application of the session's kind.
    ///
    /// # Errors
    ///
    /// See [`StepUpError`].
    pub async fn with_wechat(
        &self,
        caller: &Authenticated,
        shown: &WeChatProof,
        app_id: Option<&AppId>,
        origin: &Origin,
    ) -> Result<(), StepUpError> {
        let kind = AppKind::of_client(caller.session.client_type());
        let app = self.apps.any_kind(app_id, kind).map_err(LoginError::from)?;
        let from = Caller {
            route: METHOD,
            client_type: caller.session.client_type(),
            device_id: caller.session.client.device(),
            user: Some(caller.account.id),
        };
        let proof = match self.vouch.execute(app, shown, None, from).await? {
            Vouched::Now(proof) => *proof,
            Vouched::Before(_) => return Err(LoginError::WeChatCodeInvalid.into()),
        };
        let held = caller
            .account
            .openid_of(proof.identity.provider, &proof.identity.app_id);
        let own = held == Some(&proof.identity.openid);
        let fresh = own.then(|| proof.identity.clone());
        // A repeat proves the same again.
        self.vouch.keep(proof).await;
        let fresh = fresh.ok_or(LoginError::WeChatCodeInvalid)?;
        self.remember(caller, None, origin).await?;
        self.keep_session_key(caller, fresh, origin).await;
        Ok(())
    }

    /// The exchange may have replaced the key of the person's open data. Who is
    /// there is proven either way, so a failure here is for the log alone.
    async fn keep_session_key(
        &self,
        caller: &Authenticated,
        fresh: WeChatIdentity,
        origin: &Origin,
    ) {
        let Some(key) = fresh.session_key else { return };
        let now = self.clock.now();
        let row = AuditEvent::new(AuditAction::SessionKeyReplaced, now, &*self.randomness)
            .with_user(caller.account.id)
            .with_session(caller.session.id)
            .with_subject(fresh.openid.masked())
            .with_origin(origin);
        let changes = Changes {
            steps: vec![Step::StoreSessionKey {
                provider: fresh.provider,
                app_id: fresh.app_id,
                openid: fresh.openid,
                key,
            }],
            audit: vec![row],
            ..Changes::default()
        };
        if let Err(error) = self.accounts.apply(&changes).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a fresh session key is not stored"
            );
        }
    }

    async fn remember(
        &self,
        caller: &Authenticated,
        code: Option<CodeId>,
        origin: &Origin,
    ) -> Result<(), StepUpError> {
        let now = self.clock.now();
        let row = AuditEvent::new(AuditAction::SteppedUp, now, &*self.randomness)
            .with_user(caller.account.id)
            .with_session(caller.session.id)
            .with_origin(origin);
        let proven = self.sessions.prove(caller.session.id, now, code, row);
        match proven.await? {
            Proof::Taken => Ok(()),
            Proof::SessionOver => Err(StepUpError::SessionOver),
            // The code store forgot that it was used.
            Proof::CodeSpent => Err(LoginError::Code(CheckCodeError::Expired).into()),
        }
    }
}
