//! Sealing anew what stands under older keys of the ring, and taking out of it the
//! keys that nothing needs any more: small batches, by one replica at a time.
//!
//! A round is begun, taken step by step, and ended by [`retire`](RenewRing::retire).
//! Whoever drives it decides how long to pause between two steps, and may stop, or
//! die, between any two: how far a sweep has come is kept after each.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::model::identifiers::HolderId;
use crate::model::key_ring::{Departure, KeyUse, OlderKey, active_key, older_keys};
use crate::model::retention::Pace;
use crate::model::sweep::{Due, SealedPlace, Sweep, due};
use crate::ports::clock::Clock;
use crate::ports::keyring_store::{KeyringStore, KeyringStoreError, RemovedKey, WrappedKey};
use crate::ports::lease_store::{LeaseName, LeaseStore, LeaseStoreError};
use crate::ports::sealed_rows::{Reseal, SealedRows, SealedRowsError, Stretch};

/// How long the lease is held from each renewal on.
pub const TERM: Duration = Duration::from_mins(1);

/// How many steps a renewal is good for. A step takes seconds at most, with its
/// pause, so this many take less than [`TERM`]; a holder that was slower loses the
/// lease, which does no harm.
pub const STEPS_PER_RENEWAL: u32 = 4;

/// Why a round cannot be begun, gone on with, or ended.
#[derive(Debug, thiserror::Error)]
pub enum RenewRingError {
    /// The lease cannot be had.
    #[error("the lease cannot be had")]
    Lease(#[from] LeaseStoreError),
    /// The ring cannot be read or changed.
    #[error("the ring cannot be read")]
    Ring(#[from] KeyringStoreError),
    /// How far sweeps have come is not known.
    #[error("the sweeps cannot be read")]
    Rows(#[from] SealedRowsError),
}

/// Sees to it that older keys leave the ring.
pub struct RenewRing {
    /// Sees to it that one replica does so.
    pub leases: Arc<dyn LeaseStore>,
    /// The ring.
    pub ring: Arc<dyn KeyringStore>,
    /// What stands under its keys.
    pub rows: Arc<dyn SealedRows>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Who this is.
    pub holder: HolderId,
    /// The longest life of a session, whatever the client.
    pub session_life: Duration,
    /// How fast it is done.
    pub pace: Pace,
}

/// A round under way.
#[derive(Debug)]
pub struct Round {
    /// What has rows left to look at, whoever waited longest first.
    left: VecDeque<Sweep>,
    steps_left: u32,
}

/// What a step came to.
#[derive(Debug)]
pub enum Step {
    /// Rows of a place were looked at; how far its sweep has come.
    Swept(Box<Sweep>, Reseal),
    /// This place could not be looked at; the others still can.
    Failed(SealedPlace, SealedRowsError),
    /// No place has anything left to look at.
    Done,
    /// Somebody else may be at it by now.
    LeaseLost,
}

/// How a place stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The place.
    pub place: SealedPlace,
    /// About how many rows are to be looked at, together with those that stay under
    /// another key; zero where no older key is in the ring.
    pub rows_left: u64,
    /// How many values do not open, by the last sweep that looked.
    pub unopened: u64,
    /// When a sweep came to its end last.
    pub last_ended: Option<DateTime<Utc>>,
}

/// Older keys of the ring, and what was done about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// The older keys, in the order in which they began.
    pub older: Vec<OlderKey>,
    /// The newest sweep of each place that had one.
    pub sweeps: Vec<Sweep>,
}

impl RenewRing {
    /// Begins a round; `None` if another replica sees to it.
    ///
    /// What is due is told by the earlier of two clocks, ours and that of the leases:
    /// one that runs ahead lets nothing begin too early.
    ///
    /// # Errors
    ///
    /// See [`RenewRingError`].
    pub async fn begin(&self) -> Result<Option<Round>, RenewRingError> {
        let taken = self.leases.take(LeaseName::RESEALING, self.holder, TERM);
        let Some(grant) = taken.await? else {
            return Ok(None);
        };
        let now = self.clock.now().min(grant.at);
        let ring = self.ring.load().await?;
        let older = older_keys(&ring, self.session_life, now);
        let sweeps = self.rows.sweeps().await?;
        let mut left = VecDeque::new();
        for place in SealedPlace::ALL {
            left.extend(self.sweep_of(place, &ring, &older, &sweeps, now).await?);
        }
        Ok(Some(Round {
            left,
            steps_left: STEPS_PER_RENEWAL,
        }))
    }

    /// The sweep that is due in a place, if one is.
    async fn sweep_of(
        &self,
        place: SealedPlace,
        ring: &[WrappedKey],
        older: &[OlderKey],
        sweeps: &[Sweep],
        now: DateTime<Utc>,
    ) -> Result<Option<Sweep>, RenewRingError> {
        // The last to be followed is the last whose sweeps count.
        let from = older.iter().filter_map(|key| match key.departure {
            Departure::AfterSweep {
                place: of,
                begun_from,
            } => (of == place).then_some(begun_from),
            Departure::At(_) | Departure::AfterSessions { .. } => None,
        });
        let target = active_key(ring, KeyUse::Seal(place.usage()), now);
        let (Some(from), Some(target)) = (from.max(), target) else {
            return Ok(None);
        };
        let last = sweeps.iter().find(|sweep| sweep.place == place);
        Ok(match due(last, target, from, now) {
            Due::Resume(sweep) => Some(sweep),
            Due::Begin => {
                let size = self.rows.size(place).await?;
                Some(Sweep::begin(place, target, size, now, last))
            }
            Due::Nothing => None,
        })
    }

