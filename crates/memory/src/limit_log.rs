//! When places were taken under one key of the rate limiter.

use std::collections::VecDeque;
use std::time::Duration;

use crate::moment::Moment;

/// An id is the microsecond of the reservation, and a number within it: so a log
/// needs eight bytes a place for both its time and whose it is.
const SEQUENCE_BITS: u32 = 12;

/// The next id at `now`, above all that were given out.
pub(crate) fn next_id(now: Moment, last: u64) -> u64 {
    (now.0 << SEQUENCE_BITS).max(last + 1)
}

/// The places taken under one key, oldest first, for as long as `span`.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) ids: VecDeque<u64>,
    pub(crate) span: u64,
}

impl Log {
    /// A log of places that were taken in the past: so many at each moment, all
    /// given in any order.
    pub(crate) fn recalled(mut uses: Vec<(Moment, u32)>, span: u64) -> Self {
        uses.sort_unstable();
        let mut log = Self {
            ids: VecDeque::new(),
            span,
        };
        for (moment, times) in uses {
            for _ in 0..times {
                let last = log.ids.back().copied().unwrap_or(0);
                log.ids.push_back(next_id(moment, last));
            }
        }
        log
    }

    /// How long a window has no place, if it has none.
    pub(crate) fn wait(&self, limit: u32, per: u64, now: Moment) -> Option<Duration> {
        // The window is full while the act `limit` places from the end is in it.
        let limit = usize::try_from(limit.max(1)).unwrap_or(usize::MAX);
        let oldest = self.ids[self.ids.len().checked_sub(limit)?];
        let free_at = Moment((oldest >> SEQUENCE_BITS).saturating_add(per));
        (free_at > now).then(|| free_at.since(now))
    }

    /// Drops what no window counts any more; answers how much that was.
    pub(crate) fn prune(&mut self, now: Moment) -> usize {
        let gone = self
            .ids
            .partition_point(|id| (id >> SEQUENCE_BITS).saturating_add(self.span) <= now.0);
        self.ids.drain(..gone);
        if self.ids.capacity() > 4 * self.ids.len() + 16 {
            self.ids.shrink_to(2 * self.ids.len());
        }
        gone
    }
}
