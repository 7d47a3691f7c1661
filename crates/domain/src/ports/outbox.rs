//! The outbox: events, from the act that they tell of to the last receiver.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::audit::AuditEvent;
use crate::model::identifiers::{EventId, UserId};
use crate::model::webhook::{Delivery, DeliveryState, Listener, ReceiverName};
use crate::model::webhook_retry::Settlement;
use crate::ports::BoxError;

/// The store did not answer in time, or not sensibly.
#[derive(Debug, thiserror::Error)]
#[error("the outbox is unavailable")]
pub struct OutboxError(#[source] pub BoxError);

/// What was handed over in one step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HandedOver {
    /// Events that left the outbox.
    pub events: u64,
    /// Deliveries that they became.
    pub deliveries: u64,
}

/// What waits for a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    /// Which.
    pub receiver: ReceiverName,
    /// Deliveries that are not made yet.
    pub pending: u64,
    /// When the oldest of them happened.
    pub oldest: Option<DateTime<Utc>>,
    /// Deliveries that are tried no more.
    pub dead: u64,
}

/// Which deliveries to look at; all conditions hold together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// In this state.
    pub state: Option<DeliveryState>,
    /// For this receiver.
    pub receiver: Option<ReceiverName>,
}

/// A delivery as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRecord {
    /// Its place among all deliveries: larger for what was handed over later.
    pub place: i64,
    /// The event.
    pub event: EventId,
    /// Whom it is for.
    pub receiver: ReceiverName,
    /// Whose account it concerns.
    pub user: UserId,
    /// The event's name.
    pub kind: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next, if it is.
    pub due_at: DateTime<Utc>,
    /// When it was given up, if it was.
    pub dead_at: Option<DateTime<Utc>>,
    /// What the last try came to.
    pub outcome: Option<String>,
}

/// What to deliver again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replay {
    /// An event, dead or pending, to one receiver or to all that it did not reach.
    Event(EventId, Option<ReceiverName>),
    /// Dead letters, the oldest first, of one receiver or of all.
    Dead(Option<ReceiverName>),
}

/// How many deliveries one [`Outbox::replay`] touches at most.
pub const REPLAYED_AT_ONCE: u32 = 500;

/// Events and their deliveries.
///
/// An event is written by the store of accounts or sessions in the transaction of its
/// act. It is handed over to the receivers that there are, as one delivery for each
/// that wants it; a delivery stays until it is made, or removed long after it died.
///
/// Of the deliveries to a receiver about one account, one is a head at a time: the
/// earliest that is pending. The order is that in which the acts were committed, and
/// within an act that of [`farewells_last`](crate::model::event::farewells_last). That
/// an account became part of another one, `user.merged` of the latter, is no head before
/// all that was told of the former.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Takes note that these receivers are there now, and answers from when on each of
    /// them hears of events, in the same order: from `since` on for one that is new or
    /// was not there for a week, as before for all others.
    ///
    /// # Errors
    ///
    /// [`OutboxError`]; likewise below.
    async fn meet(
        &self,
        receivers: &[ReceiverName],
        since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<DateTime<Utc>>, OutboxError>;

    /// Hands the earliest `limit` events over, all or nothing. Two that do so at once
    /// take turns; an event is handed over once.
    async fn hand_over(
        &self,
        listeners: &[Listener],
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<HandedOver, OutboxError>;

    /// The heads of a receiver that are due by `due`, or any, whoever waited longest
    /// first; `limit` at most. They stay as they are.
    async fn heads(
        &self,
        receiver: &ReceiverName,
        due: Option<DateTime<Utc>>,
        limit: u32,
    ) -> Result<Vec<Delivery>, OutboxError>;

    /// Writes down what became of a pending delivery; nothing happens if it is not
    /// pending any more.
    async fn settle(
        &self,
        delivery: &Delivery,
        settlement: &Settlement,
        now: DateTime<Utc>,
    ) -> Result<(), OutboxError>;

    /// Makes all that is pending for a receiver due.
    async fn hasten(&self, receiver: &ReceiverName, now: DateTime<Utc>) -> Result<(), OutboxError>;

    /// Gives up to `limit` pending deliveries up whose time is over, tried or not;
    /// answers how many.
    async fn give_up(
        &self,
        receiver: &ReceiverName,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, OutboxError>;

    /// What waits for each receiver that something waits for, by name.
    async fn backlog(&self) -> Result<Vec<Backlog>, OutboxError>;

    /// Deliveries, the latest first, from before `before` on; `limit` at most.
    async fn list(
        &self,
        filter: &DeliveryFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<DeliveryRecord>, OutboxError>;

    /// Makes deliveries pending and due, as if they had not been tried, until
    /// `give_up_at`; [`REPLAYED_AT_ONCE`] at most. Answers how many. The audit row is
    /// written with it, if there was any.
    async fn replay(
        &self,
        which: &Replay,
        now: DateTime<Utc>,
        give_up_at: DateTime<Utc>,
        audit: AuditEvent,
    ) -> Result<u64, OutboxError>;
}
