//! The gateway itself: which call serves which need.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::wechat::{AppId, AppKind, OpenId, PhoneCode, SessionKey, WeChatApp};
use menshen_domain::model::wechat_login::{LoginProof, ProfileTicket, UserRisk};
use menshen_domain::model::wechat_profile::WeChatProfile;
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::wechat_gateway::{
    WeChatGateway, WeChatGatewayError, WeChatIdentification, WeChatPhone,
};
use menshen_domain::ports::wechat_token_cache::WeChatTokenCache;
use menshen_outbound::{BadBaseUrl, Client, ClientError, base_url};
use secrecy::SecretString;
use tokio::time::Instant;

use crate::authorized::Authority;
use crate::hosts::Hosts;
use crate::local_tokens::LocalTokenCache;
use crate::metrics::WeChatMetrics;
use crate::token_book::{AccessTokens, Outside};
use crate::transport::Transport;
use crate::user_risk::Suspect;
use crate::{check_session, code2session, oauth, phone_number, user_info, user_risk};

/// The longest time that a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(1);

type Secrets = HashMap<AppId, SecretString>;

/// What the gateway needs to know. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct OfficialGatewayConfig {
    /// WeChat's entry points in order of preference, such as
    /// `https://api.weixin.qq.com`; the next is asked only when a request
    /// certainly never reached the one before.
    pub base_urls: Vec<String>,
    /// How long one use of the port may take, all tries and tokens included.
    pub timeout: Duration,
    /// Each application with its secret.
    pub apps: Vec<(AppId, SecretString)>,
    /// Where it is counted.
    pub metrics: WeChatMetrics,
}

/// Why no gateway can be made of a configuration.
#[derive(Debug, thiserror::Error)]
pub enum OfficialGatewayConfigError {
    /// There is no entry point to ask.
    #[error("wechat.base_url names no host")]
    NoBaseUrl,
    /// An entry point is not an address.
    #[error("wechat.base_url is {0}")]
    BaseUrl(#[from] BadBaseUrl),
    /// The machine offers no usable TLS set-up.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// WeChat through its official server API, with an application id and secret.
pub struct OfficialGateway {
    apps: Secrets,
    transport: Arc<Transport>,
    authority: Authority,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    metrics: WeChatMetrics,
}

impl fmt::Debug for OfficialGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfficialGateway")
            .field("apps", &self.apps.keys())
            .finish_non_exhaustive()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no secret is configured for application {0}")]
struct NoSecret(String);

impl OfficialGateway {
    /// A gateway that keeps WeChat's access tokens in this process.
    ///
    /// # Errors
    ///
    /// See [`OfficialGatewayConfigError`].
    pub fn new(
        config: OfficialGatewayConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OfficialGatewayConfigError> {
        Self::with_token_cache(config, clock, Arc::new(LocalTokenCache::default()))
    }

    /// A gateway that shares WeChat's access tokens with other replicas.
    ///
    /// # Errors
    ///
    /// See [`OfficialGatewayConfigError`].
    pub fn with_token_cache(
        config: OfficialGatewayConfig,
        clock: Arc<dyn Clock>,
        cache: Arc<dyn WeChatTokenCache>,
    ) -> Result<Self, OfficialGatewayConfigError> {
        Self::build(config, clock, Some(cache))
    }

    /// A gateway inside a container of cloud hosting, which adds the tokens.
    pub(crate) fn without_tokens(
        config: OfficialGatewayConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OfficialGatewayConfigError> {
        Self::build(config, clock, None)
    }

    fn build(
        config: OfficialGatewayConfig,
        clock: Arc<dyn Clock>,
        cache: Option<Arc<dyn WeChatTokenCache>>,
    ) -> Result<Self, OfficialGatewayConfigError> {
        let bases = config.base_urls.iter().map(|base| base_url(base));
        let hosts = Hosts::new(bases.collect::<Result<_, _>>()?)
            .ok_or(OfficialGatewayConfigError::NoBaseUrl)?;
        let client = Client::new(CONNECT.min(config.timeout))?;
        let apps: Secrets = config.apps.into_iter().collect();
        let metrics = config.metrics;
        let transport = Transport::new(client, hosts, apps.keys(), metrics.clone());
        let transport = Arc::new(transport);
        let authority = cache.map_or(Authority::Container, |cache| {
            let outside = Outside {
                transport: Arc::clone(&transport),
                cache,
                timeout: config.timeout,
                metrics: metrics.clone(),
            };
            Authority::Tokens(AccessTokens::new(&apps, outside))
        });
        Ok(Self {
            authority,
            apps,
            transport,
            timeout: config.timeout,
            clock,
            metrics,
        })
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.timeout
    }

    fn secret(&self, app: &AppId) -> Result<&SecretString, WeChatGatewayError> {
        self.apps.get(app).ok_or_else(|| {
            let missing = NoSecret(app.as_str().to_owned());
            WeChatGatewayError::Misconfigured(Box::new(missing))
        })
    }
}

#[async_trait]
impl WeChatGateway for OfficialGateway {
    async fn identify<'a>(
        &self,
        app: &WeChatApp,
        proof: LoginProof<'a>,
    ) -> Result<WeChatIdentification, WeChatGatewayError> {
        let LoginProof::Code(code) = proof else {
            // Nobody stands between the sender and us who could vouch for it.
            return Err(WeChatGatewayError::CodeRefused);
        };
        let secret = self.secret(&app.id)?;
        let deadline = self.deadline();
        let transport = &self.transport;
        match app.kind {
            AppKind::MiniProgram => {
                Ok(code2session::exchange(transport, &app.id, secret, code, deadline).await?)
            }
            AppKind::App | AppKind::Website => {
                oauth::exchange(transport, &app.id, app.kind, secret, code, deadline).await
            }
        }
    }

    async fn phone_number(
        &self,
        app: &WeChatApp,
        code: &PhoneCode,
        openid: &OpenId,
    ) -> Result<WeChatPhone, WeChatGatewayError> {
        self.secret(&app.id)?;
        let (transport, authority) = (&self.transport, &self.authority);
        let deadline = self.deadline();
        let reply =
            phone_number::exchange(transport, authority, &app.id, code, openid, deadline).await?;
        phone_number::read(&reply, &app.id, self.clock.now())
    }

    async fn profile(
        &self,
        app: &WeChatApp,
        ticket: &ProfileTicket,
    ) -> Result<WeChatProfile, WeChatGatewayError> {
        Ok(user_info::read(&self.transport, &app.id, ticket, self.deadline()).await?)
    }

    async fn user_risk(
        &self,
        app: &WeChatApp,
        openid: &OpenId,
        address: IpAddr,
        phone: Option<PhoneNumber>,
    ) -> UserRisk {
        let suspect = Suspect {
            openid,
            address,
            phone,
        };
        let (transport, authority) = (&self.transport, &self.authority);
        match user_risk::ask(transport, authority, &app.id, &suspect, self.deadline()).await {
            Ok(rank) => UserRisk::Rank(rank),
            Err(failure) => {
                let error = &failure as &dyn std::error::Error;
                tracing::info!(app_id = app.id.as_str(), error, "WeChat ranks no risk");
                self.metrics.unknown_risk();
                UserRisk::Unknown
            }
        }
    }

    async fn session_key_is_live(
        &self,
        app: &WeChatApp,
        openid: &OpenId,
        key: &SessionKey,
    ) -> Result<bool, WeChatGatewayError> {
        let (transport, authority) = (&self.transport, &self.authority);
        let deadline = self.deadline();
        Ok(check_session::is_live(transport, authority, &app.id, openid, key, deadline).await?)
    }
}
