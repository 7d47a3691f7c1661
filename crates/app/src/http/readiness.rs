//! Whether the process can serve: its dependencies, and whether it is leaving.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use menshen_domain::ports::BoxError;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// How long a dependency may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long what was seen is told again: asking costs a write on SQLite, and
/// anybody may ask us.
const FRESH: Duration = Duration::from_millis(500);

/// A dependency that can be asked whether it serves.
#[async_trait]
pub trait Probe: Send + Sync {
    /// Asks it.
    ///
    /// # Errors
    ///
    /// Why it does not serve, for the log.
    async fn check(&self) -> Result<(), BoxError>;
}

/// Whether the process can serve.
pub struct Readiness {
    database: Watched,
    ephemeral: Watched,
    /// When they were asked last, and what was seen; who comes meanwhile waits.
    seen: Mutex<Option<(Instant, Dependencies)>>,
    draining: AtomicBool,
    in_flight: AtomicUsize,
}

/// A request in flight, until this is dropped.
pub struct InFlight(Arc<Readiness>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Which dependencies serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dependencies {
    /// The database takes writes.
    pub database: bool,
    /// The ephemeral store answers.
    pub ephemeral: bool,
}

/// A dependency, and what the log was told last.
struct Watched {
    name: &'static str,
    probe: Arc<dyn Probe>,
    is_down: AtomicBool,
}

impl Readiness {
    /// Watches the database and the ephemeral store.
    #[must_use]
    pub fn new(database: Arc<dyn Probe>, ephemeral: Arc<dyn Probe>) -> Self {
        Self {
            database: Watched::new("database", database),
            ephemeral: Watched::new("ephemeral store", ephemeral),
            seen: Mutex::default(),
            draining: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
        }
    }

    /// Which dependencies serve, as of half a second ago at most; each has a
    /// second to say so.
    pub async fn dependencies(&self) -> Dependencies {
        let mut seen = self.seen.lock().await;
        if let Some((_, fresh)) = seen.filter(|(at, _)| at.elapsed() < FRESH) {
            return fresh;
        }
        let (database, ephemeral) = tokio::join!(self.database.serves(), self.ephemeral.serves());
        let now = Dependencies {
            database,
            ephemeral,
        };
        *seen = Some((Instant::now(), now));
        now
    }

    /// Counts a request as in flight.
    #[must_use]
    pub fn enter(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(Arc::clone(self))
    }

    /// Waits until no request is in flight.
    pub async fn idle(&self) {
        while self.in_flight.load(Ordering::Relaxed) > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
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

impl Watched {
    fn new(name: &'static str, probe: Arc<dyn Probe>) -> Self {
        Self {
            name,
            probe,
            is_down: AtomicBool::new(false),
        }
    }

    /// Asks, and tells the log when the answer is another one than before.
    async fn serves(&self) -> bool {
        let answer = timeout(PATIENCE, self.probe.check()).await;
        let answer = answer.unwrap_or_else(|_| Err("no answer within a second".into()));
        let was_down = self.is_down.swap(answer.is_err(), Ordering::Relaxed);
        match &answer {
            Err(error) if !was_down => tracing::warn!(
                dependency = self.name,
                error = &**error as &dyn std::error::Error,
                "a dependency does not serve"
            ),
            Ok(()) if was_down => {
                tracing::info!(dependency = self.name, "a dependency serves again");
            }
            _ => {}
        }
        answer.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use futures_util::future::{join_all, pending};

    use super::*;

    /// Counts how often it was asked.
    #[derive(Default)]
    struct Fake {
        asked: AtomicU32,
        refuses: bool,
        hangs: bool,
    }

    #[async_trait]
    impl Probe for Fake {
        async fn check(&self) -> Result<(), BoxError> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            if self.hangs {
                pending::<()>().await;
            }
            if self.refuses {
                return Err("away".into());
            }
            Ok(())
        }
    }

    fn of(database: Fake, ephemeral: Fake) -> (Readiness, Arc<Fake>) {
        let database = Arc::new(database);
        let readiness = Readiness::new(database.clone(), Arc::new(ephemeral));
        (readiness, database)
    }

    #[tokio::test(start_paused = true)]
    async fn each_dependency_is_told_by_itself() {
        let hangs = Fake {
            hangs: true,
            ..Fake::default()
        };
        let (readiness, _) = of(hangs, Fake::default());
        let began = Instant::now();
        let seen = readiness.dependencies().await;
        assert_eq!((seen.database, seen.ephemeral), (false, true));
        assert!(began.elapsed() <= PATIENCE);
        let refuses = Fake {
            refuses: true,
            ..Fake::default()
        };
        let seen = of(Fake::default(), refuses).0.dependencies().await;
        assert_eq!((seen.database, seen.ephemeral), (true, false));
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_ask_cost_one_question_a_while() {
        let (readiness, database) = of(Fake::default(), Fake::default());
        join_all((0..50).map(|_| readiness.dependencies())).await;
        assert_eq!(database.asked.load(Ordering::Relaxed), 1);
        tokio::time::advance(FRESH).await;
        readiness.dependencies().await;
        assert_eq!(database.asked.load(Ordering::Relaxed), 2);
    }
}
