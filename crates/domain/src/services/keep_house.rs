//! Removing what was kept long enough, and erasing who asked for it: small
//! batches, by one replica at a time.
//!
//! A round is begun, taken step by step, and ended. Whoever drives it decides how
//! long to pause between two steps, and may stop between any two: what is removed
//! stays removed, and the next round finds the rest.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::model::identifiers::HolderId;
use crate::model::retention::{Chore, Pace, RecordKind, RetentionPolicy};
use crate::ports::BoxError;
use crate::ports::account_store::DueAccount;
use crate::ports::clock::Clock;
use crate::ports::lease_store::{LeaseName, LeaseStore, LeaseStoreError};
use crate::ports::retention_store::{Batch, RetentionStore};
use crate::services::avatars::SweepAvatars;
use crate::services::erase_due::EraseDue;

/// How long the lease is held from each renewal on.
pub const TERM: Duration = Duration::from_mins(1);

/// How many steps a renewal is good for. A step takes seconds at most, with its
/// pause, so this many take less than [`TERM`]; a holder that was slower loses the
/// lease, which does no harm.
pub const STEPS_PER_RENEWAL: u32 = 4;

/// How many accounts are erased in one step at most: each is a transaction of
/// several statements.
const ERASED_PER_STEP: u32 = 20;

/// How many pictures are removed in one step at most: each is a call to a store that
/// may be elsewhere.
const SWEPT_PER_STEP: u32 = 20;

/// How many accounts may fail in one round before the rest is left to the next.
const FAILURES_PER_ROUND: u32 = 3;

/// Removes what was kept long enough.
pub struct KeepHouse {
    /// Sees to it that one replica does so.
    pub leases: Arc<dyn LeaseStore>,
    /// Removes.
    pub store: Arc<dyn RetentionStore>,
    /// Erases cancelled accounts.
    pub erase: Arc<EraseDue>,
    /// Removes pictures that no account shows.
    pub avatars: Arc<SweepAvatars>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Who this is.
    pub holder: HolderId,
    /// How long things are kept.
    pub policy: RetentionPolicy,
    /// How fast they are removed.
    pub pace: Pace,
}

/// A round under way.
#[derive(Debug)]
pub struct Round {
    /// What may have more, whoever waited longest first.
    left: VecDeque<Task>,
    steps_left: u32,
}

/// One batch of a chore.
#[derive(Debug, Clone, Copy)]
enum Task {
    Remove(Batch),
    Erase {
        /// What was due at this moment.
        now: DateTime<Utc>,
        after: Option<DueAccount>,
        failures: u32,
    },
    Sweep {
        /// What was unwanted at this moment.
        now: DateTime<Utc>,
    },
}

impl Task {
    fn chore(&self) -> Chore {
        match self {
            Self::Remove(batch) => Chore::Remove(batch.kind),
            Self::Erase { .. } => Chore::EraseAccounts,
            Self::Sweep { .. } => Chore::RemoveAvatars,
        }
    }
}

/// What became of a batch: how many rows or accounts, and what it leaves.
struct Outcome {
    done: u64,
    rest: Option<Task>,
    failure: Option<BoxError>,
}

/// What a step came to.
#[derive(Debug)]
pub enum Step {
    /// So many rows were removed, or accounts erased; there may be more to do.
    Did(Chore, u64),
    /// So much was done of this chore before it failed; the others still can be.
    Failed(Chore, u64, BoxError),
    /// Nothing is left to do.
    Done,
    /// Somebody else may be at it by now.
    LeaseLost,
}

impl KeepHouse {
    /// Begins a round; `None` if another replica sees to it.
    ///
    /// What is past its time is told by the earlier of two clocks, ours and that
    /// of the leases: one that runs ahead removes nothing too early.
    ///
    /// # Errors
    ///
    /// [`LeaseStoreError`].
    pub async fn begin(&self) -> Result<Option<Round>, LeaseStoreError> {
        let taken = self.leases.take(LeaseName::HOUSEKEEPING, self.holder, TERM);
        let Some(grant) = taken.await? else {
            return Ok(None);
        };
        let now = self.clock.now().min(grant.at);
        let tasks = Chore::ALL.into_iter();
        Ok(Some(Round {
            left: tasks.filter_map(|chore| self.first(chore, now)).collect(),
            steps_left: STEPS_PER_RENEWAL,
        }))
    }

