//! What every `send_records` adapter must do.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

mod noting;
mod recording;
mod steps;

pub use noting::*;
pub use recording::*;

/// Makes one named test of each clause. The expression gives the
/// [`Stores`](crate::stores::Stores) of an empty database; it is evaluated once
/// per test, and may await.
#[macro_export]
macro_rules! send_records {
    ($stores:expr) => {
        $crate::clauses! {
            $crate::suites::send_records, $stores,
            a_send_is_recorded_with_all_that_was_tried,
            a_send_without_an_attempt_is_finished_too,
            the_audit_log_is_told_with_the_record,
            without_the_audit_log_nothing_is_recorded,
            a_send_is_begun_once,
            a_send_is_finished_once,
            what_was_not_begun_is_not_finished,
            two_attempts_may_have_one_vendors_id,
            what_may_have_left_counts_and_nothing_else,
            what_is_older_counts_no_more,
            messages_of_one_second_are_counted_together,
            simultaneous_sends_are_all_recorded,
            the_newest_messages_to_a_number_are_told_by_themselves,
            of_a_number_only_what_may_have_left_is_told,
            a_notice_counts_for_all_and_not_for_its_number,
            a_receipt_is_noted_once,
            a_delivery_is_final,
            a_failure_gives_way_to_a_delivery,
            the_first_of_two_failures_stays,
            receipts_of_one_push_are_noted_together,
            a_receipt_finds_its_send_by_our_id_before_the_answer_is_recorded,
            a_receipt_finds_its_send_by_the_vendors_id,
            a_receipt_names_no_send_that_its_vendor_was_not_asked_for,
            a_vendors_id_that_came_twice_is_the_later_sends,
            a_receipt_of_somebody_else_is_unknown,
            no_receipts_are_no_fault,
            simultaneous_copies_of_a_receipt_are_noted_once,
            simultaneous_pushes_in_opposite_orders_all_end,
        }
    };
}
