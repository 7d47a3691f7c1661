//! What every `lease_store` adapter must do.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::sync::Arc;
use std::time::Duration;

use menshen_domain::model::identifiers::HolderId;
use menshen_domain::ports::lease_store::{Grant, LeaseName};
use tokio::task::JoinSet;

use crate::people::People;
use crate::sample::now;
use crate::stores::Stores;

/// Makes one named test of each clause. The expression gives the
/// [`Stores`](crate::stores::Stores) of an empty database; it is evaluated once
/// per test, and may await.
#[macro_export]
macro_rules! lease_store {
    ($stores:expr) => {
        $crate::clauses! {
            $crate::suites::lease_store, $stores,
            a_free_lease_is_taken_for_its_term,
            a_held_lease_is_nobody_elses,
            the_holder_may_take_it_again,
            a_renewed_lease_ends_later,
            only_the_holder_renews,
            an_ended_lease_goes_to_whoever_comes,
            an_ended_lease_is_not_renewed,
            a_released_lease_is_free,
            only_the_holder_releases,
            leases_do_not_know_each_other,
            a_term_of_any_length_is_kept,
            of_many_takers_one_holds_it,
        }
    };
}

const LEASE: LeaseName = LeaseName::new("test");
const HOUR: Duration = Duration::from_hours(1);
/// Ends before a test would.
const BLINK: Duration = Duration::from_millis(30);
/// How long an end may take to be noticed.
const PATIENCE: Duration = Duration::from_secs(20);

fn holders<const N: usize>() -> [HolderId; N] {
    let people = People::new(1);
    std::array::from_fn(|_| HolderId::generate(people.randomness(), now()))
}

async fn take(stores: &Stores, holder: HolderId, term: Duration) -> Option<Grant> {
    stores.leases.take(LEASE, holder, term).await.unwrap()
}

async fn renew(stores: &Stores, holder: HolderId, term: Duration) -> Option<Grant> {
    stores.leases.renew(LEASE, holder, term).await.unwrap()
}

