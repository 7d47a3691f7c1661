//! How long things are kept that nobody needs any more.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::changes::{CODES_KEPT, NOTICES_KEPT};

/// What is removed once it is old enough. Rows of accounts are not: the id of a
/// merged or erased one, of which nothing personal is left, keeps what was signed
/// or recorded for it from being somebody else's one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// Sessions, since they ended or expired.
    Sessions,
    /// Rows of the audit log, since they were written.
    AuditEvents,
    /// Messages with their attempts and receipts, since they were asked for.
    Messages,
    /// Events that were handed over to the receivers, since then.
    DeliveredEvents,
    /// Events that nobody was there to hear of, since they happened.
    UndeliveredEvents,
    /// Deliveries of events that no receiver took, since they were given up.
    Deliveries,
    /// Verification codes that proved something without opening a session, since
    /// then.
    SpentCodes,
    /// Notices of providers that were carried out, since then.
    Notices,
    /// Signing keys that are out of use, since then.
    SigningKeys,
}

impl RecordKind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::Sessions,
        Self::AuditEvents,
        Self::Messages,
        Self::DeliveredEvents,
        Self::UndeliveredEvents,
        Self::Deliveries,
        Self::SpentCodes,
        Self::Notices,
        Self::SigningKeys,
    ];

    /// The stable word of metrics and the log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::AuditEvents => "audit_events",
            Self::Messages => "sms_records",
            Self::DeliveredEvents => "outbox_delivered",
            Self::UndeliveredEvents => "outbox_undelivered",
            Self::Deliveries => "webhook_deliveries",
            Self::SpentCodes => "spent_codes",
            Self::Notices => "provider_notices",
            Self::SigningKeys => "signing_keys",
        }
    }

    /// The shortest time that does no harm, whatever is asked for.
    #[must_use]
    pub const fn at_least(self) -> Duration {
        match self {
            // The daily budget is counted from them, and vendors report for three
            // days (Tencent Cloud says 72 hours).
            Self::Messages => Duration::from_hours(4 * 24),
            // Rows of sessions know which codes were used, should the code store forget
            // it (S-129), and a code lives for ten minutes at most.
            Self::Sessions
            | Self::AuditEvents
            | Self::DeliveredEvents
            | Self::UndeliveredEvents
            | Self::Deliveries => Duration::from_hours(1),
            Self::SpentCodes => Duration::from_secs(CODES_KEPT.num_seconds().unsigned_abs()),
            Self::Notices => Duration::from_secs(NOTICES_KEPT.num_seconds().unsigned_abs()),
            // No token of them lives; a clock may be wrong by hours.
            Self::SigningKeys => Duration::from_hours(7 * 24),
        }
    }
}

/// What housekeeping does, one kind after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Chore {
    /// Remove what is old enough of a kind.
    Remove(RecordKind),
    /// Erase cancelled accounts whose cooling-off time is over.
    EraseAccounts,
    /// Remove pictures that no account shows.
    RemoveAvatars,
}

impl Chore {
    /// All of them. Whoever asked to be forgotten comes first.
    pub const ALL: [Self; 11] = [
        Self::EraseAccounts,
        Self::RemoveAvatars,
        Self::Remove(RecordKind::Sessions),
        Self::Remove(RecordKind::AuditEvents),
        Self::Remove(RecordKind::Messages),
        Self::Remove(RecordKind::DeliveredEvents),
        Self::Remove(RecordKind::UndeliveredEvents),
        Self::Remove(RecordKind::Deliveries),
        Self::Remove(RecordKind::SpentCodes),
        Self::Remove(RecordKind::Notices),
        Self::Remove(RecordKind::SigningKeys),
    ];

    /// The stable word of metrics and the log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Remove(kind) => kind.as_str(),
            Self::EraseAccounts => "cancelled_accounts",
            Self::RemoveAvatars => "avatars",
        }
    }
}

/// How long each kind is kept; zero means for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// Of [`RecordKind::Sessions`].
    pub sessions: Duration,
    /// Of [`RecordKind::AuditEvents`].
    pub audit_events: Duration,
    /// Of [`RecordKind::Messages`].
    pub messages: Duration,
    /// Of [`RecordKind::DeliveredEvents`].
    pub delivered_events: Duration,
    /// Of [`RecordKind::UndeliveredEvents`].
    pub undelivered_events: Duration,
    /// Of [`RecordKind::Deliveries`].
    pub deliveries: Duration,
}

impl RetentionPolicy {
    /// How long a kind is kept, if not for ever.
    #[must_use]
    pub fn keep(&self, kind: RecordKind) -> Option<Duration> {
        let asked = match kind {
            RecordKind::Sessions => self.sessions,
            RecordKind::AuditEvents => self.audit_events,
            RecordKind::Messages => self.messages,
            RecordKind::DeliveredEvents => self.delivered_events,
            RecordKind::UndeliveredEvents => self.undelivered_events,
            RecordKind::Deliveries => self.deliveries,
            RecordKind::SpentCodes | RecordKind::Notices | RecordKind::SigningKeys => {
                kind.at_least()
            }
        };
        (!asked.is_zero()).then(|| asked.max(kind.at_least()))
    }

