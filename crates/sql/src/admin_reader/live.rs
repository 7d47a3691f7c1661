//! Accounts that are signed in somewhere, by the index of live sessions.

use menshen_domain::model::identifiers::UserId;
use sea_orm::{QueryResult, Value};
use uuid::Uuid;

use crate::failure::Failure;

/// The statement of a part of them, and its values. The limit stands in the text: as a
/// parameter, PostgreSQL would plan for a tenth of the table.
pub(super) fn statement(after: Option<UserId>, limit: u32) -> (String, Vec<Value>) {
    let (behind, values) = match after {
        None => ("", Vec::new()),
        Some(user) => (" AND user_id > $1", vec![user.as_uuid().into()]),
    };
    let sql = format!(
        "SELECT DISTINCT user_id FROM sessions WHERE ended_at IS NULL{behind} \
         ORDER BY user_id LIMIT {limit}"
    );
    (sql, values)
}

pub(super) fn from_row(row: &QueryResult) -> Result<UserId, Failure> {
    Ok(UserId::from_uuid(row.try_get::<Uuid>("", "user_id")?))
}
