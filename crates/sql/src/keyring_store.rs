//! The keyring, which needs no key to be read.

use async_trait::async_trait;
use menshen_domain::ports::keyring_store::{KeyringStore, KeyringStoreError, WrappedKey};
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
            Ok(rows.into_iter().map(from_row).collect::<Result<_, _>>()?)
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

    async fn rewrap(&self, keys: &[WrappedKey]) -> Result<(), KeyringStoreError> {
        let rewrapped = self.within(async {
            let transaction = self.begin().await?;
            for key in keys {
                let sql = r#"UPDATE keyring SET wrapped = $1 WHERE id = $2 AND "usage" = $3"#;
                let values = [
                    key.wrapped.clone().into(),
                    i64::from(key.id).into(),
                    key.usage.as_str().into(),
                ];
                if run(&transaction, sql, values).await? != 1 {
                    return Err(StorageFault::new("a key to wrap anew is not in the ring").into());
                }
            }
            Ok(transaction.commit().await?)
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
    })
}

fn to_row(key: &WrappedKey) -> ActiveModel {
    ActiveModel {
        id: Set(i64::from(key.id)),
        usage: Set(key.usage.clone()),
        wrapped: Set(key.wrapped.clone()),
        created_at: Set(micros(key.created_at)),
    }
}
