//! Counters per minute and per day.

use std::collections::HashMap;

use chrono::{DateTime, Datelike as _, FixedOffset, Utc};

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
    /// A month in Beijing.
    Month,
}

impl Window {
    fn number(self, now: DateTime<Utc>) -> i64 {
        match self {
            Self::Minute => now.timestamp().div_euclid(60),
            Self::Day => window_in_beijing(now, 86_400),
            Self::Month => {
                let beijing = FixedOffset::east_opt(8 * 3600).map(|zone| now.with_timezone(&zone));
                beijing.map_or(0, |date| {
                    i64::from(date.year()) * 12 + i64::from(date.month())
                })
            }
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

    /// How many calls were counted in the window that is now.
    pub(crate) fn used(
        &self,
        name: &'static str,
        who: &str,
        window: Window,
        now: DateTime<Utc>,
    ) -> u32 {
        let counter = self.0.get(&(name, who.to_owned(), window));
        counter
            .filter(|(number, _)| *number == window.number(now))
            .map_or(0, |(_, count)| *count)
    }

    /// Forgets the daily counters of one holder.
    pub(crate) fn clear_days(&mut self, who: &str) {
        self.0
            .retain(|(_, holder, window), _| holder != who || *window != Window::Day);
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_month_begins_in_beijing() {
        let last = DateTime::from_timestamp(1_769_875_199, 0).unwrap();
        assert_eq!(last.to_rfc3339(), "2026-01-31T15:59:59+00:00");
        let mut quotas = Quotas::default();
        assert!(quotas.spend("clear", "wx", Window::Month, 1, last));
        assert!(!quotas.spend("clear", "wx", Window::Month, 1, last));
        let next = last + TimeDelta::seconds(1);
        assert!(quotas.spend("clear", "wx", Window::Month, 1, next));
    }

    #[test]
    fn the_days_of_one_holder_are_forgotten() {
        let now = DateTime::UNIX_EPOCH;
        let mut quotas = Quotas::default();
        for who in ["a", "b"] {
            for window in [Window::Day, Window::Month] {
                quotas.spend("x", who, window, 9, now);
            }
        }
        quotas.clear_days("a");
        let used = |who, window| quotas.used("x", who, window, now);
        assert_eq!((used("a", Window::Day), used("a", Window::Month)), (0, 1));
        assert_eq!(used("b", Window::Day), 1);
    }
}
