//! Telling receivers what happened: at least once, in order for each account and
//! receiver, by one replica at a time.
//!
//! Whoever drives this takes the lease, then hands events over and delivers, each
//! receiver for itself and several deliveries at a time, and keeps the lease meanwhile.
//! All of it may stop between any two steps: what was not settled is delivered again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::model::identifiers::HolderId;
use crate::model::webhook::{Delivery, Listener, ReceiverName, SendOutcome, Subscription};
use crate::model::webhook_circuit::{Admission, Circuit};
use crate::model::webhook_retry::{Settlement, after};
use crate::ports::clock::Clock;
use crate::ports::lease_store::{LeaseName, LeaseStore, LeaseStoreError};
use crate::ports::outbox::{Backlog, HandedOver, Outbox, OutboxError};
use crate::ports::randomness::Randomness;
use crate::ports::webhook_sender::WebhookSender;

/// How long the lease is held from each renewal on: as long at most nobody delivers
/// after a holder was killed.
pub const TERM: Duration = Duration::from_secs(15);

/// How many events are handed over in one step.
pub const HANDED_OVER: u32 = 200;

/// How many heads are looked at in one step.
pub const HEADS: u32 = 64;

/// How many deliveries are given up in one step.
const GIVEN_UP: u32 = 500;

/// Why a step could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum DeliverWebhooksError {
    /// The lease cannot be had.
    #[error(transparent)]
    Lease(#[from] LeaseStoreError),
    /// The outbox did not answer.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
}

/// Tells receivers what happened.
pub struct DeliverWebhooks {
    /// Sees to it that one replica does so.
    pub leases: Arc<dyn LeaseStore>,
    /// Where events are.
    pub outbox: Arc<dyn Outbox>,
    /// Tells them.
    pub sender: Arc<dyn WebhookSender>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Spreads tries over time.
    pub randomness: Arc<dyn Randomness>,
    /// Who this is.
    pub holder: HolderId,
    /// Who hears of what.
    pub subscriptions: Vec<Subscription>,
    /// When the process started: a receiver that is new hears from then on.
    pub since: DateTime<Utc>,
    /// How the receivers do, as far as this process knows.
    pub circuits: Circuits,
}

/// How the receivers do.
#[derive(Debug, Default)]
pub struct Circuits(Mutex<BTreeMap<ReceiverName, Circuit>>);

impl Circuits {
    fn all(&self) -> MutexGuard<'_, BTreeMap<ReceiverName, Circuit>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a receiver may be sent.
    #[must_use]
    pub fn admit(&self, receiver: &ReceiverName, now: DateTime<Utc>) -> Admission {
        let all = self.all();
        all.get(receiver)
            .map_or(Admission::Whatever, |circuit| circuit.admits(now))
    }

    fn note(&self, receiver: &ReceiverName, outcome: &SendOutcome, now: DateTime<Utc>) -> bool {
        let mut all = self.all();
        all.entry(receiver.clone()).or_default().note(outcome, now)
    }
}

/// What a try came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// What the receiver did.
    pub outcome: SendOutcome,
    /// What becomes of the delivery.
    pub settlement: Settlement,
}

impl DeliverWebhooks {
    /// Takes the lease; answers who hears of what, or nothing if another replica
    /// delivers.
    ///
    /// # Errors
    ///
    /// [`DeliverWebhooksError`].
    pub async fn begin(&self) -> Result<Option<Vec<Listener>>, DeliverWebhooksError> {
        let taken = self.leases.take(LeaseName::WEBHOOKS, self.holder, TERM);
        if taken.await?.is_none() {
            return Ok(None);
        }
        let since = self.meet().await?;
        let listeners = self.subscriptions.iter().cloned().zip(since);
        let listener = |(subscription, since)| Listener {
            subscription,
            since,
        };
        Ok(Some(listeners.map(listener).collect()))
    }

