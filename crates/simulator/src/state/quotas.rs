//! Counters per minute and per day.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

/// Beijing is eight hours ahead of UTC, all the year.
const BEIJING_OFFSET_SECONDS: i64 = 8 * 3600;

/// Beyond this many counters those of past windows are forgotten.
const MOST_COUNTERS: usize = 50_000;

/// For how long a counter counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Window {
    /// A minute of the clock.
    Minute,
    /// A day in Beijing.
    Day,
}

impl Window {
    fn number(self, now: DateTime<Utc>) -> i64 {
        match self {
            Self::Minute => now.timestamp().div_euclid(60),
            Self::Day => window_in_beijing(now, 86_400),
        }
    }
}

/// The number of the window of so many seconds, by the clock in Beijing.
pub(crate) fn window_in_beijing(at: DateTime<Utc>, seconds: i64) -> i64 {
    (at.timestamp() + BEIJING_OFFSET_SECONDS).div_euclid(seconds)
}

/// Counters by name, holder and window.
#[derive(Debug, Default)]
pub(crate) struct Quotas(HashMap<(&'static str, String, Window), (i64, u32)>);

impl Quotas {
    /// Counts one call; false, and not counted, when `limit` is reached.
    pub(crate) fn spend(
        &mut self,
        name: &'static str,
        who: &str,
        window: Window,
        limit: u32,
        now: DateTime<Utc>,
    ) -> bool {
        if self.0.len() > MOST_COUNTERS {
            self.0
                .retain(|(_, _, kind), (number, _)| *number == kind.number(now));
        }
        if self.0.len() > 2 * MOST_COUNTERS {
            self.0.clear();
        }
        let number = window.number(now);
        let (counted_in, count) = self
            .0
            .entry((name, who.to_owned(), window))
            .or_insert((number, 0));
        if *counted_in != number {
            (*counted_in, *count) = (number, 0);
        }
        let allowed = *count < limit;
        *count += u32::from(allowed);
        allowed
    }
}
