//! What every `CodeStore` must do.
//!
//! The clauses run in real time with lives of a fraction of a second, so that
//! they suit a store in another process too. Each takes an empty store.

mod lives;
mod races;
mod sending;
mod spending;
mod steps;
mod trying;

pub use lives::*;
pub use races::*;
pub use sending::*;
pub use spending::*;
pub use trying::*;

/// Makes one named test of each clause. The expression gives an empty
/// `Arc<dyn CodeStore>`; it is evaluated once per test, and may await.
#[macro_export]
macro_rules! code_store {
    ($store:expr) => {
        $crate::clauses! {
            $crate::suites::code_store, $store,
            a_draft_opens_nothing,
            two_asks_at_once_get_one_draft,
            a_draft_is_kept_for_its_life,
            a_committed_code_takes_tries,
            asking_again_gives_the_code_that_lives,
            a_code_near_its_end_is_not_sent_again,
            a_code_without_tries_is_not_sent_again,
            a_new_code_ends_the_old_one_when_it_is_committed,
            a_discarded_draft_leaves_the_live_code,
            a_discard_spares_other_drafts,
            a_draft_that_was_discarded_can_be_committed,
            sending_again_extends_no_life,
            sending_again_resets_no_count,
            a_code_ends_with_its_life,
            a_challenge_has_tries_of_its_own,
            tries_without_a_challenge_share_their_own,
            an_unknown_challenge_is_absent,
            a_code_dies_after_all_its_tries,
            scopes_do_not_mix,
            an_uncounted_try_is_given_back,
            uncounting_another_code_changes_nothing,
            a_spent_code_is_gone,
            only_the_live_code_can_be_spent,
            a_spent_code_is_not_committed_again,
            a_code_given_back_has_its_counts,
            a_code_given_back_has_its_life,
            a_code_is_not_given_back_over_another,
            only_the_spent_code_is_given_back,
            an_ended_scope_has_no_codes_and_others_keep_theirs,
            what_was_spent_is_not_given_back_after_an_end,
            a_code_that_is_sent_after_an_end_is_good,
            the_time_since_the_message_is_told,
            the_life_of_a_code_begins_with_its_draft,
            a_code_is_gone_though_a_draft_lives,
            a_draft_is_gone_though_a_code_lives,
            a_spent_code_is_gone_though_a_draft_lives,
            concurrent_asks_get_one_code,
            concurrent_tries_are_counted_exactly,
            concurrent_right_tries_spend_once,
            concurrent_tries_and_spends_leave_nothing,
        }
    };
}
