//! What every `session_store` adapter must do.

mod ending;
mod noting;
mod reading;
mod rotating;
mod steps;

pub use ending::*;
pub use noting::*;
pub use reading::*;
pub use rotating::*;

/// Makes one named test of each clause. The expression gives the
/// [`Stores`](crate::stores::Stores) of an empty database; it is evaluated once
/// per test, and may await.
#[macro_export]
macro_rules! session_store {
    ($stores:expr) => {
        $crate::clauses! {
            $crate::suites::session_store, $stores,
            a_session_is_read_with_its_account,
            an_unknown_session_is_not_there,
            a_session_is_over_when_it_ended_or_expired,
            a_rotation_moves_the_session_on,
            a_rotation_begins_from_the_state_that_is,
            a_session_that_is_over_is_not_rotated,
            a_shut_account_is_not_rotated,
            a_rotation_is_audited_if_it_happens,
            racing_rotations_move_on_once,
            a_rotation_never_outlives_an_end,
            a_replay_is_audited_once_per_generation,
            a_proof_is_remembered_in_a_live_session,
            a_session_that_is_over_takes_no_proof,
            a_code_proves_who_is_there_once,
            a_code_proves_who_is_there_once_however_many_try,
            one_session_ends,
            all_other_sessions_end,
            all_sessions_end,
            ending_again_ends_nothing,
            a_strangers_session_does_not_end,
            ends_are_told,
            racing_ends_are_audited_once,
            live_sessions_are_listed_newest_first,
            a_list_is_bounded,
        }
    };
}
