//! Which key of each use of the ring is active, and when the older ones leave.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::model::sweep::{SealedPlace, Sweep};
use crate::ports::keyring_store::WrappedKey;
use crate::ports::mac::MacUse;
use crate::ports::sealer::SealUse;

/// How long after it was made a key begins: replicas look after their keys every
/// twenty seconds, and may miss some tries.
pub const LEARNT_WITHIN: Duration = Duration::from_mins(5);

/// How long after a key has begun its predecessor is certainly used no more: as
/// long again as replicas may take to learn of it, and a request that was under way
/// on one whose clock is late.
pub const SETTLED_WITHIN: Duration = Duration::from_mins(10);

/// Nothing that the ephemeral store names or seals, and no code, lives longer.
/// Marks of limits stay for 25 hours, and `WeChat`'s access tokens are believed for
/// a day at most.
pub const EPHEMERAL_FOR: Duration = Duration::from_hours(48);

/// What a key of the ring is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyUse {
    /// Tags.
    Mac(MacUse),
    /// Seals.
    Seal(SealUse),
}

impl KeyUse {
    /// Every use, in the order in which the ring is made.
    pub fn all() -> impl Iterator<Item = Self> {
        let macs = MacUse::ALL.into_iter().map(Self::Mac);
        macs.chain(SealUse::ALL.into_iter().map(Self::Seal))
    }

    /// Reads the ring's word; `None` for one of a newer version.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::all().find(|usage| usage.as_str() == word)
    }

    /// The ring's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mac(usage) => usage.as_str(),
            Self::Seal(usage) => usage.as_str(),
        }
    }

    /// When a key of this use leaves whose successor begins at `succeeded_at`;
    /// `None` for one that stays for good.
    fn departure(self, succeeded_at: DateTime<Utc>, session_life: Duration) -> Option<Departure> {
        let settled = succeeded_at + SETTLED_WITHIN;
        match self {
            // Every number of the database is found by it.
            Self::Mac(MacUse::BlindIndex) => None,
            Self::Mac(MacUse::RefreshToken) => Some(Departure::AfterSessions {
                at: settled + session_life,
                begun_before: settled,
            }),
            Self::Mac(MacUse::VerificationCode | MacUse::ReplayLedger | MacUse::EphemeralKey)
            | Self::Seal(SealUse::EphemeralValue) => Some(Departure::At(settled + EPHEMERAL_FOR)),
            Self::Seal(SealUse::PhoneNumber) => Some(Departure::AfterSweep {
                place: SealedPlace::PhoneNumbers,
                begun_from: settled,
            }),
            Self::Seal(SealUse::SessionKey) => Some(Departure::AfterSweep {
                place: SealedPlace::SessionKeys,
                begun_from: settled,
            }),
            Self::Seal(SealUse::SigningKey) => Some(Departure::AfterSweep {
                place: SealedPlace::SigningKeys,
                begun_from: settled,
            }),
        }
    }
}

/// When an older key leaves the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Departure {
    /// When nothing that it made is good any more.
    At(DateTime<Utc>),
    /// At this moment, unless a session lives then that began before the other one:
    /// sessions may have been given longer lives than those of today.
    AfterSessions {
        /// The earliest moment.
        at: DateTime<Utc>,
        /// Sessions that began later know the newer key only.
        begun_before: DateTime<Utc>,
    },
    /// When a sweep that began at this moment or later has come to its end and has
    /// found nothing to seal anew.
    AfterSweep {
        /// Where what it sealed stands.
        place: SealedPlace,
        /// From when on sweeps count.
        begun_from: DateTime<Utc>,
    },
}

/// A key of the ring whose place another one has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OlderKey {
    /// Its number.
    pub id: u32,
    /// What it is for.
    pub usage: KeyUse,
    /// When it leaves.
    pub departure: Departure,
}

impl OlderKey {
    /// True if its time has come, as far as the clock and the sweeps tell.
    #[must_use]
    pub fn is_due(&self, sweeps: &[Sweep], now: DateTime<Utc>) -> bool {
        match self.departure {
            Departure::At(at) | Departure::AfterSessions { at, .. } => at <= now,
            Departure::AfterSweep { place, begun_from } => sweeps.iter().any(|sweep| {
                sweep.place == place && sweep.is_clean() && sweep.begun_at >= begun_from
            }),
        }
    }
}

/// The number of the key that a use seals or tags with: the newest whose time has
/// come; where none has, the first.
#[must_use]
pub fn active_key(ring: &[WrappedKey], usage: KeyUse, now: DateTime<Utc>) -> Option<u32> {
    let keys = of_use(ring, usage);
    let begun = keys.iter().rfind(|key| key.not_before <= now);
    begun.or(keys.first()).map(|key| key.id)
}

/// The keys that were followed by another one and will leave one day, in the order
/// in which they began. `session_life` is the longest life of a session.
#[must_use]
pub fn older_keys(
    ring: &[WrappedKey],
    session_life: Duration,
    now: DateTime<Utc>,
) -> Vec<OlderKey> {
    let of_use = |usage: KeyUse| {
        let keys = of_use(ring, usage);
        let followed = keys.windows(2).filter_map(|pair| {
            let [key, successor] = pair else { return None };
            let departure = usage.departure(successor.not_before, session_life)?;
            let older = OlderKey {
                id: key.id,
                usage,
                departure,
            };
            (successor.not_before <= now).then_some(older)
        });
        followed.collect::<Vec<_>>()
    };
    KeyUse::all().flat_map(of_use).collect()
}

