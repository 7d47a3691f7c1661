//! Monotonic time in eight bytes.

use std::time::Duration;

use tokio::time::Instant;

/// How long before a [`Stopwatch`] was started its moments begin, so that what
/// happened before has one too. Longer than any window that is counted in.
const BEFORE: Duration = Duration::from_hours(24 * 400);

/// Microseconds since a good year before a [`Stopwatch`] was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) u64);

impl Moment {
    /// The moment `span` later; far enough away is never.
    pub(crate) fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(micros(span)))
    }

    /// The moment `span` earlier; too far back is the first.
    pub(crate) fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(micros(span)))
    }

    /// How long after `earlier` this is; zero if it is not.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

/// A monotonic clock: no wall clock can make a life longer or shorter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(self) -> Moment {
        Moment(micros(self.0.elapsed() + BEFORE))
    }

    /// The moment as the runtime's timers take it.
    pub(crate) fn instant(self, moment: Moment) -> Instant {
        self.0
            .checked_add(Duration::from_micros(moment.0).saturating_sub(BEFORE))
            .unwrap_or_else(|| self.0 + Duration::from_hours(24 * 365))
    }
}

/// Whole microseconds, saturating.
pub(crate) fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
