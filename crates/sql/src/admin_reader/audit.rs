//! Pages of the audit log.

use menshen_domain::model::identifiers::{EventId, SessionId, UserId, first_uuid_of};
use menshen_domain::model::origin::kept_address;
use menshen_domain::model::record::{AuditFilter, AuditRecord, Page};
use menshen_domain::ports::mac::Mac;
use sea_orm::{QueryResult, Value};
use uuid::Uuid;

use super::limit;
use crate::failure::Failure;
use crate::moment::micros;

/// The statement of a page, for those who want to see its plan.
///
/// Ids are of the time of their rows, so the primary key has the order of all pages
/// but those of an account, which have an index by time. The order of each page is
/// the one of the index that finds its rows.
#[must_use]
pub fn audit_page(filter: &AuditFilter, mac: &dyn Mac, page: Page) -> (String, Vec<Value>) {
    let mut where_ = Conditions::default();
    let order = if let Some(user) = filter.user {
        where_.add("user_id = $", user.as_uuid());
        "at DESC, id DESC"
    } else {
        "id DESC"
    };
    if let Some(action) = &filter.action {
        where_.add("action = $", action.as_str());
    }
    if let Some(actor) = &filter.actor {
        where_.add("actor = $", actor.as_str());
    }
    if let Some(address) = filter.address {
        where_.add("address = $", kept_address(address, mac));
    }
    // Within a millisecond, ids are not of the order of time.
    if let Some(from) = filter.from {
        where_.add("id >= $", first_uuid_of(from));
        where_.add("at >= $", micros(from));
    }
    if let Some(to) = filter.to {
        where_.add(
            "id < $",
            first_uuid_of(to + chrono::TimeDelta::milliseconds(1)),
        );
        where_.add("at < $", micros(to));
    }
    if let Some(after) = page.after {
        if filter.user.is_some() {
            where_.add("at <= $", micros(after.at));
            where_.add("(at < $", micros(after.at));
            where_.or("id < $)", after.id);
        } else {
            where_.add("id < $", after.id);
        }
    }
    let Conditions { text, values } = where_;
    let conditions = if text.is_empty() {
        text
    } else {
        format!("WHERE {text} ")
    };
    let sql = format!(
        "SELECT id, at, action, user_id, session_id, subject, method, reason, address, \
         device_id, request_id, actor FROM audit_events {conditions}ORDER BY {order} LIMIT {}",
        limit(page)
    );
    (sql, values)
}

/// Conditions that hold together, with their values.
#[derive(Default)]
struct Conditions {
    text: String,
    values: Vec<Value>,
}

impl Conditions {
    /// A condition, in which `$` stands for the value.
    fn add(&mut self, condition: &str, value: impl Into<Value>) {
        self.join(" AND ", condition, value.into());
    }

    /// Another way for the condition before.
    fn or(&mut self, condition: &str, value: impl Into<Value>) {
        self.join(" OR ", condition, value.into());
    }

    fn join(&mut self, word: &str, condition: &str, value: Value) {
        if !self.text.is_empty() {
            self.text.push_str(word);
        }
        self.values.push(value);
        let place = format!("${}", self.values.len());
        self.text.push_str(&condition.replace('$', &place));
    }
}

pub(super) fn from_row(row: &QueryResult) -> Result<AuditRecord, Failure> {
    let user: Option<Uuid> = row.try_get("", "user_id")?;
    let session: Option<Uuid> = row.try_get("", "session_id")?;
    Ok(AuditRecord {
        id: EventId::from_uuid(row.try_get("", "id")?),
        at: row.try_get("", "at")?,
        action: row.try_get("", "action")?,
        user: user.map(UserId::from_uuid),
        session: session.map(SessionId::from_uuid),
        subject: row.try_get("", "subject")?,
        method: row.try_get("", "method")?,
        reason: row.try_get("", "reason")?,
        address: row.try_get("", "address")?,
        device_id: row.try_get("", "device_id")?,
        request_id: row.try_get("", "request_id")?,
        actor: row.try_get("", "actor")?,
    })
}
