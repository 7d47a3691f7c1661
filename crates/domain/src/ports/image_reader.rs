//! Reading the pictures that people send.

use std::time::Duration;

use async_trait::async_trait;

use crate::model::avatar::Avatar;
use crate::ports::BoxError;

/// Why a file gives no picture.
#[derive(Debug, thiserror::Error)]
pub enum ImageReaderError {
    /// It begins like none of the formats that are read.
    #[error("the file is no PNG, JPEG or WebP")]
    UnknownFormat,
    /// It is of a format that is read, and ends early, is damaged, or has a part that
    /// is not understood.
    #[error("the file is damaged")]
    Broken,
    /// It stands for a picture of more points than are read.
    #[error("the picture has too many points")]
    TooLarge,
    /// So many pictures are being read that this one is not waited for.
    #[error("too many pictures are being read")]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// The reader failed, whatever the file.
    #[error("the picture could not be read")]
    Failed(#[source] BoxError),
}

/// Reads pictures.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait ImageReader: Send + Sync {
    /// Reads a PNG, JPEG or WebP by what it holds, whatever it is called, and draws its
    /// middle square anew; of several pictures in a file the first. Nothing but the
    /// points is left: no place, no camera, no text, no colour profile.
    ///
    /// Memory and time are bounded, whatever the file says.
    ///
    /// # Errors
    ///
    /// See [`ImageReaderError`].
    async fn read(&self, file: Vec<u8>) -> Result<Avatar, ImageReaderError>;
}
