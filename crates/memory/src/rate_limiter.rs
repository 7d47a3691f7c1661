//! Rolling windows in process.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use menshen_domain::model::limits::{LimitKey, LimitRule, Window};
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
        let keys = self.keys(windows);
        let mut state = lock(&self.state);
        // Read under the lock, so that the times in a log only grow.
        let now = self.clock.now();
        state.clear_due(now);
        let longest = self.longest_wait(&state, windows, now);
        if let Some((wait, rule)) = longest {
            return Ok(refused(rule, wait));
        }
        let id = state.take(&keys, now)?;
        Ok(Admission::Reserved(Reservation {
            id,
            windows: windows.to_vec(),
        }))
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

    async fn reset(&self, key: &LimitKey) -> Result<(), RateLimiterError> {
        let key = self.names.of(key);
        lock(&self.state).forget(key);
        Ok(())
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
mod tests {
    use super::*;

    fn window(key: LimitKey, limit: u32, seconds: u64) -> Window {
        Window {
            rule: LimitRule::SmsVolume,
            key,
            limit,
            per: Duration::from_secs(seconds),
        }
    }

    fn source(n: u8) -> LimitKey {
        LimitKey::SmsSource([10, 0, 0, n].into())
    }

    fn small(keys: usize, places: usize) -> MemoryRateLimiter {
        MemoryRateLimiter::new(RateLimiterCapacity { keys, places })
    }

    async fn admitted(limiter: &MemoryRateLimiter, windows: &[Window]) -> bool {
        matches!(
            limiter.reserve(windows).await.unwrap(),
            Admission::Reserved(_)
        )
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_is_free_exactly_when_the_window_has_rolled_on() {
        let limiter = MemoryRateLimiter::default();
        let windows = [window(source(1), 2, 60)];
        assert!(admitted(&limiter, &windows).await);
        tokio::time::advance(Duration::from_secs(20)).await;
        assert!(admitted(&limiter, &windows).await);
        tokio::time::advance(Duration::from_millis(39_999)).await;
        assert_eq!(
            limiter.reserve(&windows).await.unwrap(),
            Admission::Refused {
                rule: LimitRule::SmsVolume,
                retry_after: Duration::from_secs(1)
            }
        );
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(admitted(&limiter, &windows).await);
        assert!(!admitted(&limiter, &windows).await);
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_of_several_windows_on_a_key_is_the_longest() {
        let limiter = MemoryRateLimiter::default();
        let mut windows = [
            window(source(1), 1, 60),
            window(source(1), 2, 3600),
            window(source(1), 3, 86_400),
        ];
        windows[0].rule = LimitRule::ResendInterval;
        assert!(admitted(&limiter, &windows).await);
        let wait = |answer| match answer {
            Admission::Refused { rule, retry_after } => (rule, retry_after.as_secs()),
            Admission::Reserved(_) => panic!("admitted"),
        };
        assert_eq!(
            wait(limiter.reserve(&windows).await.unwrap()),
            (LimitRule::ResendInterval, 60)
        );
        tokio::time::advance(Duration::from_mins(1)).await;
        assert!(admitted(&limiter, &windows).await);
        assert_eq!(
            wait(limiter.reserve(&windows).await.unwrap()),
            (LimitRule::SmsVolume, 3540)
        );
        tokio::time::advance(Duration::from_mins(59)).await;
        assert!(admitted(&limiter, &windows).await);
        assert_eq!(
            wait(limiter.reserve(&windows).await.unwrap()),
            (LimitRule::SmsVolume, 86_400 - 3600)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_limiter_refuses_new_keys_and_keeps_the_old_counts() {
        let limiter = small(2, 100);
        assert!(admitted(&limiter, &[window(source(1), 1, 60)]).await);
        assert!(admitted(&limiter, &[window(source(2), 2, 60)]).await);
        for n in 3..200 {
            assert!(matches!(
                limiter.reserve(&[window(source(n), 1, 60)]).await,
                Err(RateLimiterError::Full)
            ));
        }
        assert!(!admitted(&limiter, &[window(source(1), 1, 60)]).await);
        assert!(admitted(&limiter, &[window(source(2), 2, 60)]).await);
        tokio::time::advance(Duration::from_mins(1)).await;
        assert!(admitted(&limiter, &[window(source(3), 1, 60)]).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reservation_that_does_not_fit_takes_no_place_at_all() {
        let limiter = small(2, 100);
        assert!(admitted(&limiter, &[window(source(1), 2, 60)]).await);
        let both = [
            window(source(1), 2, 60),
            window(source(2), 1, 60),
            window(source(3), 1, 60),
        ];
        assert!(matches!(
            limiter.reserve(&both).await,
            Err(RateLimiterError::Full)
        ));
        assert!(admitted(&limiter, &both[..2]).await);
    }

    #[tokio::test(start_paused = true)]
    async fn the_number_of_remembered_acts_is_bounded() {
        let limiter = small(10, 3);
        let windows = [window(source(1), 100, 60)];
        for _ in 0..3 {
            assert!(admitted(&limiter, &windows).await);
        }
        assert!(matches!(
            limiter.reserve(&windows).await,
            Err(RateLimiterError::Full)
        ));
        limiter.reset(&source(1)).await.unwrap();
        assert!(admitted(&limiter, &windows).await);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_given_back_or_forgotten_leaves_nothing_behind() {
        let limiter = small(4, 8);
        for n in 0..100 {
            let windows = [window(source(n), 1, 60), window(source(n), 5, 3600)];
            let Admission::Reserved(reservation) = limiter.reserve(&windows).await.unwrap() else {
                panic!("refused");
            };
            if n % 2 == 0 {
                limiter.release(&reservation).await.unwrap();
                limiter.release(&reservation).await.unwrap();
            } else {
                limiter.reset(&source(n)).await.unwrap();
            }
        }
        assert_eq!(lock(&limiter.state).places, 0);
        assert_eq!(lock(&limiter.state).logs.room(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn reservations_of_one_instant_are_told_apart() {
        let limiter = MemoryRateLimiter::default();
        let windows = [window(source(1), 100, 60)];
        let mut ids = Vec::new();
        for _ in 0..100 {
            match limiter.reserve(&windows).await.unwrap() {
                Admission::Reserved(reservation) => ids.push(reservation.id),
                Admission::Refused { .. } => panic!("refused"),
            }
        }
        ids.dedup();
        assert_eq!(ids.len(), 100);
        // Being told apart costs no time: all of them are free at once.
        tokio::time::advance(Duration::from_mins(1)).await;
        for _ in 0..100 {
            assert!(admitted(&limiter, &windows).await);
        }
    }
}
