//! Waiting for somebody else.
#![expect(
    clippy::missing_panics_doc,
    reason = "a clause panics where it does not hold"
)]

use std::sync::Arc;
use std::time::Duration;

use menshen_domain::ports::replay_ledger::{Claim, ProofKey, ProofRecord};
use tokio::time::{Instant, sleep};

use super::steps::{
    LONG, Ledger, PATIENT, SHORT, claim, is_granted_anew, is_granted_vouched, is_spent, key, look,
    record, release, session, signed_in, vouched,
};

/// Waiting has an end, and it is not before the patience is.
pub async fn a_held_proof_is_in_progress_after_the_waiting_time(ledger: Ledger) {
    look(&ledger, key(1)).await;
    assert!(matches!(look(&ledger, key(1)).await, Claim::InProgress));
    let asked = Instant::now();
    let answer = claim(&ledger, key(1), LONG, SHORT).await;
    assert!(matches!(answer, Claim::InProgress), "{answer:?}");
    let waited = asked.elapsed();
    assert!(waited >= SHORT && waited < SHORT * 10, "{waited:?}");
}

/// Lets a caller wait for a proof that is held; answers what it gets, and after
/// how long.
async fn waiting(
    ledger: &Ledger,
    key: ProofKey,
    meanwhile: impl Future<Output = ()>,
) -> (Claim, Duration) {
    let waiter = {
        let ledger = Arc::clone(ledger);
        tokio::spawn(async move {
            let answer = claim(&ledger, key, LONG, PATIENT).await;
            (answer, Instant::now())
        })
    };
    sleep(SHORT / 5).await;
    let changed = Instant::now();
    meanwhile.await;
    let (answer, at) = waiter.await.expect("the caller is answered");
    (answer, at.saturating_duration_since(changed))
}

/// Whoever waits is answered with the outcome, soon.
pub async fn a_waiting_caller_hears_of_the_record(ledger: Ledger) {
    look(&ledger, key(1)).await;
    let recorded = record(&ledger, key(1), signed_in(1));
    let (answer, after) = waiting(&ledger, key(1), recorded).await;
    assert_eq!(session(&answer), Some(1));
    assert!(after < SHORT * 2, "{after:?}");
}

/// Whoever waits takes over from one who did nothing.
pub async fn a_waiting_caller_is_granted_what_was_released(ledger: Ledger) {
    look(&ledger, key(1)).await;
    let (answer, after) = waiting(&ledger, key(1), release(&ledger, key(1))).await;
    assert!(is_granted_anew(&answer), "{answer:?}");
    assert!(after < SHORT * 2, "{after:?}");
}

/// Whoever waits takes over from one who did not finish.
pub async fn a_waiting_caller_is_granted_what_was_vouched_for(ledger: Ledger) {
    look(&ledger, key(1)).await;
    let recorded = record(&ledger, key(1), vouched());
    let (answer, after) = waiting(&ledger, key(1), recorded).await;
    assert!(is_granted_vouched(&answer), "{answer:?}");
    assert!(after < SHORT * 2, "{after:?}");
    assert!(matches!(look(&ledger, key(1)).await, Claim::InProgress));
}

/// A code that the provider refused is worth nothing, at once.
pub async fn a_proof_recorded_as_spent_is_spent(ledger: Ledger) {
    look(&ledger, key(1)).await;
    let recorded = record(&ledger, key(1), ProofRecord::Spent);
    let (answer, _) = waiting(&ledger, key(1), recorded).await;
    assert!(is_spent(&answer), "{answer:?}");
    assert!(is_spent(&look(&ledger, key(1)).await));
}
