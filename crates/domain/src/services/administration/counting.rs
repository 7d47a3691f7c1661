//! The counters of a day, hour by hour.
//!
//! A day of a large deployment is too much for one statement. An hour that is over
//! does not change any more, so it is counted once and remembered.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::model::record::Counts;
use crate::services::administration::{Act, Administration, AdministrationError};

/// Hours that are remembered: those of a month.
const MOST_HOURS: usize = 31 * 24;

/// How long after its end an hour may still be written to.
const SETTLED_AFTER: TimeDelta = TimeDelta::minutes(2);

/// How long the counts of an hour that goes on are good for.
const GOOD_FOR: TimeDelta = TimeDelta::seconds(5);

/// The farthest that a day begins before or after that of Greenwich, in minutes.
const FARTHEST: u32 = 14 * 60;

/// A day somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaySpan {
    from: DateTime<Utc>,
}

/// No such day, or no such place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such day")]
pub struct DaySpanError;

impl DaySpan {
    /// The day of this date where clocks are so many minutes ahead of UTC.
    ///
    /// # Errors
    ///
    /// [`DaySpanError`] for an offset that is no multiple of 15 minutes, or over 14
    /// hours, and for a date that the calendar does not have.
    pub fn new(date: NaiveDate, offset_minutes: i32) -> Result<Self, DaySpanError> {
        if offset_minutes % 15 != 0 || offset_minutes.unsigned_abs() > FARTHEST {
            return Err(DaySpanError);
        }
        let midnight = date.and_hms_opt(0, 0, 0).ok_or(DaySpanError)?.and_utc();
        let from = midnight.checked_sub_signed(TimeDelta::minutes(offset_minutes.into()));
        let from = from.ok_or(DaySpanError)?;
        from.checked_add_signed(TimeDelta::days(1))
            .ok_or(DaySpanError)?;
        Ok(Self { from })
    }

    /// The day that it is at `now` where clocks are so many minutes ahead of UTC.
    ///
    /// # Errors
    ///
    /// As of [`new`](Self::new).
    pub fn today(now: DateTime<Utc>, offset_minutes: i32) -> Result<Self, DaySpanError> {
        let there = now.checked_add_signed(TimeDelta::minutes(offset_minutes.into()));
        Self::new(there.ok_or(DaySpanError)?.date_naive(), offset_minutes)
    }

    /// When it begins.
    #[must_use]
    pub fn from(&self) -> DateTime<Utc> {
        self.from
    }

    /// When it is over.
    #[must_use]
    pub fn to(&self) -> DateTime<Utc> {
        self.from + TimeDelta::days(1)
    }

    fn hours(self) -> impl Iterator<Item = DateTime<Utc>> {
        (0..24).map(move |hour| self.from + TimeDelta::hours(hour))
    }
}

/// An hour of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// When it begins.
    pub from: DateTime<Utc>,
    /// What happened in it.
    pub counts: Counts,
}

/// A day, hour by hour, up to the present one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayCounts {
    /// Which day.
    pub day: DaySpan,
    /// Until when was counted.
    pub as_of: DateTime<Utc>,
    /// The hours that have begun.
    pub hours: Vec<Bucket>,
}

/// The hours that were counted before, those of a month at most.
#[derive(Debug, Default)]
pub struct HourCache(Mutex<BTreeMap<DateTime<Utc>, Counted>>);

/// An hour that was counted.
#[derive(Debug)]
struct Counted {
    at: DateTime<Utc>,
    asked_at: DateTime<Utc>,
    counts: Counts,
}

