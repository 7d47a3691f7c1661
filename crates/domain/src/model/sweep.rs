//! Going through a place that holds sealed values, row by row, to seal anew what
//! stands under an older key.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::ports::sealer::SealUse;

/// How soon a sweep begins anew that left nothing but values that do not open:
/// somebody has to see to them first.
pub const LOOK_AGAIN: Duration = Duration::from_hours(24);

/// Where sealed values stand that live for longer than days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SealedPlace {
    /// The numbers of accounts.
    PhoneNumbers,
    /// `WeChat`'s session keys of identities.
    SessionKeys,
    /// The private keys that sign access tokens.
    SigningKeys,
}

impl SealedPlace {
    /// Every place.
    pub const ALL: [Self; 3] = [Self::PhoneNumbers, Self::SessionKeys, Self::SigningKeys];

    /// The stable word of metrics, the log and the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PhoneNumbers => "phone_numbers",
            Self::SessionKeys => "session_keys",
            Self::SigningKeys => "signing_keys",
        }
    }

    /// Reads that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|place| place.as_str() == word)
    }

    /// What the values are sealed as.
    #[must_use]
    pub const fn usage(self) -> SealUse {
        match self {
            Self::PhoneNumbers => SealUse::PhoneNumber,
            Self::SessionKeys => SealUse::SessionKey,
            Self::SigningKeys => SealUse::SigningKey,
        }
    }
}

/// A row, as the store of the place names it. Rows come in the order of their marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowMark(pub Vec<u8>);

/// What was met so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SweepCounts {
    /// Rows that were looked at, those without a value included.
    pub seen: u64,
    /// Values that stood under another key than the sweep's.
    pub found: u64,
    /// Of those, how many were sealed anew.
    pub resealed: u64,
    /// Of those, how many do not open.
    pub unopened: u64,
}

impl SweepCounts {
    /// Values that stay under another key: they do not open, or somebody wrote to
    /// their rows at that moment.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.found.saturating_sub(self.resealed)
    }

    fn add(&mut self, other: Self) {
        self.seen += other.seen;
        self.found += other.found;
        self.resealed += other.resealed;
        self.unopened += other.unopened;
    }
}

/// How an earlier sweep of a place ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedSweep {
    /// When.
    pub at: DateTime<Utc>,
    /// How many values did not open.
    pub unopened: u64,
}

/// One way through a place, from its first row to its last. It is kept after each
/// batch, so that whoever comes next goes on where the last one stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sweep {
    /// Where.
    pub place: SealedPlace,
    /// The key that everything is to stand under.
    pub target: u32,
    /// When it began.
    pub begun_at: DateTime<Utc>,
    /// About how many rows there were then.
    pub size: u64,
    /// The last row that was looked at.
    pub after: Option<RowMark>,
    /// What was met.
    pub counts: SweepCounts,
    /// When it came to the last row.
    pub ended_at: Option<DateTime<Utc>>,
    /// The sweep before it.
    pub before: Option<EndedSweep>,
}

/// What is to be done in a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// Go on with this one.
    Resume(Sweep),
    /// Begin another one.
    Begin,
    /// Nothing now.
    Nothing,
}

impl Sweep {
    /// Begins one; `last` is the one before, if there was any.
    #[must_use]
    pub fn begin(
        place: SealedPlace,
        target: u32,
        size: u64,
        now: DateTime<Utc>,
        last: Option<&Self>,
    ) -> Self {
        Self {
            place,
            target,
            begun_at: now,
            size,
            after: None,
            counts: SweepCounts::default(),
            ended_at: None,
            before: last.and_then(Self::last_ended),
        }
    }

    /// Takes in a batch that ended at `reached`, the last one or not.
    pub fn take_in(
        &mut self,
        counts: SweepCounts,
        reached: Option<RowMark>,
        is_last: bool,
        now: DateTime<Utc>,
    ) {
        self.counts.add(counts);
        self.after = reached.or(self.after.take());
        if is_last {
            self.ended_at = Some(now);
        }
    }

    /// True if it has ended and nothing stood under another key: so nothing does,
    /// if its key was the only one in use when it began.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.ended_at.is_some() && self.counts.found == 0
    }

    /// This one if it has ended, or the one before.
    #[must_use]
    pub fn last_ended(&self) -> Option<EndedSweep> {
        let ended = self.ended_at.map(|at| EndedSweep {
            at,
            unopened: self.counts.unopened,
        });
        ended.or(self.before)
    }

    /// How many values do not open, by this sweep or the one before.
    #[must_use]
    pub fn unopened(&self) -> u64 {
        let before = self.last_ended().map_or(0, |last| last.unopened);
        if self.ended_at.is_some() {
            self.counts.unopened
        } else {
            self.counts.unopened.max(before)
        }
    }

    /// About how many rows it has still to look at, together with the values that
    /// it left under another key; never zero while it is under way.
    #[must_use]
    pub fn rows_left(&self) -> u64 {
        let ahead = if self.ended_at.is_some() {
            0
        } else {
            self.size.saturating_sub(self.counts.seen).max(1)
        };
        ahead + self.counts.left()
    }
}

