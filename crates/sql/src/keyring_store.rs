//! The keyring, which needs no key to be read.

use async_trait::async_trait;
use menshen_domain::ports::keyring_store::{
    KeyringStore, KeyringStoreError, Rewrapped, WrappedKey,
};
use sea_orm::{EntityTrait as _, QueryOrder as _, Set};

use crate::database::{Database, run};
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
