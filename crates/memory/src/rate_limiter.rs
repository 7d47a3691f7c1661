//! Rolling windows in process.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use menshen_domain::model::limits::{LimitKey, LimitRule, PastUse, Window};
use menshen_domain::ports::rate_limiter::{Admission, RateLimiter, RateLimiterError, Reservation};

use crate::fingerprint::{Fingerprint, Fingerprints};
use crate::limit_log::{Log, next_id};
use crate::lock;
use crate::moment::{Moment, Stopwatch, micros};
use crate::shelf::{CLEARED_PER_CALL, Shelf};

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
                remembers: false,
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
        Ok(())
    }

    async fn pardon(
        &self,
        reservation: &Reservation,
        key: &LimitKey,
    ) -> Result<(), RateLimiterError> {
        let keys = self.keys(&reservation.windows);
        let mut state = lock(&self.state);
        for (key, _) in keys {
            state.give_back(key, reservation.id);
        }
        state.forget(self.names.of(key));
        Ok(())
    }

    async fn reserve_recalled(
        &self,
        windows: &[Window],
    ) -> Result<Option<Admission>, RateLimiterError> {
        let mut state = lock(&self.state);
        if !state.remembers {
            return Ok(None);
        }
        self.take(&mut state, windows).map(Some)
    }

    async fn recall(&self, uses: &[PastUse]) -> Result<bool, RateLimiterError> {
        let mut state = lock(&self.state);
        if state.remembers {
            return Ok(false);
        }
        let now = self.clock.now();
        state.clear_due(now);
        state.recall(&self.names, uses, now)?;
        state.remembers = true;
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

struct State {
    logs: Shelf<Fingerprint, Log>,
    places: usize,
    max_places: usize,
    last_id: u64,
    remembers: bool,
}

impl State {
    /// Takes a place in each log, or in none.
    fn take(&mut self, keys: &[(Fingerprint, u64)], now: Moment) -> Result<u64, RateLimiterError> {
        let new = keys
            .iter()
            .filter(|(key, _)| self.logs.get(key).is_none())
            .count();
        if new > self.logs.room() || keys.len() > self.max_places.saturating_sub(self.places) {
            return Err(RateLimiterError::Full);
        }
        let id = next_id(now, self.last_id);
        self.last_id = id;
        for (key, span) in keys {
            let mut log = match self.logs.remove(key) {
                Some(mut log) => {
                    self.places -= log.prune(now);
                    log
                }
                None => Log::default(),
            };
            log.span = log.span.max(*span);
            log.ids.push_back(id);
            self.places += 1;
            let due = now.after(Duration::from_micros(log.span));
            self.logs
                .put(*key, log, due)
                .map_err(|_| RateLimiterError::Full)?;
        }
        Ok(id)
    }

    /// Replaces the logs of these keys, or none.
    fn recall(
        &mut self,
        names: &Fingerprints,
        uses: &[PastUse],
        now: Moment,
    ) -> Result<(), RateLimiterError> {
        let mut told: BTreeMap<Fingerprint, (u64, Vec<(Moment, u32)>)> = BTreeMap::new();
        let mut places = 0_usize;
        for past in uses.iter().filter(|past| past.ago < past.per) {
            let (span, moments) = told.entry(names.of(&past.key)).or_default();
            *span = micros(past.per).max(*span);
            moments.push((now.before(past.ago), past.times));
            places = places.saturating_add(usize::try_from(past.times).unwrap_or(usize::MAX));
        }
        let known = told.keys().filter_map(|key| self.logs.get(key));
        let (keys, freed) = known.fold((0, 0), |(keys, places), log| {
            (keys + 1, places + log.ids.len())
        });
        let room = self.max_places.saturating_sub(self.places - freed);
        if told.len() - keys > self.logs.room() || places > room {
            return Err(RateLimiterError::Full);
        }
        for (key, (span, moments)) in told {
            self.forget(key);
            let log = Log::recalled(moments, span);
            self.places += log.ids.len();
            self.last_id = self.last_id.max(log.ids.back().copied().unwrap_or(0));
            let due = now.after(Duration::from_micros(span));
            self.logs
                .put(key, log, due)
                .map_err(|_| RateLimiterError::Full)?;
        }
        Ok(())
    }

    fn give_back(&mut self, key: Fingerprint, id: u64) {
        let Some(log) = self.logs.get_mut(&key) else {
            return;
        };
        if let Ok(position) = log.ids.binary_search(&id) {
            log.ids.remove(position);
            self.places -= 1;
            if log.ids.is_empty() {
                self.logs.remove(&key);
            }
        }
    }

    fn forget(&mut self, key: Fingerprint) {
        if let Some(log) = self.logs.remove(&key) {
            self.places -= log.ids.len();
        }
    }

    fn clear_due(&mut self, now: Moment) {
        for _ in 0..CLEARED_PER_CALL {
            let Some(key) = self.logs.first_due(now) else {
                break;
            };
            self.forget(key);
        }
    }
}

#[cfg(test)]
mod tests;
