//! Connections are renewed one by one, not all at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Says which connections are to be renewed: those that are past half of their
/// life, but no more at a time than it takes to renew all before its end.
#[derive(Debug)]
pub(super) struct Turnover {
    began: Instant,
    ripe: Duration,
    spacing: Duration,
    /// When the next one may go; milliseconds since `began`.
    next: AtomicU64,
}

impl Turnover {
    pub(super) fn new(lifetime: Duration, connections: u32) -> Self {
        let ripe = lifetime / 2;
        Self {
            began: Instant::now(),
            ripe,
            spacing: ripe / connections.max(1),
            next: AtomicU64::new(0),
        }
    }

    /// True for a connection of this age that goes now; then the next one waits.
    pub(super) fn retires(&self, age: Duration) -> bool {
        if age < self.ripe {
            return false;
        }
        let now = millis(self.began.elapsed());
        let due = self.next.load(Ordering::Relaxed);
        let next = now + millis(self.spacing);
        now >= due
            && (self.next)
                .compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[tokio::test(start_paused = true)]
    async fn connections_of_one_age_are_renewed_one_by_one_within_their_life() {
        let turnover = Turnover::new(MINUTE * 30, 15);
        tokio::time::advance(MINUTE * 15).await;
        let retired = (0..15).filter(|_| turnover.retires(MINUTE * 15)).count();
        assert_eq!(retired, 1);
        assert!(!turnover.retires(MINUTE * 15));
        for _ in 0..14 {
            tokio::time::advance(MINUTE).await;
            assert!(turnover.retires(MINUTE * 16));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_young_connection_stays() {
        let turnover = Turnover::new(MINUTE * 30, 1);
        tokio::time::advance(MINUTE * 60).await;
        assert!(!turnover.retires(MINUTE * 14));
    }
}
