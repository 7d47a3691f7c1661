//! The daily budget of messages, after the limiter has forgotten it.

use chrono::{DateTime, Utc};

use crate::model::limits::{Limits, Window};
use crate::ports::BoxError;
use crate::ports::rate_limiter::{Admission, RateLimiter};
use crate::ports::send_records::SendRecords;

/// Takes the places of a message. A limiter that remembers nothing is told first what
/// the deployment has sent: a restart or a lost shared store is no way to spend the
/// day's budget twice.
///
/// # Errors
///
/// Those of the ports. The budget is unknown then, and nothing may be sent.
pub(super) async fn reserve(
    limiter: &dyn RateLimiter,
    records: &dyn SendRecords,
    limits: &Limits,
    windows: &[Window],
    now: DateTime<Utc>,
) -> Result<Admission, BoxError> {
    let Some(since) = limits.budget_since(now) else {
        return Ok(limiter.reserve(windows).await?);
    };
    if let Some(admission) = limiter.reserve_recalled(windows).await? {
        return Ok(admission);
    }
    let sent = records.sent_since(since).await?;
    let uses = limits.past_uses(&sent, now);
    if limiter.recall(&uses).await? {
        let messages: u64 = uses.iter().map(|past| u64::from(past.times)).sum();
        tracing::info!(messages, "the daily SMS budget was rebuilt from the record");
    }
    Ok(limiter.reserve(windows).await?)
}
