//! Background work, round after round until it is stopped.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use menshen_domain::ports::randomness::Randomness as _;
use menshen_token::system_randomness::SystemRandomness;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Work in the background, until it is stopped.
pub struct Running {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// Tells work when it is to end.
#[derive(Debug, Clone)]
pub struct Stopping(watch::Receiver<bool>);

impl Running {
    /// Starts work that ends soon after it is told to.
    #[must_use]
    pub fn start<W: Future<Output = ()> + Send + 'static>(
        work: impl FnOnce(Stopping) -> W,
    ) -> Self {
        let (stop, stopping) = watch::channel(false);
        let task = tokio::spawn(work(Stopping(stopping)));
        Self { stop, task }
    }

    /// Begins to stop: no further batch is begun.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Stops, after the batch under way, and leaves the rest to other replicas.
    pub async fn stopped(self) {
        self.stop();
        // It panics only with a panic of its own, which was told.
        drop(self.task.await);
    }
}

impl Stopping {
    /// Whether the process ends.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        // A sender that is gone stops, too.
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Waits until the process ends.
    pub async fn stopped(&mut self) {
        // A sender that is gone stops, too.
        drop(self.0.wait_for(|stop| *stop).await);
    }

    /// Waits; `true` if the process ends.
    pub async fn pause(&mut self, pause: Duration) -> bool {
        tokio::select! {
            // A sender that is gone stops, too.
            _ = self.0.wait_for(|stop| *stop) => true,
            () = tokio::time::sleep(pause) => false,
        }
    }
}

/// Between three quarters of `span` and all of it, so that not all replicas ask at
/// once.
pub(crate) fn jittered(span: Duration) -> Duration {
    let mut byte = [0];
    SystemRandomness.fill(&mut byte);
    span * 3 / 4 + span * u32::from(byte[0]) / 1024
}

/// What a look at the work came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run {
    /// Nothing is left to do now.
    Done,
    /// Another replica sees to it.
    Elsewhere,
    /// Another replica took over in the middle.
    LeaseLost,
    /// The process ends.
    Stopped,
    /// The database failed.
    Failed,
}

impl Run {
    const ALL: [Self; 5] = [
        Self::Done,
        Self::Elsewhere,
        Self::LeaseLost,
        Self::Stopped,
        Self::Failed,
    ];

    /// The stable word of the log and the metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Elsewhere => "elsewhere",
            Self::LeaseLost => "lease_lost",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Outcome {
    outcome: &'static str,
}

/// Counts looks by what they came to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Runs(Family<Outcome, Counter<u64, AtomicU64>>);

impl Runs {
    /// The counters, for a registry; each is told of from the start.
    pub(crate) fn family(&self) -> Family<Outcome, Counter<u64, AtomicU64>> {
        for run in Run::ALL {
            drop(self.0.get_or_create(&Outcome::of(run)));
        }
        self.0.clone()
    }

    /// Counts one.
    pub(crate) fn ended(&self, run: Run) {
        self.0.get_or_create(&Outcome::of(run)).inc();
    }
}

impl Outcome {
    const fn of(run: Run) -> Self {
        Self {
            outcome: run.as_str(),
        }
    }
}
