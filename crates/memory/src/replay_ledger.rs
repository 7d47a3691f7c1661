//! The ledger of single-use proofs in process.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use menshen_domain::ports::replay_ledger::{
    Claim, ProofKey, ProofRecord, ReplayLedger, ReplayLedgerError,
};
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use crate::lock;
use crate::moment::{Moment, Stopwatch};
use crate::shelf::{CLEARED_PER_CALL, Full, Shelf};

/// How many proofs are kept at a time, unless told otherwise.
pub const DEFAULT_LEDGER_CAPACITY: usize = 200_000;

/// How long a proof is remembered whose holder never came back: as long as
/// `WeChat` takes a code.
const ABANDONED_FOR: Duration = Duration::from_mins(5);

/// The ledger of single-use proofs in process.
///
/// What a record holds is dropped when it becomes [`ProofRecord::Spent`]. A
/// ledger that is full refuses new proofs and forgets none.
pub struct MemoryReplayLedger {
    clock: Stopwatch,
    proofs: Mutex<Proofs>,
}

impl MemoryReplayLedger {
    /// An empty ledger for at most `capacity` proofs.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            clock: Stopwatch::start(),
            proofs: Mutex::new(Proofs(Shelf::new(capacity))),
        }
    }

    /// Does one atomic step, after everything that is due has been done.
    fn step<T>(&self, key: ProofKey, step: impl FnOnce(&mut Proofs, Moment) -> T) -> T {
        let mut proofs = lock(&self.proofs);
        let now = self.clock.now();
        proofs.age_some(now);
        proofs.age(&key.0, now);
        step(&mut proofs, now)
    }
}

impl Default for MemoryReplayLedger {
    fn default() -> Self {
        Self::new(DEFAULT_LEDGER_CAPACITY)
    }
}

#[async_trait]
impl ReplayLedger for MemoryReplayLedger {
    async fn claim(
        &self,
        key: ProofKey,
        lease: Duration,
        patience: Duration,
    ) -> Result<Claim, ReplayLedgerError> {
        let mut until = None;
        loop {
            let (seen, now) = self.step(key, |proofs, now| (proofs.claim(key.0, lease, now), now));
            let until = *until.get_or_insert(now.after(patience));
            match seen? {
                Seen::Claim(claim) => return Ok(claim),
                Seen::Held(_, _) if now >= until => return Ok(Claim::InProgress),
                Seen::Held(changed, lease_end) => {
                    let wake = self.clock.instant(until.min(lease_end));
                    // Woken or not: the next look tells.
                    drop(tokio::time::timeout_at(wake, changed).await);
                }
            }
        }
    }

    async fn record(
        &self,
        key: ProofKey,
        record: ProofRecord,
        fresh: Duration,
        kept: Duration,
    ) -> Result<(), ReplayLedgerError> {
        self.step(key, |proofs, now| {
            proofs.record(key.0, record, fresh, kept, now)
        })?;
        Ok(())
    }

    async fn release(&self, key: ProofKey) -> Result<(), ReplayLedgerError> {
        self.step(key, |proofs, _| proofs.release(&key.0));
        Ok(())
    }
}

impl From<Full> for ReplayLedgerError {
    fn from(full: Full) -> Self {
        Self(full.into())
    }
}

type Key = [u8; 32];

/// What a claim comes upon.
enum Seen {
    Claim(Claim),
    /// Somebody holds it: what tells of a change, and until when at most.
    Held(OwnedNotified, Moment),
}

/// A proof; what it is due for is its next stage.
enum Proof {
    /// Held by somebody until the lease ends; whoever waits is told of any
    /// change. What was recorded before is still there.
    Held(Arc<Notify>, Option<Record>),
    /// Recorded, and fresh until it is spent.
    Recorded(Record),
    /// Worth nothing, until it is forgotten.
    Spent,
}

/// What was recorded of a proof, and the two times that started with it.
#[derive(Clone)]
struct Record {
    what: ProofRecord,
    spent: Moment,
    forgotten: Moment,
}

struct Proofs(Shelf<Key, Proof>);

impl Proofs {
    fn claim(&mut self, key: Key, lease: Duration, now: Moment) -> Result<Seen, Full> {
        let until = self.0.due(&key).unwrap_or(now);
        let before = match self.0.get(&key) {
            // Made under the lock, so that no change goes unheard.
            Some(Proof::Held(changed, _)) => {
                return Ok(Seen::Held(Arc::clone(changed).notified_owned(), until));
            }
            Some(Proof::Spent) => return Ok(Seen::Claim(Claim::Recorded(ProofRecord::Spent))),
            Some(Proof::Recorded(record)) => match &record.what {
                ProofRecord::Vouched { .. } => Some(record.clone()),
                done => return Ok(Seen::Claim(Claim::Recorded(done.clone()))),
            },
            None => None,
        };
        let vouched = before.as_ref().map(|record| record.what.clone());
        let due = before.as_ref().map_or(now.after(lease), |record| {
            record.spent.min(now.after(lease))
        });
        let held = Proof::Held(Arc::new(Notify::new()), before);
        self.0.put(key, held, due)?;
        Ok(Seen::Claim(Claim::Granted { vouched }))
    }

