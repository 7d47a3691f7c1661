//! What every `AvatarRecords` must do, together with the changes of accounts.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::time::Duration;

use chrono::TimeDelta;
use menshen_domain::model::account::Account;
use menshen_domain::model::avatar::{Avatar, AvatarName};
use menshen_domain::model::changes::Step;
use menshen_domain::model::identifiers::UserId;
use menshen_domain::ports::account_store::AccountStoreError;

use crate::people::{People, changed, later};
use crate::sample::now;
use crate::stores::Stores;

/// Makes one named test of each clause. The expression gives the
/// [`Stores`](crate::stores::Stores) of an empty database; it is evaluated once
/// per test, and may await.
#[macro_export]
macro_rules! avatar_records {
    ($stores:expr) => {
        $crate::clauses! {
            $crate::suites::avatar_records, $stores,
            an_announced_picture_is_not_shown_yet,
            a_shown_picture_is_wanted_however_old,
            a_dropped_picture_is_seen_no_more_and_unwanted,
            what_is_dropped_with_an_account_is_gone_from_the_database_at_once,
            a_picture_that_nobody_showed_in_time_is_given_up_for_good,
            an_upload_that_comes_to_nothing_is_given_up_for_good,
            what_is_dropped_before_it_was_shown_keeps_its_time,
            a_picture_of_somebody_else_is_neither_shown_nor_dropped,
            an_erased_account_drops_all_its_pictures,
            a_merge_moves_pictures_to_the_survivor,
            unwanted_pictures_come_in_portions_until_they_are_forgotten,
            what_is_wanted_is_not_forgotten,
        }
    };
}

const HOUR: Duration = Duration::from_hours(1);

/// An account in the store.
async fn somebody(stores: &Stores, people: &People) -> Account {
    let account = people.account();
    let creation = people.creation(&account);
    stores.accounts.apply(&creation).await.unwrap();
    account
}

async fn announced(stores: &Stores, people: &People, user: UserId) -> AvatarName {
    let name = AvatarName::generate(people.randomness());
    let announced = stores.avatar_records.announce(name, user, now());
    announced.await.unwrap();
    name
}

async fn does(
    stores: &Stores,
    people: &People,
    account: &mut Account,
    step: Step,
) -> Result<(), AccountStoreError> {
    let changes = people.changes(account.id, vec![changed(account)], vec![step]);
    stores.accounts.apply(&changes).await?;
    account.version += 1;
    Ok(())
}

/// Announced and shown.
async fn shown(stores: &Stores, people: &People, account: &mut Account) -> AvatarName {
    let name = announced(stores, people, account.id).await;
    let user = account.id;
    let step = Step::ShowAvatar { user, name };
    does(stores, people, account, step).await.unwrap();
    name
}

async fn is_shown(stores: &Stores, name: AvatarName) -> bool {
    stores.avatar_records.is_shown(name).await.unwrap()
}

async fn unwanted(stores: &Stores, announced_before: Duration) -> Vec<AvatarName> {
    let unwanted = stores.avatar_records.unwanted(later(announced_before), 100);
    let mut unwanted = unwanted.await.unwrap();
    unwanted.sort_unstable();
    unwanted
}

/// Nor is one that nobody announced.
pub async fn an_announced_picture_is_not_shown_yet(stores: Stores) {
    let people = People::new(1);
    let account = somebody(&stores, &people).await;
    let name = announced(&stores, &people, account.id).await;
    assert!(!is_shown(&stores, name).await);
    let nobody = AvatarName::generate(people.randomness());
    assert!(!is_shown(&stores, nobody).await);
    assert!(unwanted(&stores, Duration::ZERO).await.is_empty());
}

/// For as long as its account shows it.
pub async fn a_shown_picture_is_wanted_however_old(stores: Stores) {
    let people = People::new(1);
    let mut account = somebody(&stores, &people).await;
    let name = shown(&stores, &people, &mut account).await;
    assert!(is_shown(&stores, name).await);
    assert!(unwanted(&stores, HOUR * 10_000).await.is_empty());
    assert!(is_shown(&stores, name).await);
}

