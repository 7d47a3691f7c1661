//! Which cancelled accounts are to be erased.

use chrono::{DateTime, Utc};
use menshen_domain::model::identifiers::UserId;
use menshen_domain::ports::account_store::DueAccount;
use sea_orm::Value;
use uuid::Uuid;

use crate::database::rows;
use crate::failure::Failure;
use crate::moment::micros;
use crate::store::SqlStore;

/// By the index of accounts that are being cancelled, in its order. The limit
/// stands in the text: as a parameter, PostgreSQL would plan for a tenth of the
/// table.
pub(super) async fn due_for_erasure(
    store: &SqlStore,
    now: DateTime<Utc>,
    after: Option<DueAccount>,
    limit: u32,
) -> Result<Vec<DueAccount>, Failure> {
    let mut values: Vec<Value> = vec![micros(now).into()];
    let mut behind = "";
    if let Some(after) = after {
        behind = " AND (purge_at, id) > ($2, $3)";
        values.push(micros(after.purge_at).into());
        values.push(after.user.as_uuid().into());
    }
    let sql = format!(
        "SELECT purge_at, id FROM users WHERE purge_at IS NOT NULL AND purge_at <= $1{behind} \
         AND status IN ('cancelling', 'disabled') ORDER BY purge_at, id LIMIT {limit}"
    );
    let found = rows(store.database.read(), &sql, values).await?;
    let due = found.iter().map(|row| {
        Ok(DueAccount {
            purge_at: row.try_get("", "purge_at")?,
            user: UserId::from_uuid(row.try_get::<Uuid>("", "id")?),
        })
    });
    due.collect()
}
