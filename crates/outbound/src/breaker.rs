//! A circuit breaker: who failed again and again is left alone for a while.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Opens after a number of failures in a row within a window, rests, then lets
/// one call through to find out whether the other side is back.
///
/// A success ends the row: with a thousand calls a second, five failures in ten
/// seconds alone would turn a hiccup into an outage.
#[derive(Debug)]
pub struct CircuitBreaker {
    failures_to_open: usize,
    window: Duration,
    rest: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Closed { failures: VecDeque<Instant> },
    Open { until: Instant },
    Probing,
}

/// The circuit is open: no call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the circuit is open after repeated failures")]
pub struct CircuitOpen {
    /// How long until the next call may be let through.
    pub rest: Duration,
}

/// Leave to make one call, to be answered with its verdict. Dropped without
/// one, it says nothing about the other side.
#[derive(Debug)]
#[must_use]
pub struct Pass<'a> {
    breaker: &'a CircuitBreaker,
    probe: bool,
}

impl Default for CircuitBreaker {
    /// Five failures in 10 s open it for 10 s.
    fn default() -> Self {
        Self::new(5, Duration::from_secs(10), Duration::from_secs(10))
    }
}

impl CircuitBreaker {
    /// A closed breaker that opens for `rest` after `failures_to_open` failures
    /// in a row within `window`.
    #[must_use]
    pub fn new(failures_to_open: usize, window: Duration, rest: Duration) -> Self {
        let state = Mutex::new(State::Closed {
            failures: VecDeque::new(),
        });
        Self {
            failures_to_open,
            window,
            rest,
            state,
        }
    }

    /// Asks for leave to make one call.
    ///
    /// # Errors
    ///
    /// [`CircuitOpen`] while it rests, and while somebody else's probe is out.
    pub fn admit(&self) -> Result<Pass<'_>, CircuitOpen> {
        let mut state = self.state();
        let now = Instant::now();
        let probe = match &*state {
            State::Closed { .. } => false,
            State::Open { until } if *until <= now => true,
            State::Open { until } => return Err(CircuitOpen { rest: *until - now }),
            State::Probing => {
                return Err(CircuitOpen {
                    rest: Duration::from_secs(1),
                });
            }
        };
        if probe {
            *state = State::Probing;
        }
        Ok(Pass {
            breaker: self,
            probe,
        })
    }

    /// True while calls are refused.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !matches!(&*self.state(), State::Closed { .. })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// The other side answered as it should.
    pub fn succeeded(self) {
        let mut state = self.breaker.state();
        match &mut *state {
            State::Closed { failures } => failures.clear(),
            State::Probing if self.probe => {
                *state = State::Closed {
                    failures: VecDeque::new(),
                }
            }
            // A late answer to a call from before the circuit opened.
            State::Open { .. } | State::Probing => {}
        }
    }

    /// The other side failed.
    pub fn failed(self) {
        let breaker = self.breaker;
        let now = Instant::now();
        let mut state = breaker.state();
        let open = match &mut *state {
            State::Closed { failures } => {
                while failures
                    .front()
                    .is_some_and(|at| *at + breaker.window < now)
                {
                    failures.pop_front();
                }
                failures.push_back(now);
                failures.len() >= breaker.failures_to_open
            }
            State::Probing => self.probe,
            State::Open { .. } => false,
        };
        if open {
            *state = State::Open {
                until: now + breaker.rest,
            };
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        // A probe that was given up (its caller went away) must not bar the way
        // for ever; after a verdict the state is no longer `Probing`.
        let mut state = self.breaker.state();
        if self.probe && matches!(&*state, State::Probing) {
            *state = State::Open {
                until: Instant::now(),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(breaker: &CircuitBreaker, times: usize) {
        for _ in 0..times {
            breaker.admit().unwrap().failed();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn five_failures_in_ten_seconds_open_it_for_ten() {
        let breaker = CircuitBreaker::default();
        fail(&breaker, 4);
        assert!(breaker.admit().is_ok());
        fail(&breaker, 1);
        let rest = breaker.admit().unwrap_err().rest;
        assert_eq!(rest, Duration::from_secs(10));
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(breaker.admit().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn old_failures_are_forgotten_and_a_success_ends_the_row() {
        let breaker = CircuitBreaker::default();
        fail(&breaker, 4);
        tokio::time::advance(Duration::from_secs(11)).await;
        fail(&breaker, 4);
        assert!(!breaker.is_open());
        breaker.admit().unwrap().succeeded();
        fail(&breaker, 4);
        assert!(!breaker.is_open());
    }

    #[tokio::test(start_paused = true)]
    async fn one_probe_decides() {
        let breaker = CircuitBreaker::default();
        fail(&breaker, 5);
        tokio::time::advance(Duration::from_secs(10)).await;
        let probe = breaker.admit().unwrap();
        assert!(breaker.admit().is_err(), "one probe at a time");
        probe.failed();
        assert!(breaker.admit().is_err());
        tokio::time::advance(Duration::from_secs(10)).await;
        breaker.admit().unwrap().succeeded();
        assert!(!breaker.is_open());
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_given_up_makes_room_for_the_next() {
        let breaker = CircuitBreaker::default();
        fail(&breaker, 5);
        tokio::time::advance(Duration::from_secs(10)).await;
        drop(breaker.admit().unwrap());
        assert!(breaker.admit().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_verdict_changes_nothing() {
        let breaker = CircuitBreaker::default();
        let early = breaker.admit().unwrap();
        fail(&breaker, 5);
        early.succeeded();
        assert!(breaker.is_open());
    }
}
