//! Sealing anew what stands under older keys of the ring, and taking those out of it,
//! in the background.

mod metrics;

use std::sync::Arc;
use std::time::{Duration, Instant};

use menshen_domain::model::sweep::Sweep;
use menshen_domain::ports::audit_log::AuditLog;
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::ports::sealed_rows::Reseal;
use menshen_domain::services::renew_ring::{RenewRing, RenewRingError, Step};
use menshen_sql::Database;
use menshen_token::keyring::Keyring;

use crate::key_audit::tell_removed_ring_key;
use crate::rounds::{Run, Running, Stopping};
pub use metrics::ResealMetrics;

/// How many rows of a batch are named in the log whose values do not open.
const NAMED: usize = 5;

/// What the background work needs.
pub struct Resealing {
    /// What it does.
    pub renew: RenewRing,
    /// The ring of this process, which forgets what has left.
    pub keyring: Arc<Keyring>,
    /// Where the ring is.
    pub database: Database,
    /// Is told which keys leave.
    pub audit: Arc<dyn AuditLog>,
    /// Spreads the replicas over time.
    pub randomness: Arc<dyn Randomness>,
    /// Counts it.
    pub metrics: ResealMetrics,
}

/// Starts the background work. Nothing is done at the start itself, when the
/// database has enough to do.
#[must_use]
pub fn start(resealing: Resealing) -> Running {
    Running::start(move |mut stopping| async move {
        while !stopping.pause(resealing.wait()).await {
            resealing.look(&mut stopping).await;
        }
        resealing.leave().await;
    })
}

/// What a run did, for the log.
#[derive(Debug, Default)]
struct Tally {
    batches: u64,
    seen: u64,
    resealed: u64,
    failed: bool,
}

impl Resealing {
    fn wait(&self) -> Duration {
        let mut random = [0; 4];
        self.randomness.fill(&mut random);
        self.renew.pace.wait(u32::from_le_bytes(random))
    }

    /// Looks once, and does what is due.
    async fn look(&self, stopping: &mut Stopping) {
        let (since, mut tally) = (Instant::now(), Tally::default());
        let run = match self.run(&mut tally, stopping).await {
            Ok(Run::Done) if tally.failed => Run::Failed,
            Ok(run) => run,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "older keys of the ring were not seen to"
                );
                Run::Failed
            }
        };
        self.metrics.ran(run);
        self.show().await;
        if tally.batches > 0 {
            tracing::info!(
                outcome = run.as_str(),
                batches = tally.batches,
                seen = tally.seen,
                resealed = tally.resealed,
                duration_ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX),
                "values are sealed anew"
            );
        }
    }

    async fn run(&self, tally: &mut Tally, stopping: &mut Stopping) -> Result<Run, RenewRingError> {
        let Some(mut round) = self.renew.begin().await? else {
            return Ok(Run::Elsewhere);
        };
        loop {
            let since = Instant::now();
            match self.renew.step(&mut round).await? {
                Step::Done => break,
                Step::LeaseLost => return Ok(Run::LeaseLost),
                Step::Swept(sweep, batch) => self.tell(&sweep, &batch, tally),
                Step::Failed(place, error) => {
                    tally.failed = true;
                    tracing::warn!(
                        place = place.as_str(),
                        error = &error as &dyn std::error::Error,
                        "values could not be sealed anew"
                    );
                }
            }
            let pause = self.renew.pace.pause_after(since.elapsed());
            if stopping.pause(pause).await {
                return Ok(Run::Stopped);
            }
        }
        self.retire().await?;
        let ours = self.renew.rest().await?;
        Ok(if ours { Run::Done } else { Run::LeaseLost })
    }

    fn tell(&self, sweep: &Sweep, batch: &Reseal, tally: &mut Tally) {
        tally.batches += 1;
        tally.seen += batch.counts.seen;
        tally.resealed += batch.counts.resealed;
        self.metrics.swept(sweep, batch);
        let unopened = &batch.unopened;
        if !unopened.is_empty() {
            // By their ids: what they hold is nobody's business.
            tracing::error!(
                place = sweep.place.as_str(),
                count = unopened.len(),
                rows = unopened[..unopened.len().min(NAMED)].join(" "),
                "values do not open with any key of the ring; they stay as they are, and so \
                 do the older keys"
            );
        }
    }

    /// Takes keys out whose time has come, here at once and on other replicas when
    /// they look after their rings.
    async fn retire(&self) -> Result<(), RenewRingError> {
        let gone = self.renew.retire().await?;
        for key in &gone {
            tell_removed_ring_key(&*self.audit, key.id, &key.usage).await;
        }
        if !gone.is_empty() {
            let reloaded = self
                .keyring
                .reload(&self.database, self.renew.clock.now())
                .await;
            if let Err(error) = reloaded {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "the ring is read anew in a while"
                );
            }
        }
        Ok(())
    }

    /// How everything stands, also where another replica sees to it.
    async fn show(&self) {
        match self.renew.outlook(self.renew.clock.now()).await {
            Ok(outlook) => self.metrics.show(&outlook.standings()),
            Err(error) => tracing::debug!(
                error = &error as &dyn std::error::Error,
                "how far sweeps have come is not known"
            ),
        }
    }

    /// Another replica need not wait for the end of the lease.
    async fn leave(&self) {
        if let Err(error) = self.renew.leave().await {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "the lease of resealing ends by itself"
            );
        }
    }
}
