//! Replacing sealed values, each on condition that it is still the one that was read.

use crate::database::{Database, run};
use crate::failure::Failure;
use crate::lane::{Lane, column};
use crate::sealed_rows::place::{Place, RowKey};

/// Another form of a value that stays the same.
pub(super) struct Replacement {
    pub(super) key: RowKey,
    pub(super) was: Vec<u8>,
    pub(super) anew: Vec<u8>,
}

/// Replaces them; answers how many were.
pub(super) async fn replace(
    database: &Database,
    place: Place,
    replacements: &[Replacement],
) -> Result<u64, Failure> {
    if replacements.is_empty() {
        return Ok(0);
    }
    match database.lane() {
        Some(lane) => {
            database.tick_single_write();
            at_once(lane, place, replacements).await
        }
        None => one_by_one(database, place, replacements).await,
    }
}

/// All in one statement, on PostgreSQL. It holds no row longer than that, and waits
/// for none: so it can be in nobody's deadlock.
async fn at_once(lane: &Lane, place: Place, replacements: &[Replacement]) -> Result<u64, Failure> {
    let statement = sqlx::query(place.at_once);
    let (mut ids, mut words) = (Vec::new(), Vec::new());
    for one in replacements {
        match &one.key {
            RowKey::Id(id) => ids.push(*id),
            RowKey::Word(word) => words.push(word.clone()),
        }
    }
    let statement = if words.is_empty() {
        statement.bind(ids)
    } else {
        statement.bind(words)
    };
    let statement = statement
        .bind(column(replacements, |one| one.was.clone()))
        .bind(column(replacements, |one| one.anew.clone()));
    lane.run(statement).await
}

/// One by one in a transaction, on SQLite, whose one writer it is meanwhile.
async fn one_by_one(
    database: &Database,
    place: Place,
    replacements: &[Replacement],
) -> Result<u64, Failure> {
    let Place {
        table, key, sealed, ..
    } = place;
    let sql = format!("UPDATE {table} SET {sealed} = $1 WHERE {key} = $2 AND {sealed} = $3");
    let transaction = database.begin().await?;
    let mut count = 0;
    for one in replacements {
        let values = [
            one.anew.clone().into(),
            one.key.value(),
            one.was.clone().into(),
        ];
        count += run(&transaction, &sql, values).await?;
    }
    transaction.commit().await?;
    Ok(count)
}
