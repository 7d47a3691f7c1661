//! How long claims and records count.
#![expect(
    clippy::missing_panics_doc,
    reason = "a clause panics where it does not hold"
)]

use menshen_domain::ports::replay_ledger::ProofRecord;
use tokio::time::{Instant, sleep};

use super::steps::{
    LONG, Ledger, NOT_AT_ALL, PAST_SHORT, PATIENT, SHORT, claim, is_granted_anew,
    is_granted_vouched, is_spent, key, look, record, record_for, release, session, signed_in,
    vouched,
};

/// Whoever held it may have used the proof before it died.
pub async fn an_abandoned_claim_is_spent(ledger: Ledger) {
    claim(&ledger, key(1), SHORT, NOT_AT_ALL).await;
    let asked = Instant::now();
    let answer = claim(&ledger, key(1), LONG, PATIENT).await;
    assert!(is_spent(&answer), "{answer:?}");
    assert!(asked.elapsed() < SHORT * 10);
    // The same where something was known before.
    look(&ledger, key(2)).await;
    record(&ledger, key(2), vouched()).await;
    let answer = claim(&ledger, key(2), SHORT, NOT_AT_ALL).await;
    assert!(is_granted_vouched(&answer));
    sleep(PAST_SHORT).await;
    assert!(is_spent(&look(&ledger, key(2)).await));
}

/// Others were told already that the proof is spent.
pub async fn a_late_holder_changes_nothing(ledger: Ledger) {
    claim(&ledger, key(1), SHORT, NOT_AT_ALL).await;
    sleep(PAST_SHORT).await;
    release(&ledger, key(1)).await;
    assert!(is_spent(&look(&ledger, key(1)).await));
    record(&ledger, key(1), signed_in(1)).await;
    assert!(is_spent(&look(&ledger, key(1)).await));
}

/// An answer is repeated for a while, and never again.
pub async fn a_record_is_spent_when_it_is_no_longer_fresh(ledger: Ledger) {
    for (n, what) in [(1, signed_in(1)), (2, vouched())] {
        look(&ledger, key(n)).await;
        record_for(&ledger, key(n), what, SHORT, LONG).await;
    }
    assert_eq!(session(&look(&ledger, key(1)).await), Some(1));
    sleep(PAST_SHORT).await;
    assert!(is_spent(&look(&ledger, key(1)).await));
    assert!(is_spent(&look(&ledger, key(2)).await));
}

/// Nothing is kept for good.
pub async fn a_record_is_forgotten_in_the_end(ledger: Ledger) {
    look(&ledger, key(1)).await;
    record_for(&ledger, key(1), signed_in(1), SHORT / 2, SHORT).await;
    look(&ledger, key(2)).await;
    record_for(&ledger, key(2), ProofRecord::Spent, SHORT / 2, SHORT).await;
    sleep(PAST_SHORT).await;
    assert!(is_granted_anew(&look(&ledger, key(1)).await));
    assert!(is_granted_anew(&look(&ledger, key(2)).await));
}

/// Completing a login does not give the proof a second life.
pub async fn recording_again_starts_no_time_anew(ledger: Ledger) {
    look(&ledger, key(1)).await;
    record_for(&ledger, key(1), vouched(), SHORT, SHORT * 3).await;
    sleep(SHORT / 2).await;
    look(&ledger, key(1)).await;
    record_for(&ledger, key(1), signed_in(1), LONG, LONG).await;
    assert_eq!(session(&look(&ledger, key(1)).await), Some(1));
    sleep(PAST_SHORT / 2).await;
    assert!(is_spent(&look(&ledger, key(1)).await));
    sleep(SHORT * 2).await;
    assert!(is_granted_anew(&look(&ledger, key(1)).await));
}