    /// Tells the outbox who is there; answers since when each of them hears of events.
    async fn meet(&self) -> Result<Vec<DateTime<Utc>>, OutboxError> {
        let names = self.subscriptions.iter().map(|one| one.receiver.clone());
        let names: Vec<_> = names.collect();
        let now = self.clock.now();
        self.outbox.meet(&names, self.since, now).await
    }

    /// Keeps the lease; false if it is lost.
    ///
    /// # Errors
    ///
    /// [`LeaseStoreError`]: it may be lost.
    pub async fn renew(&self) -> Result<bool, LeaseStoreError> {
        let renewed = self.leases.renew(LeaseName::WEBHOOKS, self.holder, TERM);
        Ok(renewed.await?.is_some())
    }

    /// Gives the lease back, so that another replica need not wait for its end.
    ///
    /// # Errors
    ///
    /// [`LeaseStoreError`]: it ends by itself.
    pub async fn leave(&self) -> Result<(), LeaseStoreError> {
        self.leases.release(LeaseName::WEBHOOKS, self.holder).await
    }

    /// Hands over what happened meanwhile.
    ///
    /// # Errors
    ///
    /// [`OutboxError`].
    pub async fn hand_over(&self, listeners: &[Listener]) -> Result<HandedOver, OutboxError> {
        let now = self.clock.now();
        self.outbox.hand_over(listeners, now, HANDED_OVER).await
    }

    /// What is to be tried now for a receiver: nothing while it rests, one delivery to
    /// find out whether it is back, or all that is due.
    ///
    /// # Errors
    ///
    /// [`OutboxError`].
    pub async fn due(&self, receiver: &ReceiverName) -> Result<Vec<Delivery>, OutboxError> {
        let now = self.clock.now();
        match self.circuits.admit(receiver, now) {
            Admission::Rest(_) | Admission::Gone => Ok(Vec::new()),
            Admission::Probe => self.outbox.heads(receiver, None, 1).await,
            Admission::Whatever => self.outbox.heads(receiver, Some(now), HEADS).await,
        }
    }

    /// Tries a delivery, unless its receiver has begun to rest meanwhile, and writes
    /// down what it came to.
    ///
    /// # Errors
    ///
    /// [`OutboxError`]: it is tried again.
    pub async fn deliver(&self, delivery: &Delivery) -> Result<Option<Tried>, OutboxError> {
        let receiver = &delivery.receiver;
        match self.circuits.admit(receiver, self.clock.now()) {
            Admission::Rest(_) | Admission::Gone => return Ok(None),
            Admission::Probe | Admission::Whatever => {}
        }
        let outcome = self.sender.send(delivery).await;
        let now = self.clock.now();
        let back = self.circuits.note(receiver, &outcome, now);
        let settlement = after(delivery, &outcome, now, self.random());
        self.outbox.settle(delivery, &settlement, now).await?;
        if back {
            // What waits for an hour because the receiver was down need not.
            self.outbox.hasten(receiver, now).await?;
        }
        Ok(Some(Tried {
            outcome,
            settlement,
        }))
    }

    /// Notes that the receivers are still there, and gives up what is past its time for
    /// those that nothing is sent to; answers
    /// what waits for each of them, and how many deliveries were given up.
    ///
    /// # Errors
    ///
    /// [`OutboxError`].
    pub async fn tidy(&self) -> Result<(Vec<Backlog>, u64), OutboxError> {
        let now = self.clock.now();
        self.meet().await?;
        let backlog = self.outbox.backlog().await?;
        let mut given_up = 0;
        for waiting in backlog.iter().filter(|one| one.pending > 0) {
            let receiver = &waiting.receiver;
            let known = self.subscriptions.iter().any(|s| s.receiver == *receiver);
            if !known || self.circuits.admit(receiver, now) != Admission::Whatever {
                given_up += self.outbox.give_up(receiver, now, GIVEN_UP).await?;
            }
        }
        Ok((backlog, given_up))
    }

    fn random(&self) -> u32 {
        let mut random = [0; 4];
        self.randomness.fill(&mut random);
        u32::from_le_bytes(random)
    }
}
