//! Rolling windows in Redis.

mod slots;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use menshen_domain::model::limits::{LimitKey, LimitRule, PastUse, Window};
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::ports::rate_limiter::{Admission, RateLimiter, RateLimiterError, Reservation};

use crate::fault::RedisFault;
use crate::names::RedisNames;
use crate::redis::Redis;
use crate::script::{Call, Script};
use crate::time::{duration, micros};
use slots::{Group, Slot, by_slot};

/// How long the limiter remembers at least: longer than any window of ours.
const MARKED_FOR: Duration = Duration::from_hours(25);

/// Rolling windows in Redis, exact to the microsecond.
///
/// All windows on one key share one sorted set of the acts, kept for as long as
/// the longest of them counts. It holds no more acts than the largest of them
/// admits, some hundred bytes each.
///
/// Windows of one slot (docs/adr/0014) are reserved in one atomic step.
pub struct RedisRateLimiter {
    redis: Redis,
    names: RedisNames,
    randomness: Arc<dyn Randomness>,
    scripts: Scripts,
}

struct Scripts {
    reserve: Script,
    wait: Script,
    release: Script,
    reset: Script,
    recall: Script,
    remembers: Script,
}

impl RedisRateLimiter {
    /// Counts under these names.
    #[must_use]
    pub fn new(redis: Redis, names: RedisNames, randomness: Arc<dyn Randomness>) -> Self {
        let windows = include_str!("rate_limiter/windows.lua");
        Self {
            redis,
            names,
            randomness,
            scripts: Scripts {
                reserve: Script::new(&[windows, include_str!("rate_limiter/reserve.lua")]),
                wait: Script::new(&[windows, include_str!("rate_limiter/wait.lua")]),
                release: Script::new(&[include_str!("rate_limiter/release.lua")]),
                reset: Script::new(&[include_str!("rate_limiter/reset.lua")]),
                recall: Script::new(&[include_str!("rate_limiter/recall.lua")]),
                remembers: Script::new(&[include_str!("rate_limiter/remembers.lua")]),
            },
        }
    }

    fn name(&self, key: &LimitKey) -> String {
        slots::name(&self.names, key)
    }

    fn grouped<'a>(&self, windows: &'a [Window]) -> Vec<Group<'a, Window>> {
        by_slot(windows, |window| &window.key, |key| self.name(key))
    }

    /// Takes the places of one slot; answers the window that refuses, if one does.
    async fn take(
        &self,
        id: u64,
        group: &Group<'_, Window>,
    ) -> Result<Option<(LimitRule, Duration)>, RateLimiterError> {
        let call = told(self.scripts.reserve.on(&group.keys).arg(&member(id)), group);
        let (taken, window, wait): (bool, usize, i64) = self.redis.run(&call).await?;
        if taken {
            return Ok(None);
        }
        let window = (group.counted.get(window)).ok_or(RedisFault::Nonsense("another window"))?;
        Ok(Some((window.what.rule, duration(wait))))
    }

    async fn give_back(&self, id: u64, group: &Group<'_, Window>) -> Result<(), RateLimiterError> {
        let call = self.scripts.release.on(&group.keys).arg(&member(id));
        Ok(self.redis.run(&call).await?)
    }
}

#[async_trait]
impl RateLimiter for RedisRateLimiter {
    async fn reserve(&self, windows: &[Window]) -> Result<Admission, RateLimiterError> {
        let mut bits = [0; 8];
        self.randomness.fill(&mut bits);
        let id = u64::from_be_bytes(bits);
        let groups = self.grouped(windows);
        for (position, group) in groups.iter().enumerate() {
            let answer = self.take(id, group).await;
            if matches!(answer, Ok(None)) {
                continue;
            }
            for taken in &groups[..position] {
                self.give_back(id, taken).await?;
            }
            if let Some((rule, wait)) = answer? {
                return Ok(Admission::Refused {
                    rule,
                    retry_after: whole_seconds(wait),
                });
            }
        }
        Ok(Admission::Reserved(Reservation {
            id,
            windows: windows.to_vec(),
        }))
    }

    async fn wait(&self, windows: &[Window]) -> Result<Option<Duration>, RateLimiterError> {
        let mut longest = Duration::ZERO;
        for group in self.grouped(windows) {
            let call = told(self.scripts.wait.on(&group.keys).arg(""), &group);
            let wait: i64 = self.redis.run(&call).await?;
            longest = longest.max(duration(wait));
        }
        Ok((!longest.is_zero()).then(|| whole_seconds(longest)))
    }

    async fn release(&self, reservation: &Reservation) -> Result<(), RateLimiterError> {
        for group in self.grouped(&reservation.windows) {
            self.give_back(reservation.id, &group).await?;
        }
        Ok(())
    }

    async fn reset(&self, key: &LimitKey) -> Result<(), RateLimiterError> {
        let key = [self.name(key)];
        Ok(self.redis.run(&self.scripts.reset.on(&key)).await?)
    }

    async fn remembers(&self) -> Result<bool, RateLimiterError> {
        let mark = [slots::mark(&self.names, Slot::Messages)];
        Ok(self.redis.run(&self.scripts.remembers.on(&mark)).await?)
    }

    async fn recall(&self, uses: &[PastUse]) -> Result<bool, RateLimiterError> {
        let mut groups = by_slot(uses, |past| &past.key, |key| self.name(key));
        // The messages last: their mark says that all is done.
        groups.sort_by_key(|group| group.slot == Slot::Messages);
        if !groups.iter().any(|group| group.slot == Slot::Messages) {
            groups.push(Group::empty(Slot::Messages));
        }
        let mut restored = false;
        for mut group in groups {
            let longest = group.counted.iter().map(|placed| placed.what.per).max();
            group.keys.insert(0, slots::mark(&self.names, group.slot));
            let mut call = (self.scripts.recall.on(&group.keys))
                .arg(micros(longest.unwrap_or_default().max(MARKED_FOR)));
            for placed in &group.counted {
                call = (call.arg(placed.key + 2).arg(micros(placed.what.per)))
                    .arg(micros(placed.what.ago))
                    .arg(placed.what.times);
            }
            restored = self.redis.run(&call).await?;
        }
        Ok(restored)
    }
}

/// Tells a script the windows of a group.
fn told<'a>(mut call: Call<'a>, group: &Group<'_, Window>) -> Call<'a> {
    for placed in &group.counted {
        call = call
            .arg(placed.key + 1)
            .arg(placed.what.limit.max(1))
            .arg(micros(placed.what.per));
    }
    call
}

/// What stands for an act in the sorted sets.
fn member(id: u64) -> [u8; 8] {
    id.to_be_bytes()
}

/// A wait rounded up to whole seconds.
fn whole_seconds(wait: Duration) -> Duration {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Duration::from_secs(seconds.max(1))
}

impl From<RedisFault> for RateLimiterError {
    fn from(fault: RedisFault) -> Self {
        match fault {
            RedisFault::Full => Self::Full,
            fault => Self::Unavailable(fault.into()),
        }
    }
}
