//! What a limiter in process remembers.

use std::collections::BTreeMap;
use std::time::Duration;

use menshen_domain::model::limits::PastUse;
use menshen_domain::ports::rate_limiter::RateLimiterError;

use super::spending::Spending;
use crate::fingerprint::{Fingerprint, Fingerprints};
use crate::limit_log::{Log, next_id};
use crate::moment::{Moment, micros};
use crate::shelf::{CLEARED_PER_CALL, Shelf};

pub(super) struct State {
    pub(super) logs: Shelf<Fingerprint, Log>,
    pub(super) places: usize,
    pub(super) max_places: usize,
    pub(super) last_id: u64,
    /// When the past was told.
    pub(super) told: Option<Moment>,
    pub(super) spending: Spending,
}

impl State {
    /// Takes a place in each log, or in none.
    pub(super) fn take(
        &mut self,
        keys: &[(Fingerprint, u64)],
        now: Moment,
    ) -> Result<u64, RateLimiterError> {
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
    pub(super) fn recall(
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

    pub(super) fn give_back(&mut self, key: Fingerprint, id: u64) {
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

    pub(super) fn forget(&mut self, key: Fingerprint) {
        if let Some(log) = self.logs.remove(&key) {
            self.places -= log.ids.len();
        }
    }

    pub(super) fn clear_due(&mut self, now: Moment) {
        for _ in 0..CLEARED_PER_CALL {
            let Some(key) = self.logs.first_due(now) else {
                break;
            };
            self.forget(key);
        }
    }
}
