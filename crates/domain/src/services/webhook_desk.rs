//! What operators do about webhooks: see what waits and what died, and have it
//! delivered again. All of it is told to the audit log under the operator's name.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::model::audit::{AuditAction, AuditEvent};
use crate::model::event::EventName;
use crate::model::webhook::{DeliveryState, MAX_AGE, ReceiverName, Subscription};
use crate::ports::audit_log::AuditLog;
use crate::ports::clock::Clock;
use crate::ports::outbox::{
    Backlog, DeliveryFilter, DeliveryRecord, Outbox, OutboxError, REPLAYED_AT_ONCE, Replay,
};
use crate::ports::randomness::Randomness;
use crate::services::administration::{Act, AdministrationError};

/// What operators do about webhooks.
pub struct WebhookDesk {
    /// The deliveries.
    pub outbox: Arc<dyn Outbox>,
    /// Is told of everything.
    pub audit: Arc<dyn AuditLog>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Names audit rows.
    pub randomness: Arc<dyn Randomness>,
    /// Who hears of what, by the settings.
    pub subscriptions: Vec<Subscription>,
}

/// How a receiver does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiverState {
    /// Which.
    pub receiver: ReceiverName,
    /// Of what it hears; of everything if there is none; nothing at all if it is not
    /// in the settings any more.
    pub events: Option<Vec<EventName>>,
    /// What is not delivered yet.
    pub pending: u64,
    /// When the oldest of it happened.
    pub oldest: Option<DateTime<Utc>>,
    /// Dead letters.
    pub dead: u64,
}

/// A page of deliveries, with how the receivers do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deliveries {
    /// Those of the settings, and whoever else something is there for.
    pub receivers: Vec<ReceiverState>,
    /// The latest first.
    pub rows: Vec<DeliveryRecord>,
    /// Where the next page begins, if there may be one.
    pub next: Option<i64>,
}

/// What was made pending again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replayed {
    /// How many deliveries.
    pub count: u64,
    /// Whether there are more.
    pub more: bool,
}

impl From<OutboxError> for AdministrationError {
    fn from(error: OutboxError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl WebhookDesk {
    /// A page of deliveries.
    ///
    /// # Errors
    ///
    /// [`AdministrationError::Unavailable`].
    pub async fn list(
        &self,
        act: &Act,
        filter: &DeliveryFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Deliveries, AdministrationError> {
        let looked = self.row(AuditAction::AdminRead, act);
        self.audit.append(&[looked]).await?;
        let rows = self.outbox.list(filter, before, limit).await?;
        let full = u32::try_from(rows.len()).is_ok_and(|count| count >= limit);
        let next = rows.last().filter(|_| full).map(|row| row.place);
        let backlog = self.outbox.backlog().await?;
        Ok(Deliveries {
            receivers: self.receivers(&backlog),
            rows,
            next,
        })
    }

    /// Those of the settings in their order, then the others.
    fn receivers(&self, backlog: &[Backlog]) -> Vec<ReceiverState> {
        let known = self.subscriptions.iter();
        let known = known.map(|one| (one.receiver.clone(), Some(one.events.clone())));
        let is_known = |name: &ReceiverName| self.subscriptions.iter().any(|s| s.receiver == *name);
        let others = backlog.iter().filter(|one| !is_known(&one.receiver));
        let others = others.map(|one| (one.receiver.clone(), None));
        let state = |(receiver, events): (ReceiverName, Option<Vec<EventName>>)| {
            let waiting = backlog.iter().find(|one| one.receiver == receiver);
            ReceiverState {
                events,
                pending: waiting.map_or(0, |one| one.pending),
                oldest: waiting.and_then(|one| one.oldest),
                dead: waiting.map_or(0, |one| one.dead),
                receiver,
            }
        };
        known.chain(others).map(state).collect()
    }

    /// Has an event, or some of the dead letters, delivered again, for another day.
    ///
    /// # Errors
    ///
    /// [`AdministrationError::NotFound`] if there is no such delivery, and
    /// [`AdministrationError::Unavailable`].
    pub async fn replay(&self, act: &Act, which: &Replay) -> Result<Replayed, AdministrationError> {
        let replayed = self.portion(act, which).await?;
        if replayed.count == 0 {
            let row = self.row(AuditAction::AdminRefused, act);
            let row = row.with_subject(subject(which)).with_reason("not_found");
            self.audit.append(&[row]).await?;
            if matches!(which, Replay::Event(..)) {
                return Err(AdministrationError::NotFound);
            }
        }
        Ok(replayed)
    }

    /// Has all dead letters delivered again, of one receiver or of all, portion by
    /// portion; those that die meanwhile are not waited for. That there are none is
    /// noted only if there were none from the first.
    ///
    /// # Errors
    ///
    /// [`AdministrationError::Unavailable`]: some portions may have been replayed, each
    /// with its row of the audit log.
    pub async fn replay_all(
        &self,
        act: &Act,
        receiver: Option<ReceiverName>,
    ) -> Result<Replayed, AdministrationError> {
        let which = Replay::Dead(receiver);
        let mut all = self.replay(act, &which).await?;
        while all.more {
            // Somebody else may have replayed the rest by now: that is no refusal.
            let portion = self.portion(act, &which).await?;
            all = Replayed {
                count: all.count + portion.count,
                more: portion.more,
            };
        }
        Ok(all)
    }

    async fn portion(&self, act: &Act, which: &Replay) -> Result<Replayed, AdministrationError> {
        let now = self.clock.now();
        let row = self.row(AuditAction::WebhooksReplayed, act);
        let row = row.with_subject(subject(which));
        let count = self.outbox.replay(which, now, now + MAX_AGE, row).await?;
        let more = match which {
            Replay::Dead(receiver) if count >= u64::from(REPLAYED_AT_ONCE) => {
                self.has_died(receiver.clone()).await
            }
            Replay::Dead(_) | Replay::Event(..) => false,
        };
        Ok(Replayed { count, more })
    }

    /// Whether there are dead letters. What was replayed is replayed, whether or not
    /// this can be told: whoever asks again then finds out.
    async fn has_died(&self, receiver: Option<ReceiverName>) -> bool {
        let dead = DeliveryFilter {
            state: Some(DeliveryState::Dead),
            receiver,
        };
        let found = self.outbox.list(&dead, None, 1).await;
        found.map_or(true, |rows| !rows.is_empty())
    }

    fn row(&self, action: AuditAction, act: &Act) -> AuditEvent {
        AuditEvent::new(action, self.clock.now(), &*self.randomness)
            .with_method(act.name)
            .with_origin(&act.origin)
            .with_actor(&act.operator)
    }
}

/// What a replay is about, as the audit log tells it: ids and names of the settings.
fn subject(which: &Replay) -> String {
    let (what, receiver) = match which {
        Replay::Event(event, receiver) => (event.to_string(), receiver),
        Replay::Dead(receiver) => ("dead".to_owned(), receiver),
    };
    match receiver {
        Some(receiver) => format!("{what} {receiver}"),
        None => what,
    }
}
