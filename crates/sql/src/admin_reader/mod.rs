//! What operators look at: pages by index, and counts of an hour at a time.

mod audit;
mod counts;
mod live;
mod sends;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::record::{
    AuditFilter, AuditRecord, ConsentRecord, Counts, MAX_PAGE, Page, SendRecord,
};
use menshen_domain::ports::admin_reader::{AdminReader, AdminReaderError};

pub use audit::audit_page;
pub use sends::send_page;

use crate::database::rows;
use crate::failure::Failure;
use crate::store::SqlStore;

#[async_trait]
impl AdminReader for SqlStore {
    async fn audit_events(
        &self,
        filter: &AuditFilter,
        page: Page,
    ) -> Result<Vec<AuditRecord>, AdminReaderError> {
        let (sql, values) = audit_page(filter, &*self.keys.mac, page);
        let read = self.database.within(async {
            let found = rows(self.database.read(), &sql, values).await?;
            found.iter().map(audit::from_row).collect()
        });
        read.await.map_err(unavailable)
    }

    async fn sends(
        &self,
        phone: &PhoneNumber,
        page: Page,
    ) -> Result<Vec<SendRecord>, AdminReaderError> {
        let read = self.database.within(sends::read(self, phone, page));
        read.await.map_err(unavailable)
    }

    async fn consent(&self, user: UserId) -> Result<Option<ConsentRecord>, AdminReaderError> {
        let read = self.database.within(async {
            let sql = "SELECT consent_version, consented_at FROM users WHERE id = $1";
            let found = rows(self.database.read(), sql, [user.as_uuid().into()]).await?;
            let Some(row) = found.first() else {
                return Ok(None);
            };
            let version: Option<String> = row.try_get("", "consent_version")?;
            let at: Option<DateTime<Utc>> = row.try_get("", "consented_at")?;
            let given = version.zip(at);
            Ok(given.map(|(version, at)| ConsentRecord { version, at }))
        });
        read.await.map_err(unavailable)
    }

    async fn signed_in(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<UserId>, AdminReaderError> {
        let (sql, values) = live::statement(after, limit);
        let read = self.database.within(async {
            let found = rows(self.database.read(), &sql, values).await?;
            found.iter().map(live::from_row).collect()
        });
        read.await.map_err(unavailable)
    }

    async fn counts(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Counts, AdminReaderError> {
        let read = self.database.within(counts::read(&self.database, from, to));
        read.await.map_err(unavailable)
    }
}

fn unavailable(failure: Failure) -> AdminReaderError {
    AdminReaderError(failure.boxed())
}

/// The rows of a page. They stand in the text: as a parameter, `PostgreSQL` would
/// plan for a tenth of the table.
fn limit(page: Page) -> u32 {
    page.limit.clamp(1, MAX_PAGE)
}
