//! Sessions whose replaced tokens are answered again and again.

use chrono::{DateTime, Utc};

use super::Refresh;
use crate::model::audit::AuditAction;
use crate::model::limits::{Limits, Window};
use crate::model::origin::Origin;
use crate::model::session::Session;
use crate::ports::BoxError;
use crate::ports::rate_limiter::Admission;

impl Refresh {
    /// Counts a rotation whose replaced token came again. A lost answer now and then
    /// is usual; more than some twenty in a day are an event, told once a day: two
    /// phones share the session's tokens, or a client's storage does not work.
    /// Whatever fails here fails nobody's refresh.
    pub(super) async fn heed_replay(&self, session: &Session, origin: &Origin, now: DateTime<Utc>) {
        if let Err(error) = self.count_replay(session, origin, now).await {
            tracing::warn!(
                error = &*error as &dyn std::error::Error,
                "a replay could not be counted"
            );
        }
    }

    async fn count_replay(
        &self,
        session: &Session,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<(), BoxError> {
        let event = AuditAction::RefreshReplaysMany;
        if self.has_a_place(&Limits::for_replays(session.id)).await?
            || !self
                .has_a_place(&Limits::for_event_of(event, session.id))
                .await?
        {
            return Ok(());
        }
        let row = self.row(event, session, origin, now);
        Ok(self.audit.append(&[row]).await?)
    }

    async fn has_a_place(&self, window: &[Window]) -> Result<bool, BoxError> {
        let admission = self.limiter.reserve(window).await?;
        Ok(matches!(admission, Admission::Reserved(_)))
    }
}
