//! Adapters over throwaway servers.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use menshen_redis::code_store::RedisCodeStore;
use menshen_redis::rate_limiter::RedisRateLimiter;
use menshen_redis::replay_ledger::RedisReplayLedger;
use menshen_redis::session_notices::{NoticeMetrics, RedisSessionNotices};
use menshen_redis::url::RedisUrl;
use menshen_redis::wechat_token_cache::RedisWeChatTokenCache;
use menshen_redis::{Redis, RedisNames, RedisOptions};
use menshen_testkit::fake_keys::{FakeMac, FakeSealer};
use menshen_testkit::sample::SeededRandomness;
use menshen_testkit::suites::session_notices::Replicas;

/// The adapters over one Redis, with keys that no other `Stores` uses.
pub(crate) struct Stores {
    pub(crate) redis: Redis,
    names: RedisNames,
}

impl Stores {
    /// # Panics
    ///
    /// If the URL is not one.
    pub(crate) fn over(url: &str) -> Self {
        // The clauses are not about time limits: a busy machine may take its time.
        let patient = Duration::from_secs(10);
        let options = RedisOptions {
            acquire: patient,
            command: patient,
            ..RedisOptions::default()
        };
        Self::within(url, options)
    }

    /// # Panics
    ///
    /// If the URL is not one.
    pub(crate) fn within(url: &str, options: RedisOptions) -> Self {
        Self::of(&RedisUrl::parse(url).expect("a URL"), options)
    }

    /// # Panics
    ///
    /// If there is no client of the URL.
    pub(crate) fn of(url: &RedisUrl, options: RedisOptions) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let prefix = format!("test-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        Self {
            redis: Redis::new(url, options).expect("a client"),
            names: RedisNames::new(&prefix, Arc::new(FakeMac)),
        }
    }

    pub(crate) fn codes(&self) -> Arc<RedisCodeStore> {
        Arc::new(RedisCodeStore::new(self.redis.clone(), self.names.clone()))
    }

    pub(crate) fn limiter(&self) -> Arc<RedisRateLimiter> {
        static SEED: AtomicU32 = AtomicU32::new(1);
        let seed = u64::from(SEED.fetch_add(1, Ordering::Relaxed)) << 32;
        Arc::new(RedisRateLimiter::new(
            self.redis.clone(),
            self.names.clone(),
            Arc::new(SeededRandomness::new(seed)),
        ))
    }

    pub(crate) fn ledger(&self) -> Arc<RedisReplayLedger> {
        Arc::new(RedisReplayLedger::new(
            self.redis.clone(),
            self.names.clone(),
            Arc::new(FakeSealer),
        ))
    }

    /// Notices as of one more replica.
    pub(crate) fn notices(&self, metrics: &NoticeMetrics) -> Arc<RedisSessionNotices> {
        static SEED: AtomicU32 = AtomicU32::new(1);
        let seed = u64::from(SEED.fetch_add(1, Ordering::Relaxed)) << 40;
        Arc::new(RedisSessionNotices::new(
            self.redis.clone(),
            self.names.clone(),
            Arc::new(FakeSealer),
            Arc::new(SeededRandomness::new(seed)),
            metrics.clone(),
        ))
    }

    /// Two replicas that tell each other.
    pub(crate) fn replicas(&self) -> Replicas {
        Replicas {
            one: self.notices(&NoticeMetrics::default()),
            two: self.notices(&NoticeMetrics::default()),
        }
    }

    pub(crate) fn tokens(&self) -> Arc<RedisWeChatTokenCache> {
        Arc::new(RedisWeChatTokenCache::new(
            self.redis.clone(),
            self.names.clone(),
            Arc::new(FakeSealer),
            Arc::new(FakeMac),
        ))
    }
}
