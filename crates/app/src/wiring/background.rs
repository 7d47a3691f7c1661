//! What one replica does for all.

use std::sync::Arc;

use menshen_domain::model::identifiers::HolderId;
use menshen_domain::ports::account_store::AccountStore;
use menshen_domain::ports::audit_log::AuditLog;
use menshen_domain::ports::clock::Clock;
use menshen_domain::services::avatars::SweepAvatars;
use menshen_domain::services::deliver_webhooks::{Circuits, DeliverWebhooks};
use menshen_domain::services::erase_due::EraseDue;
use menshen_domain::services::keep_house::KeepHouse;
use menshen_domain::services::renew_ring::RenewRing;
use menshen_sql::{Database, SqlStore};
use menshen_token::keyring::Keyring;
use menshen_token::system_randomness::SystemRandomness;
use menshen_webhooks::HttpWebhookSender;
use prometheus_client::registry::Registry;

use crate::housekeeping::{Housekeeping, HousekeepingMetrics};
use crate::resealing::{ResealMetrics, Resealing};
use crate::settings::Settings;
use crate::webhooks::{Delivering, WebhookMetrics};
use crate::wiring::StartError;

/// Removes what was kept long enough, and erases who asked for it.
pub(super) fn housekeeping(
    settings: &Settings,
    database: &Database,
    accounts: Arc<dyn AccountStore>,
    avatars: Arc<SweepAvatars>,
    clock: Arc<dyn Clock>,
) -> Housekeeping {
    let store = Arc::new(database.clone());
    let keep_house = KeepHouse {
        leases: store.clone(),
        store,
        erase: Arc::new(EraseDue {
            accounts,
            randomness: Arc::new(SystemRandomness),
        }),
        avatars,
        clock: clock.clone(),
        holder: HolderId::generate(&SystemRandomness, clock.now()),
        policy: settings.retention.policy,
        pace: settings.retention.pace,
    };
    Housekeeping {
        keep_house,
        randomness: Arc::new(SystemRandomness),
        clock,
        metrics: HousekeepingMetrics::default(),
    }
}

/// Tells receivers what happened, where there is any.
pub(super) fn webhooks(
    settings: &Settings,
    store: &SqlStore,
    clock: Arc<dyn Clock>,
) -> Result<Option<Delivering>, StartError> {
    let webhooks = &settings.webhooks;
    if webhooks.is_empty() {
        return Ok(None);
    }
    let receivers = webhooks.iter().map(|one| one.receiver.clone()).collect();
    let subscriptions = settings.subscriptions();
    let names = subscriptions.iter().map(|one| one.receiver.clone());
    let metrics = WebhookMetrics::of(names);
    let deliver = DeliverWebhooks {
        leases: Arc::new(store.database().clone()),
        outbox: Arc::new(store.clone()),
        sender: Arc::new(HttpWebhookSender::new(receivers, clock.clone())?),
        randomness: Arc::new(SystemRandomness),
        holder: HolderId::generate(&SystemRandomness, clock.now()),
        subscriptions,
        since: clock.now(),
        clock,
        circuits: Circuits::default(),
    };
    Ok(Some(Delivering { deliver, metrics }))
}

/// Seals anew what stands under older keys.
pub(super) fn resealing(
    settings: &Settings,
    store: &SqlStore,
    keyring: &Arc<Keyring>,
    audit: &Arc<dyn AuditLog>,
    clock: Arc<dyn Clock>,
) -> Resealing {
    Resealing {
        renew: renew_ring(settings, store, clock),
        keyring: Arc::clone(keyring),
        database: store.database().clone(),
        audit: Arc::clone(audit),
        randomness: Arc::new(SystemRandomness),
        metrics: ResealMetrics::default(),
    }
}

/// What sees to it that older keys leave the ring.
pub(crate) fn renew_ring(
    settings: &Settings,
    store: &SqlStore,
    clock: Arc<dyn Clock>,
) -> RenewRing {
    let policy = &settings.tokens.policy;
    let lives = [policy.mini_program, policy.app, policy.web];
    let session_life = lives.iter().map(|lives| lives.session).max();
    let database = Arc::new(store.database().clone());
    RenewRing {
        leases: database.clone(),
        ring: database,
        rows: Arc::new(store.clone()),
        holder: HolderId::generate(&SystemRandomness, clock.now()),
        clock,
        session_life: session_life.unwrap_or_default(),
        pace: settings.retention.pace,
    }
}

/// Shows what the background work counts.
pub(super) fn show(
    registry: &mut Registry,
    housekeeping: &Housekeeping,
    resealing: &Resealing,
    webhooks: Option<&Delivering>,
) {
    housekeeping.metrics.register(registry);
    resealing.metrics.register(registry);
    if let Some(webhooks) = webhooks {
        webhooks.metrics.register(registry);
    }
}
