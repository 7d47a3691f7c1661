//! A circuit breaker: who failed again and again is left alone for a while.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Opens after a number of failures in a row within a window, rests, then lets
/// one call through to find out whether the other side is back.
///
/// A success ends the row: with a thousand calls a second, five failures in ten
/// seconds alone would turn a hiccup into an outage. The time that later calls
/// spent on failing is not counted into the window: five calls, one after
/// another, that each wait three seconds for nothing are a row too.
#[derive(Debug)]
pub struct CircuitBreaker {
    failures_to_open: usize,
    window: Duration,
    rest: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Closed { failures: VecDeque<Failure> },
    Open { until: Instant, tripped: bool },
    Probing { tripped: bool },
}

#[derive(Debug, Clone, Copy)]
struct Failure {
    at: Instant,
    took: Duration,
}

/// Where a circuit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CircuitState {
    /// Calls go through.
    Closed,
    /// One call is out to find out whether the other side is back.
    HalfOpen,
    /// No call goes through.
    Open,
}

/// The circuit is open: no call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the circuit is open after repeated failures")]
pub struct CircuitOpen {
    /// How long until the next call may be let through.
    pub rest: Duration,
    /// True if a refusal opened it, not failures.
    pub tripped: bool,
}

/// Leave to make one call, to be answered with its verdict. Dropped without
/// one, it says nothing about the other side.
#[derive(Debug)]
#[must_use]
pub struct Pass<'a> {
    breaker: &'a CircuitBreaker,
    probe: bool,
    begun: Instant,
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
            State::Closed { .. } => None,
            State::Open { until, tripped } if *until <= now => Some(*tripped),
            State::Open { until, tripped } => {
                return Err(CircuitOpen {
                    rest: *until - now,
                    tripped: *tripped,
                });
            }
            State::Probing { tripped } => {
                return Err(CircuitOpen {
                    rest: Duration::from_secs(1),
                    tripped: *tripped,
                });
            }
        };
        if let Some(tripped) = probe {
            *state = State::Probing { tripped };
        }
        Ok(Pass {
            breaker: self,
            probe: probe.is_some(),
            begun: now,
        })
    }

    /// True if [`admit`](Self::admit) would give leave now.
    #[must_use]
    pub fn would_admit(&self) -> bool {
        match &*self.state() {
            State::Closed { .. } => true,
            State::Open { until, .. } => *until <= Instant::now(),
            State::Probing { .. } => false,
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn stands(&self) -> CircuitState {
        match &*self.state() {
            State::Closed { .. } => CircuitState::Closed,
            State::Open { .. } => CircuitState::Open,
            State::Probing { .. } => CircuitState::HalfOpen,
        }
    }

    /// Closes it: a call that was made in spite of it went well.
    pub fn close(&self) {
        *self.state() = State::Closed {
            failures: VecDeque::new(),
        };
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
            State::Probing { .. } if self.probe => {
                *state = State::Closed {
                    failures: VecDeque::new(),
                }
            }
            // A late answer to a call from before the circuit opened.
            State::Open { .. } | State::Probing { .. } => {}
        }
    }

    /// The other side failed.
    pub fn failed(self) {
        let breaker = self.breaker;
        let now = Instant::now();
        let mut state = breaker.state();
        let open = match &mut *state {
            State::Closed { failures } => {
                failures.push_back(Failure {
                    at: now,
                    took: now - self.begun,
                });
                forget(failures, breaker.window, now);
                failures.len() >= breaker.failures_to_open
            }
            State::Probing { .. } => self.probe,
            State::Open { .. } => false,
        };
        if open {
            *state = State::Open {
                until: now + breaker.rest,
                tripped: false,
            };
        }
    }

    /// The other side refuses us, and would refuse the next call too: opens at
    /// once.
    pub fn refused(self) {
        let mut state = self.breaker.state();
        let late = match &*state {
            State::Closed { .. } => false,
            State::Probing { .. } => !self.probe,
            State::Open { .. } => true,
        };
        if !late {
            *state = State::Open {
                until: Instant::now() + self.breaker.rest,
                tripped: true,
            };
        }
    }
}

/// Drops what is older than the window, which the time that later calls spent on
/// failing makes longer.
fn forget(failures: &mut VecDeque<Failure>, window: Duration, now: Instant) {
    let mut reach = window;
    let mut kept = 0;
    for failure in failures.iter().rev() {
        if failure.at + reach < now {
            break;
        }
        reach += failure.took;
        kept += 1;
    }
    failures.drain(..failures.len() - kept);
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        // A probe that was given up (its caller went away) must not bar the way
        // for ever; after a verdict the state is no longer `Probing`.
        let mut state = self.breaker.state();
        if let (true, State::Probing { tripped }) = (self.probe, &*state) {
            *state = State::Open {
                until: Instant::now(),
                tripped: *tripped,
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

    #[tokio::test(start_paused = true)]
    async fn calls_that_hang_one_after_another_are_a_row() {
        let breaker = CircuitBreaker::default();
        for _ in 0..5 {
            assert!(!breaker.is_open());
            let pass = breaker.admit().unwrap();
            tokio::time::advance(Duration::from_secs(3)).await;
            pass.failed();
        }
        assert!(breaker.is_open());
        // Time between the calls counts as ever.
        let breaker = CircuitBreaker::default();
        for _ in 0..9 {
            let pass = breaker.admit().unwrap();
            tokio::time::advance(Duration::from_secs(3)).await;
            pass.failed();
            tokio::time::advance(Duration::from_secs(4)).await;
        }
        assert!(!breaker.is_open());
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_opens_it_at_once_and_says_so() {
        let breaker = CircuitBreaker::default();
        assert_eq!(breaker.stands(), CircuitState::Closed);
        breaker.admit().unwrap().refused();
        let open = breaker.admit().unwrap_err();
        assert!(open.tripped && open.rest == Duration::from_secs(10));
        assert!(!breaker.would_admit());
        assert_eq!(breaker.stands(), CircuitState::Open);
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(breaker.would_admit());
        let probe = breaker.admit().unwrap();
        assert_eq!(breaker.stands(), CircuitState::HalfOpen);
        assert!(breaker.admit().unwrap_err().tripped);
        probe.failed();
        assert!(!breaker.admit().unwrap_err().tripped, "it fails by now");
        breaker.close();
        assert!(breaker.admit().is_ok());
    }
}
