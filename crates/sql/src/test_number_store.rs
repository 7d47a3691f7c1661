//! The test numbers that operators made.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use menshen_domain::model::audit::AuditEvent;
use menshen_domain::model::identifiers::TestNumberId;
use menshen_domain::model::test_number::{MOST, StoredTestNumber};
use menshen_domain::ports::test_number_store::{TestNumberStore, TestNumberStoreError};
use sea_orm::{DbBackend, QueryResult};

use crate::audit_log;
use crate::database::{again, rows, run};
use crate::failure::{Failure, StorageFault};
use crate::moment::micros;
use crate::store::SqlStore;

#[async_trait]
impl TestNumberStore for SqlStore {
    async fn list(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Vec<StoredTestNumber>, TestNumberStoreError> {
        let listed = self.database.within(async {
            let found = rows(self.database.read(), LIST, [micros(now).into()]).await?;
            found.iter().map(from_row).collect()
        });
        listed.await.map_err(unavailable)
    }

    async fn put(
        &self,
        number: &StoredTestNumber,
        audit: AuditEvent,
    ) -> Result<(), TestNumberStoreError> {
        let put = again(|| put(self, number, audit.clone()));
        match self.database.within(put).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(TestNumberStoreError::Full),
            Err(failure) => Err(unavailable(failure)),
        }
    }

    async fn remove(
        &self,
        id: TestNumberId,
        audit: AuditEvent,
    ) -> Result<bool, TestNumberStoreError> {
        let removed = again(|| async {
            let transaction = self.database.begin().await?;
            let sql = "DELETE FROM test_numbers WHERE id = $1";
            if run(&transaction, sql, [id.as_uuid().into()]).await? == 0 {
                return Ok(false);
            }
            audit_log::append(&transaction, &self.keys, std::slice::from_ref(&audit)).await?;
            transaction.commit().await?;
            Ok(true)
        });
        self.database.within(removed).await.map_err(unavailable)
    }
}

fn unavailable(failure: Failure) -> TestNumberStoreError {
    TestNumberStoreError::Unavailable(failure.boxed())
}

/// All of them: there are never many.
const LIST: &str = "\
    SELECT id, phone_tag, phone_masked, code_tag, until, made_at, made_by, note \
    FROM test_numbers WHERE until > $1 ORDER BY until DESC, id DESC";

/// False if there are too many others.
async fn put(store: &SqlStore, new: &StoredTestNumber, audit: AuditEvent) -> Result<bool, Failure> {
    let transaction = store.database.begin().await?;
    if store.database.backend() == DbBackend::Postgres {
        // Those who make one take turns, so that the count below holds; reading goes on.
        let turn = "LOCK TABLE test_numbers IN SHARE ROW EXCLUSIVE MODE";
        run(&transaction, turn, []).await?;
    }
    let sql = "DELETE FROM test_numbers WHERE phone_tag = $1 OR until <= $2";
    let values = [new.phone_tag.to_vec().into(), micros(new.made_at).into()];
    run(&transaction, sql, values).await?;
    let counted = rows(&transaction, "SELECT COUNT(*) FROM test_numbers", []).await?;
    let others: i64 = counted
        .first()
        .ok_or_else(|| StorageFault::new("a count that is no row"))?
        .try_get_by_index(0)?;
    if usize::try_from(others).is_ok_and(|others| others >= MOST) {
        return Ok(false);
    }
    let sql = "INSERT INTO test_numbers \
               (id, phone_tag, phone_masked, code_tag, until, made_at, made_by, note) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values = [
        new.id.as_uuid().into(),
        new.phone_tag.to_vec().into(),
        new.phone_masked.as_str().into(),
        new.code_tag.to_vec().into(),
        micros(new.until).into(),
        micros(new.made_at).into(),
        new.made_by.as_str().into(),
        new.note.clone().into(),
    ];
    run(&transaction, sql, values).await?;
    audit_log::append(&transaction, &store.keys, &[audit]).await?;
    transaction.commit().await?;
    Ok(true)
}

fn from_row(row: &QueryResult) -> Result<StoredTestNumber, Failure> {
    let tag = |column: &'static str| -> Result<[u8; 32], Failure> {
        let bytes: Vec<u8> = row.try_get("", column)?;
        let tag = bytes.try_into();
        Ok(tag.map_err(|_| StorageFault::unreadable("keyed hash"))?)
    };
    Ok(StoredTestNumber {
        id: TestNumberId::from_uuid(row.try_get("", "id")?),
        phone_tag: tag("phone_tag")?,
        phone_masked: row.try_get("", "phone_masked")?,
        code_tag: tag("code_tag")?,
        until: row.try_get("", "until")?,
        made_at: row.try_get("", "made_at")?,
        made_by: row.try_get("", "made_by")?,
        note: row.try_get("", "note")?,
    })
}
