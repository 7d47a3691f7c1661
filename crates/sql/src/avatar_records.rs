//! Whose pictures are kept, and which of them count.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use menshen_domain::model::avatar::AvatarName;
use menshen_domain::model::identifiers::UserId;
use menshen_domain::ports::avatar_records::{AvatarRecords, AvatarRecordsError};
use sea_orm::Value;

use crate::database::{Database, again, rows, run};
use crate::failure::{Failure, StorageFault};
use crate::moment::micros;

#[async_trait]
impl AvatarRecords for Database {
    async fn announce(
        &self,
        name: AvatarName,
        user: UserId,
        at: DateTime<Utc>,
    ) -> Result<(), AvatarRecordsError> {
        let sql = "INSERT INTO avatars (name, user_id, announced_at) VALUES ($1, $2, $3)";
        let values = [key(name), user.as_uuid().into(), micros(at).into()];
        let announced = self.within(async { run(self.write(), sql, values).await });
        announced.await.map(drop).map_err(unavailable)
    }

    async fn is_shown(&self, name: AvatarName) -> Result<bool, AvatarRecordsError> {
        let sql = "SELECT name FROM avatars \
                   WHERE name = $1 AND shown_at IS NOT NULL AND dropped_at IS NULL";
        let found = self.within(async { rows(self.read(), sql, [key(name)]).await });
        let found = found.await.map_err(unavailable)?;
        Ok(!found.is_empty())
    }

    async fn unwanted(
        &self,
        announced_before: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<AvatarName>, AvatarRecordsError> {
        let given_up = "UPDATE avatars SET dropped_at = announced_at \
                        WHERE announced_at < $1 AND shown_at IS NULL AND dropped_at IS NULL";
        let unwanted = format!(
            "SELECT name FROM avatars WHERE dropped_at IS NOT NULL \
             AND (shown_at IS NOT NULL OR announced_at < $1) \
             ORDER BY dropped_at LIMIT {limit}"
        );
        let before = micros(announced_before);
        let found = self.within(async {
            again(|| run(self.write(), given_up, [before.into()])).await?;
            let found = rows(self.write(), &unwanted, [before.into()]).await?;
            let name = |row: &sea_orm::QueryResult| name(row.try_get("", "name")?);
            found.iter().map(name).collect()
        });
        found.await.map_err(unavailable)
    }

    async fn give_up(&self, name: AvatarName) -> Result<(), AvatarRecordsError> {
        let sql = "UPDATE avatars SET dropped_at = announced_at \
                   WHERE name = $1 AND shown_at IS NULL AND dropped_at IS NULL";
        let given_up = self.within(again(|| run(self.write(), sql, [key(name)])));
        given_up.await.map(drop).map_err(unavailable)
    }

    async fn forget(&self, name: AvatarName) -> Result<(), AvatarRecordsError> {
        let sql = "DELETE FROM avatars WHERE name = $1 AND dropped_at IS NOT NULL";
        let forgotten = self.within(again(|| run(self.write(), sql, [key(name)])));
        forgotten.await.map(drop).map_err(unavailable)
    }
}

/// The name as both tables have it.
pub(crate) fn key(name: AvatarName) -> Value {
    name.to_bytes().to_vec().into()
}

fn name(stored: Vec<u8>) -> Result<AvatarName, Failure> {
    let bytes = stored.try_into();
    let bytes = bytes.map_err(|_| StorageFault::unreadable("name of a picture"))?;
    Ok(AvatarName::from_bytes(bytes))
}

fn unavailable(failure: Failure) -> AvatarRecordsError {
    AvatarRecordsError(failure.boxed())
}
