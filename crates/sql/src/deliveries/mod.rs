//! Events on their way from the outbox to the receivers.

mod handing;
mod looking;
mod replaying;
mod settling;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use menshen_domain::model::audit::AuditEvent;
use menshen_domain::model::webhook::{Delivery, Listener, ReceiverName};
use menshen_domain::model::webhook_retry::Settlement;
use menshen_domain::ports::outbox::{
    Backlog, DeliveryFilter, DeliveryRecord, HandedOver, Outbox, OutboxError, Replay,
};

pub use looking::heads;

use crate::database::again;
use crate::failure::Failure;
use crate::store::SqlStore;

#[async_trait]
impl Outbox for SqlStore {
    async fn meet(
        &self,
        receivers: &[ReceiverName],
        since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<DateTime<Utc>>, OutboxError> {
        let met = handing::meet(&self.database, receivers, since, now);
        self.database.within(met).await.map_err(unavailable)
    }

    async fn hand_over(
        &self,
        listeners: &[Listener],
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<HandedOver, OutboxError> {
        let handed = again(|| handing::hand_over(&self.database, listeners, now, limit));
        self.database.within(handed).await.map_err(unavailable)
    }

    async fn heads(
        &self,
        receiver: &ReceiverName,
        due: Option<DateTime<Utc>>,
        limit: u32,
    ) -> Result<Vec<Delivery>, OutboxError> {
        let found = looking::find_heads(&self.database, receiver, due, limit);
        self.database.within(found).await.map_err(unavailable)
    }

    async fn settle(
        &self,
        delivery: &Delivery,
        settlement: &Settlement,
        now: DateTime<Utc>,
    ) -> Result<(), OutboxError> {
        let settled = again(|| settling::settle(&self.database, delivery, settlement, now));
        self.database.within(settled).await.map_err(unavailable)
    }

    async fn hasten(&self, receiver: &ReceiverName, now: DateTime<Utc>) -> Result<(), OutboxError> {
        let hastened = again(|| settling::hasten(&self.database, receiver, now));
        self.database.within(hastened).await.map_err(unavailable)
    }

    async fn give_up(
        &self,
        receiver: &ReceiverName,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, OutboxError> {
        let given_up = again(|| settling::give_up(&self.database, receiver, now, limit));
        self.database.within(given_up).await.map_err(unavailable)
    }

    async fn backlog(&self) -> Result<Vec<Backlog>, OutboxError> {
        let counted = looking::backlog(&self.database);
        self.database.within(counted).await.map_err(unavailable)
    }

    async fn list(
        &self,
        filter: &DeliveryFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<DeliveryRecord>, OutboxError> {
        let listed = looking::list(&self.database, filter, before, limit);
        self.database.within(listed).await.map_err(unavailable)
    }

    async fn replay(
        &self,
        which: &Replay,
        now: DateTime<Utc>,
        give_up_at: DateTime<Utc>,
        audit: AuditEvent,
    ) -> Result<u64, OutboxError> {
        let replayed = again(|| replaying::replay(self, which, now, give_up_at, &audit));
        self.database.within(replayed).await.map_err(unavailable)
    }
}

fn unavailable(failure: Failure) -> OutboxError {
    OutboxError(failure.boxed())
}
