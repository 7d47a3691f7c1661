//! What is known of the use of an account.

use std::sync::LazyLock;

use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::recycled::{Activity, SIGNS_OF_LIFE};
use sea_orm::{QueryResult, Value};

use crate::database::rows;
use crate::failure::{Failure, StorageFault};
use crate::store::SqlStore;

pub(super) async fn activity(
    store: &SqlStore,
    user: UserId,
    device_id: Option<String>,
) -> Result<Activity, Failure> {
    let values: [Value; 2] = [user.as_uuid().into(), device_id.into()];
    let found = rows(store.database.read(), &SEEN, values).await?;
    let row = found
        .first()
        .ok_or_else(|| StorageFault::new("a selection without a row"))?;
    let told = ["live", "ended", "told"].map(|column| moment(row, column));
    let mut last_seen_at = None;
    for moment in told {
        last_seen_at = last_seen_at.max(moment?);
    }
    Ok(Activity {
        last_seen_at,
        device_known: row.try_get("", "device_known")?,
    })
}

fn moment(
    row: &QueryResult,
    column: &str,
) -> Result<Option<chrono::DateTime<chrono::Utc>>, Failure> {
    Ok(row.try_get("", column)?)
}

/// Sessions are removed some time after their end; the log, which is kept for
/// longer, tells of what the person did in them. Each part is found by an index of
/// the account; sessions have two, of the live and of the ended.
static SEEN: LazyLock<String> = LazyLock::new(|| {
    let actions = SIGNS_OF_LIFE.map(|action| format!("'{}'", action.as_str()));
    let actions = actions.join(", ");
    format!(
        "SELECT \
         (SELECT max(last_seen_at) FROM sessions \
          WHERE user_id = $1 AND ended_at IS NULL) AS live, \
         (SELECT max(last_seen_at) FROM sessions \
          WHERE user_id = $1 AND ended_at IS NOT NULL) AS ended, \
         (SELECT max(at) FROM audit_events \
          WHERE user_id = $1 AND action IN ({actions})) AS told, \
         (EXISTS (SELECT 1 FROM sessions \
          WHERE user_id = $1 AND device_id = $2 AND ended_at IS NULL) \
          OR EXISTS (SELECT 1 FROM sessions \
          WHERE user_id = $1 AND device_id = $2 AND ended_at IS NOT NULL)) AS device_known"
    )
});
