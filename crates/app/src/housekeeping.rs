//! Removing what was kept long enough, and erasing who asked for it, in the
//! background.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use menshen_domain::model::retention::Chore;
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::lease_store::LeaseStoreError;
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::services::keep_house::{KeepHouse, Round, Step};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::rounds::{Run, Running, Runs, Stopping};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

/// Counts what was removed.
#[derive(Debug, Clone, Default)]
pub struct HousekeepingMetrics {
    rows: Family<Kind, Counter<u64, AtomicU64>>,
    runs: Runs,
    last_success: Gauge,
    lease_held: Gauge,
}

impl HousekeepingMetrics {
    /// Names what is counted.
    pub fn register(&self, registry: &mut Registry) {
        for chore in Chore::ALL {
            let kind = chore.as_str();
            drop(self.rows.get_or_create(&Kind { kind }));
        }
        registry.register(
            "housekeeping_rows",
            "Rows that were removed because they were past their time, and cancelled accounts that were erased",
            self.rows.clone(),
        );
        registry.register(
            "housekeeping_runs",
            "Looks whether anything is past its time, by what they came to",
            self.runs.family(),
        );
        registry.register(
            "housekeeping_last_success_timestamp_seconds",
            "When this process last removed all that was past its time, in Unix time; 0 for never",
            self.last_success.clone(),
        );
        registry.register(
            "housekeeping_lease_held",
            "1 where this process sees to it for all replicas",
            self.lease_held.clone(),
        );
    }

    fn did(&self, chore: Chore, rows: u64) {
        let kind = chore.as_str();
        self.rows.get_or_create(&Kind { kind }).inc_by(rows);
    }

    fn ran(&self, run: Run) {
        self.runs.ended(run);
    }
}

/// What the background work needs.
pub struct Housekeeping {
    /// What it does.
    pub keep_house: KeepHouse,
    /// Spreads the replicas over time.
    pub randomness: Arc<dyn Randomness>,
    /// Tells when it was done.
    pub clock: Arc<dyn Clock>,
    /// Counts it.
    pub metrics: HousekeepingMetrics,
}

/// Starts the background work. Nothing is done at the start itself, when the
/// database has enough to do.
#[must_use]
pub fn start(housekeeping: Housekeeping) -> Running {
    Running::start(move |mut stopping| async move {
        while !stopping.pause(housekeeping.wait()).await {
            housekeeping.look(&mut stopping).await;
        }
        housekeeping.leave().await;
    })
}

/// What a run removed, for the log.
#[derive(Debug, Default)]
struct Tally {
    rows: [u64; Chore::ALL.len()],
    batches: u64,
    slowest: Duration,
    failed: bool,
}

impl Tally {
    /// `sessions=12 audit_events=3`.
    fn words(&self) -> String {
        let chores = Chore::ALL.iter().zip(self.rows);
        let some = chores.filter(|(_, rows)| *rows > 0);
        let words: Vec<_> = some
            .map(|(chore, rows)| format!("{}={rows}", chore.as_str()))
            .collect();
        words.join(" ")
    }

    fn add(&mut self, chore: Chore, rows: u64) {
        let sums = Chore::ALL.iter().zip(&mut self.rows);
        for (_, sum) in sums.filter(|(one, _)| **one == chore) {
            *sum += rows;
        }
    }
}

impl Housekeeping {
    fn wait(&self) -> Duration {
        let mut random = [0; 4];
        self.randomness.fill(&mut random);
        self.keep_house.pace.wait(u32::from_le_bytes(random))
    }

    /// Looks once, and removes what is past its time.
    async fn look(&self, stopping: &mut Stopping) {
        let (since, mut tally) = (Instant::now(), Tally::default());
        let run = match self.run(&mut tally, stopping).await {
            Ok(Run::Done) if tally.failed => Run::Failed,
            Ok(run) => run,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the lease of housekeeping cannot be had"
                );
                Run::Failed
            }
        };
        self.metrics.ran(run);
        if run == Run::Done {
            let now = self.clock.now().timestamp();
            self.metrics.last_success.set(now);
        } else {
            self.metrics.lease_held.set(0);
        }
        if run != Run::Elsewhere {
            tracing::info!(
                outcome = run.as_str(),
                removed = tally.words(),
                batches = tally.batches,
                slowest_ms = millis(tally.slowest),
                duration_ms = millis(since.elapsed()),
                "housekeeping"
            );
        }
    }

    async fn run(
        &self,
        tally: &mut Tally,
        stopping: &mut Stopping,
    ) -> Result<Run, LeaseStoreError> {
        let Some(mut round) = self.keep_house.begin().await? else {
            return Ok(Run::Elsewhere);
        };
        self.metrics.lease_held.set(1);
        loop {
            let since = Instant::now();
            match self.step(&mut round, tally).await? {
                Step::Done => break,
                Step::LeaseLost => return Ok(Run::LeaseLost),
                Step::Did(..) | Step::Failed(..) => {}
            }
            let took = since.elapsed();
            tally.slowest = tally.slowest.max(took);
            let pause = self.keep_house.pace.pause_after(took);
            if stopping.pause(pause).await {
                return Ok(Run::Stopped);
            }
        }
        let ours = self.keep_house.rest().await?;
        Ok(if ours { Run::Done } else { Run::LeaseLost })
    }

    async fn step(&self, round: &mut Round, tally: &mut Tally) -> Result<Step, LeaseStoreError> {
        let step = self.keep_house.step(round).await?;
        match &step {
            Step::Did(chore, rows) => {
                tally.batches += 1;
                tally.add(*chore, *rows);
                self.metrics.did(*chore, *rows);
            }
            Step::Failed(chore, rows, error) => {
                tally.failed = true;
                tally.add(*chore, *rows);
                self.metrics.did(*chore, *rows);
                tracing::warn!(
                    chore = chore.as_str(),
                    error = &**error as &dyn std::error::Error,
                    "housekeeping could not do all of this"
                );
            }
            Step::Done | Step::LeaseLost => {}
        }
        Ok(step)
    }

    /// Another replica need not wait for the end of the lease.
    async fn leave(&self) {
        self.metrics.lease_held.set(0);
        if let Err(error) = self.keep_house.leave().await {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "the lease of housekeeping ends by itself"
            );
        }
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
