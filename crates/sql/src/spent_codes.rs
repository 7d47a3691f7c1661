//! Verification codes that proved something without opening a session.

use chrono::{DateTime, Utc};
use menshen_domain::model::verification::CodeId;
use sea_orm::ConnectionTrait;

use crate::database::run;
use crate::failure::Failure;

/// Spends a code for good. Of two at once the later waits for the transaction of
/// the earlier, and fails if that was committed.
pub(crate) async fn spend_code(
    db: &impl ConnectionTrait,
    code: CodeId,
    at: DateTime<Utc>,
) -> Result<(), Failure> {
    let sql = "INSERT INTO spent_codes (code_id, spent_at) VALUES ($1, $2) \
               ON CONFLICT (code_id) DO NOTHING";
    match run(db, sql, [code.0.to_vec().into(), at.into()]).await? {
        1 => Ok(()),
        _ => Err(Failure::CodeSpent),
    }
}