    fn first(&self, chore: Chore, now: DateTime<Utc>) -> Option<Task> {
        match chore {
            Chore::EraseAccounts => Some(Task::Erase {
                now,
                after: None,
                failures: 0,
            }),
            Chore::RemoveAvatars => Some(Task::Sweep { now }),
            Chore::Remove(kind) => self.oldest(kind, now).map(Task::Remove),
        }
    }

    fn oldest(&self, kind: RecordKind, now: DateTime<Utc>) -> Option<Batch> {
        Some(Batch {
            kind,
            before: self.policy.cutoff(kind, now)?,
            since: None,
            limit: self.pace.batch,
        })
    }

    /// Takes one step: a batch of one chore. The chores take turns, so that much
    /// of one does not keep the others waiting.
    ///
    /// # Errors
    ///
    /// [`LeaseStoreError`] if the lease cannot be renewed: the round is over.
    pub async fn step(&self, round: &mut Round) -> Result<Step, LeaseStoreError> {
        let Some(task) = round.left.pop_front() else {
            return Ok(Step::Done);
        };
        if round.steps_left == 0 {
            let renewed = self
                .leases
                .renew(LeaseName::HOUSEKEEPING, self.holder, TERM);
            if renewed.await?.is_none() {
                return Ok(Step::LeaseLost);
            }
            round.steps_left = STEPS_PER_RENEWAL;
        }
        round.steps_left -= 1;
        let outcome = match task {
            Task::Remove(batch) => self.remove(batch).await,
            Task::Erase {
                now,
                after,
                failures,
            } => self.erase(now, after, failures).await,
            Task::Sweep { now } => self.sweep(now).await,
        };
        round.left.extend(outcome.rest);
        Ok(match outcome.failure {
            None => Step::Did(task.chore(), outcome.done),
            Some(failure) => Step::Failed(task.chore(), outcome.done, failure),
        })
    }

    async fn remove(&self, batch: Batch) -> Outcome {
        match self.store.remove(batch).await {
            Ok(removed) => Outcome {
                done: removed.rows,
                rest: (removed.rows >= u64::from(batch.limit)).then(|| {
                    Task::Remove(Batch {
                        since: removed.reached.or(batch.since),
                        ..batch
                    })
                }),
                failure: None,
            },
            Err(error) => Outcome {
                done: 0,
                rest: None,
                failure: Some(Box::new(error)),
            },
        }
    }

    /// One account that cannot be erased does not keep the others: the round goes
    /// on behind it, a few times.
    async fn erase(&self, now: DateTime<Utc>, after: Option<DueAccount>, failures: u32) -> Outcome {
        let limit = self.pace.batch.min(ERASED_PER_STEP);
        match self.erase.execute(now, after, limit).await {
            Ok(batch) => {
                let failures = failures + u32::from(batch.failure.is_some());
                let again = batch.more && failures < FAILURES_PER_ROUND;
                Outcome {
                    done: batch.erased,
                    rest: again.then_some(Task::Erase {
                        now,
                        after: batch.reached.or(after),
                        failures,
                    }),
                    failure: batch.failure.map(Into::into),
                }
            }
            Err(error) => Outcome {
                done: 0,
                rest: None,
                failure: Some(Box::new(error)),
            },
        }
    }

    /// A picture that cannot be removed is left, with those behind it, to the next round.
    async fn sweep(&self, now: DateTime<Utc>) -> Outcome {
        let limit = self.pace.batch.min(SWEPT_PER_STEP);
        let swept = self.avatars.execute(now, limit).await;
        Outcome {
            done: swept.removed,
            rest: swept.more.then_some(Task::Sweep { now }),
            failure: swept.failure,
        }
    }

    /// Ends a round that came to its end: it answers for all replicas for a while.
    /// Answers whether the lease is still ours.
    ///
    /// # Errors
    ///
    /// [`LeaseStoreError`]; the lease ends by itself then.
    pub async fn rest(&self) -> Result<bool, LeaseStoreError> {
        let (name, rest) = (LeaseName::HOUSEKEEPING, self.pace.rest());
        Ok(self.leases.renew(name, self.holder, rest).await?.is_some())
    }

    /// Leaves the rest, now or later, to any replica.
    ///
    /// # Errors
    ///
    /// [`LeaseStoreError`]; the lease ends by itself then.
    pub async fn leave(&self) -> Result<(), LeaseStoreError> {
        let name = LeaseName::HOUSEKEEPING;
        self.leases.release(name, self.holder).await
    }
}
