//! What every `admin_reader` adapter must do.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

mod auditing;
mod counting;
mod sending;
mod signed_in;

pub use auditing::*;
pub use counting::*;
pub use sending::*;
pub use signed_in::*;

use chrono::{DateTime, TimeDelta, Utc};
use menshen_domain::model::record::{Page, Position};

use crate::people::People;
use crate::sample::now;
use crate::stores::Stores;

/// Makes one named test of each clause. The expression gives the
/// [`Stores`](crate::stores::Stores) of an empty database; it is evaluated once
/// per test, and may await.
#[macro_export]
macro_rules! admin_reader {
    ($stores:expr) => {
        $crate::clauses! {
            $crate::suites::admin_reader, $stores,
            a_row_is_read_as_it_was_written,
            pages_hold_every_row_once_newest_first,
            rows_of_one_millisecond_are_all_there,
            conditions_hold_together,
            rows_of_an_address_are_found,
            a_span_of_time_has_an_end_and_a_beginning,
            messages_are_read_with_their_tries_and_receipts,
            messages_of_one_number_only_page_by_page,
            what_happened_is_counted_by_its_words,
            an_hour_ends_where_the_next_begins,
            nothing_counts_as_nothing,
            consent_is_told_with_its_time,
            whoever_is_signed_in_is_listed_once_part_by_part,
        }
    };
}

/// The first rows.
fn first(limit: u32) -> Page {
    Page { limit, after: None }
}

/// Those after this one.
fn after(limit: u32, at: DateTime<Utc>, id: uuid::Uuid) -> Page {
    Page {
        limit,
        after: Some(Position { at, id }),
    }
}

fn seconds(after: i64) -> DateTime<Utc> {
    now() + TimeDelta::seconds(after)
}

/// The version and the time; nothing for who is not there.
pub async fn consent_is_told_with_its_time(stores: Stores) {
    let people = People::new(1);
    let account = people.account();
    assert_eq!(stores.admin_reader.consent(account.id).await.unwrap(), None);
    let creation = people.creation(&account);
    stores.accounts.apply(&creation).await.unwrap();
    let told = stores.admin_reader.consent(account.id).await.unwrap();
    let told = told.expect("a consent");
    assert_eq!((told.version.as_str(), told.at), ("1", now()));
}
