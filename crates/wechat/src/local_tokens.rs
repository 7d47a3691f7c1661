//! WeChat's own access tokens, kept in this process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use menshen_domain::model::wechat::AppId;
use menshen_domain::ports::wechat_token_cache::{
    WeChatAccessToken, WeChatTokenCache, WeChatTokenCacheError,
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::Instant;

const DAY: Duration = Duration::from_hours(24);

/// WeChat's own access tokens, kept in this process: enough for one replica,
/// and, since all replicas are given the same token, right for several.
#[derive(Debug, Default)]
pub struct LocalTokenCache(Mutex<HashMap<AppId, Slot>>);

#[derive(Debug, Default)]
struct Slot {
    kept: Option<Kept>,
    forced: Vec<Instant>,
}

#[derive(Debug)]
struct Kept {
    value: SecretString,
    fresh_until: Instant,
    expires_at: Instant,
}

impl LocalTokenCache {
    fn slots(&self) -> MutexGuard<'_, HashMap<AppId, Slot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl WeChatTokenCache for LocalTokenCache {
    async fn find(&self, app: &AppId) -> Result<Option<WeChatAccessToken>, WeChatTokenCacheError> {
        let now = Instant::now();
        let slots = self.slots();
        let kept = slots.get(app).and_then(|slot| slot.kept.as_ref());
        Ok(kept
            .filter(|kept| kept.expires_at > now)
            .map(|kept| WeChatAccessToken {
                value: kept.value.clone(),
                fresh_for: kept.fresh_until.saturating_duration_since(now),
                expires_in: kept.expires_at - now,
            }))
    }

    async fn keep(
        &self,
        app: &AppId,
        token: &WeChatAccessToken,
    ) -> Result<(), WeChatTokenCacheError> {
        let now = Instant::now();
        let expires_at = now + token.expires_in;
        let mut slots = self.slots();
        let slot = slots.entry(app.clone()).or_default();
        let later = slot
            .kept
            .as_ref()
            .is_some_and(|k| k.expires_at > expires_at);
        if !later && expires_at > now {
            slot.kept = Some(Kept {
                value: token.value.clone(),
                fresh_until: now + token.fresh_for,
                expires_at,
            });
        }
        Ok(())
    }

    async fn drop_refused(
        &self,
        app: &AppId,
        refused: &SecretString,
    ) -> Result<(), WeChatTokenCacheError> {
        let mut slots = self.slots();
        if let Some(slot) = slots.get_mut(app) {
            slot.kept
                .take_if(|kept| kept.value.expose_secret() == refused.expose_secret());
        }
        Ok(())
    }

    async fn claim_forced_renewal(
        &self,
        app: &AppId,
        cooldown: Duration,
        daily: u32,
    ) -> Result<bool, WeChatTokenCacheError> {
        let now = Instant::now();
        let mut slots = self.slots();
        let forced = &mut slots.entry(app.clone()).or_default().forced;
        forced.retain(|at| *at + DAY > now);
        let cool = forced.last().is_none_or(|last| *last + cooldown <= now);
        let within = u32::try_from(forced.len()).is_ok_and(|count| count < daily);
        if cool && within {
            forced.push(now);
        }
        Ok(cool && within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app() -> AppId {
        AppId::parse("wx4f4bc4dec97d474b").unwrap()
    }

    fn token(value: &str, seconds: u64) -> WeChatAccessToken {
        let expires_in = Duration::from_secs(seconds);
        WeChatAccessToken {
            value: value.into(),
            fresh_for: expires_in / 2,
            expires_in,
        }
    }

    async fn held(cache: &LocalTokenCache) -> Option<String> {
        let found = cache.find(&app()).await.unwrap();
        found.map(|token| token.value.expose_secret().to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_lives_until_it_expires() {
        let cache = LocalTokenCache::default();
        cache.keep(&app(), &token("T", 100)).await.unwrap();
        tokio::time::advance(Duration::from_mins(1)).await;
        let found = cache.find(&app()).await.unwrap().unwrap();
        assert_eq!(found.fresh_for, Duration::ZERO);
        assert_eq!(found.expires_in, Duration::from_secs(40));
        tokio::time::advance(Duration::from_secs(40)).await;
        assert_eq!(held(&cache).await, None);
        cache.keep(&app(), &token("T", 0)).await.unwrap();
        assert_eq!(held(&cache).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_late_overwrites_nothing_newer() {
        let cache = LocalTokenCache::default();
        cache.keep(&app(), &token("new", 7200)).await.unwrap();
        cache.keep(&app(), &token("old", 300)).await.unwrap();
        assert_eq!(held(&cache).await.as_deref(), Some("new"));
        cache.drop_refused(&app(), &"old".into()).await.unwrap();
        assert_eq!(held(&cache).await.as_deref(), Some("new"));
        cache.drop_refused(&app(), &"new".into()).await.unwrap();
        assert_eq!(held(&cache).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn force_is_rationed() {
        let cache = LocalTokenCache::default();
        let minute = Duration::from_mins(1);
        let claim = async || cache.claim_forced_renewal(&app(), minute, 2).await.unwrap();
        assert!(claim().await);
        assert!(!claim().await);
        tokio::time::advance(minute).await;
        assert!(claim().await);
        tokio::time::advance(minute).await;
        assert!(!claim().await, "twice a day");
        tokio::time::advance(DAY).await;
        assert!(claim().await);
    }
}
