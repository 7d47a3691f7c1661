//! Logins in one statement, on PostgreSQL.
//!
//! A login that only opens a session, or makes the account that it opens it for,
//! is one statement with common table expressions: one round trip, one commit.
//!
//! A statement sees what was committed before it began, also where it has waited
//! for the account's row since: two logins at once would not see each other's
//! sessions, and together break the limit. So the statement demands the account as
//! it was observed, the time of its last login included, which every login moves
//! on. Whoever had to wait finds that it has moved: PostgreSQL looks at the row's
//! condition again after a wait. Nothing is written then, and the login takes the
//! way of several statements, each of which sees what the last holder of the row
//! has done.

mod first_login;
mod returning_login;
mod rows;
mod shape;

use menshen_domain::model::changes::Changes;
use sqlx::Row as _;

use crate::failure::{Failure, StorageFault};
use crate::lane::{Filled, Lane};
use crate::moment::micros;
use crate::store::SqlStore;

use self::shape::Shape;

/// Carries changes out if one statement can: false, with nothing written, if they
/// have to be carried out in several.
pub(super) async fn apply(
    store: &SqlStore,
    lane: &Lane,
    changes: &Changes,
) -> Result<bool, Failure> {
    let Some(shape) = Shape::of(changes) else {
        return Ok(false);
    };
    let at = changes
        .at()
        .ok_or_else(|| StorageFault::new("changes that tell no time"))?;
    let at = micros(at);
    let statement: Filled = match &shape {
        Shape::First(first) => first_login::statement(store, changes, first, at)?,
        Shape::Returning(returning) => returning_login::statement(store, changes, returning, at)?,
    };
    store.database.tick_single_write();
    let answer = lane.rows(statement).await?;
    let row = answer
        .first()
        .ok_or_else(|| StorageFault::new("a count that is no row"))?;
    let touched: i64 = row.try_get(0)?;
    Ok(touched == 1)
}
