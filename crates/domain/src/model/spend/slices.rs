//! Messages and right codes by slices of time.

use std::collections::BTreeMap;
use std::time::Duration;

use super::SpendSpan;

/// How long a fine slice is, in seconds.
const FINE: u64 = 120;
/// How long a coarse slice is, in seconds.
const COARSE: u64 = 3_600;
/// How many fine slices an hour has beside the present one.
const HOUR: u64 = 30;
/// How many coarse slices a day has, with the present one.
const DAY: u64 = 24;
/// The newest fine slices, in which people are still reading their message: two to four
/// minutes, in which nine of ten have entered it.
const UNSETTLED: u64 = 2;

/// What was counted of one slice. Below zero where a message or a proof of an earlier
/// slice was taken back; sums are what counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Messages that left or may have left.
    pub sent: i64,
    /// Codes that proved right.
    pub verified: i64,
}

impl Tally {
    /// One message.
    pub const SENT: Self = Self {
        sent: 1,
        verified: 0,
    };
    /// A message that did not leave after all.
    pub const NOT_SENT: Self = Self {
        sent: -1,
        verified: 0,
    };
    /// One right code.
    pub const VERIFIED: Self = Self {
        sent: 0,
        verified: 1,
    };
    /// A right code that is good again.
    pub const NOT_VERIFIED: Self = Self {
        sent: 0,
        verified: -1,
    };

    const fn add(&mut self, other: Self) {
        self.sent = self.sent.saturating_add(other.sent);
        self.verified = self.verified.saturating_add(other.verified);
    }
}

/// What was counted of one scope: the last hour by slices of two minutes, the last day
/// by hours. Bounded, however much is counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Slices {
    pub(super) fine: BTreeMap<u64, Tally>,
    pub(super) coarse: BTreeMap<u64, Tally>,
}

impl Slices {
    /// The numbers of the fine and of the coarse slice of a second.
    #[must_use]
    pub const fn numbers(second: u64) -> (u64, u64) {
        (second / FINE, second / COARSE)
    }

    /// The oldest fine and coarse slices that count at a second.
    #[must_use]
    pub const fn oldest(second: u64) -> (u64, u64) {
        let (fine, coarse) = Self::numbers(second);
        (fine.saturating_sub(HOUR), (coarse + 1).saturating_sub(DAY))
    }

    /// Counts at a second.
    pub fn add(&mut self, second: u64, tally: Tally) {
        let (fine, coarse) = Self::numbers(second);
        self.add_fine(fine, tally);
        self.add_coarse(coarse, tally);
    }

    /// Counts in a fine slice, as a store tells it.
    pub fn add_fine(&mut self, number: u64, tally: Tally) {
        self.fine.entry(number).or_default().add(tally);
    }

    /// Counts in a coarse slice, as a store tells it.
    pub fn add_coarse(&mut self, number: u64, tally: Tally) {
        self.coarse.entry(number).or_default().add(tally);
    }

    /// All that is kept, of a day.
    #[must_use]
    pub fn total(&self) -> Tally {
        sum(&self.coarse, 0, u64::MAX)
    }

    /// Forgets what does not count any more.
    pub fn prune(&mut self, second: u64) {
        let (fine, coarse) = Self::oldest(second);
        self.fine = self.fine.split_off(&fine);
        self.coarse = self.coarse.split_off(&coarse);
    }

    /// The budget that is used up, and for how long if nothing more is counted.
    pub(super) fn overdrawn(
        &self,
        now: u64,
        floor: u32,
        ratio: u32,
    ) -> Option<(SpendSpan, Duration)> {
        let over_at = |second| self.over_at(second, floor, ratio);
        let span = over_at(now)?;
        // It changes only where a slice begins; after a day nothing is left.
        let (fine, coarse) = Self::numbers(now);
        let mut changes: Vec<u64> = (1..=HOUR + UNSETTLED)
            .map(|more| (fine + more) * FINE)
            .chain((1..=DAY).map(|more| (coarse + more) * COARSE))
            .collect();
        changes.sort_unstable();
        let free = changes
            .into_iter()
            .find(|second| over_at(*second).is_none());
        let wait = free.map_or(DAY * COARSE, |free| free.saturating_sub(now));
        Some((span, Duration::from_secs(wait)))
    }

    /// The budget that is used up at a second; of both, that of the day.
    fn over_at(&self, second: u64, floor: u32, ratio: u32) -> Option<SpendSpan> {
        let (fine, coarse) = Self::numbers(second);
        let unsettled = self.unsettled(fine);
        if is_over(self.day(coarse, unsettled), floor, ratio) {
            return Some(SpendSpan::Day);
        }
        is_over(self.hour(fine, unsettled), floor, ratio).then_some(SpendSpan::Hour)
    }

    /// What counts of the hour that ends with a fine slice: messages that people have
    /// had time for, and all right codes.
    fn hour(&self, present: u64, unsettled: i64) -> Tally {
        let mut hour = sum(&self.fine, present.saturating_sub(HOUR), present);
        hour.sent -= unsettled;
        hour
    }

    /// Messages that people are still reading, in a fine slice.
    fn unsettled(&self, present: u64) -> i64 {
        sum(&self.fine, (present + 1).saturating_sub(UNSETTLED), present).sent
    }

    fn day(&self, present: u64, unsettled: i64) -> Tally {
        let mut day = sum(&self.coarse, (present + 1).saturating_sub(DAY), present);
        day.sent -= unsettled;
        day
    }
}

fn sum(slices: &BTreeMap<u64, Tally>, first: u64, last: u64) -> Tally {
    let mut all = Tally::default();
    for (_, tally) in slices.range(first..=last) {
        all.add(*tally);
    }
    all
}

/// True if the floor, and what right codes have paid for, is used up.
fn is_over(tally: Tally, floor: u32, ratio: u32) -> bool {
    let paid = tally.verified.max(0).saturating_mul(100) / i64::from(ratio.max(1));
    tally.sent >= i64::from(floor).saturating_add(paid)
}
