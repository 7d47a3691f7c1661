//! The store of codes, limits, claims and WeChat's tokens: this process, or Redis.

use std::sync::Arc;

use async_trait::async_trait;
use menshen_domain::ports::BoxError;
use menshen_domain::ports::code_store::CodeStore;
use menshen_domain::ports::rate_limiter::RateLimiter;
use menshen_domain::ports::replay_ledger::ReplayLedger;
use menshen_domain::ports::session_notices::SessionNotices;
use menshen_domain::ports::wechat_token_cache::WeChatTokenCache;
use menshen_memory::code_store::MemoryCodeStore;
use menshen_memory::local_limits::LocalLimits;
use menshen_memory::rate_limiter::MemoryRateLimiter;
use menshen_memory::replay_ledger::MemoryReplayLedger;
use menshen_memory::session_notices::MemorySessionNotices;
use menshen_redis::code_store::RedisCodeStore;
use menshen_redis::rate_limiter::RedisRateLimiter;
use menshen_redis::replay_ledger::RedisReplayLedger;
use menshen_redis::session_notices::{NoticeMetrics, RedisSessionNotices};
use menshen_redis::url::RedisUrl;
use menshen_redis::wechat_token_cache::RedisWeChatTokenCache;
use menshen_redis::{Redis, RedisFault, RedisNames, RedisOptions};
use menshen_token::keyring::Keyring;
use menshen_token::system_randomness::SystemRandomness;
use menshen_wechat::LocalTokenCache;

use super::StartError;
use crate::http::readiness::Probe;
use crate::settings::Settings;
use crate::settings::stores::Ephemeral;

/// What the keys in Redis begin with.
const PREFIX: &str = "menshen";

/// The ports of the ephemeral store.
pub(super) struct EphemeralStores {
    pub(super) codes: Arc<dyn CodeStore>,
    pub(super) limiter: Arc<dyn RateLimiter>,
    pub(super) ledger: Arc<dyn ReplayLedger>,
    pub(super) tokens: Arc<dyn WeChatTokenCache>,
    pub(super) notices: Arc<dyn SessionNotices>,
    /// The connections, where there are any.
    pub(super) redis: Option<Redis>,
    /// Of notices that leave the process.
    pub(super) notice_metrics: Option<NoticeMetrics>,
    pub(super) probe: Arc<dyn Probe>,
    /// What they are called in metrics.
    pub(super) name: &'static str,
}

/// The ports as the settings say. Redis need not answer yet.
pub(super) fn stores(
    settings: &Settings,
    keyring: &Arc<Keyring>,
) -> Result<EphemeralStores, StartError> {
    let Ephemeral::Redis(url) = &settings.stores.ephemeral else {
        return Ok(EphemeralStores {
            codes: Arc::new(MemoryCodeStore::default()),
            limiter: Arc::new(MemoryRateLimiter::default()),
            ledger: Arc::new(MemoryReplayLedger::default()),
            tokens: Arc::new(LocalTokenCache::default()),
            notices: Arc::new(MemorySessionNotices::default()),
            redis: None,
            notice_metrics: None,
            probe: Arc::new(InProcess),
            name: "memory",
        });
    };
    if !url.is_protected() {
        tracing::warn!("Redis on another machine is reached without TLS");
    }
    let redis = redis(settings, url)?;
    let names = RedisNames::new(PREFIX, keyring.clone());
    let notice_metrics = NoticeMetrics::default();
    Ok(EphemeralStores {
        codes: Arc::new(RedisCodeStore::new(redis.clone(), names.clone())),
        limiter: Arc::new(LocalLimits::beside(Arc::new(RedisRateLimiter::new(
            redis.clone(),
            names.clone(),
            Arc::new(SystemRandomness),
        )))),
        ledger: Arc::new(RedisReplayLedger::new(
            redis.clone(),
            names.clone(),
            keyring.clone(),
        )),
        tokens: Arc::new(RedisWeChatTokenCache::new(
            redis.clone(),
            names.clone(),
            keyring.clone(),
            keyring.clone(),
        )),
        notices: Arc::new(RedisSessionNotices::new(
            redis.clone(),
            names,
            keyring.clone(),
            Arc::new(SystemRandomness),
            notice_metrics.clone(),
        )),
        redis: Some(redis.clone()),
        notice_metrics: Some(notice_metrics),
        probe: Arc::new(RedisProbe(redis)),
        name: "redis",
    })
}

/// The codes alone, for a command of the operator's: where they are in the memory of the
/// server, it has none of them.
pub(crate) fn codes(
    settings: &Settings,
    keyring: &Arc<Keyring>,
) -> Result<Arc<dyn CodeStore>, StartError> {
    let Ephemeral::Redis(url) = &settings.stores.ephemeral else {
        return Ok(Arc::new(MemoryCodeStore::default()));
    };
    let names = RedisNames::new(PREFIX, keyring.clone());
    Ok(Arc::new(RedisCodeStore::new(redis(settings, url)?, names)))
}

/// The connections to Redis, none of which is made yet.
pub(crate) fn redis(settings: &Settings, url: &RedisUrl) -> Result<Redis, RedisFault> {
    let timeout = settings.stores.ephemeral_timeout;
    let options = RedisOptions {
        max_connections: usize::try_from(settings.stores.ephemeral_connections)
            .unwrap_or(usize::MAX),
        connect: timeout,
        acquire: timeout,
        command: timeout,
    };
    Redis::new(url, options)
}

struct InProcess;

#[async_trait]
impl Probe for InProcess {
    async fn check(&self) -> Result<(), BoxError> {
        Ok(())
    }
}

struct RedisProbe(Redis);

#[async_trait]
impl Probe for RedisProbe {
    async fn check(&self) -> Result<(), BoxError> {
        Ok(self.0.ping().await?)
    }
}
