//! Rolling windows in Redis.

mod messages;
mod slots;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use menshen_domain::model::limits::{LimitKey, LimitRule, PastUse, Window};
use menshen_domain::model::spend::SpendScope;
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::ports::rate_limiter::{
    Admission, MessagePlaces, RateLimiter, RateLimiterError, Remembered, Reservation, Spend,
};

use crate::fault::RedisFault;
use crate::names::RedisNames;
use crate::redis::Redis;
use crate::script::{Call, Script};
use crate::time::{duration, micros};
use slots::{Group, Slot, by_slot};

/// How long the limiter remembers at least: longer than any window whose past it is
/// told.
const MARKED_FOR: Duration = Duration::from_hours(25);
/// How long after a loss people may have a past that was not told: as long as any window
/// of theirs.
const YOUNG: Duration = Duration::from_hours(24);

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
    message: Script,
    wait: Script,
    release: Script,
    pardon: Script,
    unprove: Script,
    recall: Script,
    recall_person: Script,
}

impl Scripts {
    fn new() -> Self {
        let windows = include_str!("rate_limiter/windows.lua");
        let taking = include_str!("rate_limiter/taking.lua");
        let spending = include_str!("rate_limiter/spending.lua");
        let message = include_str!("rate_limiter/message.lua");
        let reserve = include_str!("rate_limiter/reserve.lua");
        Self {
            reserve: Script::new(&[windows, taking, reserve]),
            message: Script::new(&[windows, taking, spending, message]),
            wait: Script::new(&[windows, include_str!("rate_limiter/wait.lua")]),
            release: Script::new(&[spending, include_str!("rate_limiter/release.lua")]),
            pardon: Script::new(&[spending, include_str!("rate_limiter/pardon.lua")]),
            unprove: Script::new(&[spending, include_str!("rate_limiter/unprove.lua")]),
            recall: Script::new(&[include_str!("rate_limiter/recall.lua")]),
            recall_person: Script::new(&[include_str!("rate_limiter/recall_person.lua")]),
        }
    }
}

impl RedisRateLimiter {
    /// Counts under these names.
    #[must_use]
    pub fn new(redis: Redis, names: RedisNames, randomness: Arc<dyn Randomness>) -> Self {
        Self {
            redis,
            names,
            randomness,
            scripts: Scripts::new(),
        }
    }

    fn name(&self, key: &LimitKey) -> String {
        slots::name(&self.names, key)
    }

    fn grouped<'a>(&self, windows: &'a [Window]) -> Vec<Group<'a, Window>> {
        by_slot(windows, |window| &window.key, |key| self.name(key))
    }

    fn next_id(&self) -> u64 {
        let mut bits = [0; 8];
        self.randomness.fill(&mut bits);
        u64::from_be_bytes(bits)
    }

    /// Takes the places of one slot; the rule that has none, and for how long.
    async fn take(&self, id: u64, group: &Group<'_, Window>) -> Result<Taken, RateLimiterError> {
        let call = told(self.scripts.reserve.on(&group.keys).arg(&member(id)), group);
        let (taken, window, wait): (i64, usize, i64) = self.redis.run(&call).await?;
        if taken == 1 {
            return Ok(None);
        }
        Ok(Some(full(group, window, wait)?))
    }

    /// Takes the places of these slots, or of none, also not of those that are held
    /// already.
    async fn take_all(
        &self,
        reservation: Reservation,
        mut held: Vec<Group<'_, Window>>,
        rest: Vec<Group<'_, Window>>,
    ) -> Result<Admission, RateLimiterError> {
        for group in rest {
            let answer = self.take(reservation.id, &group).await;
            if matches!(answer, Ok(None)) {
                held.push(group);
                continue;
            }
            for group in held {
                self.give_back(&reservation, group).await?;
            }
            let refusal = answer?.ok_or(RedisFault::Nonsense("neither full nor free"))?;
            return Ok(refused(refusal));
        }
        Ok(Admission::Reserved(reservation))
    }

    async fn give_back(
        &self,
        reservation: &Reservation,
        group: Group<'_, Window>,
    ) -> Result<(), RateLimiterError> {
        let (mut keys, mut scopes) = (group.keys, 0);
        if group.slot == Slot::Messages {
            let counted = &reservation.spend.counted;
            scopes = counted.len();
            keys.extend(counted.iter().map(|(scope, _)| self.scope(scope)));
        }
        let call = (self.scripts.release.on(&keys).arg(&member(reservation.id)))
            .arg(reservation.spend.at)
            .arg(scopes);
        Ok(self.redis.run(&call).await?)
    }
}

