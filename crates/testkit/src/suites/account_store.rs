//! What every `account_store` adapter must do.

mod activity;
mod changing;
mod cooling_off;
mod leaving;
mod looking_up;
mod merging;
mod notices;
mod opening;
mod races;
mod racing_ends;
mod session_keys;
mod steps;
mod uniqueness;

pub use activity::*;
pub use changing::*;
pub use cooling_off::*;
pub use leaving::*;
pub use looking_up::*;
pub use merging::*;
pub use notices::*;
pub use opening::*;
pub use races::*;
pub use racing_ends::*;
pub use session_keys::*;
pub use uniqueness::*;

/// Makes one named test of each clause. The expression gives the
/// [`Stores`](crate::stores::Stores) of an empty database; it is evaluated once
/// per test, and may await.
#[macro_export]
macro_rules! account_store {
    ($stores:expr) => {
        $crate::clauses! {
            $crate::suites::account_store, $stores,
            an_empty_lookup_finds_nothing,
            what_is_not_held_finds_nothing,
            an_account_is_found_by_all_that_it_holds,
            a_lookup_finds_each_account_in_its_place,
            identities_are_oldest_first,
            openids_that_differ_in_case_are_two_people,
            an_openid_is_of_one_provider_and_application,
            a_unionid_is_no_openid,
            a_login_changes_nothing_but_its_time,
            a_change_makes_a_new_version,
            an_older_version_is_stale_and_changes_nothing,
            an_expectation_of_no_change_is_checked_too,
            a_caller_who_has_signed_out_changes_nothing,
            a_taken_phone_number_is_stale_and_changes_nothing,
            a_taken_openid_is_stale,
            a_taken_unionid_is_stale,
            an_account_holds_one_openid_per_application,
            a_replaced_phone_number_is_free_again,
            a_profile_is_replaced_whole,
            a_cancellation_is_taken_back,
            an_account_is_shut_and_opened_again,
            a_cancelled_account_is_shut_and_its_erasure_goes_on,
            a_session_key_needs_its_identity,
            what_happened_is_told_once_it_has,
            a_session_key_is_read_back_by_its_user,
            the_newest_session_key_is_the_one,
            a_dropped_session_key_is_gone,
            a_newer_session_key_is_not_dropped,
            a_cleared_phone_number_is_free_again,
            a_number_that_is_not_there_is_not_cleared,
            a_phone_number_is_proven_anew,
            an_unlinked_identity_is_nobodys,
            only_ones_own_identity_is_unlinked,
            a_forgotten_unionid_is_nobodys,
            only_sessions_through_the_application_end,
            an_erased_account_is_found_by_nothing,
            an_erased_account_keeps_nothing_personal,
            the_sessions_of_an_erased_account_end,
            an_account_is_erased_once,
            whoever_comes_again_after_an_erasure_is_new,
            nothing_is_known_of_who_did_nothing,
            an_account_was_used_when_its_newest_session_was,
            acts_of_the_owner_are_signs_of_life_and_no_others,
            an_account_is_cancelled_until_its_time,
            only_an_active_account_is_cancelled,
            accounts_are_due_in_their_order_and_not_before,
            who_came_back_or_is_gone_is_not_due,
            no_login_outlives_a_cancellation_at_once,
            a_notice_is_carried_out_once,
            a_notice_at_once_is_carried_out_once,
            a_notice_whose_changes_failed_can_be_claimed,
            a_code_opens_one_session,
            a_code_opens_one_session_however_many_try,
            a_code_that_was_spent_changes_nothing_again,
            a_merge_moves_all_identities,
            a_merged_account_is_an_alias_without_personal_data,
            a_merge_ends_the_sessions_of_the_alias,
            a_merged_account_leaves_no_device_behind,
            opposite_merges_at_once_give_one,
            a_session_takes_the_place_of_its_device,
            a_session_leaves_other_clients_alone,
            the_oldest_sessions_beyond_the_limit_end,
            replaced_sessions_are_told,
            no_limit_ends_no_session,
            racing_logins_keep_the_limit,
            racing_logins_that_look_first_keep_the_limit,
            a_login_that_ends_many_sessions_tells_each,
            no_login_outlives_an_erasure_at_once,
            no_login_outlives_a_merge_at_once,
            no_login_outlives_a_change_of_number_at_once,
            racing_first_logins_make_one_account,
            racing_changes_of_one_version_apply_once,
        }
    };
}
