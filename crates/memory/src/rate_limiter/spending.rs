//! Messages and right codes of each scope, in process.

use menshen_domain::model::spend::{Slices, SpendScope, Tally};
use menshen_domain::ports::rate_limiter::{RateLimiterError, Spend};

use super::{DAY, MemoryRateLimiter, State};
use crate::fingerprint::Fingerprint;
use crate::moment::Moment;
use crate::shelf::Shelf;

/// How many scopes are weighed at a time: networks and blocks that had a message within
/// a day. At most three kilobytes each, some hundred bytes for most.
const SCOPES: usize = 30_000;

/// What was counted of each scope within a day.
pub(super) struct Spending(Shelf<Fingerprint, Slices>);

impl Default for Spending {
    fn default() -> Self {
        Self(Shelf::new(SCOPES))
    }
}

impl Spending {
    /// Refuses where new scopes have no room: nobody's counts are forgotten for them.
    pub(super) fn make_room(
        &mut self,
        scopes: &[Fingerprint],
        now: Moment,
    ) -> Result<(), RateLimiterError> {
        self.0.clear_due(now);
        let new = scopes.iter().filter(|key| self.0.get(key).is_none());
        if new.count() > self.0.room() {
            return Err(RateLimiterError::Full);
        }
        Ok(())
    }

    fn count(
        &mut self,
        key: Fingerprint,
        tally: Tally,
        now: Moment,
    ) -> Result<(), RateLimiterError> {
        let mut slices = self.0.remove(&key).unwrap_or_default();
        slices.prune(second(now));
        slices.add(second(now), tally);
        let kept = self.0.put(key, slices, now.after(DAY));
        kept.map_err(|_| RateLimiterError::Full)
    }

    /// Takes a message back that was counted at a second.
    pub(super) fn take_back(&mut self, key: Fingerprint, second: u64) {
        if let Some(slices) = self.0.get_mut(&key) {
            slices.add(second, Tally::NOT_SENT);
        }
    }
}

impl MemoryRateLimiter {
    pub(super) fn scopes(&self, scopes: &[SpendScope]) -> Vec<Fingerprint> {
        scopes.iter().map(|scope| self.names.of(scope)).collect()
    }

    /// Counts a message for its scopes; answers what was counted before it.
    pub(super) fn weigh(
        &self,
        state: &mut State,
        scopes: &[SpendScope],
        now: Moment,
    ) -> Result<Spend, RateLimiterError> {
        let mut counted = Vec::with_capacity(scopes.len());
        for scope in scopes {
            let key = self.names.of(scope);
            let mut before = state.spending.0.get(&key).cloned().unwrap_or_default();
            before.prune(second(now));
            counted.push((scope.clone(), before));
            state.spending.count(key, Tally::SENT, now)?;
        }
        let at = second(now);
        Ok(Spend { at, counted })
    }

    /// Counts right codes, or takes them back.
    pub(super) fn note(
        &self,
        state: &mut State,
        scopes: &[SpendScope],
        tally: Tally,
    ) -> Result<(), RateLimiterError> {
        let now = self.clock.now();
        for scope in scopes {
            state.spending.count(self.names.of(scope), tally, now)?;
        }
        Ok(())
    }
}

/// Whole seconds of the limiter's clock.
fn second(now: Moment) -> u64 {
    now.0 / 1_000_000
}
