//! The audit log.

use async_trait::async_trait;
use menshen_domain::model::audit::AuditEvent;
use menshen_domain::ports::audit_log::{AuditLog, AuditLogError};
use sea_orm::{ConnectionTrait, EntityTrait as _, Set};

use crate::entity::audit_event::{ActiveModel, Entity};
use crate::failure::Failure;
use crate::moment::micros;
use crate::store::SqlStore;

#[async_trait]
impl AuditLog for SqlStore {
    async fn append(&self, events: &[AuditEvent]) -> Result<(), AuditLogError> {
        if events.is_empty() {
            return Ok(());
        }
        let appended = self
            .database
            .within(append(self.database.write(), events))
            .await;
        appended.map_err(|failure| AuditLogError(failure.boxed()))
    }
}

/// Appends rows in one statement.
pub(crate) async fn append(
    db: &impl ConnectionTrait,
    events: &[AuditEvent],
) -> Result<(), Failure> {
    if !events.is_empty() {
        let rows = Entity::insert_many(events.iter().map(to_row));
        rows.exec_without_returning(db).await?;
    }
    Ok(())
}

fn to_row(event: &AuditEvent) -> ActiveModel {
    ActiveModel {
        id: Set(event.id.as_uuid()),
        at: Set(micros(event.at)),
        action: Set(event.action.as_str().to_owned()),
        user_id: Set(event.user.map(|user| user.as_uuid())),
        session_id: Set(event.session.map(|session| session.as_uuid())),
        subject: Set(event.subject.clone()),
        method: Set(event.method.map(ToOwned::to_owned)),
        reason: Set(event.reason.clone()),
        address: Set(event.address.map(|address| address.to_string())),
        device_id: Set(event.device_id.clone()),
        request_id: Set(event.request_id.clone()),
    }
}
