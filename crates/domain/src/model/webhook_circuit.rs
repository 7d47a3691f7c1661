//! A receiver that fails again and again is left alone for a while.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::model::webhook::SendOutcome;

/// So many failures in a row open the circuit.
pub const FAILURES: u32 = 5;

/// The first rest.
const FIRST_REST: Duration = Duration::from_secs(10);

/// The longest rest between two tries of a receiver that is down.
pub const LONGEST_REST: Duration = Duration::from_mins(5);

/// The longest rest that a receiver gets by asking for it.
const LONGEST_ASKED: Duration = Duration::from_hours(1);

/// What a receiver may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Whatever is due.
    Whatever,
    /// One delivery, due or not, to find out whether the receiver is back.
    Probe,
    /// Nothing until then.
    Rest(DateTime<Utc>),
    /// Nothing any more.
    Gone,
}

/// How a receiver does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Circuit {
    failures: u32,
    rests_until: Option<DateTime<Utc>>,
    gone: bool,
}

impl Circuit {
    /// What the receiver may be sent now.
    #[must_use]
    pub fn admits(&self, now: DateTime<Utc>) -> Admission {
        match self.rests_until {
            _ if self.gone => Admission::Gone,
            None => Admission::Whatever,
            // A clock that was set back lets nobody rest for longer than ever.
            Some(until) if now < until && until <= now + LONGEST_ASKED => Admission::Rest(until),
            Some(_) => Admission::Probe,
        }
    }

    /// Takes note of a try; true if the receiver is back after a rest.
    pub fn note(&mut self, outcome: &SendOutcome, now: DateTime<Utc>) -> bool {
        match outcome {
            SendOutcome::Delivered => {
                let back = self.rests_until.is_some();
                *self = Self::default();
                return back;
            }
            SendOutcome::Gone => self.gone = true,
            SendOutcome::Busy {
                wait: Some(wait), ..
            } => {
                self.failed(now);
                let wait = (*wait).clamp(Duration::from_secs(1), LONGEST_ASKED);
                self.rests_until = self.rests_until.max(Some(now + wait));
            }
            SendOutcome::Busy { wait: None, .. }
            | SendOutcome::Refused { .. }
            | SendOutcome::Failed(_) => self.failed(now),
        }
        false
    }

    fn failed(&mut self, now: DateTime<Utc>) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES {
            let doubled = (self.failures - FAILURES).min(16);
            let rest = FIRST_REST * 2_u32.pow(doubled);
            self.rests_until = Some(now + rest.min(LONGEST_REST));
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    const REFUSED: SendOutcome = SendOutcome::Refused { status: 500 };

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600, 0).unwrap()
    }

    fn failed(times: u32) -> Circuit {
        let mut circuit = Circuit::default();
        for _ in 0..times {
            assert!(!circuit.note(&REFUSED, now()));
        }
        circuit
    }

    fn rest(circuit: &Circuit) -> i64 {
        match circuit.admits(now()) {
            Admission::Rest(until) => (until - now()).num_seconds(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn five_failures_in_a_row_are_a_rest_and_more_a_longer_one() {
        assert_eq!(failed(4).admits(now()), Admission::Whatever);
        let rests = [5, 6, 7, 9, 10, 90].map(|times| rest(&failed(times)));
        assert_eq!(rests, [10, 20, 40, 160, 300, 300]);
    }

    #[test]
    fn after_the_rest_one_try_decides() {
        let mut circuit = failed(5);
        let then = now() + TimeDelta::seconds(10);
        assert_eq!(circuit.admits(then), Admission::Probe);
        assert!(!circuit.note(&REFUSED, then));
        assert!(matches!(circuit.admits(then), Admission::Rest(_)));
        let then = then + TimeDelta::seconds(20);
        assert!(circuit.note(&SendOutcome::Delivered, then), "it is back");
        assert_eq!(circuit, Circuit::default());
        assert!(!circuit.note(&SendOutcome::Delivered, then), "it was there");
    }

    #[test]
    fn a_success_ends_the_row() {
        let mut circuit = failed(4);
        circuit.note(&SendOutcome::Delivered, now());
        for _ in 0..4 {
            circuit.note(&REFUSED, now());
        }
        assert_eq!(circuit.admits(now()), Admission::Whatever);
    }

    #[test]
    fn whoever_asks_for_a_rest_gets_it_at_once_up_to_an_hour() {
        for (asked, given) in [(0, 1), (90, 90), (100_000, 3600)] {
            let mut circuit = Circuit::default();
            let wait = Some(Duration::from_secs(asked));
            circuit.note(&SendOutcome::Busy { status: 429, wait }, now());
            assert_eq!(rest(&circuit), given);
        }
    }

    #[test]
    fn who_is_gone_stays_gone_and_a_clock_set_back_makes_no_rest_longer() {
        let mut circuit = failed(5);
        let yesterday = now() - TimeDelta::days(1);
        assert_eq!(circuit.admits(yesterday), Admission::Probe);
        circuit.note(&SendOutcome::Gone, now());
        assert_eq!(circuit.admits(now() + TimeDelta::days(1)), Admission::Gone);
    }
}
