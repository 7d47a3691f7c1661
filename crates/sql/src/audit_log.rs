//! The audit log.

use async_trait::async_trait;
use menshen_domain::model::audit::AuditEvent;
use menshen_domain::model::origin::kept_address;
use menshen_domain::ports::audit_log::{AuditLog, AuditLogError};
use sea_orm::{ConnectionTrait, EntityTrait as _, Set};

use crate::entity::audit_event::{ActiveModel, Entity};
use crate::failure::Failure;
use crate::lane::{Filled, column};
use crate::moment::micros;
use crate::store::{Keys, SqlStore};

#[async_trait]
impl AuditLog for SqlStore {
    async fn append(&self, events: &[AuditEvent]) -> Result<(), AuditLogError> {
        if events.is_empty() {
            return Ok(());
        }
        let appended = self.database.within(append_alone(self, events)).await;
        appended.map_err(|failure| AuditLogError(failure.boxed()))
    }
}

/// Appends rows, in a transaction of their own.
async fn append_alone(store: &SqlStore, events: &[AuditEvent]) -> Result<(), Failure> {
    let SqlStore { database, keys, .. } = store;
    let Some(lane) = database.lane() else {
        return append(database.write(), keys, events).await;
    };
    database.tick_single_write();
    let rows = bind(sqlx::query(APPEND), keys, events);
    lane.run(rows.bind(column(events, |row| row.actor.clone())))
        .await?;
    Ok(())
}

/// Any number of rows, out of one array for each column.
const APPEND: &str = "\
    INSERT INTO audit_events (id, at, action, user_id, session_id, subject, method, reason, \
    address, device_id, request_id, actor) \
    SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::uuid[], $5::uuid[], \
    $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[])";

/// Binds eleven columns of the rows, each as an array; the twelfth is the actor, whom
/// no login has.
pub(crate) fn bind(statement: Filled, keys: &Keys, rows: &[AuditEvent]) -> Filled {
    statement
        .bind(column(rows, |row| row.id.as_uuid()))
        .bind(column(rows, |row| micros(row.at)))
        .bind(column(rows, |row| row.action.as_str()))
        .bind(column(rows, |row| row.user.map(|user| user.as_uuid())))
        .bind(column(rows, |row| row.session.map(|id| id.as_uuid())))
        .bind(column(rows, |row| row.subject.clone()))
        .bind(column(rows, |row| row.method))
        .bind(column(rows, |row| row.reason.clone()))
        .bind(column(rows, |row| kept(row, keys)))
        .bind(column(rows, |row| row.device_id.clone()))
        .bind(column(rows, |row| row.request_id.clone()))
}

/// The address of a row, as it is kept.
fn kept(row: &AuditEvent, keys: &Keys) -> Option<String> {
    row.address.map(|address| kept_address(address, &*keys.mac))
}

/// Appends rows in one statement.
pub(crate) async fn append(
    db: &impl ConnectionTrait,
    keys: &Keys,
    events: &[AuditEvent],
) -> Result<(), Failure> {
    if !events.is_empty() {
        let rows = Entity::insert_many(events.iter().map(|event| to_row(event, keys)));
        rows.exec_without_returning(db).await?;
    }
    Ok(())
}

fn to_row(event: &AuditEvent, keys: &Keys) -> ActiveModel {
    ActiveModel {
        id: Set(event.id.as_uuid()),
        at: Set(micros(event.at)),
        action: Set(event.action.as_str().to_owned()),
        user_id: Set(event.user.map(|user| user.as_uuid())),
        session_id: Set(event.session.map(|session| session.as_uuid())),
        subject: Set(event.subject.clone()),
        method: Set(event.method.map(ToOwned::to_owned)),
        reason: Set(event.reason.clone()),
        address: Set(kept(event, keys)),
        device_id: Set(event.device_id.clone()),
        request_id: Set(event.request_id.clone()),
        actor: Set(event.actor.clone()),
    }
}