impl HourCache {
    /// What is known of the hour that begins then, if it is still good.
    fn find(&self, from: DateTime<Utc>, now: DateTime<Utc>) -> Option<Counts> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hour = known.get_mut(&from)?;
        hour.asked_at = now;
        let settled = hour.at >= from + TimeDelta::hours(1) + SETTLED_AFTER;
        let fresh = now < hour.at + GOOD_FOR;
        (settled || fresh).then(|| hour.counts.clone())
    }

    fn keep(&self, from: DateTime<Utc>, now: DateTime<Utc>, counts: &Counts) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hour = Counted {
            at: now,
            asked_at: now,
            counts: counts.clone(),
        };
        known.insert(from, hour);
        while known.len() > MOST_HOURS {
            // What nobody has asked for the longest.
            let oldest = known.iter().min_by_key(|(_, hour)| hour.asked_at);
            let Some(oldest) = oldest.map(|(from, _)| *from) else {
                break;
            };
            known.remove(&oldest);
        }
    }
}

impl Administration {
    /// Counts a day, hour by hour. What was counted before is not counted again, so
    /// that a day which took too long is there the next time.
    ///
    /// # Errors
    ///
    /// [`AdministrationError::Unavailable`].
    pub async fn count_day(
        &self,
        act: &Act,
        day: DaySpan,
    ) -> Result<DayCounts, AdministrationError> {
        self.tell_look(act, None, None).await?;
        let now = self.clock.now();
        let mut hours = Vec::with_capacity(24);
        for from in day.hours().take_while(|from| *from <= now) {
            let counts = match self.hours.find(from, now) {
                Some(known) => known,
                None => self.count_hour(from, now).await?,
            };
            hours.push(Bucket { from, counts });
        }
        Ok(DayCounts {
            day,
            as_of: now.min(day.to()),
            hours,
        })
    }

    async fn count_hour(
        &self,
        from: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Counts, AdministrationError> {
        let to = from + TimeDelta::hours(1);
        let counts = self.reader.counts(from, to).await?;
        self.hours.keep(from, now, &counts);
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_begins_where_its_people_are() {
        let date = NaiveDate::from_ymd_opt(2026, 1, 2).unwrap();
        let china = DaySpan::new(date, 8 * 60).unwrap();
        assert_eq!(china.from(), at("2026-01-01T16:00:00Z"));
        assert_eq!(china.to(), at("2026-01-02T16:00:00Z"));
        let now = at("2026-01-01T16:00:00Z");
        assert_eq!(DaySpan::today(now, 8 * 60), Ok(china));
        for bad in [1, 15 * 60, -15 * 60, i32::MAX, i32::MIN + 8] {
            assert_eq!(DaySpan::new(date, bad), Err(DaySpanError), "{bad}");
        }
        assert!(DaySpan::new(NaiveDate::MAX, -60).is_err());
        assert!(DaySpan::new(NaiveDate::MIN, 60).is_err());
    }

    #[test]
    fn an_hour_that_is_over_is_remembered_and_the_present_one_for_seconds() {
        let (cache, hour) = (HourCache::default(), at("2026-01-01T10:00:00Z"));
        let counts = Counts::default();
        let then = hour + TimeDelta::minutes(30);
        cache.keep(hour, then, &counts);
        assert!(cache.find(hour, then + TimeDelta::seconds(4)).is_some());
        assert!(cache.find(hour, then + TimeDelta::seconds(5)).is_none());
        // Just over: somebody may still be writing.
        let over = hour + TimeDelta::minutes(61);
        cache.keep(hour, over, &counts);
        assert!(cache.find(hour, over + TimeDelta::days(1)).is_none());
        let settled = hour + TimeDelta::minutes(62);
        cache.keep(hour, settled, &counts);
        assert!(cache.find(hour, settled + TimeDelta::days(1)).is_some());
    }

    #[test]
    fn no_more_hours_are_remembered_than_a_month_has() {
        let cache = HourCache::default();
        for hour in 0..1000 {
            let from = at("2026-01-01T00:00:00Z") + TimeDelta::hours(hour);
            cache.keep(from, from, &Counts::default());
        }
        assert_eq!(cache.0.lock().unwrap().len(), MOST_HOURS);
    }
}
