//! Telling a receiver an event.

use async_trait::async_trait;

use crate::model::webhook::{Delivery, SendOutcome};

/// Tells receivers events.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait WebhookSender: Send + Sync {
    /// Tries once, within 10 s whatever the receiver does. Each try of a delivery
    /// carries the same id and the same bytes; follows no redirect; keeps nothing of
    /// the answer but its status and the wait that it asks for.
    ///
    /// A receiver of which nothing is known is
    /// [`NoConnection`](crate::model::webhook::SendFault::NoConnection).
    async fn send(&self, delivery: &Delivery) -> SendOutcome;
}
