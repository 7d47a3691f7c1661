//! What is known of the connections: which of them are worth nothing any more,
//! and whether the server has to be looked for.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::failure::{Blame, Failure};
use crate::meter::tick;

/// How often faults of statements renew all connections, at most.
const RENEWAL: Duration = Duration::from_secs(1);

/// What is known of the connections of a pool. Only those of PostgreSQL ask.
#[derive(Debug)]
pub(crate) struct Health {
    began: Instant,
    /// Connections that are older than this are not used again; microseconds
    /// since `began`.
    discredited: AtomicU64,
    /// When a call was last given up in the middle; likewise.
    doubted: AtomicU64,
    /// Wakes whoever looks for the server.
    pub(crate) alarm: Notify,
    /// Calls under way.
    calls: AtomicI64,
    timeouts: AtomicU64,
    breaks: AtomicU64,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            discredited: AtomicU64::new(0),
            doubted: AtomicU64::new(0),
            alarm: Notify::new(),
            calls: AtomicI64::new(0),
            timeouts: AtomicU64::new(0),
            breaks: AtomicU64::new(0),
        }
    }
}

impl Health {
    /// Begins a call of a port.
    pub(crate) fn call(&self) -> UnderWay<'_> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        UnderWay {
            health: self,
            done: false,
        }
    }

    /// No connection that there is now is used again.
    pub(crate) fn discredit(&self) {
        tick(&self.breaks);
        self.discredited.store(self.now(), Ordering::Release);
        self.alarm.notify_one();
    }

    /// True for a connection of this age that is not to be used again.
    pub(crate) fn is_discredited(&self, age: Duration) -> bool {
        let discredited = self.discredited.load(Ordering::Acquire);
        discredited > 0 && self.now().saturating_sub(micros(age)) <= discredited
    }

    /// True if a call was given up within the last `span`: its connection may
    /// wait for an answer that never comes.
    pub(crate) fn is_doubted(&self, span: Duration) -> bool {
        let doubted = self.doubted.load(Ordering::Acquire);
        doubted > 0 && self.now().saturating_sub(doubted) <= micros(span)
    }

    /// Calls under way: those that have a connection, and those that wait for one.
    pub(crate) fn calls(&self) -> u64 {
        u64::try_from(self.calls.load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// How often no connection was to be had in time.
    pub(crate) fn timeouts(&self) -> u64 {
        self.timeouts.load(Ordering::Relaxed)
    }

    /// How often connections broke, or turned out to lead to the wrong server.
    pub(crate) fn breaks(&self) -> u64 {
        self.breaks.load(Ordering::Relaxed)
    }

    fn learn(&self, blame: Blame) {
        match blame {
            Blame::Statement => {}
            Blame::Pool => {
                tick(&self.timeouts);
                self.alarm.notify_one();
            }
            // A server that only reads answers every change so: once a second is
            // enough to follow it, and spares it a storm of new connections.
            Blame::Connection if self.is_fresh() => self.alarm.notify_one(),
            Blame::Connection => self.discredit(),
        }
    }

    /// True if all connections are new by now.
    fn is_fresh(&self) -> bool {
        let discredited = self.discredited.load(Ordering::Acquire);
        discredited > 0 && self.now().saturating_sub(discredited) < micros(RENEWAL)
    }

    /// Never zero, which stands for "never".
    fn now(&self) -> u64 {
        micros(self.began.elapsed()).max(1)
    }
}

/// A call under way. Dropped before it is done, it leaves a doubt.
pub(crate) struct UnderWay<'a> {
    health: &'a Health,
    done: bool,
}

impl UnderWay<'_> {
    /// It has come to an end, good or bad.
    pub(crate) fn end<T>(mut self, outcome: &Result<T, Failure>) {
        self.done = true;
        if let Err(Failure::Fault(fault)) = outcome {
            self.health.learn(fault.blame());
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.health.calls.fetch_sub(1, Ordering::Relaxed);
        if !self.done {
            let now = self.health.now();
            self.health.doubted.store(now, Ordering::Release);
        }
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::StorageFault;

    const SECOND: Duration = Duration::from_secs(1);

    fn ended(health: &Health, fault: StorageFault) {
        health.call().end::<()>(&Err(Failure::Fault(fault)));
    }

    #[tokio::test(start_paused = true)]
    async fn connections_from_before_a_break_are_discredited_and_later_ones_are_not() {
        let health = Health::default();
        tokio::time::advance(SECOND).await;
        assert!(!health.is_discredited(SECOND));
        ended(&health, StorageFault::blaming(Blame::Connection));
        tokio::time::advance(SECOND).await;
        assert!(health.is_discredited(SECOND * 2));
        assert!(!health.is_discredited(SECOND / 2));
        assert_eq!(health.breaks(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn however_many_statements_fail_connections_are_renewed_once_a_second() {
        let health = Health::default();
        for _ in 0..100 {
            tokio::time::advance(SECOND / 20).await;
            ended(&health, StorageFault::blaming(Blame::Connection));
        }
        assert_eq!(health.breaks(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_statement_that_fails_says_nothing_about_its_connection() {
        let health = Health::default();
        ended(&health, StorageFault::new("a value is too long"));
        tokio::time::advance(SECOND).await;
        assert!(!health.is_discredited(SECOND * 2) && !health.is_doubted(SECOND * 2));
        assert_eq!((health.breaks(), health.timeouts()), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_given_up_leaves_a_doubt_for_a_while() {
        let health = Health::default();
        tokio::time::advance(SECOND).await;
        let call = health.call();
        assert_eq!(health.calls(), 1);
        drop(call);
        assert!(health.is_doubted(SECOND));
        tokio::time::advance(SECOND * 2).await;
        assert!(!health.is_doubted(SECOND));
        assert_eq!(health.calls(), 0);
    }
}
