//! What the clauses of the outbox work with.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the clause")]

use std::time::Duration;

use chrono::{DateTime, Utc};
use menshen_domain::model::account::Account;
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::Step;
use menshen_domain::model::event::{Notice, OutboxEvent};
use menshen_domain::model::identifiers::{EventId, UserId};
use menshen_domain::model::webhook::{Delivery, Listener, ReceiverName, Subscription};
use menshen_domain::model::webhook_retry::Settlement;
use menshen_domain::ports::outbox::{DeliveryFilter, DeliveryRecord, HandedOver, Replay};
use uuid::Uuid;

use crate::people::{People, changed, later, seen};
use crate::sample::now;
use crate::stores::Stores;

pub(super) const HOUR: Duration = Duration::from_hours(1);

pub(super) fn name(text: &str) -> ReceiverName {
    ReceiverName::parse(text).unwrap()
}

/// A receiver that hears of everything since the suite's now.
pub(super) fn listener(text: &str) -> Listener {
    Listener {
        subscription: Subscription {
            receiver: name(text),
            events: Vec::new(),
        },
        since: now(),
    }
}

/// Accounts to tell of.
pub(super) struct Scene {
    pub(super) stores: Stores,
    pub(super) people: People,
}

impl Scene {
    pub(super) fn over(stores: Stores) -> Self {
        let people = People::new(1);
        Self { stores, people }
    }

    /// An account, and the creation that tells nothing.
    pub(super) async fn account(&self) -> Account {
        let account = self.people.account();
        let mut creation = self.people.creation(&account);
        creation.outbox.clear();
        self.stores.accounts.apply(&creation).await.unwrap();
        account
    }

    /// An account that is signed in so many times; none of it tells anything.
    pub(super) async fn account_with_sessions(&self, sessions: u64) -> Account {
        let account = self.account().await;
        for number in 0..sessions {
            let age = Duration::from_secs(number);
            let session = self.people.session(account.id, None, age);
            let mut login = self.people.login(&account, session, 0);
            login.outbox.clear();
            self.stores.accounts.apply(&login).await.unwrap();
        }
        account
    }

    /// One act that changes these accounts, and tells this of the first.
    pub(super) async fn does(&self, accounts: &[&Account], steps: Vec<Step>, notice: Notice) {
        let user = accounts[0].id;
        let accounts = accounts.iter().map(|one| changed(one)).collect();
        let mut changes = self.people.changes(user, accounts, steps);
        let event = OutboxEvent::new(user, notice, now(), self.people.randomness());
        changes.outbox = vec![event];
        self.stores.accounts.apply(&changes).await.unwrap();
    }

    /// One act that tells these notices, in this order.
    pub(super) async fn act(
        &self,
        account: &Account,
        at: DateTime<Utc>,
        notices: &[Notice],
    ) -> Vec<EventId> {
        let event = |notice| OutboxEvent::new(account.id, notice, at, self.people.randomness());
        let mut changes = self
            .people
            .changes(account.id, vec![seen(account)], Vec::new());
        changes.outbox = notices.iter().copied().map(event).collect();
        let ids = changes.outbox.iter().map(|event| event.id).collect();
        self.stores.accounts.apply(&changes).await.unwrap();
        ids
    }

    /// So many acts, each of which tells that the account was updated.
    pub(super) async fn updates(&self, account: &Account, times: u32) -> Vec<EventId> {
        let mut ids = Vec::new();
        for _ in 0..times {
            ids.extend(self.act(account, now(), &[Notice::UserUpdated]).await);
        }
        ids
    }

    pub(super) async fn hand_over(&self, listeners: &[Listener]) -> HandedOver {
        let names: Vec<_> = listeners
            .iter()
            .map(|one| one.subscription.receiver.clone())
            .collect();
        let outbox = &self.stores.outbox;
        outbox.meet(&names, now(), now()).await.unwrap();
        outbox.hand_over(listeners, now(), 100).await.unwrap()
    }

    pub(super) async fn due(&self, receiver: &str, at: DateTime<Utc>) -> Vec<Delivery> {
        let outbox = &self.stores.outbox;
        outbox.heads(&name(receiver), Some(at), 100).await.unwrap()
    }

    pub(super) async fn due_ids(&self, receiver: &str, at: DateTime<Utc>) -> Vec<EventId> {
        ids(&self.due(receiver, at).await)
    }

    pub(super) async fn settle(&self, delivery: &Delivery, settlement: Settlement) {
        let settled = self.stores.outbox.settle(delivery, &settlement, now());
        settled.await.unwrap();
    }

    pub(super) async fn retry(&self, delivery: &Delivery, due_at: DateTime<Utc>) {
        let outcome = "http_500".to_owned();
        self.settle(delivery, Settlement::Retry { due_at, outcome })
            .await;
    }

    pub(super) async fn die(&self, delivery: &Delivery) {
        let outcome = "http_500".to_owned();
        self.settle(delivery, Settlement::Dead { outcome }).await;
    }

    pub(super) async fn listed(&self, filter: &DeliveryFilter) -> Vec<DeliveryRecord> {
        self.stores.outbox.list(filter, None, 100).await.unwrap()
    }

    pub(super) async fn replay(&self, which: &Replay) -> u64 {
        let audit = self
            .people
            .audit(AuditAction::WebhooksReplayed, UserId::from_uuid(nobody()));
        let replayed = self
            .stores
            .outbox
            .replay(which, later(HOUR), later(HOUR * 25), audit);
        replayed.await.unwrap()
    }
}

pub(super) fn nobody() -> Uuid {
    Uuid::nil()
}

pub(super) fn ids(deliveries: &[Delivery]) -> Vec<EventId> {
    deliveries.iter().map(|delivery| delivery.event).collect()
}
