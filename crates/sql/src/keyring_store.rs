//! The keyring, which needs no key to be read.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use menshen_domain::model::identifiers::first_uuid_of;
use menshen_domain::ports::keyring_store::{
    KeyringStore, KeyringStoreError, RemovedKey, Rewrapped, WrappedKey,
};
use sea_orm::{EntityTrait as _, QueryOrder as _, QueryResult, Set};

use crate::database::{Database, again, rows, run};
use crate::entity::wrapped_key::{ActiveModel, Column, Entity, Model};
use crate::failure::{Failure, StorageFault};
use crate::moment::micros;

#[async_trait]
impl KeyringStore for Database {
    async fn load(&self) -> Result<Vec<WrappedKey>, KeyringStoreError> {
        let loaded = self.within(async {
            let query = Entity::find()
                .order_by_asc(Column::CreatedAt)
                .order_by_asc(Column::Id);
            let rows = query.all(self.read()).await?;
            let keys = rows.into_iter().map(from_row);
            let mut keys = keys.collect::<Result<Vec<_>, _>>()?;
            keys.sort_by_key(|key| key.not_before);
            Ok(keys)
        });
        loaded
            .await
            .map_err(|failure| KeyringStoreError(failure.boxed()))
    }

    async fn add(&self, keys: &[WrappedKey]) -> Result<bool, KeyringStoreError> {
        if keys.is_empty() {
            return Ok(true);
        }
        let added = self.within(async {
            let rows = Entity::insert_many(keys.iter().map(to_row));
            rows.exec_without_returning(self.write()).await?;
            Ok(true)
        });
        match added.await {
            Err(Failure::Taken(_) | Failure::Lost) => Ok(false),
            added => added.map_err(|failure| KeyringStoreError(failure.boxed())),
        }
    }

    async fn rewrap(&self, keys: &[Rewrapped]) -> Result<usize, KeyringStoreError> {
        let rewrapped = self.within(async {
            let mut count = 0;
            for key in keys {
                // Each by itself: whoever dies between two has done no harm.
                let sql = "UPDATE keyring SET wrapped = $1 WHERE id = $2 AND wrapped = $3";
                let values = [
                    key.to.clone().into(),
                    i64::from(key.id).into(),
                    key.from.clone().into(),
                ];
                count += run(self.write(), sql, values).await?;
            }
            Ok(usize::try_from(count).unwrap_or(usize::MAX))
        });
        rewrapped
            .await
            .map_err(|failure| KeyringStoreError(failure.boxed()))
    }

    async fn take_out(&self, key: &RemovedKey) -> Result<bool, KeyringStoreError> {
        let removed = self.within(again(|| take_out(self, key)));
        removed
            .await
            .map_err(|failure| KeyringStoreError(failure.boxed()))
    }

    async fn removed(&self) -> Result<Vec<RemovedKey>, KeyringStoreError> {
        let removed = self.within(async {
            let sql = "SELECT id, usage, removed_at FROM keyring_removed ORDER BY removed_at, id";
            let found = rows(self.read(), sql, []).await?;
            found.iter().map(removed_key).collect()
        });
        removed
            .await
            .map_err(|failure| KeyringStoreError(failure.boxed()))
    }

    async fn has_session_from_before(
        &self,
        begun_before: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, KeyringStoreError> {
        let found = self.within(async {
            // By the primary key: an id tells when it was made. Whatever is over has
            // mostly been removed by then.
            let sql = "SELECT 1 FROM sessions WHERE id < $1 AND ended_at IS NULL \
                       AND expires_at > $2 LIMIT 1";
            let values = [first_uuid_of(begun_before).into(), micros(now).into()];
            Ok(!rows(self.read(), sql, values).await?.is_empty())
        });
        found
            .await
            .map_err(|failure| KeyringStoreError(failure.boxed()))
    }
}

async fn take_out(database: &Database, key: &RemovedKey) -> Result<bool, Failure> {
    let transaction = database.begin().await?;
    // Numbers grow: a newer key of the use has a higher one.
    let sql = "DELETE FROM keyring WHERE id = $1 AND usage = $2 AND EXISTS \
               (SELECT 1 FROM keyring AS newer WHERE newer.usage = $2 AND newer.id > $1)";
    let id = i64::from(key.id);
    let values = [id.into(), key.usage.as_str().into()];
    if run(&transaction, sql, values).await? == 0 {
        return Ok(false);
    }
    // It may have been there before, and have come back with a dump.
    let sql = "INSERT INTO keyring_removed (id, usage, removed_at) VALUES ($1, $2, $3) \
               ON CONFLICT (id) DO UPDATE SET removed_at = excluded.removed_at";
    let values = [
        id.into(),
        key.usage.as_str().into(),
        micros(key.removed_at).into(),
    ];
    run(&transaction, sql, values).await?;
    transaction.commit().await?;
    Ok(true)
}

fn removed_key(row: &QueryResult) -> Result<RemovedKey, Failure> {
    let id: i64 = row.try_get("", "id")?;
    Ok(RemovedKey {
        id: u32::try_from(id).map_err(|_| StorageFault::unreadable("key number"))?,
        usage: row.try_get("", "usage")?,
        removed_at: row.try_get("", "removed_at")?,
    })
}

fn from_row(row: Model) -> Result<WrappedKey, StorageFault> {
    Ok(WrappedKey {
        id: u32::try_from(row.id).map_err(|_| StorageFault::unreadable("key number"))?,
        usage: row.usage,
        wrapped: row.wrapped,
        created_at: row.created_at,
        // Keys of earlier versions began when they were made.
        not_before: row.not_before.unwrap_or(row.created_at),
    })
}

fn to_row(key: &WrappedKey) -> ActiveModel {
    ActiveModel {
        id: Set(i64::from(key.id)),
        usage: Set(key.usage.clone()),
        wrapped: Set(key.wrapped.clone()),
        created_at: Set(micros(key.created_at)),
        not_before: Set(Some(micros(key.not_before))),
    }
}
