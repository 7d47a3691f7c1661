//! Telling receivers what happened, in the background: one replica for all, each
//! receiver for itself, several deliveries at a time.

mod metrics;

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use menshen_domain::model::webhook::{Delivery, Listener, ReceiverName};
use menshen_domain::model::webhook_retry::Settlement;
use menshen_domain::services::deliver_webhooks::{DeliverWebhooks, HANDED_OVER, TERM};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::rounds::{Running, Stopping, jittered};
pub use metrics::WebhookMetrics;

/// How often whoever has no lease asks for it.
const ASKS: Duration = Duration::from_secs(4);

/// How often the holder renews it.
const RENEWS: Duration = Duration::from_secs(3);

/// How often the outbox is looked at, and what is due.
const LOOKS: Duration = Duration::from_secs(1);

/// How often what waits is counted, and what is past its time given up.
const TIDIES: Duration = Duration::from_secs(15);

/// How long to pause after the database failed.
const PAUSE: Duration = Duration::from_secs(5);

/// How many tries of one receiver are under way at most.
const AT_A_TIME: usize = 8;

/// How long tries under way may take once the process ends; what is not done then is
/// delivered again by another replica.
const LAST_TRIES: Duration = Duration::from_secs(3);

/// What the background work needs.
pub struct Delivering {
    /// What it does.
    pub deliver: DeliverWebhooks,
    /// Counts it.
    pub metrics: WebhookMetrics,
}

/// Starts the background work.
#[must_use]
pub fn start(delivering: Delivering) -> Running {
    let delivering = Arc::new(delivering);
    Running::start(move |mut stopping| async move {
        loop {
            match delivering.deliver.begin().await {
                Ok(Some(listeners)) => delivering.hold(&listeners, &mut stopping).await,
                Ok(None) => {}
                Err(error) => warn(&error, "webhooks wait: the lease cannot be had"),
            }
            if stopping.pause(jittered(ASKS)).await {
                break;
            }
        }
    })
}

impl Delivering {
    /// Delivers for as long as the lease is held and the process goes on.
    async fn hold(self: &Arc<Self>, listeners: &[Listener], stopping: &mut Stopping) {
        self.metrics.held(true);
        let handed = Arc::new(Notify::new());
        let mut pumps = JoinSet::new();
        for listener in listeners {
            let receiver = listener.subscription.receiver.clone();
            let pump = Arc::clone(self).pump(receiver, Arc::clone(&handed), stopping.clone());
            pumps.spawn(pump);
        }
        tokio::select! {
            // Before the pumps, which end because of it.
            biased;
            () = stopping.stopped() => {
                let rest = async { while pumps.join_next().await.is_some() {} };
                drop(timeout(LAST_TRIES, rest).await);
            }
            () = self.keep() => tracing::warn!("another replica may deliver webhooks by now"),
            // One that panicked told so; all begin anew.
            _ = pumps.join_next() => {}
            () = self.hand_over(listeners, &handed) => {}
            () = self.tidy() => {}
        }
        pumps.shutdown().await;
        self.metrics.held(false);
        let now = self.deliver.clock.now();
        self.metrics.show(self.receivers(), &[], now);
        if let Err(error) = self.deliver.leave().await {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "the lease of webhooks ends by itself"
            );
        }
    }

    fn receivers(&self) -> impl Iterator<Item = &ReceiverName> {
        let subscriptions = self.deliver.subscriptions.iter();
        subscriptions.map(|subscription| &subscription.receiver)
    }

    /// Renews the lease until it is lost, or may be.
    async fn keep(&self) {
        loop {
            sleep(RENEWS).await;
            match timeout(TERM.saturating_sub(RENEWS * 2), self.deliver.renew()).await {
                Ok(Ok(true)) => {}
                Ok(Ok(false)) | Err(_) => return,
                Ok(Err(error)) => {
                    warn(&error, "webhooks wait: the lease cannot be renewed");
                    return;
                }
            }
        }
    }

    async fn hand_over(&self, listeners: &[Listener], handed: &Notify) {
        loop {
            match self.deliver.hand_over(listeners).await {
                Ok(some) => {
                    if some.deliveries > 0 {
                        handed.notify_waiters();
                    }
                    if some.events < u64::from(HANDED_OVER) {
                        sleep(LOOKS).await;
                    }
                }
                Err(error) => {
                    warn(&error, "events were not handed over");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    async fn tidy(&self) {
        loop {
            match self.deliver.tidy().await {
                Ok((backlog, given_up)) => {
                    let now = self.deliver.clock.now();
                    self.metrics.show(self.receivers(), &backlog, now);
                    if given_up > 0 {
                        tracing::warn!(
                            count = given_up,
                            "deliveries of webhooks were given up after a day: menshen webhooks list"
                        );
                        sleep(LOOKS).await;
                        continue;
                    }
                }
                Err(error) => warn(&error, "what waits for webhooks is not known"),
            }
            sleep(TIDIES).await;
        }
    }

    /// Delivers to one receiver until the process ends.
    async fn pump(
        self: Arc<Self>,
        receiver: ReceiverName,
        handed: Arc<Notify>,
        mut stopping: Stopping,
    ) {
        while !stopping.is_stopping() {
            // Asked for before it is looked, so that nothing comes in between unheard.
            let heard = handed.notified();
            let due = match self.deliver.due(&receiver).await {
                Ok(due) => due,
                Err(error) => {
                    warn(&error, "what is due for a webhook is not known");
                    stopping.pause(PAUSE).await;
                    continue;
                }
            };
            let tries = stream::iter(due);
            let tries = tries.map(|delivery| Arc::clone(&self).attempt(delivery, stopping.clone()));
            let made = tries
                .buffer_unordered(AT_A_TIME)
                .fold(0, async |sum, made| sum + u32::from(made))
                .await;
            // An account's next event is there once the one before is settled.
            if made == 0 {
                tokio::select! {
                    () = heard => {}
                    _ = stopping.pause(LOOKS) => {}
                }
            }
        }
    }

    /// Tries one; true if it was tried, and settled.
    async fn attempt(self: Arc<Self>, delivery: Delivery, stopping: Stopping) -> bool {
        if stopping.is_stopping() {
            return false;
        }
        match self.deliver.deliver(&delivery).await {
            Ok(None) => false,
            Ok(Some(tried)) => {
                self.metrics.tried(&delivery.receiver, &tried);
                tell(&delivery, &tried.settlement);
                true
            }
            Err(error) => {
                warn(&error, "what a try of a webhook came to is not kept");
                false
            }
        }
    }
}

/// One line for each try that failed: what went well is counted.
fn tell(delivery: &Delivery, settlement: &Settlement) {
    let (event, receiver) = (delivery.event.to_string(), delivery.receiver.as_str());
    let attempt = delivery.attempts.saturating_add(1);
    match settlement {
        Settlement::Delivered => tracing::debug!(event, receiver, attempt, "webhook delivered"),
        Settlement::Retry { outcome, .. } => {
            tracing::info!(
                event,
                receiver,
                attempt,
                outcome,
                "webhook not delivered yet"
            );
        }
        Settlement::Dead { outcome } => {
            tracing::warn!(event, receiver, attempt, outcome, "webhook given up");
        }
    }
}

fn warn(error: &(dyn std::error::Error + 'static), what: &'static str) {
    tracing::warn!(error, "{what}");
}
