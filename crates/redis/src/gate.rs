//! Whether Redis is asked at all.
//!
//! A request asks Redis several times. While it hangs, each question would cost
//! its time limit, and they add up. So after a few failures in a row nobody is
//! let through but one caller a second, until one of these has an answer.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::fault::RedisFault;

/// How long nobody is let through after somebody was.
const REST: Duration = Duration::from_secs(1);

/// Lets callers through, or refuses them at once.
pub(crate) struct Gate {
    /// Failures in a row that shut it.
    limit: u32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failures: u32,
    /// When somebody is let through although it is shut.
    next: Option<Instant>,
    /// When an answer last came.
    answered: Option<Instant>,
}

/// A caller who was let through.
pub(crate) struct Entry(Instant);

impl Gate {
    /// One that shuts after so many failures in a row.
    pub(crate) fn new(limit: u32) -> Self {
        Self {
            limit,
            state: Mutex::default(),
        }
    }

    /// Lets a caller through.
    ///
    /// # Errors
    ///
    /// [`RedisFault::Away`], at once.
    pub(crate) fn enter(&self) -> Result<Entry, RedisFault> {
        let now = Instant::now();
        let mut state = self.state();
        if state.failures >= self.limit {
            if state.next.is_some_and(|next| now < next) {
                return Err(RedisFault::Away);
            }
            // If this one goes away without an outcome, another one follows.
            state.next = Some(now + REST);
        }
        Ok(Entry(now))
    }

    /// Redis has answered, if only with a refusal.
    pub(crate) fn answered(&self) {
        let mut state = self.state();
        *state = State {
            answered: Some(Instant::now()),
            ..State::default()
        };
    }

    /// Nothing came of a caller. Who had entered before the last answer came tells
    /// nothing new.
    pub(crate) fn failed(&self, entry: &Entry) {
        let mut state = self.state();
        if state.answered.is_some_and(|answered| entry.0 <= answered) {
            return;
        }
        state.failures = state.failures.saturating_add(1);
        if state.failures == self.limit {
            state.next = Some(Instant::now() + REST);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const MOMENT: Duration = Duration::from_millis(1);

    fn shut() -> Gate {
        let gate = Gate::new(3);
        for _ in 0..3 {
            gate.failed(&gate.enter().unwrap());
        }
        gate
    }

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_shut_it() {
        let gate = Gate::new(3);
        for _ in 0..5 {
            gate.failed(&gate.enter().unwrap());
            gate.failed(&gate.enter().unwrap());
            advance(MOMENT).await;
            gate.enter().unwrap();
            gate.answered();
            advance(MOMENT).await;
        }
        assert!(shut().enter().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn one_a_second_is_let_through_until_an_answer_comes() {
        let gate = shut();
        for _ in 0..3 {
            advance(REST).await;
            let probe = gate.enter().unwrap();
            assert!(gate.enter().is_err());
            advance(REST / 2).await;
            gate.failed(&probe);
            assert!(gate.enter().is_err());
        }
        advance(REST).await;
        gate.enter().unwrap();
        gate.answered();
        advance(MOMENT).await;
        for _ in 0..2 {
            gate.failed(&gate.enter().unwrap());
            gate.enter().unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_goes_away_without_an_outcome_holds_nobody_up() {
        let gate = shut();
        advance(REST).await;
        assert!(gate.enter().is_ok());
        advance(REST).await;
        gate.enter().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn failures_from_before_an_answer_do_not_shut_it_again() {
        let gate = Gate::new(3);
        let old: Vec<_> = (0..9).map(|_| gate.enter().unwrap()).collect();
        advance(MOMENT).await;
        gate.answered();
        for entry in &old {
            gate.failed(entry);
        }
        assert!(gate.enter().is_ok());
    }
}
