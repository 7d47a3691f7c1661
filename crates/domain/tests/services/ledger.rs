//! A replay ledger in memory that lets one claimant in at a time, and whose
//! times never run out.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use menshen_domain::ports::replay_ledger::{
    Claim, ProofKey, ProofRecord, ReplayLedger, ReplayLedgerError,
};
use tokio::sync::Notify;

#[derive(Default)]
struct Entry {
    claimed: bool,
    record: Option<ProofRecord>,
}

#[derive(Default)]
pub(crate) struct FakeLedger {
    entries: Mutex<HashMap<ProofKey, Entry>>,
    ended: Notify,
}

impl FakeLedger {
    /// What is recorded of the only proof.
    pub(crate) fn only(&self) -> Option<ProofRecord> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(entries.len(), 1, "one proof is known");
        let entry = entries.values().next().expect("there is one");
        assert!(!entry.claimed, "the claim was ended");
        entry.record.clone()
    }

    fn try_claim(&self, key: ProofKey) -> Option<Claim> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.entry(key).or_default();
        if entry.claimed {
            return None;
        }
        Some(match &entry.record {
            Some(record @ (ProofRecord::SignedIn { .. } | ProofRecord::Spent)) => {
                Claim::Recorded(record.clone())
            }
            vouched => {
                let vouched = vouched.clone();
                entry.claimed = true;
                Claim::Granted { vouched }
            }
        })
    }

    fn end(&self, key: ProofKey, record: Option<ProofRecord>) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.entry(key).or_default();
        entry.claimed = false;
        if record.is_some() {
            entry.record = record;
        }
        drop(entries);
        self.ended.notify_waiters();
    }
}

#[async_trait]
impl ReplayLedger for FakeLedger {
    async fn claim(
        &self,
        key: ProofKey,
        _lease: Duration,
        _patience: Duration,
    ) -> Result<Claim, ReplayLedgerError> {
        loop {
            let ended = self.ended.notified();
            if let Some(claim) = self.try_claim(key) {
                return Ok(claim);
            }
            ended.await;
        }
    }

    async fn record(
        &self,
        key: ProofKey,
        record: ProofRecord,
        _fresh: Duration,
        _kept: Duration,
    ) -> Result<(), ReplayLedgerError> {
        self.end(key, Some(record));
        Ok(())
    }

    async fn release(&self, key: ProofKey) -> Result<(), ReplayLedgerError> {
        self.end(key, None);
        Ok(())
    }
}
