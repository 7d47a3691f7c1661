//! The outbox: written with what it tells, delivered later.

use menshen_domain::model::event::OutboxEvent;
use sea_orm::{ConnectionTrait, EntityTrait as _, Set};
use serde_json::{Map, Value};

use crate::entity::outbox_event::{ActiveModel, Entity};
use crate::failure::Failure;
use crate::moment::micros;

/// Adds rows in one statement.
pub(crate) async fn add(db: &impl ConnectionTrait, events: &[OutboxEvent]) -> Result<(), Failure> {
    if !events.is_empty() {
        let rows = Entity::insert_many(events.iter().map(to_row));
        rows.exec_without_returning(db).await?;
    }
    Ok(())
}

fn to_row(event: &OutboxEvent) -> ActiveModel {
    let at = micros(event.at);
    ActiveModel {
        id: Set(event.id.as_uuid()),
        at: Set(at),
        user_id: Set(event.user.as_uuid()),
        kind: Set(event.notice.as_str().to_owned()),
        payload: Set(payload(event)),
        attempts: Set(0),
        due_at: Set(at),
        delivered_at: Set(None),
    }
}

/// The account's id and the notice's own members.
pub(crate) fn payload(event: &OutboxEvent) -> Value {
    let user = ("user_id", event.user.to_string());
    let members = std::iter::once(user).chain(event.notice.details());
    let members: Map<_, _> = members
        .map(|(name, value)| (name.to_owned(), Value::String(value)))
        .collect();
    Value::Object(members)
}
