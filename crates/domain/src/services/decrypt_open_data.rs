//! Open data of who is signed in, opened with the key that WeChat gave us.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::model::audit::{AuditAction, AuditEvent};
use crate::model::changes::{Changes, Step};
use crate::model::origin::Origin;
use crate::model::wechat::{
    AppChoiceError, AppId, AppKind, OpenId, SessionKey, WeChatApp, WeChatApps,
};
use crate::model::wechat_limits::WeChatLimits;
use crate::ports::BoxError;
use crate::ports::account_store::{AccountStore, AccountStoreError, StoredSessionKey};
use crate::ports::clock::Clock;
use crate::ports::open_data_reader::{
    OpenData, OpenDataError, OpenDataExpectation, OpenDataReader, SealedOpenData,
};
use crate::ports::randomness::Randomness;
use crate::ports::rate_limiter::{Admission, RateLimiter};
use crate::ports::wechat_gateway::WeChatGateway;
use crate::services::authenticate::Authenticated;

/// Open data as a client hands it in. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct GivenOpenData {
    /// `encryptedData`, base64.
    pub encrypted_data: String,
    /// `iv`, base64.
    pub iv: String,
    /// `rawData` with its `signature`, where the client sends them.
    pub signed: Option<(String, String)>,
}

impl fmt::Debug for GivenOpenData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GivenOpenData(…)")
    }
}

impl GivenOpenData {
    /// Decrypts, checks for whom and for when the data is, and checks the signature.
    ///
    /// In this order, a key that WeChat has replaced always shows as data that
    /// cannot be decrypted, whose cure is another login; a signature mismatch then
    /// says that `rawData` itself is not what was signed.
    pub(super) fn open(
        &self,
        reader: &dyn OpenDataReader,
        key: &SessionKey,
        app: &AppId,
        openid: &OpenId,
        now: DateTime<Utc>,
    ) -> Result<OpenData, OpenDataError> {
        let sealed = SealedOpenData {
            encrypted_data: &self.encrypted_data,
            iv: &self.iv,
        };
        let data = reader.open(sealed, key, OpenDataExpectation { app, openid, now })?;
        if let Some((raw_data, signature)) = &self.signed {
            reader.verify(raw_data, signature, key)?;
        }
        Ok(data)
    }
}

/// Why there is no clear data.
#[derive(Debug, thiserror::Error)]
pub enum DecryptOpenDataError {
    /// Which application is meant cannot be told.
    #[error(transparent)]
    App(#[from] AppChoiceError),
    /// The data is not taken, or there is no key for it.
    #[error(transparent)]
    Data(#[from] OpenDataError),
    /// This session asks too often.
    #[error("the session decrypts too often")]
    RateLimited {
        /// How long to wait.
        retry_after: Duration,
    },
    /// A store did not answer.
    #[error("a store is unavailable")]
    Unavailable(#[source] BoxError),
}

impl From<AccountStoreError> for DecryptOpenDataError {
    fn from(error: AccountStoreError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

/// Decrypts open data of who is signed in.
pub struct DecryptOpenData {
    /// Opens the data.
    pub reader: Arc<dyn OpenDataReader>,
    /// Holds the keys.
    pub accounts: Arc<dyn AccountStore>,
    /// Knows whether a key lives.
    pub gateway: Arc<dyn WeChatGateway>,
    /// Counts the tries.
    pub limiter: Arc<dyn RateLimiter>,
    /// The applications of the deployment.
    pub apps: Arc<WeChatApps>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Names the audit row.
    pub randomness: Arc<dyn Randomness>,
    /// How often a session may ask.
    pub limits: WeChatLimits,
    /// `wechat.check_session`: whether WeChat is asked about a key that fails.
    pub check_session: bool,
}

impl DecryptOpenData {
    /// Opens data with the stored key of the caller's openid in a mini-program.
    ///
    /// # Errors
    ///
    /// See [`DecryptOpenDataError`]. Where the caller has no key, the data cannot
    /// be decrypted, as with a key that WeChat has replaced since: the person signs
    /// in again.
    pub async fn execute(
        &self,
        caller: &Authenticated,
        app_id: Option<&AppId>,
        given: &GivenOpenData,
        origin: &Origin,
    ) -> Result<OpenData, DecryptOpenDataError> {
        let app = self.apps.choose(app_id, AppKind::MiniProgram)?;
        self.admit(caller).await?;
        let provider = app.kind.provider();
        let stored = self
            .accounts
            .session_key(caller.account.id, provider, &app.id)
            .await?
            .ok_or(OpenDataError::DecryptFailed)?;
        let now = self.clock.now();
        let opened = given.open(&*self.reader, &stored.key, &app.id, &stored.openid, now);
        if opened.is_err() && self.check_session {
            self.drop_if_dead(app, &stored, caller, origin).await;
        }
        Ok(opened?)
    }

    async fn admit(&self, caller: &Authenticated) -> Result<(), DecryptOpenDataError> {
        let windows = self.limits.for_open_data(caller.session.id);
        if windows.is_empty() {
            return Ok(());
        }
        match self.limiter.reserve(&windows).await {
            Ok(Admission::Reserved(_)) => Ok(()),
            Ok(Admission::Refused { retry_after, .. }) => {
                Err(DecryptOpenDataError::RateLimited { retry_after })
            }
            Err(error) => Err(DecryptOpenDataError::Unavailable(Box::new(error))),
        }
    }

    /// A key that WeChat does not know any more is of no use to anybody. The data
    /// is refused either way, so a failure here is for the log alone.
    async fn drop_if_dead(
        &self,
        app: &WeChatApp,
        stored: &StoredSessionKey,
        caller: &Authenticated,
        origin: &Origin,
    ) {
        let live = self
            .gateway
            .session_key_is_live(app, &stored.openid, &stored.key)
            .await;
        match live {
            Ok(true) => {}
            Ok(false) => {
                let changes = self.dropping(app, stored, caller, origin);
                if let Err(error) = self.accounts.apply(&changes).await {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "a dead session key stays stored"
                    );
                }
            }
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "whether a session key lives is not known"
            ),
        }
    }

    fn dropping(
        &self,
        app: &WeChatApp,
        stored: &StoredSessionKey,
        caller: &Authenticated,
        origin: &Origin,
    ) -> Changes {
        let now = self.clock.now();
        let row = AuditEvent::new(AuditAction::SessionKeyDropped, now, &*self.randomness)
            .with_user(caller.account.id)
            .with_session(caller.session.id)
            .with_subject(stored.openid.masked())
            .with_origin(origin);
        Changes {
            steps: vec![Step::DropSessionKey {
                provider: app.kind.provider(),
                app_id: app.id.clone(),
                openid: stored.openid.clone(),
                stored_at: stored.stored_at,
            }],
            audit: vec![row],
            ..Changes::default()
        }
    }
}
