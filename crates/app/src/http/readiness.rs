//! Whether the process can serve: its dependencies, and whether it is leaving.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;

/// A dependency that can be asked whether it answers.
#[async_trait]
pub trait Probe: Send + Sync {
    /// True if it answers.
    async fn answers(&self) -> bool;
}

/// Whether the process can serve.
pub struct Readiness {
    database: Arc<dyn Probe>,
    ephemeral: Arc<dyn Probe>,
    draining: AtomicBool,
}

impl Readiness {
    /// Watches the database and the ephemeral store.
    #[must_use]
    pub fn new(database: Arc<dyn Probe>, ephemeral: Arc<dyn Probe>) -> Self {
        Self {
            database,
            ephemeral,
            draining: AtomicBool::new(false),
        }
    }

    /// True for the database and for the ephemeral store, each, if it answers
    /// within a second.
    pub async fn dependencies(&self) -> (bool, bool) {
        tokio::join!(answers(&*self.database), answers(&*self.ephemeral))
    }

    /// From now on the process takes no new work.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// True once the process is leaving.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}

async fn answers(dependency: &dyn Probe) -> bool {
    tokio::time::timeout(Duration::from_secs(1), dependency.answers())
        .await
        .unwrap_or(false)
}
