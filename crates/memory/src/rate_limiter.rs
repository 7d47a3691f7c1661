//! Rolling windows in process.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use menshen_domain::model::limits::{LimitKey, LimitRule, PastUse, Window};
use menshen_domain::model::spend::{SpendScope, Tally};
use menshen_domain::ports::rate_limiter::{
    Admission, MessagePlaces, RateLimiter, RateLimiterError, Remembered, Reservation, Spend,
};

use crate::fingerprint::{Fingerprint, Fingerprints};
use crate::limit_log::Log;
use crate::lock;
use crate::moment::{Moment, Stopwatch, micros};
use crate::shelf::Shelf;
use spending::Spending;
use state::State;

mod spending;
mod state;

/// As long as any window of a person counts.
const DAY: Duration = Duration::from_hours(24);

/// How much a [`MemoryRateLimiter`] may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimiterCapacity {
    /// How many keys may be counted at a time.
    pub keys: usize,
    /// How many acts may be remembered, over all keys.
    pub places: usize,
}

impl Default for RateLimiterCapacity {
    /// A million keys and six million acts: at most 256 MB.
    fn default() -> Self {
        Self {
            keys: 1_000_000,
            places: 6_000_000,
        }
    }
}

/// Rolling windows in process, exact to the microsecond.
///
/// All windows on one key share one log of the times at which a place was
/// taken, kept for as long as the longest of them. A limiter that is full of
/// live keys refuses new ones, so that a flood of keys resets nobody's counts.
pub struct MemoryRateLimiter {
    names: Fingerprints,
    clock: Stopwatch,
    state: Mutex<State>,
}

impl MemoryRateLimiter {
    /// An empty limiter.
    #[must_use]
    pub fn new(capacity: RateLimiterCapacity) -> Self {
        Self {
            names: Fingerprints::new(),
            clock: Stopwatch::start(),
            state: Mutex::new(State {
                logs: Shelf::new(capacity.keys),
                places: 0,
                max_places: capacity.places,
                last_id: 0,
                told: None,
                spending: Spending::default(),
            }),
        }
    }

    /// The keys that the windows count, each once, with their longest span.
    fn keys(&self, windows: &[Window]) -> Vec<(Fingerprint, u64)> {
        let mut keys: Vec<_> = windows
            .iter()
            .map(|window| (self.names.of(&window.key), micros(window.per)))
            .collect();
        keys.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        keys.dedup_by_key(|(key, _)| *key);
        keys
    }

    /// Takes a place in every window, or in none.
    fn take(&self, state: &mut State, windows: &[Window]) -> Result<Admission, RateLimiterError> {
        // Read under the lock, so that the times in a log only grow.
        let now = self.clock.now();
        state.clear_due(now);
        if let Some((wait, rule)) = self.longest_wait(state, windows, now) {
            return Ok(refused(rule, wait));
        }
        let id = state.take(&self.keys(windows), now)?;
        Ok(Admission::Reserved(Reservation {
            id,
            windows: windows.to_vec(),
            spend: Spend::default(),
        }))
    }

    /// The window that stays full the longest, if one is full.
    fn longest_wait(
        &self,
        state: &State,
        windows: &[Window],
        now: Moment,
    ) -> Option<(Duration, LimitRule)> {
        let full = windows.iter().filter_map(|window| {
            let log = state.logs.get(&self.names.of(&window.key))?;
            let wait = log.wait(window.limit, micros(window.per), now)?;
            Some((wait, window.rule))
        });
        full.max_by_key(|(wait, _)| *wait)
    }
}

impl Default for MemoryRateLimiter {
    fn default() -> Self {
        Self::new(RateLimiterCapacity::default())
    }
}

#[async_trait]
impl RateLimiter for MemoryRateLimiter {
    async fn reserve(&self, windows: &[Window]) -> Result<Admission, RateLimiterError> {
        self.take(&mut lock(&self.state), windows)
    }

    async fn wait(&self, windows: &[Window]) -> Result<Option<Duration>, RateLimiterError> {
        let mut state = lock(&self.state);
        let now = self.clock.now();
        state.clear_due(now);
        let longest = self.longest_wait(&state, windows, now);
        Ok(longest.map(|(wait, _)| whole_seconds(wait)))
    }

    async fn release(&self, reservation: &Reservation) -> Result<(), RateLimiterError> {
        let keys = self.keys(&reservation.windows);
        let mut state = lock(&self.state);
        for (key, _) in keys {
            state.give_back(key, reservation.id);
        }
        for (scope, _) in &reservation.spend.counted {
            let key = self.names.of(scope);
            state.spending.take_back(key, reservation.spend.at);
        }
        Ok(())
    }

    async fn pardon(
        &self,
        reservation: &Reservation,
        forgotten: &[LimitKey],
        proven: &[SpendScope],
    ) -> Result<(), RateLimiterError> {
        let keys = self.keys(&reservation.windows);
        let mut state = lock(&self.state);
        for (key, _) in keys {
            state.give_back(key, reservation.id);
        }
        for key in forgotten {
            state.forget(self.names.of(key));
        }
        self.note(&mut state, proven, Tally::VERIFIED)
    }

    async fn unprove(&self, proven: &[SpendScope]) -> Result<(), RateLimiterError> {
        self.note(&mut lock(&self.state), proven, Tally::NOT_VERIFIED)
    }

    async fn reserve_recalled(
        &self,
        places: &MessagePlaces,
    ) -> Result<Remembered, RateLimiterError> {
        let mut state = lock(&self.state);
        let Some(told) = state.told else {
            return Ok(Remembered::Nothing);
        };
        let now = self.clock.now();
        if let Some(person) = &places.person
            && now.since(told) < DAY
            && state.logs.get(&self.names.of(person)).is_none()
        {
            return Ok(Remembered::NotThePerson);
        }
        state
            .spending
            .make_room(&self.scopes(&places.scopes), now)?;
        let mut admission = self.take(&mut state, &places.windows)?;
        if let Admission::Reserved(reservation) = &mut admission {
            reservation.spend = self.weigh(&mut state, &places.scopes, now)?;
        }
        Ok(Remembered::Known(admission))
    }

    async fn recall(&self, uses: &[PastUse]) -> Result<bool, RateLimiterError> {
        let mut state = lock(&self.state);
        if state.told.is_some() {
            return Ok(false);
        }
        let now = self.clock.now();
        state.clear_due(now);
        state.recall(&self.names, uses, now)?;
        state.told = Some(now);
        Ok(true)
    }

    async fn recall_person(
        &self,
        person: &LimitKey,
        uses: &[PastUse],
    ) -> Result<bool, RateLimiterError> {
        let mut state = lock(&self.state);
        let now = self.clock.now();
        state.clear_due(now);
        let key = self.names.of(person);
        if state.logs.get(&key).is_some() {
            return Ok(false);
        }
        state.recall(&self.names, uses, now)?;
        if state.logs.get(&key).is_none() {
            let nothing = Log::recalled(Vec::new(), micros(DAY));
            let kept = state.logs.put(key, nothing, now.after(DAY));
            kept.map_err(|_| RateLimiterError::Full)?;
        }
        Ok(true)
    }
}

fn refused(rule: LimitRule, wait: Duration) -> Admission {
    Admission::Refused {
        rule,
        retry_after: whole_seconds(wait),
    }
}

/// A wait rounded up to whole seconds.
fn whole_seconds(wait: Duration) -> Duration {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Duration::from_secs(seconds.max(1))
}

#[cfg(test)]
mod tests;
