//! When the keys are read anew for the sake of a token.

use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard, Semaphore};
use tokio::time::{Instant, sleep_until};

/// How long after the beginning of one reading the next one begins at the
/// earliest, so that made-up key ids cost next to nothing.
const AT_MOST_EVERY: Duration = Duration::from_secs(2);
/// How many wait for a reading at most; whoever comes then is judged by what is
/// known.
const MOST_WAITING: usize = 128;

/// Takes turns at reading the keys.
pub(crate) struct Learning {
    waiting: Semaphore,
    /// When the last reading began.
    last: Mutex<Option<Instant>>,
}

impl Learning {
    pub(crate) fn new() -> Self {
        Self {
            waiting: Semaphore::new(MOST_WAITING),
            last: Mutex::new(None),
        }
    }

    /// A turn, to be held while reading; `None` if somebody else read everything
    /// since this was called, or too many wait.
    pub(crate) async fn turn(&self) -> Option<MutexGuard<'_, Option<Instant>>> {
        let called = Instant::now();
        let _waits = self.waiting.try_acquire().ok()?;
        let mut last = self.last.lock().await;
        if let Some(begun) = *last {
            if begun > called {
                return None;
            }
            sleep_until(begun + AT_MOST_EVERY).await;
        }
        *last = Some(Instant::now());
        Some(last)
    }
}
