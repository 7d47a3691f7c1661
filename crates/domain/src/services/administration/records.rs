//! Reading the audit log and the record of messages, page by page.

use crate::model::phone_number::PhoneNumber;
use crate::model::record::{AuditFilter, AuditRecord, Page, Position, SendRecord};
use crate::services::administration::{Act, Administration, AdministrationError};

/// One page of a list.
#[derive(Debug, Clone)]
pub struct Listed<T> {
    /// The rows, newest first.
    pub rows: Vec<T>,
    /// Where the next page begins, if there may be one.
    pub next: Option<Position>,
}

impl<T> Listed<T> {
    fn of(rows: Vec<T>, page: Page, place: impl Fn(&T) -> Position) -> Self {
        let full = u32::try_from(rows.len()).is_ok_and(|count| count >= page.limit);
        let next = rows.last().filter(|_| full).map(place);
        Self { rows, next }
    }
}

impl Administration {
    /// A page of the audit log.
    ///
    /// # Errors
    ///
    /// [`AdministrationError::Unavailable`].
    pub async fn audit_events(
        &self,
        act: &Act,
        filter: &AuditFilter,
        page: Page,
    ) -> Result<Listed<AuditRecord>, AdministrationError> {
        let rows = self.reader.audit_events(filter, page).await?;
        self.tell_look(act, filter.user, None).await?;
        Ok(Listed::of(rows, page, |row| Position {
            at: row.at,
            id: row.id.as_uuid(),
        }))
    }

    /// A page of the messages to a number.
    ///
    /// # Errors
    ///
    /// [`AdministrationError::Unavailable`].
    pub async fn sends(
        &self,
        act: &Act,
        phone: &PhoneNumber,
        page: Page,
    ) -> Result<Listed<SendRecord>, AdministrationError> {
        let rows = self.reader.sends(phone, page).await?;
        self.tell_look(act, None, Some(phone.masked())).await?;
        Ok(Listed::of(rows, page, |row| Position {
            at: row.at,
            id: row.id.as_uuid(),
        }))
    }
}
