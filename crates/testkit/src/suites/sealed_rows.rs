//! What every `sealed_rows` adapter must do.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

mod places;
mod sweeps;

pub use places::*;
pub use sweeps::*;

/// Makes one named test of each clause. The expression gives the
/// [`Stores`](crate::stores::Stores) of an empty database; it is evaluated once
/// per test, and may await.
#[macro_export]
macro_rules! sealed_rows {
    ($stores:expr) => {
        $crate::clauses! {
            $crate::suites::sealed_rows, $stores,
            an_empty_place_is_done_at_once,
            values_of_every_place_are_sealed_anew_and_open_as_before,
            what_stands_under_the_key_costs_no_writing,
            rows_are_gone_through_in_small_steps_and_each_once,
            a_step_that_is_repeated_finds_nothing_to_do,
            nothing_else_of_a_row_changes,
            a_value_that_was_written_meanwhile_stays,
            a_value_that_was_taken_away_meanwhile_stays_away,
            a_value_that_does_not_open_is_counted_and_stays,
            where_another_key_seals_nothing_is_changed,
            two_at_once_lose_nothing,
            sizes_are_told,
            a_sweep_is_kept_as_it_is,
            a_newer_sweep_takes_the_place_of_the_older,
        }
    };
}
