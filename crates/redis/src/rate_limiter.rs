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
    reserve_recalled: Script,
    wait: Script,
    release: Script,
    pardon: Script,
    recall: Script,
}

impl RedisRateLimiter {
    /// Counts under these names.
    #[must_use]
    pub fn new(redis: Redis, names: RedisNames, randomness: Arc<dyn Randomness>) -> Self {
        let windows = include_str!("rate_limiter/windows.lua");
        let reserve = include_str!("rate_limiter/reserve.lua");
        let recalled = include_str!("rate_limiter/recalled.lua");
        Self {
            redis,
            names,
            randomness,
            scripts: Scripts {
                reserve: Script::new(&[windows, reserve]),
                reserve_recalled: Script::new(&[recalled, windows, reserve]),
                wait: Script::new(&[windows, include_str!("rate_limiter/wait.lua")]),
                release: Script::new(&[include_str!("rate_limiter/release.lua")]),
                pardon: Script::new(&[include_str!("rate_limiter/pardon.lua")]),
                recall: Script::new(&[include_str!("rate_limiter/recall.lua")]),
            },
        }
    }

    fn name(&self, key: &LimitKey) -> String {
        slots::name(&self.names, key)
    }

    fn grouped<'a>(&self, windows: &'a [Window]) -> Vec<Group<'a, Window>> {
        by_slot(windows, |window| &window.key, |key| self.name(key))
    }

    /// Takes the places of one slot.
    async fn take(
        &self,
        id: u64,
        script: &Script,
        group: &Group<'_, Window>,
    ) -> Result<Taken, RateLimiterError> {
        let call = told(script.on(&group.keys).arg(&member(id)), group);
        let (taken, window, wait): (i64, usize, i64) = self.redis.run(&call).await?;
        match taken {
            1 => return Ok(Taken::All),
            -1 => return Ok(Taken::Forgotten),
            _ => {}
        }
        let window = (group.counted.get(window)).ok_or(RedisFault::Nonsense("another window"))?;
        Ok(Taken::None(window.what.rule, duration(wait)))
    }

    /// Takes the places of all slots, or of none.
    async fn take_all(
        &self,
        windows: &[Window],
        groups: &[(&Script, Group<'_, Window>)],
    ) -> Result<Option<Admission>, RateLimiterError> {
        let mut bits = [0; 8];
        self.randomness.fill(&mut bits);
        let id = u64::from_be_bytes(bits);
        for (position, (script, group)) in groups.iter().enumerate() {
            let answer = self.take(id, script, group).await;
            if matches!(answer, Ok(Taken::All)) {
                continue;
            }
            for (_, taken) in &groups[..position] {
                self.give_back(id, taken).await?;
            }
            if let Taken::None(rule, wait) = answer? {
                return Ok(Some(Admission::Refused {
                    rule,
                    retry_after: whole_seconds(wait),
                }));
            }
            return Ok(None);
        }
        Ok(Some(Admission::Reserved(Reservation {
            id,
            windows: windows.to_vec(),
        })))
    }

    async fn give_back(&self, id: u64, group: &Group<'_, Window>) -> Result<(), RateLimiterError> {
        let call = self.scripts.release.on(&group.keys).arg(&member(id));
        Ok(self.redis.run(&call).await?)
    }
}

#[async_trait]
impl RateLimiter for RedisRateLimiter {
    async fn reserve(&self, windows: &[Window]) -> Result<Admission, RateLimiterError> {
        let groups = self.grouped(windows).into_iter();
        let groups: Vec<_> = groups.map(|group| (&self.scripts.reserve, group)).collect();
        let admission = self.take_all(windows, &groups).await?;
        Ok(admission.ok_or(RedisFault::Nonsense("asks for a mark"))?)
    }

    async fn reserve_recalled(
        &self,
        windows: &[Window],
    ) -> Result<Option<Admission>, RateLimiterError> {
        let mut groups = self.grouped(windows);
        // The messages first: their slot has the mark, which is the last of their keys.
        groups.sort_by_key(|group| group.slot != Slot::Messages);
        if groups
            .first()
            .is_none_or(|group| group.slot != Slot::Messages)
        {
            groups.insert(0, Group::empty(Slot::Messages));
        }
        groups[0]
            .keys
            .push(slots::mark(&self.names, Slot::Messages));
        let scripts = &self.scripts;
        let script = |slot| match slot {
            Slot::Messages => &scripts.reserve_recalled,
            Slot::Rotations | Slot::WeChat | Slot::People => &scripts.reserve,
        };
        let groups = groups.into_iter();
        let groups: Vec<_> = groups.map(|group| (script(group.slot), group)).collect();
        self.take_all(windows, &groups).await
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

    async fn pardon(
        &self,
        reservation: &Reservation,
        key: &LimitKey,
    ) -> Result<(), RateLimiterError> {
        let mut keys = vec![self.name(key)];
        for group in self.grouped(&reservation.windows) {
            if group.slot == Slot::of(key) {
                keys.extend(group.keys);
            } else {
                self.give_back(reservation.id, &group).await?;
            }
        }
        let call = self.scripts.pardon.on(&keys).arg(&member(reservation.id));
        Ok(self.redis.run(&call).await?)
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

/// What became of the places of a slot.
enum Taken {
    All,
    /// The window of this rule has none, for so long.
    None(LimitRule, Duration),
    /// The limiter does not remember what it was told.
    Forgotten,
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
