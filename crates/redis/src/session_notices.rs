//! Word of ended sessions over Redis' publish and subscribe.
//!
//! Nothing is stored. A message is a batch of accounts, sealed, so that whoever
//! listens to Redis learns of nobody. It is lost where nobody listens, and that is
//! why nothing depends on it.

mod mail;
mod metrics;
mod publishing;
mod subscription;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use menshen_domain::model::identifiers::UserId;
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::ports::sealer::Sealer;
use menshen_domain::ports::session_notices::{
    SessionNotice, SessionNoticeListener, SessionNotices,
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::names::RedisNames;
use crate::redis::Redis;
use mail::Mail;
pub use metrics::NoticeMetrics;

/// How many accounts wait to be told of at most.
const QUEUE: usize = 4096;

/// Tells other replicas over Redis, and listens to them. Connects by itself, again
/// and again.
pub struct RedisSessionNotices {
    shared: Arc<Shared>,
    queue: mpsc::Sender<UserId>,
    publishing: JoinHandle<()>,
    subscription: OnceLock<JoinHandle<()>>,
}

/// What both directions work with.
struct Shared {
    redis: Redis,
    names: RedisNames,
    mail: Mail,
    randomness: Arc<dyn Randomness>,
    listeners: Mutex<Vec<Arc<dyn SessionNoticeListener>>>,
    /// True if something was announced that was not told.
    untold: AtomicBool,
    metrics: NoticeMetrics,
}

impl RedisSessionNotices {
    /// Notices under these names. To be called in a runtime, whose tasks do the
    /// work until this is dropped.
    #[must_use]
    pub fn new(
        redis: Redis,
        names: RedisNames,
        sealer: Arc<dyn Sealer>,
        randomness: Arc<dyn Randomness>,
        metrics: NoticeMetrics,
    ) -> Self {
        let (queue, announced) = mpsc::channel(QUEUE);
        let shared = Arc::new(Shared {
            redis,
            names,
            mail: Mail::new(sealer, &*randomness),
            randomness,
            listeners: Mutex::default(),
            untold: AtomicBool::new(false),
            metrics,
        });
        Self {
            publishing: tokio::spawn(publishing::publish(Arc::clone(&shared), announced)),
            shared,
            queue,
            subscription: OnceLock::new(),
        }
    }
}

impl SessionNotices for RedisSessionNotices {
    fn announce(&self, users: &[UserId]) {
        for user in users {
            if self.queue.try_send(*user).is_err() {
                self.shared.untold.store(true, Ordering::SeqCst);
                self.shared.metrics.dropped(1);
            }
        }
    }

    fn subscribe(&self, listener: Arc<dyn SessionNoticeListener>) {
        self.shared.lock_listeners().push(listener);
        self.subscription.get_or_init(|| {
            let shared = Arc::clone(&self.shared);
            tokio::spawn(subscription::keep(shared))
        });
    }
}

impl Shared {
    /// The channel by its present name, which changes with the key of names.
    fn channel(&self) -> String {
        self.names.alone("session-notices", &[])
    }

    fn tell(&self, notice: &SessionNotice) {
        // Not under the lock: a listener may subscribe another one.
        let listeners = self.lock_listeners().clone();
        for listener in listeners {
            listener.heard(notice);
        }
    }

    fn lock_listeners(&self) -> std::sync::MutexGuard<'_, Vec<Arc<dyn SessionNoticeListener>>> {
        self.listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RedisSessionNotices {
    fn drop(&mut self) {
        self.publishing.abort();
        if let Some(subscription) = self.subscription.get() {
            subscription.abort();
        }
    }
}

impl fmt::Debug for RedisSessionNotices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisSessionNotices")
    }
}
