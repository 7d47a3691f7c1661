//! The gateway itself: which call serves which need.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use menshen_domain::model::wechat::{AppId, AppKind, LoginCode, OpenId, PhoneCode, WeChatApp};
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::wechat_gateway::{
    WeChatGateway, WeChatGatewayError, WeChatIdentification, WeChatPhone,
};
use menshen_domain::ports::wechat_token_cache::WeChatTokenCache;
use menshen_outbound::{BadBaseUrl, Client, ClientError, base_url};
use secrecy::SecretString;
use tokio::time::Instant;

use crate::hosts::Hosts;
use crate::local_tokens::LocalTokenCache;
use crate::token_book::AccessTokens;
use crate::transport::Transport;
use crate::{code2session, oauth, phone_number};

/// The longest time that a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(1);

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
    apps: HashMap<AppId, SecretString>,
    transport: Arc<Transport>,
    tokens: AccessTokens,
    timeout: Duration,
    clock: Arc<dyn Clock>,
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
        let bases = config.base_urls.iter().map(|base| base_url(base));
        let hosts = Hosts::new(bases.collect::<Result<_, _>>()?)
            .ok_or(OfficialGatewayConfigError::NoBaseUrl)?;
        let client = Client::new(CONNECT.min(config.timeout))?;
        let transport = Arc::new(Transport::new(client, hosts));
        let apps: HashMap<_, _> = config.apps.into_iter().collect();
        Ok(Self {
            tokens: AccessTokens::new(&apps, Arc::clone(&transport), cache, config.timeout),
            apps,
            transport,
            timeout: config.timeout,
            clock,
        })
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
    async fn identify(
        &self,
        app: &WeChatApp,
        code: &LoginCode,
    ) -> Result<WeChatIdentification, WeChatGatewayError> {
        let secret = self.secret(&app.id)?;
        let deadline = Instant::now() + self.timeout;
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
        let deadline = Instant::now() + self.timeout;
        let (transport, tokens) = (&self.transport, &self.tokens);
        let reply =
            phone_number::exchange(transport, tokens, &app.id, code, openid, deadline).await?;
        phone_number::read(&reply, &app.id, self.clock.now())
    }
}
