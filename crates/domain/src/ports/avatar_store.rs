//! Where the files of avatars are.

use async_trait::async_trait;

use crate::model::avatar::{Avatar, AvatarName};
use crate::ports::BoxError;

/// The store did not answer in time, not sensibly, or does not let us.
#[derive(Debug, thiserror::Error)]
#[error("the store of pictures is unavailable")]
pub struct AvatarStoreError(#[source] pub BoxError);

/// Keeps pictures by their names. Whose they are, and which of them count, is known to
/// [`AvatarRecords`](crate::ports::avatar_records::AvatarRecords).
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait AvatarStore: Send + Sync {
    /// Keeps a picture. A returned `Ok` means that it is durable. To put the same
    /// again changes nothing.
    ///
    /// # Errors
    ///
    /// [`AvatarStoreError`]; the picture may be there all the same.
    async fn put(&self, name: AvatarName, avatar: &Avatar) -> Result<(), AvatarStoreError>;

    /// The picture, if it is there.
    ///
    /// # Errors
    ///
    /// [`AvatarStoreError`], also for a file that is none of ours.
    async fn get(&self, name: AvatarName) -> Result<Option<Avatar>, AvatarStoreError>;

    /// Removes a picture. What is not there is removed.
    ///
    /// # Errors
    ///
    /// [`AvatarStoreError`]; the picture may be gone all the same.
    async fn remove(&self, name: AvatarName) -> Result<(), AvatarStoreError>;
}