/// What is to be done in a place at `now`, where everything is to stand under
/// `target`, which nothing but has sealed since `from`.
#[must_use]
pub fn due(last: Option<&Sweep>, target: u32, from: DateTime<Utc>, now: DateTime<Utc>) -> Due {
    if now < from {
        return Due::Nothing;
    }
    let of_today = |sweep: &&Sweep| sweep.target == target && sweep.begun_at >= from;
    let Some(sweep) = last.filter(of_today) else {
        return Due::Begin;
    };
    let Some(ended_at) = sweep.ended_at else {
        return Due::Resume(sweep.clone());
    };
    let only_unopened = sweep.counts.found == sweep.counts.unopened;
    if sweep.is_clean() || (only_unopened && now < ended_at + LOOK_AGAIN) {
        return Due::Nothing;
    }
    Due::Begin
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: SealedPlace = SealedPlace::PhoneNumbers;

    fn at(minutes: u64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::from_mins(minutes)
    }

    fn counts(found: u64, resealed: u64, unopened: u64) -> SweepCounts {
        SweepCounts {
            seen: 10,
            found,
            resealed,
            unopened,
        }
    }

    /// Begun at the tenth minute, ended at the eleventh.
    fn ended(counts: SweepCounts) -> Sweep {
        let mut sweep = Sweep::begin(PLACE, 7, 10, at(10), None);
        sweep.take_in(counts, None, true, at(11));
        sweep
    }

    fn due_at(last: Option<&Sweep>, minutes: u64) -> Due {
        due(last, 7, at(10), at(minutes))
    }

    #[test]
    fn words_lead_back_to_their_places() {
        for place in SealedPlace::ALL {
            assert_eq!(SealedPlace::parse(place.as_str()), Some(place));
        }
        assert_eq!(SealedPlace::parse("elsewhere"), None);
    }

    #[test]
    fn none_begins_while_the_older_key_may_still_be_used() {
        assert_eq!(due_at(None, 9), Due::Nothing);
        assert_eq!(due_at(None, 10), Due::Begin);
    }

    #[test]
    fn one_that_was_left_is_gone_on_with() {
        let mut sweep = Sweep::begin(PLACE, 7, 10, at(10), None);
        sweep.take_in(counts(3, 3, 0), Some(RowMark(vec![9])), false, at(11));
        assert_eq!(due_at(Some(&sweep), 12), Due::Resume(sweep.clone()));
        // Not for another key, and not one that began too early.
        assert_eq!(due(Some(&sweep), 8, at(10), at(12)), Due::Begin);
        assert_eq!(due(Some(&sweep), 7, at(11), at(12)), Due::Begin);
    }

    #[test]
    fn one_that_found_something_is_followed_by_another_that_makes_sure() {
        assert_eq!(due_at(Some(&ended(counts(3, 3, 0))), 11), Due::Begin);
        assert_eq!(due_at(Some(&ended(counts(3, 2, 1))), 11), Due::Begin);
        // A row that somebody wrote to.
        assert_eq!(due_at(Some(&ended(counts(1, 0, 0))), 11), Due::Begin);
        assert_eq!(due_at(Some(&ended(counts(0, 0, 0))), 9999), Due::Nothing);
    }

    #[test]
    fn what_does_not_open_is_looked_for_again_a_day_later() {
        let sweep = ended(counts(2, 0, 2));
        let day = LOOK_AGAIN.as_secs() / 60;
        assert_eq!(due_at(Some(&sweep), 11 + day - 1), Due::Nothing);
        assert_eq!(due_at(Some(&sweep), 11 + day), Due::Begin);
    }

    #[test]
    fn only_an_ended_one_that_found_nothing_is_clean() {
        assert!(ended(counts(0, 0, 0)).is_clean());
        assert!(!ended(counts(1, 1, 0)).is_clean());
        assert!(!Sweep::begin(PLACE, 7, 0, at(10), None).is_clean());
    }

    #[test]
    fn what_is_left_never_reads_zero_before_the_end() {
        let mut sweep = Sweep::begin(PLACE, 7, 25, at(10), None);
        assert_eq!(sweep.rows_left(), 25);
        sweep.take_in(counts(4, 3, 1), Some(RowMark(vec![1])), false, at(11));
        assert_eq!((sweep.rows_left(), sweep.unopened()), (16, 1));
        sweep.take_in(counts(0, 0, 0), Some(RowMark(vec![2])), false, at(11));
        sweep.take_in(counts(0, 0, 0), Some(RowMark(vec![3])), false, at(11));
        // More rows than it was told of.
        assert_eq!(sweep.rows_left(), 2);
        sweep.take_in(SweepCounts::default(), None, true, at(12));
        assert_eq!((sweep.rows_left(), sweep.unopened()), (1, 1));
        assert_eq!(sweep.after, Some(RowMark(vec![3])));
    }

    #[test]
    fn what_did_not_open_is_remembered_until_the_next_sweep_has_looked() {
        let first = ended(counts(2, 0, 2));
        let mut second = Sweep::begin(PLACE, 7, 10, at(20), Some(&first));
        assert_eq!(second.unopened(), 2);
        assert_eq!(second.last_ended().unwrap().at, at(11));
        second.take_in(counts(0, 0, 0), None, true, at(21));
        assert_eq!(second.unopened(), 0);
        assert_eq!(second.last_ended().unwrap().at, at(21));
    }
}