/// Tries until it is taken.
async fn take_in_the_end(stores: &Stores, holder: HolderId) -> Grant {
    let trying = async {
        loop {
            if let Some(grant) = take(stores, holder, HOUR).await {
                return grant;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, trying).await.unwrap()
}

/// By the store's clock, which goes forward.
pub async fn a_free_lease_is_taken_for_its_term(stores: Stores) {
    let [one, two] = holders();
    let first = take(&stores, one, HOUR).await.unwrap();
    assert_eq!(first.until, first.at + HOUR);
    stores.leases.release(LEASE, one).await.unwrap();
    let second = take(&stores, two, HOUR).await.unwrap();
    assert!(second.at >= first.at, "{first:?} {second:?}");
}

/// As long as it has not ended.
pub async fn a_held_lease_is_nobody_elses(stores: Stores) {
    let [one, two] = holders();
    take(&stores, one, HOUR).await.unwrap();
    assert_eq!(take(&stores, two, HOUR).await, None);
    assert!(renew(&stores, one, HOUR).await.is_some());
}

/// Which is as good as renewing it.
pub async fn the_holder_may_take_it_again(stores: Stores) {
    let [one, two] = holders();
    let first = take(&stores, one, BLINK).await.unwrap();
    let again = take(&stores, one, HOUR).await.unwrap();
    assert_eq!(again.until, again.at + HOUR);
    assert!(again.until > first.until);
    assert_eq!(take(&stores, two, HOUR).await, None);
}

/// From the moment of renewing on, be that earlier than before.
pub async fn a_renewed_lease_ends_later(stores: Stores) {
    let [one] = holders();
    let first = take(&stores, one, HOUR).await.unwrap();
    let later = renew(&stores, one, HOUR * 2).await.unwrap();
    assert_eq!(later.until, later.at + HOUR * 2);
    assert!(later.at >= first.at);
    let sooner = renew(&stores, one, HOUR).await.unwrap();
    assert!(sooner.until < later.until);
}

/// Nobody else, and nobody where there is no lease.
pub async fn only_the_holder_renews(stores: Stores) {
    let [one, two] = holders();
    assert_eq!(renew(&stores, one, HOUR).await, None);
    take(&stores, one, HOUR).await.unwrap();
    assert_eq!(renew(&stores, two, HOUR).await, None);
    assert!(renew(&stores, one, HOUR).await.is_some());
}

/// Whoever held it died, perhaps.
pub async fn an_ended_lease_goes_to_whoever_comes(stores: Stores) {
    let [one, two] = holders();
    let first = take(&stores, one, BLINK).await.unwrap();
    let second = take_in_the_end(&stores, two).await;
    assert!(second.at >= first.until, "{first:?} {second:?}");
    assert_eq!(renew(&stores, one, HOUR).await, None);
    assert_eq!(take(&stores, one, HOUR).await, None);
    assert!(renew(&stores, two, HOUR).await.is_some());
}

/// Though nobody else has it: somebody may have held it since.
pub async fn an_ended_lease_is_not_renewed(stores: Stores) {
    let [one, two] = holders();
    let first = take(&stores, one, BLINK).await.unwrap();
    // What another lease tells of the store's clock.
    let clock = LeaseName::new("clock");
    let waiting = async {
        let taken = async || stores.leases.take(clock, two, HOUR).await.unwrap();
        while taken().await.unwrap().at < first.until {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
    assert_eq!(renew(&stores, one, HOUR).await, None);
    assert!(take(&stores, one, HOUR).await.is_some());
}

/// At once.
pub async fn a_released_lease_is_free(stores: Stores) {
    let [one, two] = holders();
    take(&stores, one, HOUR).await.unwrap();
    stores.leases.release(LEASE, one).await.unwrap();
    stores.leases.release(LEASE, one).await.unwrap();
    assert_eq!(renew(&stores, one, HOUR).await, None);
    assert!(take(&stores, two, HOUR).await.is_some());
}

/// What somebody else gives back stays with the holder.
pub async fn only_the_holder_releases(stores: Stores) {
    let [one, two] = holders();
    take(&stores, one, HOUR).await.unwrap();
    stores.leases.release(LEASE, two).await.unwrap();
    assert_eq!(take(&stores, two, HOUR).await, None);
    assert!(renew(&stores, one, HOUR).await.is_some());
}

/// Each has its own holder.
pub async fn leases_do_not_know_each_other(stores: Stores) {
    let [one, two] = holders();
    take(&stores, one, HOUR).await.unwrap();
    let other = LeaseName::new("other");
    let taken = stores.leases.take(other, two, HOUR).await.unwrap();
    assert!(taken.is_some());
    stores.leases.release(other, two).await.unwrap();
    assert!(renew(&stores, one, HOUR).await.is_some());
}

/// From a millisecond to years.
pub async fn a_term_of_any_length_is_kept(stores: Stores) {
    let [one] = holders();
    for millis in [1, 999, 1_001, 59_999, 60_000, 86_400_000, 400 * 86_400_000] {
        let term = Duration::from_millis(millis);
        let grant = take(&stores, one, term).await.unwrap();
        assert_eq!(grant.until, grant.at + term);
        if term > PATIENCE {
            let renewed = renew(&stores, one, term).await.unwrap();
            assert!(renewed.until >= grant.until, "{term:?}");
        }
    }
}

/// Of eight at once, each of twenty times.
pub async fn of_many_takers_one_holds_it(stores: Stores) {
    let holders: [HolderId; 8] = holders();
    for round in 0..20 {
        let mut takers = JoinSet::new();
        for holder in holders {
            let leases = Arc::clone(&stores.leases);
            takers.spawn(async move {
                let taken = leases.take(LEASE, holder, HOUR).await.unwrap();
                taken.map(|_| holder)
            });
        }
        let taken: Vec<_> = takers.join_all().await.into_iter().flatten().collect();
        assert_eq!(taken.len(), 1, "round {round}: {taken:?}");
        stores.leases.release(LEASE, taken[0]).await.unwrap();
    }
}
