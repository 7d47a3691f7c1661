//! The time of day, from the operating system.

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use menshen_domain::ports::clock::Clock;

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
        let now = Utc::now();
        now.duration_trunc(TimeDelta::microseconds(1))
            .unwrap_or(now)
    }
}
