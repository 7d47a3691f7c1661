//! Removing what was kept long enough: small batches, by one replica at a time.
//!
//! A round is begun, taken step by step, and ended. Whoever drives it decides how
//! long to pause between two steps, and may stop between any two: what is removed
//! stays removed, and the next round finds the rest.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::model::identifiers::HolderId;
use crate::model::retention::{Pace, RecordKind, RetentionPolicy};
use crate::ports::clock::Clock;
use crate::ports::lease_store::{LeaseName, LeaseStore, LeaseStoreError};
use crate::ports::retention_store::{Batch, RetentionStore, RetentionStoreError};

/// How long the lease is held from each renewal on.
pub const TERM: Duration = Duration::from_mins(1);

/// How many steps a renewal is good for. A step takes seconds at most, with its
/// pause, so this many take less than [`TERM`]; a holder that was slower loses the
/// lease, which does no harm.
pub const STEPS_PER_RENEWAL: u32 = 4;

/// Removes what was kept long enough.
pub struct KeepHouse {
    /// Sees to it that one replica does so.
    pub leases: Arc<dyn LeaseStore>,
    /// Removes.
    pub store: Arc<dyn RetentionStore>,
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
    left: VecDeque<Batch>,
    steps_left: u32,
}

/// What a step came to.
#[derive(Debug)]
pub enum Step {
    /// Rows of a kind were removed, or none; there may be more to do.
    Removed(RecordKind, u64),
    /// This kind could not be removed; the others still can.
    Failed(RecordKind, RetentionStoreError),
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
        let batches = RecordKind::ALL.into_iter();
        Ok(Some(Round {
            left: batches.filter_map(|kind| self.first(kind, now)).collect(),
            steps_left: STEPS_PER_RENEWAL,
        }))
    }

    fn first(&self, kind: RecordKind, now: DateTime<Utc>) -> Option<Batch> {
        Some(Batch {
            kind,
            before: self.policy.cutoff(kind, now)?,
            since: None,
            limit: self.pace.batch,
        })
    }

    /// Takes one step: a batch of one kind. The kinds take turns, so that much of
    /// one does not keep the others waiting.
    ///
    /// # Errors
    ///
    /// [`LeaseStoreError`] if the lease cannot be renewed: the round is over.
    pub async fn step(&self, round: &mut Round) -> Result<Step, LeaseStoreError> {
        let Some(batch) = round.left.pop_front() else {
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
        let removed = match self.store.remove(batch).await {
            Ok(removed) => removed,
            Err(error) => return Ok(Step::Failed(batch.kind, error)),
        };
        if removed.rows >= u64::from(batch.limit) {
            round.left.push_back(Batch {
                since: removed.reached.or(batch.since),
                ..batch
            });
        }
        Ok(Step::Removed(batch.kind, removed.rows))
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
