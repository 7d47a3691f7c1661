//! Background work that goes on until it is stopped.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Work in the background, until it is stopped.
pub struct Running {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// Tells work when it is to end.
#[derive(Debug)]
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
    /// Waits; `true` if the process ends.
    pub async fn pause(&mut self, pause: Duration) -> bool {
        tokio::select! {
            // A sender that is gone stops, too.
            _ = self.0.wait_for(|stop| *stop) => true,
            () = tokio::time::sleep(pause) => false,
        }
    }
}
