//! Reading what is held about a person, for the person.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::identifiers::UserId;
use crate::model::personal_records::{MessageEntry, Newest, PersonalRecords};
use crate::model::phone_number::PhoneNumber;
use crate::ports::BoxError;

/// The store did not answer in time, or not sensibly.
#[derive(Debug, thiserror::Error)]
#[error("what is held about a person could not be read")]
pub struct PersonalRecordsError(#[source] pub BoxError);

/// Reads what is held about a person beside the account itself. No key, no token
/// and no hash is part of it.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait PersonalRecordsReader: Send + Sync {
    /// What is held by the id of an account, of each kind the newest `limit`.
    ///
    /// # Errors
    ///
    /// [`PersonalRecordsError`].
    async fn of_account(
        &self,
        user: UserId,
        limit: u32,
    ) -> Result<PersonalRecords, PersonalRecordsError>;

    /// The newest `limit` messages to a number that were asked for at `since` or
    /// later.
    ///
    /// # Errors
    ///
    /// [`PersonalRecordsError`].
    async fn messages(
        &self,
        phone: &PhoneNumber,
        since: DateTime<Utc>,
        limit: u32,
    ) -> Result<Newest<MessageEntry>, PersonalRecordsError>;
}
