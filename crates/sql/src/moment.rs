//! Moments as both engines keep them.

use chrono::{DateTime, SubsecRound, Utc};

/// Cuts to the microsecond, the finest that PostgreSQL keeps, so that what is
/// read equals what was written on either engine.
pub(crate) fn micros(moment: DateTime<Utc>) -> DateTime<Utc> {
    moment.trunc_subsecs(6)
}
