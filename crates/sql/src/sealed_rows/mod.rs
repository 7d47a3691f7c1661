//! Sealed values, sealed anew under the key of today.

mod place;
mod replacing;
mod sweeps;

use async_trait::async_trait;
use menshen_domain::model::sweep::{SealedPlace, Sweep, SweepCounts};
use menshen_domain::ports::sealed_rows::{Reseal, SealedRows, SealedRowsError, Stretch};
use sea_orm::DbBackend;

use crate::database::{again, rows};
use crate::failure::Failure;
use crate::sealed_rows::place::{Place, SealedRow};
use crate::sealed_rows::replacing::Replacement;
use crate::store::SqlStore;

/// Up to so many rows are counted; of more, the engine's own estimate is told.
const COUNTED: i64 = 100_000;

#[async_trait]
impl SealedRows for SqlStore {
    async fn size(&self, place: SealedPlace) -> Result<u64, SealedRowsError> {
        let size = self.database.within(size(self, Place::of(place).table));
        size.await.map_err(unavailable)
    }

    async fn reseal(&self, stretch: &Stretch) -> Result<Reseal, SealedRowsError> {
        let active = self.keys.sealer.active_key(stretch.place.usage());
        if active != Ok(stretch.target) {
            return Err(SealedRowsError::OtherKey);
        }
        let step = self.database.within(reseal(self, stretch));
        step.await.map_err(unavailable)
    }

    async fn sweeps(&self) -> Result<Vec<Sweep>, SealedRowsError> {
        let found = self.database.within(sweeps::load(&self.database));
        found.await.map_err(unavailable)
    }

    async fn keep(&self, sweep: &Sweep) -> Result<(), SealedRowsError> {
        let kept = self.database.within(sweeps::keep(&self.database, sweep));
        kept.await.map_err(unavailable)
    }
}

fn unavailable(failure: Failure) -> SealedRowsError {
    SealedRowsError::Unavailable(failure.boxed())
}

async fn size(store: &SqlStore, table: &str) -> Result<u64, Failure> {
    let some = format!("SELECT COUNT(*) FROM (SELECT 1 FROM {table} LIMIT {COUNTED}) AS some_rows");
    let mut size = number(store, &some).await?;
    if size >= COUNTED {
        let all = match store.database.backend() {
            DbBackend::Postgres => {
                format!("SELECT reltuples::bigint FROM pg_class WHERE oid = '{table}'::regclass")
            }
            _ => format!("SELECT COUNT(*) FROM {table}"),
        };
        size = size.max(number(store, &all).await?);
    }
    Ok(u64::try_from(size).unwrap_or(0))
}

async fn number(store: &SqlStore, sql: &str) -> Result<i64, Failure> {
    let found = rows(store.database.read(), sql, []).await?;
    let value = found.first().map(|row| row.try_get_by_index(0));
    Ok(value.transpose()?.unwrap_or(0))
}

async fn reseal(store: &SqlStore, stretch: &Stretch) -> Result<Reseal, Failure> {
    let place = Place::of(stretch.place);
    let limit = stretch.limit.max(1);
    let read = place.read(store, stretch.after.as_ref(), limit).await?;
    let mut counts = SweepCounts {
        seen: read.len() as u64,
        ..SweepCounts::default()
    };
    let (mut replacements, mut unopened) = (Vec::new(), Vec::new());
    for row in &read {
        let Some(sealed) = &row.sealed else { continue };
        if store.keys.sealer.key_of(sealed) == Some(stretch.target) {
            continue;
        }
        counts.found += 1;
        match anew(store, stretch.place, row, sealed) {
            Some(replacement) => replacements.push(replacement),
            None => unopened.push(row.key.to_string()),
        }
    }
    counts.unopened = unopened.len() as u64;
    counts.resealed = again(|| replacing::replace(&store.database, place, &replacements)).await?;
    Ok(Reseal {
        counts,
        reached: read.last().map(|row| row.key.mark()),
        is_last: read.len() < limit as usize,
        unopened,
    })
}

/// The same value for the same row, under the key of today; `None` if it does not
/// open.
fn anew(
    store: &SqlStore,
    place: SealedPlace,
    row: &SealedRow,
    sealed: &[u8],
) -> Option<Replacement> {
    let anew = (store.keys.sealer).reseal(place.usage(), &row.bound_to, sealed);
    Some(Replacement {
        key: row.key.clone(),
        was: sealed.to_vec(),
        anew: anew.ok()?,
    })
}