/// Whatever its age.
pub async fn a_dropped_picture_is_seen_no_more_and_unwanted(stores: Stores) {
    let people = People::new(1);
    let mut account = somebody(&stores, &people).await;
    let [old, new] = [
        shown(&stores, &people, &mut account).await,
        shown(&stores, &people, &mut account).await,
    ];
    let user = account.id;
    let step = Step::DropAvatar { user, name: old };
    does(&stores, &people, &mut account, step).await.unwrap();
    assert!(!is_shown(&stores, old).await && is_shown(&stores, new).await);
    assert_eq!(unwanted(&stores, Duration::ZERO).await, [old]);
}

/// Nobody has to come and remove it.
pub async fn what_is_dropped_with_an_account_is_gone_from_the_database_at_once(stores: Stores) {
    let people = People::new(1);
    for erase in [false, true] {
        let mut account = somebody(&stores, &people).await;
        let (user, name) = (account.id, shown(&stores, &people, &mut account).await);
        let picture = Avatar::of(vec![0xff, 0xd8, 0xff]).unwrap();
        stores.avatars.put(name, &picture).await.unwrap();
        let step = if erase {
            Step::Erase(user)
        } else {
            Step::DropAvatar { user, name }
        };
        does(&stores, &people, &mut account, step).await.unwrap();
        assert_eq!(stores.avatars.get(name).await.unwrap(), None);
    }
}

/// A late account finds it gone, and observes again.
pub async fn a_picture_that_nobody_showed_in_time_is_given_up_for_good(stores: Stores) {
    let people = People::new(1);
    let mut account = somebody(&stores, &people).await;
    let name = announced(&stores, &people, account.id).await;
    assert!(
        unwanted(&stores, Duration::ZERO).await.is_empty(),
        "not before its time"
    );
    assert_eq!(unwanted(&stores, HOUR).await, [name]);
    let user = account.id;
    let late = does(
        &stores,
        &people,
        &mut account,
        Step::ShowAvatar { user, name },
    )
    .await;
    assert!(matches!(late, Err(AccountStoreError::Stale)), "{late:?}");
    assert!(!is_shown(&stores, name).await);
}

/// Whoever gives it up removes its file at once; housekeeping does where they could not.
pub async fn an_upload_that_comes_to_nothing_is_given_up_for_good(stores: Stores) {
    let people = People::new(1);
    let mut account = somebody(&stores, &people).await;
    let user = account.id;
    let kept = shown(&stores, &people, &mut account).await;
    let name = announced(&stores, &people, user).await;
    let nobody = AvatarName::generate(people.randomness());
    for one in [kept, name, name, nobody] {
        stores.avatar_records.give_up(one).await.unwrap();
    }
    assert!(is_shown(&stores, kept).await, "what is shown stays");
    let step = Step::ShowAvatar { user, name };
    let late = does(&stores, &people, &mut account, step).await;
    assert!(matches!(late, Err(AccountStoreError::Stale)), "{late:?}");
    assert_eq!(unwanted(&stores, HOUR).await, [name]);
    stores.avatar_records.forget(name).await.unwrap();
    assert!(unwanted(&stores, HOUR).await.is_empty());
}

/// Its file may come after the account went: what is removed and forgotten before that
/// would be left behind.
pub async fn what_is_dropped_before_it_was_shown_keeps_its_time(stores: Stores) {
    let people = People::new(1);
    let mut account = somebody(&stores, &people).await;
    let name = announced(&stores, &people, account.id).await;
    let erase = Step::Erase(account.id);
    does(&stores, &people, &mut account, erase).await.unwrap();
    assert!(unwanted(&stores, Duration::ZERO).await.is_empty());
    assert_eq!(unwanted(&stores, HOUR).await, [name]);
}

