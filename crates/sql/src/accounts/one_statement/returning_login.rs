//! The statement of a returning login.

use chrono::{DateTime, Utc};
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::Changes;
use menshen_domain::model::event::{Notice, OutboxEvent};
use menshen_domain::model::identifiers::{EventId, SessionId};
use menshen_domain::model::session::EndReason;
use uuid::Uuid;

use super::rows;
use super::shape::Returning;
use crate::failure::Failure;
use crate::lane::Filled;
use crate::moment::micros;
use crate::outbox::payload;
use crate::store::SqlStore;

const SQL: &str = include_str!("returning_login.sql");

/// How many sessions may end in one statement: their rows are named in advance. A
/// login that ends more, since the limit was lowered, takes the other way.
const SPARE: usize = 2;

pub(super) fn statement(
    store: &SqlStore,
    changes: &Changes,
    returning: &Returning<'_>,
    at: DateTime<Utc>,
) -> Result<Filled, Failure> {
    let Returning {
        expected,
        key,
        opened,
    } = returning;
    let sealed = key
        .map(|new| store.sealed_session_key(new.provider, new.app_id, new.openid, new.key))
        .transpose()?;
    let randomness = &*store.randomness;
    let spare = || -> Vec<Uuid> {
        let ids = std::iter::repeat_with(|| EventId::generate(randomness, at).as_uuid());
        ids.take(SPARE).collect()
    };
    // The statement puts the session's id in the place of this one.
    let nobody = SessionId::from_uuid(Uuid::nil());
    let end = Notice::SessionEnded(nobody, EndReason::Replaced);
    let event = OutboxEvent::new(expected.user, end, at, randomness);
    let keep = match opened.max_live {
        0 => i64::MAX,
        limit => i64::from(limit) - 1,
    };
    let filled = rows::fill(sqlx::query(SQL), &store.keys, changes, *opened, at)
        .bind(expected.version)
        .bind(micros(expected.last_login_at))
        .bind(expected.signed_in_at.map(micros))
        .bind(sealed)
        .bind(key.map(|new| new.provider.as_str()))
        .bind(key.map(|new| new.app_id.as_str()))
        .bind(key.map(|new| new.openid.as_str()))
        .bind(keep)
        .bind(spare())
        .bind(spare())
        .bind(AuditAction::SessionEnded.as_str())
        .bind(EndReason::Replaced.as_str())
        .bind(end.as_str())
        .bind(payload(&event).to_string());
    Ok(filled)
}
