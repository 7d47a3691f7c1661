//! Turns of people in process.

mod keys;
mod lines;

use std::fmt;
use std::hash::RandomState;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use menshen_domain::ports::account_store::Lookup;
use menshen_domain::ports::turns::{Turn, Turns, TurnsError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use keys::Keys;
use lines::{Lines, Standing};

/// How long a turn is waited for, unless told otherwise: whoever waits longer could
/// not be answered in time any more.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Turns of people in process, first come, first served.
///
/// What people are looked up by is kept as a hash under a secret of the process,
/// and only while somebody holds a turn or waits for one. Strangers whose hashes are
/// alike by chance wait for each other, which does no harm.
pub struct MemoryTurns {
    secret: RandomState,
    lines: Arc<Lines>,
    /// Turns at a time, of whomever.
    places: Arc<Semaphore>,
    patience: Duration,
}

/// What a turn holds, in the order in which it is given up.
struct Held {
    _place: OwnedSemaphorePermit,
    _standing: Standing,
}

impl MemoryTurns {
    /// Turns for at most so many people at a time.
    #[must_use]
    pub fn new(at_a_time: usize) -> Self {
        Self::with_patience(at_a_time, PATIENCE)
    }

    /// Turns that are waited for so long.
    #[must_use]
    pub fn with_patience(at_a_time: usize, patience: Duration) -> Self {
        let places = at_a_time.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            secret: RandomState::new(),
            lines: Arc::default(),
            places: Arc::new(Semaphore::new(places)),
            patience,
        }
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, TurnsError> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        // Never closed.
        place.map_err(|_| TurnsError::Late)
    }
}

impl Default for MemoryTurns {
    /// As many people at a time as come.
    fn default() -> Self {
        Self::new(Semaphore::MAX_PERMITS)
    }
}

impl fmt::Debug for MemoryTurns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryTurns").finish_non_exhaustive()
    }
}

#[async_trait]
impl Turns for MemoryTurns {
    async fn take(&self, lookup: &Lookup) -> Result<Turn, TurnsError> {
        let keys = Keys::of(&self.secret, lookup);
        let standing = Lines::stand(&self.lines, keys);
        // The usual case, without a timer.
        let place = if standing.is_first() {
            Arc::clone(&self.places).try_acquire_owned().ok()
        } else {
            None
        };
        let place = if let Some(place) = place {
            place
        } else {
            // One's own person first: a place is for whoever can use it.
            let turn = async {
                standing.first().await;
                self.place().await
            };
            let waited = timeout(self.patience, turn).await;
            waited.unwrap_or(Err(TurnsError::Late))?
        };
        Ok(Turn::new(Held {
            _place: place,
            _standing: standing,
        }))
    }
}

#[cfg(test)]
mod tests;
