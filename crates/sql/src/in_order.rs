//! Rows of joined tables, read column by column.
//!
//! By position: looking a column up by its name costs more than reading it.

use chrono::{DateTime, Utc};
use sea_orm::{QueryResult, TryGetable};
use uuid::Uuid;

use crate::accounts::IdentityRow;
use crate::entity::{session, user};
use crate::failure::Failure;

/// The columns of a row, first to last.
pub(crate) struct InOrder<'a> {
    row: &'a QueryResult,
    at: usize,
}

impl<'a> InOrder<'a> {
    pub(crate) fn of(row: &'a QueryResult) -> Self {
        Self { row, at: 0 }
    }

    /// Passes over columns.
    pub(crate) fn skip(&mut self, columns: usize) {
        self.at += columns;
    }

    /// The next column.
    pub(crate) fn next<T: TryGetable>(&mut self) -> Result<T, Failure> {
        let value = self.row.try_get_by_index(self.at)?;
        self.at += 1;
        Ok(value)
    }
}

impl user::Model {
    /// Reads the columns that [`columns`](crate::entity::columns) names.
    pub(crate) fn in_order(row: &mut InOrder<'_>) -> Result<Self, Failure> {
        Ok(Self {
            id: row.next()?,
            status: row.next()?,
            merged_into: row.next()?,
            purge_at: row.next()?,
            phone_sealed: row.next()?,
            phone_index: row.next()?,
            phone_proof: row.next()?,
            nickname: row.next()?,
            avatar_url: row.next()?,
            birthday: row.next()?,
            bio: row.next()?,
            consent_version: row.next()?,
            consented_at: row.next()?,
            version: row.next()?,
            created_at: row.next()?,
            updated_at: row.next()?,
            last_login_at: row.next()?,
        })
    }
}

impl session::Model {
    /// Reads the columns that [`columns`](crate::entity::columns) names.
    pub(crate) fn in_order(row: &mut InOrder<'_>) -> Result<Self, Failure> {
        Ok(Self {
            id: row.next()?,
            user_id: row.next()?,
            client_type: row.next()?,
            device_id: row.next()?,
            device_name: row.next()?,
            client_version: row.next()?,
            app_id: row.next()?,
            address: row.next()?,
            user_agent: row.next()?,
            created_at: row.next()?,
            last_seen_at: row.next()?,
            proven_at: row.next()?,
            expires_at: row.next()?,
            ended_at: row.next()?,
            end_reason: row.next()?,
            generation: row.next()?,
            previous_generation: row.next()?,
            current_issued_at: row.next()?,
            previous_exchanged_at: row.next()?,
            replay_noted: row.next()?,
            code_id: row.next()?,
        })
    }
}

impl IdentityRow {
    /// Reads the columns that [`identity_columns`](crate::accounts::identity_columns)
    /// names; nothing where the join found no identity.
    pub(crate) fn in_order(row: &mut InOrder<'_>) -> Result<Option<Self>, Failure> {
        let Some(id) = row.next::<Option<Uuid>>()? else {
            return Ok(None);
        };
        Ok(Some(Self {
            id,
            provider: row.next()?,
            app_id: row.next()?,
            subject: row.next()?,
            linked_at: row.next::<DateTime<Utc>>()?,
        }))
    }
}
