//! How often one number may be written to.
//!
//! Source: Alibaba Cloud SMS, sending limits: codes with one sign to one
//! mainland number 1 a minute, 5 an hour (windows of the clock in Beijing) and
//! 10 in the 24 hours from a send.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use super::quotas::BEIJING_OFFSET_SECONDS;

/// Beyond this many numbers those without a send in 24 hours are forgotten.
const MOST_NUMBERS: usize = 100_000;
const PER_MINUTE: usize = 1;
const PER_HOUR: usize = 5;
const PER_DAY: usize = 10;

/// The limit that a number has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberLimit {
    Minute,
    Hour,
    Day,
}

impl NumberLimit {
    /// The vendor's own words, by which clients tell the limits apart.
    pub(crate) const fn message(self) -> &'static str {
        match self {
            Self::Minute => "触发分钟级流控Permits:1",
            Self::Hour => "触发小时级流控Permits:5",
            Self::Day => "触发天级流控Permits:10",
        }
    }
}

/// The sends of the last day, by number, oldest first.
#[derive(Debug, Default)]
pub(crate) struct NumberLimits(HashMap<String, VecDeque<DateTime<Utc>>>);

impl NumberLimits {
    /// The limit that one more send to `phone` would break.
    pub(crate) fn broken_by(&self, phone: &str, now: DateTime<Utc>) -> Option<NumberLimit> {
        let sends = self.0.get(phone)?;
        let within =
            |same: &dyn Fn(&DateTime<Utc>) -> bool| sends.iter().filter(|at| same(at)).count();
        let window = |at: &DateTime<Utc>, seconds| {
            (at.timestamp() + BEIJING_OFFSET_SECONDS).div_euclid(seconds)
        };
        if within(&|at| window(at, 60) == window(&now, 60)) >= PER_MINUTE {
            Some(NumberLimit::Minute)
        } else if within(&|at| window(at, 3600) == window(&now, 3600)) >= PER_HOUR {
            Some(NumberLimit::Hour)
        } else if within(&|at| is_recent(*at, now)) >= PER_DAY {
            Some(NumberLimit::Day)
        } else {
            None
        }
    }

    /// Counts a send.
    pub(crate) fn record(&mut self, phone: &str, now: DateTime<Utc>) {
        if self.0.len() >= MOST_NUMBERS {
            self.0
                .retain(|_, sends| sends.back().is_some_and(|last| is_recent(*last, now)));
        }
        if self.0.len() >= 2 * MOST_NUMBERS {
            self.0.clear();
        }
        let sends = self.0.entry(phone.to_owned()).or_default();
        if sends.len() >= PER_DAY {
            sends.pop_front();
        }
        sends.push_back(now);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

fn is_recent(at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now - at < TimeDelta::hours(24)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64, minute: i64, second: i64) -> DateTime<Utc> {
        // Midnight in UTC: the windows of Beijing begin with the same minute and hour.
        DateTime::UNIX_EPOCH
            + TimeDelta::days(20_000)
            + TimeDelta::seconds(hour * 3600 + minute * 60 + second)
    }

    #[test]
    fn the_minute_is_one_of_the_clock() {
        let mut limits = NumberLimits::default();
        limits.record("a", at(0, 3, 58));
        assert_eq!(
            limits.broken_by("a", at(0, 3, 59)),
            Some(NumberLimit::Minute)
        );
        assert_eq!(limits.broken_by("a", at(0, 4, 0)), None);
        assert_eq!(limits.broken_by("b", at(0, 3, 59)), None);
    }

    #[test]
    fn five_an_hour_and_ten_in_twenty_four_hours() {
        let mut limits = NumberLimits::default();
        for minute in 50..55 {
            limits.record("a", at(0, minute, 0));
        }
        assert_eq!(limits.broken_by("a", at(0, 55, 0)), Some(NumberLimit::Hour));
        assert_eq!(limits.broken_by("a", at(1, 0, 0)), None);
        for minute in 0..5 {
            limits.record("a", at(1, minute, 0));
        }
        assert_eq!(limits.broken_by("a", at(2, 0, 0)), Some(NumberLimit::Day));
        assert_eq!(
            limits.broken_by("a", at(24, 49, 59)),
            Some(NumberLimit::Day)
        );
        assert_eq!(limits.broken_by("a", at(24, 50, 0)), None);
    }
}