/// Whose address somebody may have copied.
pub async fn a_picture_of_somebody_else_is_neither_shown_nor_dropped(stores: Stores) {
    let people = People::new(1);
    let mut owner = somebody(&stores, &people).await;
    let mut thief = somebody(&stores, &people).await;
    let user = thief.id;
    let new = announced(&stores, &people, owner.id).await;
    let step = Step::ShowAvatar { user, name: new };
    let taken = does(&stores, &people, &mut thief, step).await;
    assert!(matches!(taken, Err(AccountStoreError::Stale)), "{taken:?}");
    let name = shown(&stores, &people, &mut owner).await;
    let picture = Avatar::of(vec![0xff, 0xd8, 0xff]).unwrap();
    stores.avatars.put(name, &picture).await.unwrap();
    let step = Step::DropAvatar { user, name };
    does(&stores, &people, &mut thief, step).await.unwrap();
    assert!(is_shown(&stores, name).await);
    assert_eq!(stores.avatars.get(name).await.unwrap(), Some(picture));
}

/// Shown or not; those of others stay.
pub async fn an_erased_account_drops_all_its_pictures(stores: Stores) {
    let people = People::new(1);
    let mut account = somebody(&stores, &people).await;
    let mut other = somebody(&stores, &people).await;
    let kept = shown(&stores, &people, &mut other).await;
    let mut dropped = vec![
        shown(&stores, &people, &mut account).await,
        announced(&stores, &people, account.id).await,
    ];
    let erase = Step::Erase(account.id);
    does(&stores, &people, &mut account, erase).await.unwrap();
    dropped.sort_unstable();
    assert_eq!(unwanted(&stores, HOUR).await, dropped);
    assert!(is_shown(&stores, kept).await);
}

/// Who may drop them from then on.
pub async fn a_merge_moves_pictures_to_the_survivor(stores: Stores) {
    let people = People::new(1);
    let mut from = somebody(&stores, &people).await;
    let mut into = somebody(&stores, &people).await;
    let name = shown(&stores, &people, &mut from).await;
    let merge = Step::Merge {
        from: from.id,
        into: into.id,
        profile: into.profile.clone(),
    };
    let changes = people.changes(into.id, vec![changed(&from), changed(&into)], vec![merge]);
    stores.accounts.apply(&changes).await.unwrap();
    into.version += 1;
    assert!(is_shown(&stores, name).await);
    let user = into.id;
    let step = Step::DropAvatar { user, name };
    does(&stores, &people, &mut into, step).await.unwrap();
    assert!(!is_shown(&stores, name).await);
}

/// Whoever was cut off before that finds them again.
pub async fn unwanted_pictures_come_in_portions_until_they_are_forgotten(stores: Stores) {
    let people = People::new(1);
    let account = somebody(&stores, &people).await;
    let mut all = Vec::new();
    for _ in 0..5 {
        all.push(announced(&stores, &people, account.id).await);
    }
    all.sort_unstable();
    let mut found = Vec::new();
    for left in [2, 2, 1, 0] {
        let portion = || {
            stores
                .avatar_records
                .unwanted(now() + TimeDelta::hours(1), 2)
        };
        let names = portion().await.unwrap();
        assert_eq!(portion().await.unwrap(), names);
        assert_eq!(names.len(), left);
        for name in names {
            stores.avatar_records.forget(name).await.unwrap();
            found.push(name);
        }
    }
    found.sort_unstable();
    assert_eq!(found, all);
}

/// Else its file would be left behind.
pub async fn what_is_wanted_is_not_forgotten(stores: Stores) {
    let people = People::new(1);
    let mut account = somebody(&stores, &people).await;
    let name = shown(&stores, &people, &mut account).await;
    let new = announced(&stores, &people, account.id).await;
    for name in [name, new] {
        stores.avatar_records.forget(name).await.unwrap();
    }
    assert!(is_shown(&stores, name).await);
    assert_eq!(unwanted(&stores, HOUR).await, [new]);
}
