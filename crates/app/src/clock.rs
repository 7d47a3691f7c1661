//! The time of day, from the operating system, or as replicas agree on it.

use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use menshen_domain::ports::clock::Clock;
use menshen_sql::{Database, DatabaseError};

/// The operating system's clock, in whole microseconds, which every database
/// keeps exactly.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that asks the machine"
        )]
        whole_microseconds(Utc::now())
    }
}

/// A measurement that took longer says too little.
const PROMPT: Duration = Duration::from_secs(1);
/// A machine's clock that is further off is worth a line in the log.
const TOLERATED: TimeDelta = TimeDelta::seconds(5);

/// The clock of a server.
///
/// Replicas over PostgreSQL go by the time of its server, so that one whose machine's
/// clock is wrong, or jumps, issues no token that the others refuse and lets nothing
/// live longer. Between two measurements the time goes on by the machine's monotonic
/// clock, which no jump touches. Over SQLite it is the machine's clock.
#[derive(Debug)]
pub struct ServerClock {
    /// When the time was measured, and what it was.
    anchor: RwLock<Option<(Instant, DateTime<Utc>)>>,
}

impl ServerClock {
    /// Asks the database for the time.
    ///
    /// # Errors
    ///
    /// As of the database.
    pub async fn of(database: &Database) -> Result<Self, DatabaseError> {
        let clock = Self {
            anchor: RwLock::new(None),
        };
        clock.set(database).await?;
        Ok(clock)
    }

    /// Asks again; an answer that came too slowly counts only if it is the first.
    ///
    /// # Errors
    ///
    /// As of the database; the clock goes on as it did.
    pub async fn set(&self, database: &Database) -> Result<(), DatabaseError> {
        let asked = Instant::now();
        let Some(then) = database.server_time().await? else {
            return Ok(());
        };
        let answered = Instant::now();
        let took = answered - asked;
        let offset = SystemClock.now() - (then + took / 2);
        if offset.abs() > TOLERATED {
            tracing::warn!(
                offset_ms = offset.num_milliseconds(),
                "this machine's clock differs from the database's, which counts"
            );
        }
        let mut anchor = self.anchor.write().unwrap_or_else(PoisonError::into_inner);
        if anchor.is_none() || took < PROMPT {
            *anchor = Some((answered, then + took / 2));
        }
        Ok(())
    }
}

impl Clock for ServerClock {
    fn now(&self) -> DateTime<Utc> {
        let anchor = *self.anchor.read().unwrap_or_else(PoisonError::into_inner);
        anchor.map_or_else(
            || SystemClock.now(),
            |(measured, time)| whole_microseconds(time + measured.elapsed()),
        )
    }
}

fn whole_microseconds(time: DateTime<Utc>) -> DateTime<Utc> {
    time.duration_trunc(TimeDelta::microseconds(1))
        .unwrap_or(time)
}
