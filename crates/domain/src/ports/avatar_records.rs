//! Whose pictures are kept, and which of them count.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::avatar::AvatarName;
use crate::model::identifiers::UserId;
use crate::ports::BoxError;

/// The store did not answer in time, or not sensibly.
#[derive(Debug, thiserror::Error)]
#[error("the record of pictures is unavailable")]
pub struct AvatarRecordsError(#[source] pub BoxError);

/// Knows of every picture from before it is stored until after it is removed, so that
/// none is ever left behind. That an account shows one, or does not any more, is part
/// of its changes:
/// [`Step::ShowAvatar`](crate::model::changes::Step::ShowAvatar) and
/// [`Step::DropAvatar`](crate::model::changes::Step::DropAvatar).
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait AvatarRecords: Send + Sync {
    /// Announces a picture of an account that is about to be stored.
    ///
    /// # Errors
    ///
    /// [`AvatarRecordsError`].
    async fn announce(
        &self,
        name: AvatarName,
        user: UserId,
        at: DateTime<Utc>,
    ) -> Result<(), AvatarRecordsError>;

    /// Whether an account shows the picture.
    ///
    /// # Errors
    ///
    /// [`AvatarRecordsError`].
    async fn is_shown(&self, name: AvatarName) -> Result<bool, AvatarRecordsError>;

    /// Pictures to be removed, `limit` of them at most: those that no account shows any
    /// more, and those that were announced before `announced_before` and that no account
    /// has shown since. The latter are dropped by this: none of them is shown later.
    /// One that was dropped before any account showed it has the same time: until then
    /// its file may still be on its way.
    ///
    /// # Errors
    ///
    /// [`AvatarRecordsError`].
    async fn unwanted(
        &self,
        announced_before: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<AvatarName>, AvatarRecordsError>;

    /// Drops an announced picture that no account shows, and that none will show: its
    /// upload comes to nothing. One that an account shows stays.
    ///
    /// # Errors
    ///
    /// [`AvatarRecordsError`].
    async fn give_up(&self, name: AvatarName) -> Result<(), AvatarRecordsError>;

    /// Forgets a dropped picture that was removed; of others nothing is forgotten.
    ///
    /// # Errors
    ///
    /// [`AvatarRecordsError`].
    async fn forget(&self, name: AvatarName) -> Result<(), AvatarRecordsError>;
}
