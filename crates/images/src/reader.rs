//! So many pictures at a time, and no more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use menshen_domain::model::avatar::Avatar;
use menshen_domain::ports::image_reader::{ImageReader, ImageReaderError};
use tokio::sync::Semaphore;

use crate::draw::draw;
use crate::metrics::{ImageMetrics, Outcome};

/// How many are read at a time: each may take a processor for a second, and memory of
/// `docs/avatars.md`.
const AT_A_TIME: usize = 2;
/// How many more may wait for their turn, each with its file.
const WAITING: usize = 16;
/// How long one waits: an answer is due in less than six seconds.
const PATIENCE: Duration = Duration::from_secs(3);
/// When those who are sent away may come again.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Reads pictures on threads of their own, two at a time.
pub struct BoundedImageReader {
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
    metrics: ImageMetrics,
}

impl BoundedImageReader {
    /// A reader that nobody waits at yet.
    #[must_use]
    pub fn new(metrics: ImageMetrics) -> Self {
        Self {
            places: Arc::new(Semaphore::new(AT_A_TIME + WAITING)),
            turns: Arc::new(Semaphore::new(AT_A_TIME)),
            metrics,
        }
    }

    async fn in_turn(&self, file: Vec<u8>) -> Result<Avatar, ImageReaderError> {
        let busy = ImageReaderError::Busy {
            retry_after: RETRY_AFTER,
        };
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return Err(busy);
        };
        let turn = Arc::clone(&self.turns).acquire_owned();
        let Ok(Ok(turn)) = tokio::time::timeout(PATIENCE, turn).await else {
            return Err(busy);
        };
        let metrics = self.metrics.clone();
        // It goes on when nobody waits for it any more, and keeps its turn until then.
        let drawn = tokio::task::spawn_blocking(move || {
            let _held = (place, turn);
            let since = Instant::now();
            let drawn = draw(&file);
            metrics.took(since.elapsed());
            drawn
        });
        let drawn = drawn.await;
        drawn.unwrap_or_else(|panic| Err(ImageReaderError::Failed(Box::new(panic))))
    }
}

#[async_trait]
impl ImageReader for BoundedImageReader {
    async fn read(&self, file: Vec<u8>) -> Result<Avatar, ImageReaderError> {
        let read = self.in_turn(file).await;
        self.metrics.ended(Outcome::of(&read));
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_finds_no_turn_in_time_is_sent_away() {
        let reader = BoundedImageReader::new(ImageMetrics::default());
        let _all = reader.turns.acquire_many(2).await;
        let read = reader.read(b"anything".to_vec()).await;
        assert!(matches!(read, Err(ImageReaderError::Busy { .. })));
    }

    #[tokio::test(start_paused = true)]
    async fn a_queue_has_an_end() {
        let reader = Arc::new(BoundedImageReader::new(ImageMetrics::default()));
        let all = reader.turns.acquire_many(2).await;
        let read = |reader: &Arc<BoundedImageReader>| {
            let reader = Arc::clone(reader);
            tokio::spawn(async move { reader.read(b"anything".to_vec()).await })
        };
        let waiting: Vec<_> = (0..AT_A_TIME + WAITING).map(|_| read(&reader)).collect();
        while reader.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let since = tokio::time::Instant::now();
        let one_more = read(&reader).await.unwrap();
        assert!(matches!(one_more, Err(ImageReaderError::Busy { .. })));
        assert_eq!(since.elapsed(), Duration::ZERO, "at once");
        drop(all);
        for one in waiting {
            let read = one.await.unwrap();
            assert!(matches!(read, Err(ImageReaderError::UnknownFormat)));
        }
        assert_eq!(reader.places.available_permits(), AT_A_TIME + WAITING);
    }
}
