//! The signing keys.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use menshen_domain::ports::signing_key_store::{
    KeyLife, SealedSigningKey, SigningKeyStore, SigningKeyStoreError,
};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _, Set,
};

use crate::database::run;
use crate::entity::signing_key::{ActiveModel, Column, Entity, Model};
use crate::failure::Failure;
use crate::moment::micros;
use crate::store::SqlStore;

#[async_trait]
impl SigningKeyStore for SqlStore {
    async fn load(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Vec<SealedSigningKey>, SigningKeyStoreError> {
        let in_use = Condition::any()
            .add(Column::RetireAt.is_null())
            .add(Column::RetireAt.gt(micros(now)));
        let loaded = self.database.within(async {
            let query = Entity::find().filter(in_use).order_by_asc(Column::Seq);
            Ok(query.all(self.database.read()).await?)
        });
        match loaded.await {
            Ok(rows) => Ok(rows.into_iter().map(from_row).collect()),
            Err(failure) => Err(SigningKeyStoreError(failure.boxed())),
        }
    }

    async fn add(
        &self,
        key: &SealedSigningKey,
        after: Option<String>,
        retire_predecessor_at: DateTime<Utc>,
    ) -> Result<bool, SigningKeyStoreError> {
        let added =
            self.database
                .within(self.succeed(key, after.as_deref(), retire_predecessor_at));
        match added.await {
            // Another successor took the number, or the same key was added.
            Err(Failure::Taken(_) | Failure::Lost) => Ok(false),
            added => added.map_err(|failure| SigningKeyStoreError(failure.boxed())),
        }
    }

    async fn revise(&self, lives: &[KeyLife], newest: &str) -> Result<bool, SigningKeyStoreError> {
        match self.database.within(self.revise_all(lives, newest)).await {
            Err(Failure::Lost) => Ok(false),
            revised => revised.map_err(|failure| SigningKeyStoreError(failure.boxed())),
        }
    }
}

impl SqlStore {
    async fn revise_all(&self, lives: &[KeyLife], expected: &str) -> Result<bool, Failure> {
        let transaction = self.database.begin().await?;
        let newest = Entity::find().order_by_desc(Column::Seq);
        let newest = newest.one(&transaction).await?;
        if newest.is_none_or(|row| row.kid != expected) {
            return Ok(false);
        }
        for life in lives {
            let sql = "UPDATE signing_keys SET not_before = $1, retire_at = $2 WHERE kid = $3";
            let values = [
                micros(life.not_before).into(),
                life.retire_at.map(micros).into(),
                life.kid.as_str().into(),
            ];
            if run(&transaction, sql, values).await? != 1 {
                return Ok(false);
            }
        }
        transaction.commit().await?;
        Ok(true)
    }

    async fn succeed(
        &self,
        key: &SealedSigningKey,
        after: Option<&str>,
        retire_predecessor_at: DateTime<Utc>,
    ) -> Result<bool, Failure> {
        let transaction = self.database.begin().await?;
        let newest = Entity::find()
            .order_by_desc(Column::Seq)
            .one(&transaction)
            .await?;
        if newest.as_ref().map(|row| row.kid.as_str()) != after {
            return Ok(false);
        }
        if let Some(kid) = after {
            let sql = "UPDATE signing_keys SET retire_at = $1 WHERE kid = $2";
            run(
                &transaction,
                sql,
                [micros(retire_predecessor_at).into(), kid.into()],
            )
            .await?;
        }
        let seq = newest.map_or(0, |row| row.seq) + 1;
        Entity::insert(to_row(key, seq))
            .exec_without_returning(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(true)
    }
}

fn from_row(row: Model) -> SealedSigningKey {
    SealedSigningKey {
        kid: row.kid,
        algorithm: row.algorithm,
        sealed_private_key: row.sealed,
        not_before: row.not_before,
        retire_at: row.retire_at,
    }
}

fn to_row(key: &SealedSigningKey, seq: i64) -> ActiveModel {
    ActiveModel {
        kid: Set(key.kid.clone()),
        algorithm: Set(key.algorithm.clone()),
        sealed: Set(key.sealed_private_key.clone()),
        not_before: Set(micros(key.not_before)),
        retire_at: Set(key.retire_at.map(micros)),
        seq: Set(seq),
    }
}
