//! What happened in a span of time: of each table one range of its order by time.

use chrono::{DateTime, Utc};
use menshen_domain::model::identifiers::first_uuid_of;
use menshen_domain::model::record::{Counts, EventCount, SendCount, VendorCount};
use menshen_domain::model::sms_delivery::SendOutcome;
use sea_orm::{QueryResult, Value};

use crate::database::{Database, rows};
use crate::failure::{Failure, StorageFault};
use crate::moment::micros;

/// Ids are of the time of their rows.
const EVENTS: &str = "\
    SELECT action, method, COUNT(*) AS times FROM audit_events \
    WHERE id >= $1 AND id < $2 GROUP BY action, method";

const SENDS: &str = "\
    SELECT verdict, COUNT(*) AS times FROM sms_sends \
    WHERE at >= $1 AND at < $2 GROUP BY verdict";

/// Tries are counted with their messages, whose ids they have. What a vendor took
/// without saying what it costs is one unit, as in the metrics.
fn vendors() -> String {
    format!(
        "SELECT vendor, outcome, COUNT(*) AS tries, \
         CAST(SUM(COALESCE(cost_units, CASE outcome WHEN '{}' THEN 1 ELSE 0 END)) AS bigint) \
         AS units FROM sms_attempts \
         WHERE send_id >= $1 AND send_id < $2 GROUP BY vendor, outcome",
        SendOutcome::Accepted.as_str()
    )
}

pub(super) async fn read(
    database: &Database,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Counts, Failure> {
    let ids = || -> [Value; 2] { [first_uuid_of(from).into(), first_uuid_of(to).into()] };
    let moments: [Value; 2] = [micros(from).into(), micros(to).into()];
    let found = rows(database.read(), EVENTS, ids()).await?;
    let mut events = found.iter().map(event).collect::<Result<Vec<_>, _>>()?;
    let found = rows(database.read(), SENDS, moments).await?;
    let mut sends = found.iter().map(send).collect::<Result<Vec<_>, _>>()?;
    let found = rows(database.read(), &vendors(), ids()).await?;
    let mut vendors = found.iter().map(vendor).collect::<Result<Vec<_>, _>>()?;
    events.sort();
    sends.sort();
    vendors.sort();
    Ok(Counts {
        events,
        sends,
        vendors,
    })
}

fn event(row: &QueryResult) -> Result<EventCount, Failure> {
    Ok(EventCount {
        action: row.try_get("", "action")?,
        method: row.try_get("", "method")?,
        times: number(row, "times")?,
    })
}

fn send(row: &QueryResult) -> Result<SendCount, Failure> {
    Ok(SendCount {
        verdict: row.try_get("", "verdict")?,
        times: number(row, "times")?,
    })
}

fn vendor(row: &QueryResult) -> Result<VendorCount, Failure> {
    Ok(VendorCount {
        vendor: row.try_get("", "vendor")?,
        outcome: row.try_get("", "outcome")?,
        tries: number(row, "tries")?,
        units: number(row, "units")?,
    })
}

fn number(row: &QueryResult, column: &str) -> Result<u64, Failure> {
    let number: i64 = row.try_get("", column)?;
    Ok(u64::try_from(number).map_err(|_| StorageFault::unreadable("count"))?)
}