    fn record(
        &mut self,
        key: Key,
        what: ProofRecord,
        fresh: Duration,
        kept: Duration,
        now: Moment,
    ) -> Result<(), Full> {
        let before = match self.0.get(&key) {
            // What is spent stays spent: whoever asked was told so.
            Some(Proof::Spent) => return Ok(()),
            Some(Proof::Held(changed, before)) => {
                changed.notify_waiters();
                before.as_ref()
            }
            Some(Proof::Recorded(record)) => Some(record),
            None => None,
        };
        let forgotten = before.map_or(now.after(kept), |record| record.forgotten);
        let spent = before.map_or(now.after(fresh).min(forgotten), |record| record.spent);
        if matches!(what, ProofRecord::Spent) {
            return self.0.put(key, Proof::Spent, forgotten);
        }
        let record = Record {
            what,
            spent,
            forgotten,
        };
        self.0.put(key, Proof::Recorded(record), spent)
    }

    fn release(&mut self, key: &Key) {
        let Some(Proof::Held(changed, before)) = self.0.get_mut(key) else {
            return;
        };
        changed.notify_waiters();
        match before.take() {
            Some(record) => {
                let spent = record.spent;
                // It stands in its own place.
                drop(self.0.put(*key, Proof::Recorded(record), spent));
            }
            None => drop(self.0.remove(key)),
        }
    }

    /// Brings some of the proofs to the next stage of their life, those first
    /// that have been due the longest.
    fn age_some(&mut self, now: Moment) {
        for _ in 0..CLEARED_PER_CALL {
            let Some(key) = self.0.first_due(now) else {
                break;
            };
            self.age(&key, now);
        }
    }

    /// Brings a proof to the stage of its life that it is in at `now`.
    fn age(&mut self, key: &Key, now: Moment) {
        while let Some(due) = self.0.due(key).filter(|due| *due <= now) {
            let forgotten = match self.0.remove(key) {
                Some(Proof::Held(changed, before)) => {
                    changed.notify_waiters();
                    before.map_or(due.after(ABANDONED_FOR), |record| record.forgotten)
                }
                Some(Proof::Recorded(record)) => record.forgotten,
                Some(Proof::Spent) | None => continue,
            };
            // Its own place was just given up.
            drop(self.0.put(*key, Proof::Spent, forgotten));
        }
    }
}

#[cfg(test)]
mod tests {
    use menshen_domain::model::identifiers::SessionId;
    use menshen_domain::ports::replay_ledger::Binding;
    use uuid::Uuid;

    use super::*;

    const KEY: ProofKey = ProofKey([1; 32]);
    const SECOND: Duration = Duration::from_secs(1);

    fn signed_in() -> ProofRecord {
        ProofRecord::SignedIn {
            binding: Binding([2; 32]),
            session: SessionId::from_uuid(Uuid::from_u128(3)),
            is_new_user: false,
            not_attached: Vec::new(),
        }
    }

    async fn claim(ledger: &MemoryReplayLedger, key: u8) -> Result<Claim, ReplayLedgerError> {
        ledger
            .claim(ProofKey([key; 32]), SECOND, Duration::ZERO)
            .await
    }

    #[tokio::test(start_paused = true)]
    async fn a_record_is_dropped_from_memory_when_it_is_spent() {
        let ledger = MemoryReplayLedger::default();
        claim(&ledger, 1).await.unwrap();
        let (fresh, kept) = (SECOND * 60, SECOND * 300);
        ledger.record(KEY, signed_in(), fresh, kept).await.unwrap();
        tokio::time::advance(SECOND * 59).await;
        let answer = claim(&ledger, 1).await.unwrap();
        assert!(matches!(
            answer,
            Claim::Recorded(ProofRecord::SignedIn { .. })
        ));
        tokio::time::advance(SECOND).await;
        // Any call clears it away, not only one that asks for it.
        claim(&ledger, 2).await.unwrap();
        assert!(matches!(
            lock(&ledger.proofs).0.get(&KEY.0),
            Some(Proof::Spent)
        ));
        tokio::time::advance(SECOND * 239).await;
        let answer = claim(&ledger, 1).await.unwrap();
        assert!(matches!(answer, Claim::Recorded(ProofRecord::Spent)));
        tokio::time::advance(SECOND).await;
        assert!(matches!(
            claim(&ledger, 1).await.unwrap(),
            Claim::Granted { vouched: None }
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_ledger_refuses_new_proofs_and_keeps_the_old_ones() {
        let ledger = MemoryReplayLedger::new(2);
        claim(&ledger, 1).await.unwrap();
        let (fresh, kept) = (SECOND * 60, SECOND * 300);
        ledger.record(KEY, signed_in(), fresh, kept).await.unwrap();
        claim(&ledger, 2).await.unwrap();
        assert!(claim(&ledger, 3).await.is_err());
        assert!(matches!(
            claim(&ledger, 1).await.unwrap(),
            Claim::Recorded(ProofRecord::SignedIn { .. })
        ));
        tokio::time::advance(kept + ABANDONED_FOR).await;
        assert!(matches!(
            claim(&ledger, 3).await.unwrap(),
            Claim::Granted { vouched: None }
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_when_the_lease_does() {
        let ledger = MemoryReplayLedger::default();
        claim(&ledger, 1).await.unwrap();
        let asked = tokio::time::Instant::now();
        let answer = ledger.claim(KEY, SECOND, SECOND * 60).await.unwrap();
        assert!(matches!(answer, Claim::Recorded(ProofRecord::Spent)));
        assert!(asked.elapsed() < SECOND * 2);
    }
}