/// The keys of a use, in the order in which they begin.
fn of_use(ring: &[WrappedKey], usage: KeyUse) -> Vec<&WrappedKey> {
    let keys = ring.iter().filter(|key| key.usage == usage.as_str());
    let mut keys: Vec<_> = keys.collect();
    keys.sort_by_key(|key| (key.not_before, key.id));
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sweep::{RowMark, SweepCounts};

    const YEAR: Duration = Duration::from_hours(365 * 24);

    fn at(minutes: u64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::from_mins(minutes)
    }

    fn key(id: u32, usage: KeyUse, begins: u64) -> WrappedKey {
        WrappedKey {
            id,
            usage: usage.as_str().to_owned(),
            wrapped: Vec::new(),
            created_at: at(begins),
            not_before: at(begins),
        }
    }

    /// A ring in which each use has had three keys, the last of which waits.
    fn ring() -> Vec<WrappedKey> {
        let of_use = |(n, usage): (u32, KeyUse)| {
            [
                key(n, usage, 0),
                key(n + 100, usage, 60),
                key(n + 200, usage, 120),
            ]
        };
        (1..).zip(KeyUse::all()).flat_map(of_use).collect()
    }

    fn sweep(place: SealedPlace, begun: u64, found: u64) -> Sweep {
        let mut sweep = Sweep::begin(place, 7, 10, at(begun), None);
        let counts = SweepCounts {
            seen: 1,
            found,
            resealed: found,
            unopened: 0,
        };
        sweep.take_in(counts, Some(RowMark(vec![1])), true, at(begun + 1));
        sweep
    }

    #[test]
    fn words_lead_back_to_their_uses() {
        for usage in KeyUse::all() {
            assert_eq!(KeyUse::parse(usage.as_str()), Some(usage));
        }
        assert_eq!(KeyUse::parse("mac.of_a_newer_version"), None);
    }

    #[test]
    fn the_newest_key_whose_time_has_come_is_active() {
        let ring = ring();
        let usage = KeyUse::Seal(SealUse::PhoneNumber);
        let first = active_key(&ring, usage, at(59));
        assert_eq!(active_key(&ring, usage, at(60)), first.map(|id| id + 100));
        assert_eq!(active_key(&ring, usage, at(119)), first.map(|id| id + 100));
        assert_eq!(active_key(&ring, usage, at(120)), first.map(|id| id + 200));
        // The clock of whoever made the first one is ahead of ours.
        let early = DateTime::UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(active_key(&ring, usage, early), first);
        assert_eq!(active_key(&[], usage, at(0)), None);
    }

    #[test]
    fn a_key_is_older_once_its_successor_has_begun_and_not_before() {
        let ring = ring();
        assert_eq!(older_keys(&ring, YEAR, at(59)), []);
        let uses = KeyUse::all().count() - 1;
        assert_eq!(older_keys(&ring, YEAR, at(60)).len(), uses);
        assert_eq!(older_keys(&ring, YEAR, at(119)).len(), uses);
        assert_eq!(older_keys(&ring, YEAR, at(120)).len(), 2 * uses);
    }

    #[test]
    fn what_finds_phone_numbers_never_leaves() {
        let older = older_keys(&ring(), YEAR, at(1_000_000_000));
        let index = KeyUse::Mac(MacUse::BlindIndex);
        assert!(older.iter().all(|key| key.usage != index));
    }

    #[test]
    fn a_key_leaves_no_earlier_than_what_it_made_can_be_good() {
        let older = older_keys(&ring(), YEAR, at(60));
        let settled = at(60) + SETTLED_WITHIN;
        let second = Duration::from_secs(1);
        for key in older {
            match key.departure {
                Departure::At(at) => {
                    assert_eq!(at, settled + EPHEMERAL_FOR, "{key:?}");
                    assert!(key.is_due(&[], at) && !key.is_due(&[], at - second));
                }
                Departure::AfterSessions { at, begun_before } => {
                    assert_eq!(key.usage, KeyUse::Mac(MacUse::RefreshToken));
                    assert_eq!((at, begun_before), (settled + YEAR, settled));
                    assert!(key.is_due(&[], at) && !key.is_due(&[], at - second));
                }
                Departure::AfterSweep { begun_from, .. } => assert_eq!(begun_from, settled),
            }
        }
    }

    #[test]
    fn a_sealing_key_leaves_after_a_sweep_that_began_in_time_and_found_nothing() {
        let older = older_keys(&ring(), YEAR, at(60));
        let usage = KeyUse::Seal(SealUse::PhoneNumber);
        let key = older.iter().find(|key| key.usage == usage).unwrap();
        let place = SealedPlace::PhoneNumbers;
        let due = |sweeps: &[Sweep]| key.is_due(sweeps, at(1_000_000));
        assert!(!due(&[]));
        assert!(due(&[sweep(place, 70, 0)]));
        assert!(!due(&[sweep(place, 69, 0)]), "it began too early");
        assert!(!due(&[sweep(place, 70, 1)]), "it found something");
        let elsewhere = sweep(SealedPlace::SessionKeys, 70, 0);
        assert!(!due(&[elsewhere]), "it looked elsewhere");
        let under_way = Sweep::begin(place, 7, 10, at(70), None);
        assert!(!due(&[under_way]), "it has not ended");
    }

    #[test]
    fn each_sealing_use_that_tables_hold_waits_for_the_sweep_of_its_own_place() {
        for place in SealedPlace::ALL {
            let departure = KeyUse::Seal(place.usage()).departure(at(0), YEAR);
            assert!(
                matches!(departure, Some(Departure::AfterSweep { place: of, .. }) if of == place)
            );
        }
    }
}
