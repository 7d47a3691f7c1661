//! Telling a hiccup from trouble: what happens once is a line in the log, what
//! goes on is an alarm.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// So many within [`WITHIN`] are trouble.
const TIMES: usize = 5;
const WITHIN: Duration = Duration::from_mins(1);
/// Trouble that goes on is told again after this long, not with each message.
const QUIET: Duration = Duration::from_mins(10);

/// How often one kind of failure happened of late at one vendor.
#[derive(Debug, Default)]
pub(crate) struct Persistence {
    times: VecDeque<Instant>,
    told: Option<Instant>,
}

impl Persistence {
    /// Notes one failure; true if it is time to raise an alarm.
    pub(crate) fn note(&mut self, now: Instant) -> bool {
        self.times.push_back(now);
        if self.times.len() > TIMES {
            self.times.pop_front();
        }
        let oldest = self.times.front().copied();
        let persists = self.times.len() == TIMES && oldest.is_some_and(|at| at + WITHIN >= now);
        let silent = self.told.is_none_or(|at| at + QUIET <= now);
        if persists && silent {
            self.told = Some(now);
        }
        persists && silent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn five_in_a_minute_are_told_once() {
        let mut persistence = Persistence::default();
        let begin = Instant::now();
        let mut note = |seconds| persistence.note(begin + Duration::from_secs(seconds));
        let told: Vec<bool> = (0..8).map(|n| note(n * 15)).collect();
        let expected = [false, false, false, false, true, false, false, false];
        assert_eq!(told, expected);
        // It goes on, so it is told again, but not before ten minutes are over.
        assert!(!note(60 + 599));
        for n in 1..4 {
            assert!(!note(700 + n));
        }
        assert!(note(704));
    }

    #[tokio::test(start_paused = true)]
    async fn four_in_a_minute_are_a_hiccup() {
        let mut persistence = Persistence::default();
        let begin = Instant::now();
        for n in 0..100 {
            assert!(
                !persistence.note(begin + Duration::from_secs(n * 16)),
                "{n}"
            );
        }
    }
}
