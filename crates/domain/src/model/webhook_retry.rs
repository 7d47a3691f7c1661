//! What comes after a try to tell a receiver an event.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::model::webhook::{Delivery, SendOutcome};

/// The wait after the first try, at most.
pub const FIRST_WAIT: Duration = Duration::from_secs(2);

/// The longest wait between two tries: some thirty in a day.
pub const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// Each wait is so many times the one before.
const FACTOR: u32 = 3;

/// What becomes of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// It is done, and nothing of it is kept.
    Delivered,
    /// It is tried again, and its account's later events wait for it.
    Retry {
        /// Not before.
        due_at: DateTime<Utc>,
        /// What the try came to.
        outcome: String,
    },
    /// It is a dead letter: its account's later events go on without it.
    Dead {
        /// What the last try came to.
        outcome: String,
    },
}

/// How long to wait after so many tries that failed: from half of it to all of it, by a
/// random number, so that what failed together does not come back together.
#[must_use]
pub fn wait(failed: u32, random: u32) -> Duration {
    let doubled = failed.saturating_sub(1).min(16);
    let whole = FIRST_WAIT.saturating_mul(FACTOR.saturating_pow(doubled));
    let half = whole.min(LONGEST_WAIT) / 2;
    half + half.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

/// What comes after a try. An event is tried once at least, however old it is.
#[must_use]
pub fn after(
    delivery: &Delivery,
    outcome: &SendOutcome,
    now: DateTime<Utc>,
    random: u32,
) -> Settlement {
    let asked = match outcome {
        SendOutcome::Delivered => return Settlement::Delivered,
        SendOutcome::Busy { wait, .. } => wait.unwrap_or_default().min(LONGEST_WAIT),
        SendOutcome::Gone | SendOutcome::Refused { .. } | SendOutcome::Failed(_) => Duration::ZERO,
    };
    let outcome = outcome.word();
    if now >= delivery.give_up_at {
        return Settlement::Dead { outcome };
    }
    let wait = wait(delivery.attempts.saturating_add(1), random).max(asked);
    Settlement::Retry {
        // The last try is made at the end of its time, not behind it.
        due_at: (now + wait).min(delivery.give_up_at),
        outcome,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;
    use crate::model::identifiers::{EventId, UserId};
    use crate::model::webhook::{MAX_AGE, ReceiverName, SendFault};

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600, 0).unwrap()
    }

    fn tried(attempts: u32) -> Delivery {
        Delivery {
            event: EventId::from_uuid(Uuid::nil()),
            receiver: ReceiverName::parse("a").unwrap(),
            user: UserId::from_uuid(Uuid::nil()),
            kind: "user.created".to_owned(),
            at: now(),
            data: "{}".to_owned(),
            attempts,
            give_up_at: now() + MAX_AGE,
        }
    }

    fn due(settlement: &Settlement) -> TimeDelta {
        match settlement {
            Settlement::Retry { due_at, .. } => *due_at - now(),
            other => panic!("{other:?}"),
        }
    }

    const REFUSED: SendOutcome = SendOutcome::Refused { status: 500 };

    #[test]
    fn waits_grow_up_to_an_hour_and_spread() {
        let most = (1..=9).map(|failed| wait(failed, u32::MAX).as_secs());
        let most: Vec<_> = most.collect();
        assert_eq!(most, [2, 6, 18, 54, 162, 486, 1458, 3600, 3600]);
        for failed in [1, 5, 1_000, u32::MAX] {
            assert_eq!(wait(failed, 0) * 2, wait(failed, u32::MAX));
        }
    }

    #[test]
    fn a_try_that_succeeds_is_the_last_however_late() {
        let mut late = tried(40);
        late.give_up_at = now() - TimeDelta::days(3);
        let settled = after(&late, &SendOutcome::Delivered, now(), 0);
        assert_eq!(settled, Settlement::Delivered);
    }

    #[test]
    fn a_failure_after_a_day_is_the_last() {
        let delivery = tried(9);
        let end = delivery.give_up_at;
        let just_before = after(&delivery, &REFUSED, end - TimeDelta::seconds(1), u32::MAX);
        let outcome = "http_500".to_owned();
        let last = Settlement::Retry {
            due_at: end,
            outcome: outcome.clone(),
        };
        assert_eq!(just_before, last, "the last try is at the end");
        let settled = after(&delivery, &REFUSED, end, 0);
        assert_eq!(settled, Settlement::Dead { outcome });
    }

    #[test]
    fn a_receiver_that_names_a_wait_gets_it_up_to_an_hour() {
        let busy = |wait: Option<u64>| SendOutcome::Busy {
            status: 503,
            wait: wait.map(Duration::from_secs),
        };
        let after = |wait| due(&after(&tried(0), &busy(wait), now(), u32::MAX));
        assert_eq!(after(None), TimeDelta::seconds(2));
        assert_eq!(after(Some(1)), TimeDelta::seconds(2));
        assert_eq!(after(Some(90)), TimeDelta::seconds(90));
        assert_eq!(after(Some(u64::MAX / 4)), TimeDelta::hours(1));
    }

    #[test]
    fn whatever_else_fails_is_tried_again() {
        for outcome in [
            REFUSED,
            SendOutcome::Gone,
            SendOutcome::Failed(SendFault::TimedOut),
        ] {
            let settled = after(&tried(2), &outcome, now(), u32::MAX);
            assert_eq!(due(&settled), TimeDelta::seconds(18), "{outcome:?}");
        }
    }
}
