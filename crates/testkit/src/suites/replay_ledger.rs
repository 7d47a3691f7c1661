//! What every `ReplayLedger` must do.
//!
//! The clauses run in real time with lives of a fraction of a second, so that
//! they suit a ledger in another process too. Each takes an empty ledger.

mod claims;
mod lives;
mod races;
mod steps;
mod waiting;

pub use claims::*;
pub use lives::*;
pub use races::*;
pub use waiting::*;

/// Makes one named test of each clause. The expression gives an empty
/// `Arc<dyn ReplayLedger>`; it is evaluated once per test, and may await.
#[macro_export]
macro_rules! replay_ledger {
    ($ledger:expr) => {
        $crate::clauses! {
            $crate::suites::replay_ledger, $ledger,
            the_first_claim_is_granted,
            proofs_do_not_mix,
            a_held_proof_is_in_progress_after_the_waiting_time,
            a_waiting_caller_hears_of_the_record,
            a_waiting_caller_is_granted_what_was_released,
            a_waiting_caller_is_granted_what_was_vouched_for,
            a_released_proof_may_be_claimed_again,
            a_proof_vouched_for_may_be_completed,
            a_release_keeps_what_was_recorded_before,
            a_release_undoes_no_record,
            a_completed_proof_answers_what_became_of_it,
            a_record_keeps_every_part,
            an_abandoned_claim_is_spent,
            a_late_holder_changes_nothing,
            a_record_is_spent_when_it_is_no_longer_fresh,
            a_record_is_forgotten_in_the_end,
            recording_again_starts_no_time_anew,
            a_proof_recorded_as_spent_is_spent,
            what_is_spent_stays_spent,
            concurrent_claims_grant_one,
            concurrent_callers_carry_a_failing_request_out_one_after_the_other,
            concurrent_releases_lose_nobody,
        }
    };
}
