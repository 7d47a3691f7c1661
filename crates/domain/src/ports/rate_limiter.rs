//! Counting against limits, all or nothing.

use std::time::Duration;

use async_trait::async_trait;

use crate::model::limits::{LimitKey, LimitRule, PastUse, Window};
use crate::model::spend::{Slices, SpendScope};
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

/// What is counted together for one message, whose past must be known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessagePlaces {
    /// The windows that it is counted against.
    pub windows: Vec<Window>,
    /// The key of whom it goes to, if the windows have it.
    pub person: Option<LimitKey>,
    /// What it is weighed in.
    pub scopes: Vec<SpendScope>,
}

/// A place in every window that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// Which reservation it is, unique within the limiter.
    pub id: u64,
    /// The windows that it holds a place in.
    pub windows: Vec<Window>,
    /// What had been counted for what it is weighed in, before it; it is counted too.
    pub spend: Spend,
}

/// What was counted of messages and right codes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spend {
    /// When, in seconds of the limiter's own clock, whose beginning is its own too.
    pub at: u64,
    /// For each scope.
    pub counted: Vec<(SpendScope, Slices)>,
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

/// What became of a reservation whose past must be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remembered {
    /// The past is known.
    Known(Admission),
    /// The limiter knows no past: it was just started, or has lost everything. Nothing
    /// was counted; [`RateLimiter::recall`] tells it.
    Nothing,
    /// The limiter was told of the past less than a day ago, and since then nothing was
    /// counted for this person: what they had before is not known. Nothing was counted;
    /// [`RateLimiter::recall_person`] tells it.
    NotThePerson,
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

    /// Gives the places back: the act did not happen, nor does it weigh anything.
    ///
    /// # Errors
    ///
    /// See [`RateLimiterError`].
    async fn release(&self, reservation: &Reservation) -> Result<(), RateLimiterError>;

    /// Gives the places back and forgets all that was counted for some keys, in one
    /// atomic step: the act came out right, and what was wrong before it is over.
    /// (Places that no use case takes together with the first key may go a moment
    /// earlier, as may keys that are not counted together with it.) A right code is
    /// counted for each of `proven`.
    ///
    /// # Errors
    ///
    /// See [`RateLimiterError`].
    async fn pardon(
        &self,
        reservation: &Reservation,
        keys: &[LimitKey],
        proven: &[SpendScope],
    ) -> Result<(), RateLimiterError>;

    /// Takes back that a right code was counted: it is good again, and would be
    /// counted twice.
    ///
    /// # Errors
    ///
    /// See [`RateLimiterError`].
    async fn unprove(&self, proven: &[SpendScope]) -> Result<(), RateLimiterError>;

    /// As [`reserve`](Self::reserve), for messages: nothing is counted unless the
    /// limiter still holds what it was told by [`recall`](Self::recall), and knows of
    /// the person. An admitted message is counted for each of its scopes as sent.
    ///
    /// # Errors
    ///
    /// See [`RateLimiterError`].
    async fn reserve_recalled(
        &self,
        places: &MessagePlaces,
    ) -> Result<Remembered, RateLimiterError>;

    /// Counts acts of the past, in one atomic step, unless the limiter remembers
    /// already: of many replicas that try at once the first restores. What was
    /// counted under their keys is replaced, since the acts tell all of it. From
    /// then on the limiter remembers, for at least as long as any window that it
    /// counts in, and longer while messages are admitted.
    ///
    /// True if this call restored.
    ///
    /// # Errors
    ///
    /// See [`RateLimiterError`]; the limiter does not remember then.
    async fn recall(&self, uses: &[PastUse]) -> Result<bool, RateLimiterError>;

    /// Counts acts of a person's past, all under their key, in one atomic step, unless
    /// something is counted there already: of many that try at once the first
    /// restores. From then on the person is known for a day, also where there are no
    /// acts.
    ///
    /// True if this call restored.
    ///
    /// # Errors
    ///
    /// See [`RateLimiterError`]; the person is not known then.
    async fn recall_person(
        &self,
        person: &LimitKey,
        uses: &[PastUse],
    ) -> Result<bool, RateLimiterError>;
}
