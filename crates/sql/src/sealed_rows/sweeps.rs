//! How far sweeps have come.

use menshen_domain::model::sweep::{EndedSweep, RowMark, SealedPlace, Sweep, SweepCounts};
use sea_orm::{QueryResult, Value};

use crate::database::{Database, rows, run};
use crate::failure::{Failure, StorageFault};
use crate::moment::micros;

/// The newest of each place; those of places that only a newer version knows are
/// left out.
pub(super) async fn load(database: &Database) -> Result<Vec<Sweep>, Failure> {
    let sql = "SELECT * FROM reseal_sweeps ORDER BY place";
    let found = rows(database.read(), sql, []).await?;
    let sweeps = found.iter().filter_map(|row| sweep(row).transpose());
    sweeps.collect()
}

/// In place of what was kept of its place.
pub(super) async fn keep(database: &Database, sweep: &Sweep) -> Result<(), Failure> {
    let sql = "INSERT INTO reseal_sweeps (place, target, begun_at, size, after, seen, found, \
               resealed, unopened, ended_at, before_at, before_unopened) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
               ON CONFLICT (place) DO UPDATE SET target = excluded.target, \
               begun_at = excluded.begun_at, size = excluded.size, after = excluded.after, \
               seen = excluded.seen, found = excluded.found, resealed = excluded.resealed, \
               unopened = excluded.unopened, ended_at = excluded.ended_at, \
               before_at = excluded.before_at, before_unopened = excluded.before_unopened";
    let SweepCounts {
        seen,
        found,
        resealed,
        unopened,
    } = sweep.counts;
    let values: [Value; 12] = [
        sweep.place.as_str().into(),
        i64::from(sweep.target).into(),
        micros(sweep.begun_at).into(),
        stored(sweep.size).into(),
        sweep.after.as_ref().map(|mark| mark.0.clone()).into(),
        stored(seen).into(),
        stored(found).into(),
        stored(resealed).into(),
        stored(unopened).into(),
        sweep.ended_at.map(micros).into(),
        sweep.before.map(|before| micros(before.at)).into(),
        sweep.before.map(|before| stored(before.unopened)).into(),
    ];
    run(database.write(), sql, values).await?;
    Ok(())
}

fn sweep(row: &QueryResult) -> Result<Option<Sweep>, Failure> {
    let place: String = row.try_get("", "place")?;
    let Some(place) = SealedPlace::parse(&place) else {
        return Ok(None);
    };
    let before_at = row.try_get("", "before_at")?;
    let before_unopened: Option<i64> = row.try_get("", "before_unopened")?;
    let target: i64 = row.try_get("", "target")?;
    Ok(Some(Sweep {
        place,
        target: u32::try_from(target).map_err(|_| StorageFault::unreadable("key number"))?,
        begun_at: row.try_get("", "begun_at")?,
        size: number(row, "size")?,
        after: row.try_get::<Option<_>>("", "after")?.map(RowMark),
        counts: SweepCounts {
            seen: number(row, "seen")?,
            found: number(row, "found")?,
            resealed: number(row, "resealed")?,
            unopened: number(row, "unopened")?,
        },
        ended_at: row.try_get("", "ended_at")?,
        before: Option::zip(before_at, before_unopened).map(|(at, unopened)| EndedSweep {
            at,
            unopened: u64::try_from(unopened).unwrap_or(0),
        }),
    }))
}

fn number(row: &QueryResult, column: &str) -> Result<u64, Failure> {
    let number: i64 = row.try_get("", column)?;
    Ok(u64::try_from(number).map_err(|_| StorageFault::unreadable("count of a sweep"))?)
}

fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
