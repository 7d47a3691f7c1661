//! All of it at once.
#![expect(
    clippy::missing_panics_doc,
    reason = "a clause panics where it does not hold"
)]

use std::sync::Arc;
use std::time::Duration;

use menshen_domain::ports::replay_ledger::Claim;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::steps::{
    LONG, Ledger, PATIENT, claim, is_granted_anew, key, record, release, session, signed_in,
    vouched,
};

/// Of ten identical requests at once one is carried out, and all are answered
/// alike; each of twenty times.
pub async fn concurrent_claims_grant_one(ledger: Ledger) {
    for round in 0..20 {
        let mut requests = JoinSet::new();
        for task in 0..10 {
            let ledger = Arc::clone(&ledger);
            requests.spawn(async move {
                let answer = claim(&ledger, key(round), LONG, PATIENT).await;
                if is_granted_anew(&answer) {
                    sleep(Duration::from_millis(5)).await;
                    record(&ledger, key(round), signed_in(task)).await;
                    return (true, Some(task));
                }
                (false, session(&answer))
            });
        }
        let outcomes = requests.join_all().await;
        let granted: Vec<_> = outcomes.iter().filter(|(granted, _)| *granted).collect();
        assert_eq!(granted.len(), 1, "round {round}");
        let session = granted[0].1;
        assert!(
            outcomes.iter().all(|(_, other)| *other == session),
            "round {round}: {outcomes:?}"
        );
    }
}

/// Where each is refused after the exchange, each gets its turn, and never two
/// at once; each of twenty times.
pub async fn concurrent_callers_carry_a_failing_request_out_one_after_the_other(ledger: Ledger) {
    take_turns(&ledger, true).await;
}

/// Where each finds that it did nothing, each gets its turn, and never two at
/// once; each of twenty times.
pub async fn concurrent_releases_lose_nobody(ledger: Ledger) {
    take_turns(&ledger, false).await;
}

async fn take_turns(ledger: &Ledger, recording: bool) {
    for round in 0..20 {
        let alone = Arc::new(tokio::sync::Semaphore::new(1));
        let mut requests = JoinSet::new();
        for _ in 0..10 {
            let (ledger, alone) = (Arc::clone(ledger), Arc::clone(&alone));
            requests.spawn(async move {
                let answer = claim(&ledger, key(round), LONG, PATIENT).await;
                assert!(matches!(answer, Claim::Granted { .. }), "{answer:?}");
                let turn = alone.try_acquire().expect("nobody else is at it");
                tokio::task::yield_now().await;
                drop(turn);
                if recording {
                    record(&ledger, key(round), vouched()).await;
                } else {
                    release(&ledger, key(round)).await;
                }
            });
        }
        requests.join_all().await;
    }
}
