//! The values that all logins write: the session, the audit rows, the events.

use chrono::{DateTime, Utc};
use menshen_domain::model::changes::Changes;
use menshen_domain::model::client::Label;
use menshen_domain::model::event::OutboxEvent;
use menshen_domain::model::wechat::AppId;

use super::shape::Opened;
use crate::audit_log;
use crate::lane::{Filled, column};
use crate::moment::micros;
use crate::outbox::payload;
use crate::store::Keys;

/// Fills in `$1` to `$32`.
pub(super) fn fill(
    statement: Filled,
    keys: &Keys,
    changes: &Changes,
    opened: Opened<'_>,
    at: DateTime<Utc>,
) -> Filled {
    let statement = session(statement, opened);
    // `$16` to `$26`.
    let statement = audit_log::bind(statement, keys, &changes.audit);
    outbox(statement, &changes.outbox).bind(at)
}

/// `$1` to `$15`.
fn session(statement: Filled, opened: Opened<'_>) -> Filled {
    let Opened { session, code, .. } = opened;
    let client = &session.client;
    statement
        .bind(session.id.as_uuid())
        .bind(session.user.as_uuid())
        .bind(client.kind.as_str())
        .bind(client.device_id.as_ref().map(Label::as_str))
        .bind(client.device_name.as_ref().map(Label::as_str))
        .bind(client.version.as_ref().map(Label::as_str))
        .bind(session.app_id.as_ref().map(AppId::as_str))
        .bind(session.address.to_string())
        .bind(session.user_agent.as_ref().map(Label::as_str))
        .bind(micros(session.created_at))
        .bind(micros(session.last_seen_at))
        .bind(micros(session.proven_at))
        .bind(micros(session.expires_at))
        .bind(micros(session.refresh.current_issued_at))
        .bind(code.map(|code| code.0.to_vec()))
}

/// `$27` to `$31`.
fn outbox(statement: Filled, events: &[OutboxEvent]) -> Filled {
    statement
        .bind(column(events, |event| event.id.as_uuid()))
        .bind(column(events, |event| micros(event.at)))
        .bind(column(events, |event| event.user.as_uuid()))
        .bind(column(events, |event| event.notice.as_str()))
        .bind(column(events, |event| payload(event).to_string()))
}
