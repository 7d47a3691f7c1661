//! Leases, by the clock of the database.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use menshen_domain::model::identifiers::HolderId;
use menshen_domain::ports::lease_store::{Grant, LeaseName, LeaseStore, LeaseStoreError};
use sea_orm::{DbBackend, Value};

use crate::database::{Database, rows, run};
use crate::failure::Failure;

#[async_trait]
impl LeaseStore for Database {
    async fn take(
        &self,
        name: LeaseName,
        holder: HolderId,
        term: Duration,
    ) -> Result<Option<Grant>, LeaseStoreError> {
        let (now, until) = self.clock();
        // Whoever waits for a row that another one writes looks at it again then.
        let sql = format!(
            "INSERT INTO leases (name, holder, expires_at) VALUES ($1, $2, {until}) \
             ON CONFLICT (name) DO UPDATE \
             SET holder = excluded.holder, expires_at = excluded.expires_at \
             WHERE leases.holder = excluded.holder OR leases.expires_at <= {now} \
             RETURNING expires_at"
        );
        self.ask(&sql, name, holder, term).await
    }

    async fn renew(
        &self,
        name: LeaseName,
        holder: HolderId,
        term: Duration,
    ) -> Result<Option<Grant>, LeaseStoreError> {
        let (now, until) = self.clock();
        let sql = format!(
            "UPDATE leases SET expires_at = {until} \
             WHERE name = $1 AND holder = $2 AND expires_at > {now} RETURNING expires_at"
        );
        self.ask(&sql, name, holder, term).await
    }

    async fn release(&self, name: LeaseName, holder: HolderId) -> Result<(), LeaseStoreError> {
        let released = self.within(async {
            let sql = "DELETE FROM leases WHERE name = $1 AND holder = $2";
            let values = [name.as_str().into(), holder.as_uuid().into()];
            run(self.write(), sql, values).await
        });
        released.await.map(drop).map_err(unavailable)
    }
}

impl Database {
    async fn ask(
        &self,
        sql: &str,
        name: LeaseName,
        holder: HolderId,
        term: Duration,
    ) -> Result<Option<Grant>, LeaseStoreError> {
        // What both engines keep.
        let term = Duration::from_millis(millis(term).unsigned_abs().max(1));
        let asked = self.within(async {
            let values = [
                name.as_str().into(),
                holder.as_uuid().into(),
                self.span(term),
            ];
            let found = rows(self.write(), sql, values).await?;
            let until = |row: &sea_orm::QueryResult| row.try_get("", "expires_at");
            Ok::<Option<DateTime<Utc>>, Failure>(found.first().map(until).transpose()?)
        });
        let until = asked.await.map_err(unavailable)?;
        Ok(until.map(|until| Grant {
            at: until - term,
            until,
        }))
    }

    /// The time now, and the time as much later as `$3` says.
    fn clock(&self) -> (&'static str, &'static str) {
        match self.backend() {
            DbBackend::Postgres => (
                "clock_timestamp()",
                "clock_timestamp() + $3 * interval '1 millisecond'",
            ),
            // Moments are texts there, in this form.
            _ => (
                "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')",
                "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now', $3)",
            ),
        }
    }

    /// What `$3` is.
    fn span(&self, term: Duration) -> Value {
        match self.backend() {
            DbBackend::Postgres => millis(term).into(),
            _ => format!("+{}.{:03} seconds", term.as_secs(), term.subsec_millis()).into(),
        }
    }
}

/// Longer than a hundred years is as good as that.
fn millis(span: Duration) -> i64 {
    const CENTURY: i64 = 100 * 366 * 86_400_000;
    i64::try_from(span.as_millis()).map_or(CENTURY, |millis| millis.min(CENTURY))
}

fn unavailable(failure: Failure) -> LeaseStoreError {
    LeaseStoreError(failure.boxed())
}