#[async_trait]
impl RateLimiter for RedisRateLimiter {
    async fn reserve(&self, windows: &[Window]) -> Result<Admission, RateLimiterError> {
        let reservation = Reservation {
            id: self.next_id(),
            windows: windows.to_vec(),
            spend: Spend::default(),
        };
        let groups = self.grouped(windows);
        self.take_all(reservation, Vec::new(), groups).await
    }

    async fn reserve_recalled(
        &self,
        places: &MessagePlaces,
    ) -> Result<Remembered, RateLimiterError> {
        self.reserve_message(places).await
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
        let mut groups = self.grouped(&reservation.windows);
        let has_messages = groups.iter().any(|group| group.slot == Slot::Messages);
        if !has_messages && !reservation.spend.counted.is_empty() {
            groups.push(Group::empty(Slot::Messages));
        }
        for group in groups {
            self.give_back(reservation, group).await?;
        }
        Ok(())
    }

    async fn pardon(
        &self,
        reservation: &Reservation,
        keys: &[LimitKey],
        proven: &[SpendScope],
    ) -> Result<(), RateLimiterError> {
        let mut places = self.grouped(&reservation.windows);
        let mut groups = by_slot(keys, |key| key, |key| self.name(key));
        if !proven.is_empty() && !groups.iter().any(|group| group.slot == Slot::Messages) {
            groups.push(Group::empty(Slot::Messages));
        }
        for forgotten in groups {
            let (mut names, slot) = (forgotten.keys, forgotten.slot);
            let how_many = names.len();
            let together = places.extract_if(.., |group| group.slot == slot);
            names.extend(together.flat_map(|group| group.keys));
            let scopes = if slot == Slot::Messages { proven } else { &[] };
            names.extend(scopes.iter().map(|scope| self.scope(scope)));
            let call = (self.scripts.pardon.on(&names))
                .arg(&member(reservation.id))
                .arg(how_many)
                .arg(scopes.len());
            let _: i64 = self.redis.run(&call).await?;
        }
        for group in places {
            self.give_back(reservation, group).await?;
        }
        Ok(())
    }

    async fn unprove(&self, proven: &[SpendScope]) -> Result<(), RateLimiterError> {
        let keys: Vec<_> = proven.iter().map(|scope| self.scope(scope)).collect();
        let call = self.scripts.unprove.on(&keys).arg(proven.len());
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

    async fn recall_person(
        &self,
        person: &LimitKey,
        uses: &[PastUse],
    ) -> Result<bool, RateLimiterError> {
        let keys = [self.name(person)];
        let mut call = self.scripts.recall_person.on(&keys).arg(micros(YOUNG));
        for past in uses {
            call = call.arg(micros(past.ago)).arg(past.times);
        }
        Ok(self.redis.run(&call).await?)
    }
}

/// Nothing where all places of a slot were taken; else the rule of a window that has
/// none, and for how long.
type Taken = Option<(LimitRule, Duration)>;

/// The window that a script says is full.
fn full(
    group: &Group<'_, Window>,
    window: usize,
    wait: i64,
) -> Result<(LimitRule, Duration), RateLimiterError> {
    let window = (group.counted.get(window)).ok_or(RedisFault::Nonsense("another window"))?;
    Ok((window.what.rule, duration(wait)))
}

fn refused((rule, wait): (LimitRule, Duration)) -> Admission {
    Admission::Refused {
        rule,
        retry_after: whole_seconds(wait),
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