    /// Takes one step: a batch of one place. The places take turns.
    ///
    /// # Errors
    ///
    /// [`RenewRingError::Lease`] if the lease cannot be renewed: the round is over.
    pub async fn step(&self, round: &mut Round) -> Result<Step, RenewRingError> {
        let Some(mut sweep) = round.left.pop_front() else {
            return Ok(Step::Done);
        };
        if round.steps_left == 0 {
            if !self.renew(TERM).await? {
                return Ok(Step::LeaseLost);
            }
            round.steps_left = STEPS_PER_RENEWAL;
        }
        round.steps_left -= 1;
        match self.batch(&mut sweep).await {
            Ok(batch) => {
                if sweep.ended_at.is_none() {
                    round.left.push_back(sweep.clone());
                }
                Ok(Step::Swept(Box::new(sweep), batch))
            }
            Err(error) => Ok(Step::Failed(sweep.place, error)),
        }
    }

    /// What was done is kept before anything else: a batch that was done and not
    /// kept is done again, and finds nothing to do.
    async fn batch(&self, sweep: &mut Sweep) -> Result<Reseal, SealedRowsError> {
        let stretch = Stretch {
            place: sweep.place,
            target: sweep.target,
            after: sweep.after.clone(),
            limit: self.pace.batch,
        };
        let batch = self.rows.reseal(&stretch).await?;
        let (reached, now) = (batch.reached.clone(), self.clock.now());
        sweep.take_in(batch.counts, reached, batch.is_last, now);
        self.rows.keep(sweep).await?;
        Ok(batch)
    }

    /// Takes the keys out of the ring whose time has come, after a round that came to
    /// its end. Answers those that this call took out.
    ///
    /// # Errors
    ///
    /// See [`RenewRingError`]; what was taken out before stays out, and is answered
    /// by nobody.
    pub async fn retire(&self) -> Result<Vec<RemovedKey>, RenewRingError> {
        let now = self.clock.now();
        let outlook = self.outlook(now).await?;
        let mut gone = Vec::new();
        for key in outlook.older {
            if !key.is_due(&outlook.sweeps, now) || self.is_awaited(&key, now).await? {
                continue;
            }
            let removed = RemovedKey {
                id: key.id,
                usage: key.usage.as_str().to_owned(),
                removed_at: now,
            };
            if self.ring.take_out(&removed).await? {
                gone.push(removed);
            }
        }
        Ok(gone)
    }

    /// True for a key that a session needs which was given a longer life than
    /// sessions have today.
    async fn is_awaited(
        &self,
        key: &OlderKey,
        now: DateTime<Utc>,
    ) -> Result<bool, KeyringStoreError> {
        let Departure::AfterSessions { begun_before, .. } = key.departure else {
            return Ok(false);
        };
        self.ring.has_session_from_before(begun_before, now).await
    }

    /// The older keys as they stand at `now`, whoever sees to them.
    ///
    /// # Errors
    ///
    /// [`RenewRingError::Ring`] and [`RenewRingError::Rows`].
    pub async fn outlook(&self, now: DateTime<Utc>) -> Result<Outlook, RenewRingError> {
        let ring = self.ring.load().await?;
        Ok(Outlook {
            older: older_keys(&ring, self.session_life, now),
            sweeps: self.rows.sweeps().await?,
        })
    }

    /// Ends a round that came to its end: it answers for all replicas for a while.
    /// Answers whether the lease is still ours.
    ///
    /// # Errors
    ///
    /// [`LeaseStoreError`]; the lease ends by itself then.
    pub async fn rest(&self) -> Result<bool, LeaseStoreError> {
        self.renew(self.pace.rest()).await
    }

    /// Leaves the rest, now or later, to any replica.
    ///
    /// # Errors
    ///
    /// [`LeaseStoreError`]; the lease ends by itself then.
    pub async fn leave(&self) -> Result<(), LeaseStoreError> {
        self.leases.release(LeaseName::RESEALING, self.holder).await
    }

    async fn renew(&self, term: Duration) -> Result<bool, LeaseStoreError> {
        let renewed = self.leases.renew(LeaseName::RESEALING, self.holder, term);
        Ok(renewed.await?.is_some())
    }
}

impl Outlook {
    /// How each place stands.
    #[must_use]
    pub fn standings(&self) -> [Standing; SealedPlace::ALL.len()] {
        SealedPlace::ALL.map(|place| {
            let sweep = self.sweeps.iter().find(|sweep| sweep.place == place);
            let usage = KeyUse::Seal(place.usage());
            let has_older = self.older.iter().any(|key| key.usage == usage);
            let left = sweep.filter(|_| has_older).map_or(0, Sweep::rows_left);
            Standing {
                place,
                rows_left: left,
                unopened: sweep.map_or(0, Sweep::unopened),
                last_ended: sweep.and_then(Sweep::last_ended).map(|last| last.at),
            }
        })
    }
}
