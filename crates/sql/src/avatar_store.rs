//! The files of avatars, where they are kept in the database.

use async_trait::async_trait;
use menshen_domain::model::avatar::{Avatar, AvatarName};
use menshen_domain::ports::avatar_store::{AvatarStore, AvatarStoreError};

use crate::avatar_records::key;
use crate::database::{Database, again, rows, run};
use crate::failure::{Failure, StorageFault};

#[async_trait]
impl AvatarStore for Database {
    async fn put(&self, name: AvatarName, avatar: &Avatar) -> Result<(), AvatarStoreError> {
        let sql = "INSERT INTO avatar_files (name, bytes) VALUES ($1, $2) \
                   ON CONFLICT (name) DO NOTHING";
        let values = [key(name), avatar.bytes().to_vec().into()];
        let put = self.within(async { run(self.write(), sql, values).await });
        put.await.map(drop).map_err(unavailable)
    }

    async fn get(&self, name: AvatarName) -> Result<Option<Avatar>, AvatarStoreError> {
        let sql = "SELECT bytes FROM avatar_files WHERE name = $1";
        let found = self.within(async {
            let found = rows(self.read(), sql, [key(name)]).await?;
            let Some(row) = found.first() else {
                return Ok(None);
            };
            let avatar = Avatar::of(row.try_get("", "bytes")?);
            let avatar = avatar.ok_or_else(|| StorageFault::unreadable("picture"))?;
            Ok(Some(avatar))
        });
        found.await.map_err(unavailable)
    }

    async fn remove(&self, name: AvatarName) -> Result<(), AvatarStoreError> {
        let sql = "DELETE FROM avatar_files WHERE name = $1";
        let removed = self.within(again(|| run(self.write(), sql, [key(name)])));
        removed.await.map(drop).map_err(unavailable)
    }
}

fn unavailable(failure: Failure) -> AvatarStoreError {
    AvatarStoreError(failure.boxed())
}
