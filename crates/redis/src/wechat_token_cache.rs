//! WeChat's own access tokens in Redis.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use menshen_domain::model::wechat::AppId;
use menshen_domain::ports::mac::{Mac, MacUse};
use menshen_domain::ports::sealer::{SealUse, Sealer};
use menshen_domain::ports::wechat_token_cache::{
    WeChatAccessToken, WeChatTokenCache, WeChatTokenCacheError,
};
use secrecy::{ExposeSecret as _, SecretString};

use crate::fault::RedisFault;
use crate::names::RedisNames;
use crate::redis::Redis;
use crate::script::Script;
use crate::time::{duration, micros};

/// `WeChat`'s own access tokens in Redis: sealed, and compared by a keyed hash.
pub struct RedisWeChatTokenCache {
    redis: Redis,
    names: RedisNames,
    sealer: Arc<dyn Sealer>,
    mac: Arc<dyn Mac>,
    scripts: Scripts,
}

struct Scripts {
    find: Script,
    keep: Script,
    drop_refused: Script,
    claim_forced_renewal: Script,
}

impl RedisWeChatTokenCache {
    /// Tokens under these names.
    #[must_use]
    pub fn new(
        redis: Redis,
        names: RedisNames,
        sealer: Arc<dyn Sealer>,
        mac: Arc<dyn Mac>,
    ) -> Self {
        let script = |own: &str| Script::new(&[include_str!("wechat_token_cache/token.lua"), own]);
        let renewal = include_str!("wechat_token_cache/claim_forced_renewal.lua");
        Self {
            redis,
            names,
            sealer,
            mac,
            scripts: Scripts {
                find: script(include_str!("wechat_token_cache/find.lua")),
                keep: script(include_str!("wechat_token_cache/keep.lua")),
                drop_refused: script(include_str!("wechat_token_cache/drop_refused.lua")),
                claim_forced_renewal: Script::new(&[renewal]),
            },
        }
    }

    fn key(&self, kind: &str, app: &AppId) -> [String; 1] {
        [self.names.alone(kind, &[app.as_str().as_bytes()])]
    }

    /// What a token is known by without being told.
    fn tag(&self, token: &SecretString) -> [u8; 32] {
        let message = [b"wechat token ", token.expose_secret().as_bytes()].concat();
        self.mac.tag(MacUse::EphemeralKey, &message)
    }
}

#[async_trait]
impl WeChatTokenCache for RedisWeChatTokenCache {
    async fn find(&self, app: &AppId) -> Result<Option<WeChatAccessToken>, WeChatTokenCacheError> {
        let key = self.key("wechat-token", app);
        let found = self.redis.run(&self.scripts.find.on(&key)).await?;
        let (sealed, fresh_for, expires_in): (Vec<u8>, i64, i64) = found;
        if sealed.is_empty() {
            return Ok(None);
        }
        let clear = (self.sealer)
            .open(SealUse::EphemeralValue, app.as_str().as_bytes(), &sealed)
            .map_err(|_| RedisFault::Nonsense("a token does not open"))?;
        let value = String::from_utf8(clear).map_err(|_| RedisFault::Nonsense("no text"))?;
        Ok(Some(WeChatAccessToken {
            value: value.into(),
            fresh_for: duration(fresh_for),
            expires_in: duration(expires_in),
        }))
    }

    async fn keep(
        &self,
        app: &AppId,
        token: &WeChatAccessToken,
    ) -> Result<(), WeChatTokenCacheError> {
        let clear = token.value.expose_secret().as_bytes();
        let sealed = (self.sealer)
            .seal(SealUse::EphemeralValue, app.as_str().as_bytes(), clear)
            .map_err(|_| RedisFault::Nonsense("a token cannot be sealed"))?;
        let key = self.key("wechat-token", app);
        let call = (self.scripts.keep.on(&key).arg(&sealed[..]))
            .arg(&self.tag(&token.value))
            .arg(micros(token.fresh_for))
            .arg(micros(token.expires_in));
        Ok(self.redis.run(&call).await?)
    }

    async fn drop_refused(
        &self,
        app: &AppId,
        refused: &SecretString,
    ) -> Result<(), WeChatTokenCacheError> {
        let key = self.key("wechat-token", app);
        let call = self.scripts.drop_refused.on(&key).arg(&self.tag(refused));
        Ok(self.redis.run(&call).await?)
    }

    async fn claim_forced_renewal(
        &self,
        app: &AppId,
        cooldown: Duration,
        daily: u32,
    ) -> Result<bool, WeChatTokenCacheError> {
        let key = self.key("wechat-renewals", app);
        let call = self.scripts.claim_forced_renewal.on(&key);
        let call = call.arg(micros(cooldown)).arg(daily);
        Ok(self.redis.run(&call).await?)
    }
}

impl From<RedisFault> for WeChatTokenCacheError {
    fn from(fault: RedisFault) -> Self {
        Self::Unavailable(fault.into())
    }
}
