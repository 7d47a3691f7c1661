//! What is held about a person, for the person: by index, the newest rows only.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::origin::network_kept;
use menshen_domain::model::personal_records::{
    Consent, HistoryEntry, MessageEntry, Newest, PersonalRecords,
};
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::session::Session;
use menshen_domain::ports::mac::MacUse;
use menshen_domain::ports::personal_records::{PersonalRecordsError, PersonalRecordsReader};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QueryResult,
    QuerySelect as _,
};

use crate::database::rows;
use crate::entity::session::{Column, Entity};
use crate::entity::{audit_event, user};
use crate::failure::Failure;
use crate::moment::micros;
use crate::session_row;
use crate::store::SqlStore;

#[async_trait]
impl PersonalRecordsReader for SqlStore {
    async fn of_account(
        &self,
        user: UserId,
        limit: u32,
    ) -> Result<PersonalRecords, PersonalRecordsError> {
        let read = async {
            Ok(PersonalRecords {
                consent: self.consent(user).await?,
                sessions: self.all_sessions(user, limit).await?,
                history: self.history(user, limit).await?,
            })
        };
        self.database.within(read).await.map_err(unreadable)
    }

    async fn messages(
        &self,
        phone: &PhoneNumber,
        since: DateTime<Utc>,
        limit: u32,
    ) -> Result<Newest<MessageEntry>, PersonalRecordsError> {
        let read = self.messages_to(phone, since, limit);
        self.database.within(read).await.map_err(unreadable)
    }
}

fn unreadable(failure: Failure) -> PersonalRecordsError {
    PersonalRecordsError(failure.boxed())
}

impl SqlStore {
    async fn consent(&self, user: UserId) -> Result<Option<Consent>, Failure> {
        let query = user::Entity::find_by_id(user.as_uuid());
        let found = query.one(self.database.read()).await?;
        let agreed = found.and_then(|row| row.consent_version.zip(row.consented_at));
        Ok(agreed.map(|(version, at)| Consent { version, at }))
    }

    /// The live and the ended have an index each.
    async fn all_sessions(&self, user: UserId, limit: u32) -> Result<Newest<Session>, Failure> {
        let mut sessions = Vec::new();
        for ended in [Column::EndedAt.is_null(), Column::EndedAt.is_not_null()] {
            let query = Entity::find()
                .filter(Column::UserId.eq(user.as_uuid()))
                .filter(ended)
                .order_by_desc(Column::CreatedAt)
                .order_by_desc(Column::Id)
                .limit(u64::from(limit) + 1);
            for row in query.all(self.database.read()).await? {
                sessions.push(session_row::from_row(row)?);
            }
        }
        sessions.sort_by_key(|session| std::cmp::Reverse((session.created_at, session.id)));
        Ok(Newest::of(sessions, limit))
    }

    async fn history(&self, user: UserId, limit: u32) -> Result<Newest<HistoryEntry>, Failure> {
        use audit_event::Column;
        let query = audit_event::Entity::find()
            .filter(Column::UserId.eq(user.as_uuid()))
            .order_by_desc(Column::At)
            .order_by_desc(Column::Id)
            .limit(u64::from(limit) + 1);
        let found = query.all(self.database.read()).await?;
        Ok(Newest::of(found.into_iter().map(told).collect(), limit))
    }

    async fn messages_to(
        &self,
        phone: &PhoneNumber,
        since: DateTime<Utc>,
        limit: u32,
    ) -> Result<Newest<MessageEntry>, Failure> {
        let index = self
            .keys
            .mac
            .tag(MacUse::BlindIndex, phone.as_e164().as_bytes());
        let sql = format!(
            "SELECT at, purpose, client_type, source, verdict FROM sms_sends \
             WHERE phone_index = $1 AND at >= $2 ORDER BY at DESC, id DESC LIMIT {}",
            u64::from(limit) + 1
        );
        let values = [index.to_vec().into(), micros(since).into()];
        let found = rows(self.database.read(), &sql, values).await?;
        let told = found.iter().map(message).collect::<Result<_, _>>()?;
        Ok(Newest::of(told, limit))
    }
}

/// Of what an operator did, the person is told what and when: where operators sit,
/// and what they note for themselves, is not held about the person.
fn told(row: audit_event::Model) -> HistoryEntry {
    let own = row.actor.is_none();
    HistoryEntry {
        at: row.at,
        action: row.action,
        method: row.method,
        reason: row.reason.filter(|_| own),
        subject: row.subject,
        address: row.address.filter(|_| own).as_deref().map(network),
        device_id: row.device_id.filter(|_| own),
    }
}

/// The tag is not the person's: it leads to others of the same source.
fn network(kept: &str) -> String {
    network_kept(kept).to_owned()
}

fn message(row: &QueryResult) -> Result<MessageEntry, Failure> {
    Ok(MessageEntry {
        at: row.try_get("", "at")?,
        purpose: row.try_get("", "purpose")?,
        client_type: row.try_get("", "client_type")?,
        source: row.try_get("", "source")?,
        verdict: row.try_get("", "verdict")?,
    })
}