    /// What is older than this has been kept long enough, if anything ever is.
    #[must_use]
    pub fn cutoff(&self, kind: RecordKind, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let keep = TimeDelta::from_std(self.keep(kind)?).ok()?;
        now.checked_sub_signed(keep)
    }
}

/// How fast things are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Rows of one batch at most.
    pub batch: u32,
    /// The pause between two batches at least.
    pub pause: Duration,
    /// How often somebody looks whether there is anything to remove.
    pub interval: Duration,
}

impl Pace {
    /// The pause after a batch that took so long: as long again at least, so that
    /// a database that has much to do is asked less.
    #[must_use]
    pub fn pause_after(&self, took: Duration) -> Duration {
        self.pause.max(took)
    }

    /// When to look next, from now: the interval and up to half of it more, by a
    /// random number, so that replicas that started together part.
    #[must_use]
    pub fn wait(&self, random: u32) -> Duration {
        self.interval
            + self
                .interval
                .mul_f64(f64::from(random) / f64::from(u32::MAX) / 2.0)
    }

    /// How long a finished round answers for all replicas: the next look of
    /// whoever did it comes before that is over.
    #[must_use]
    pub fn rest(&self) -> Duration {
        self.interval * 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);
    const DAY: Duration = Duration::from_hours(24);

    fn policy(all: Duration) -> RetentionPolicy {
        RetentionPolicy {
            sessions: all,
            audit_events: all,
            messages: all,
            delivered_events: all,
            undelivered_events: all,
            deliveries: all,
        }
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600, 0).unwrap()
    }

    #[test]
    fn what_is_kept_for_ever_has_no_cutoff() {
        let kinds = RecordKind::ALL.into_iter();
        let removed: Vec<_> = kinds
            .filter(|kind| policy(Duration::ZERO).cutoff(*kind, now()).is_some())
            .collect();
        // What no setting asks to keep.
        let unasked = [
            RecordKind::SpentCodes,
            RecordKind::Notices,
            RecordKind::SigningKeys,
        ];
        assert_eq!(removed, unasked);
    }

    #[test]
    fn each_kind_has_its_own_time() {
        let days = |days| DAY * days;
        let policy = RetentionPolicy {
            sessions: days(11),
            audit_events: days(12),
            messages: days(13),
            delivered_events: days(14),
            undelivered_events: days(15),
            deliveries: days(16),
        };
        let kept = RecordKind::ALL.map(|kind| policy.keep(kind).unwrap());
        let wanted = [11, 12, 13, 14, 15, 16, 1, 1, 7].map(days);
        assert_eq!(kept, wanted);
        for (kind, kept) in RecordKind::ALL.into_iter().zip(kept) {
            assert_eq!(policy.cutoff(kind, now()), Some(now() - kept));
        }
    }

    #[test]
    fn nothing_is_kept_shorter_than_does_no_harm() {
        let hasty = policy(Duration::from_secs(1));
        for kind in RecordKind::ALL {
            assert_eq!(hasty.keep(kind), Some(kind.at_least()), "{kind:?}");
            assert!(kind.at_least() >= HOUR, "{kind:?}");
        }
    }

    #[test]
    fn a_time_before_the_calendar_removes_nothing() {
        let long = policy(Duration::from_secs(u64::MAX));
        assert_eq!(long.cutoff(RecordKind::Sessions, now()), None);
        let start = DateTime::<Utc>::MIN_UTC;
        assert_eq!(policy(DAY).cutoff(RecordKind::Sessions, start), None);
    }

    #[test]
    fn words_are_unlike() {
        let mut words = Chore::ALL.map(Chore::as_str).to_vec();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Chore::ALL.len());
    }

    #[test]
    fn every_kind_is_a_chore() {
        let chores = RecordKind::ALL.map(Chore::Remove);
        assert!(chores.iter().all(|chore| Chore::ALL.contains(chore)));
        assert_eq!(Chore::ALL.len(), chores.len() + 2);
    }

    #[test]
    fn a_slow_database_is_asked_less() {
        let pace = Pace {
            batch: 500,
            pause: Duration::from_millis(50),
            interval: HOUR,
        };
        assert_eq!(pace.pause_after(Duration::ZERO), pace.pause);
        assert_eq!(pace.pause_after(DAY), DAY);
    }

    #[test]
    fn whoever_looked_last_looks_again_before_the_round_is_forgotten() {
        let pace = Pace {
            batch: 500,
            pause: Duration::ZERO,
            interval: HOUR,
        };
        assert_eq!(pace.wait(0), HOUR);
        let longest = pace.wait(u32::MAX);
        assert!(
            longest > HOUR + HOUR / 3 && longest < pace.rest(),
            "{longest:?}"
        );
        assert_ne!(pace.wait(u32::MAX / 3), pace.wait(u32::MAX / 2));
    }
}
