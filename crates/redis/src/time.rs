//! Times as the scripts take them: whole microseconds, which a Lua number holds
//! exactly for 285 years.

use std::time::Duration;

/// The longest time that is told to a script: a hundred years, beyond which all
/// lives are alike.
const LONGEST: u64 = 100 * 365 * 24 * 3600 * 1_000_000;

/// Whole microseconds.
pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).map_or(LONGEST, |micros| micros.min(LONGEST))
}

/// What a script answered, not below zero.
pub(crate) fn duration(micros: i64) -> Duration {
    Duration::from_micros(micros.try_into().unwrap_or(0))
}
