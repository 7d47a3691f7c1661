//! Counting against limits, all or nothing.

use std::time::Duration;

use async_trait::async_trait;

use crate::model::limits::{LimitKey, LimitRule, PastUse, Window};
use crate::ports::BoxError;

/// Why nothing could be counted; the act counts as refused.
#[derive(Debug, thiserror::Error)]
pub enum RateLimiterError {
    /// The limiter is full: it refuses rather than forget somebody's counts.
    #[error("the rate limiter is full")]
    Full,
    /// The limiter did not answer in time, or not sensibly.
    #[error("the rate limiter is unavailable")]
    Unavailable(#[source] BoxError),
}

/// A place in every window that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// Which reservation it is, unique within the limiter.
    pub id: u64,
    /// The windows that it holds a place in.
    pub windows: Vec<Window>,
}

/// What became of a reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// Every window had a place; the act counts unless it is released.
    Reserved(Reservation),
    /// A window was full; no window counts anything.
    Refused {
        /// The rule of the window that stays full the longest.
        rule: LimitRule,
        /// When that window has a place again, at least one second.
        retry_after: Duration,
    },
}

/// Counts acts in rolling windows.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Takes a place in every window, or in none, in one atomic step. No
    /// windows are always [`Admission::Reserved`].
    ///
    /// # Errors
    ///
    /// See [`RateLimiterError`].
    async fn reserve(&self, windows: &[Window]) -> Result<Admission, RateLimiterError>;

    /// How long until every window has a place, as a refusal would tell; nothing
    /// if each has one now. Counts nothing: for acts that are counted once they
    /// have happened, since repeats of them are free.
    ///
    /// # Errors
    ///
    /// See [`RateLimiterError`].
    async fn wait(&self, windows: &[Window]) -> Result<Option<Duration>, RateLimiterError>;

    /// Gives the places back: the act did not happen.
    ///
    /// # Errors
    ///
    /// See [`RateLimiterError`].
    async fn release(&self, reservation: &Reservation) -> Result<(), RateLimiterError>;

    /// Gives the places back and forgets all that was counted for a key, in one
    /// atomic step: the act came out right, and what was wrong before it is over.
    /// (Places that no use case takes together with the key may go a moment
    /// earlier.)
    ///
    /// # Errors
    ///
    /// See [`RateLimiterError`].
    async fn pardon(
        &self,
        reservation: &Reservation,
        key: &LimitKey,
    ) -> Result<(), RateLimiterError>;

    /// As [`reserve`](Self::reserve), for acts whose past must be known: nothing, and
    /// nothing is counted, unless the limiter still holds what it was told by
    /// [`recall`](Self::recall). A limiter that was just started, or has lost
    /// everything, does not.
    ///
    /// # Errors
    ///
    /// See [`RateLimiterError`].
    async fn reserve_recalled(
        &self,
        windows: &[Window],
    ) -> Result<Option<Admission>, RateLimiterError>;

    /// Counts acts of the past, in one atomic step, unless the limiter remembers
    /// already: of many replicas that try at once the first restores. What was
    /// counted under their keys is replaced, since the acts tell all of it. From
    /// then on the limiter remembers, for at least as long as any window that it
    /// counts in.
    ///
    /// True if this call restored.
    ///
    /// # Errors
    ///
    /// See [`RateLimiterError`]; the limiter does not remember then.
    async fn recall(&self, uses: &[PastUse]) -> Result<bool, RateLimiterError>;
}
