//! Accounts are found by what they hold.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use menshen_domain::model::account::Account;
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::wechat::Provider;
use menshen_domain::ports::account_store::Lookup;

use crate::people::{People, app_id, openid, platform, union_id};
use crate::sample::now;
use crate::stores::Stores;
use crate::suites::account_store::steps::{MINUTE, all_of, create, profile, read};

/// Nothing is looked for.
pub async fn an_empty_lookup_finds_nothing(stores: Stores) {
    let people = People::new(1);
    create(&stores, &people, &people.whole_account(1)).await;
    let found = stores.accounts.observe(&Lookup::default()).await.unwrap();
    assert_eq!(found, Snapshot::default());
}

/// Nobody holds what is looked for.
pub async fn what_is_not_held_finds_nothing(stores: Stores) {
    let people = People::new(1);
    create(&stores, &people, &people.whole_account(1)).await;
    let stranger = people.account().id;
    let lookup = Lookup {
        signed_in: Some(stranger),
        ..all_of(2)
    };
    assert_eq!(
        stores.accounts.observe(&lookup).await.unwrap(),
        Snapshot::default()
    );
}

/// The account comes back whole, whichever of its parts it is looked up by.
pub async fn an_account_is_found_by_all_that_it_holds(stores: Stores) {
    let people = People::new(1);
    let mut account = people.whole_account(1);
    account.profile = profile();
    create(&stores, &people, &account).await;
    let lookup = Lookup {
        signed_in: Some(account.id),
        ..all_of(1)
    };
    let found = stores.accounts.observe(&lookup).await.unwrap();
    let whole = Some(account);
    assert_eq!(found.signed_in, whole);
    assert_eq!(found.by_phone, whole);
    assert_eq!(found.by_openid, whole);
    assert_eq!(found.by_union_id, whole);
}

/// Four people, one in each place.
pub async fn a_lookup_finds_each_account_in_its_place(stores: Stores) {
    let people = People::new(1);
    let accounts: Vec<Account> = (0..4).map(|n| people.whole_account(n)).collect();
    for account in &accounts {
        create(&stores, &people, account).await;
    }
    let lookup = Lookup {
        signed_in: Some(accounts[0].id),
        phone: all_of(1).phone,
        openid: all_of(2).openid,
        union_id: all_of(3).union_id,
    };
    let found = stores.accounts.observe(&lookup).await.unwrap();
    let places = [
        found.signed_in,
        found.by_phone,
        found.by_openid,
        found.by_union_id,
    ];
    assert_eq!(places.map(Option::unwrap).to_vec(), accounts);
}

/// In the order in which they were linked.
pub async fn identities_are_oldest_first(stores: Stores) {
    let people = People::new(1);
    let mut account = people.account();
    for (app, age) in [("wx2", 3), ("wx3", 9), ("wx1", 6)] {
        let mut identity = people.identity(app, 1);
        identity.linked_at = now() - MINUTE * age;
        account.identities.push(identity);
    }
    create(&stores, &people, &account).await;
    let held = read(&stores, account.id).await.identities;
    let apps: Vec<_> = held
        .iter()
        .map(|identity| identity.app_id.as_str())
        .collect();
    assert_eq!(apps, ["wx3", "wx1", "wx2"]);
}

/// Compared as bytes.
pub async fn openids_that_differ_in_case_are_two_people(stores: Stores) {
    let people = People::new(1);
    let mut lower = people.account();
    lower.identities = vec![people.identity("wx1", 1)];
    let mut upper = people.account();
    upper.identities = vec![people.identity("wx1", 1)];
    upper.identities[0].openid =
        menshen_domain::model::wechat::OpenId::parse(&openid(1).as_str().to_uppercase()).unwrap();
    create(&stores, &people, &lower).await;
    create(&stores, &people, &upper).await;
    for account in [lower, upper] {
        let held = &account.identities[0];
        let openid = Some((held.provider, held.app_id.clone(), held.openid.clone()));
        let lookup = Lookup {
            openid,
            ..Lookup::default()
        };
        let found = stores.accounts.observe(&lookup).await.unwrap();
        assert_eq!(found.by_openid, Some(account));
    }
}

/// The same openid elsewhere is somebody else.
pub async fn an_openid_is_of_one_provider_and_application(stores: Stores) {
    let people = People::new(1);
    create(&stores, &people, &people.whole_account(1)).await;
    for elsewhere in [
        (Provider::WeChatApp, app_id("wx1"), openid(1)),
        (Provider::WeChatMiniProgram, app_id("wx2"), openid(1)),
    ] {
        let lookup = Lookup {
            openid: Some(elsewhere),
            ..Lookup::default()
        };
        assert_eq!(
            stores.accounts.observe(&lookup).await.unwrap(),
            Snapshot::default()
        );
    }
}

/// A unionid is not among the identities, and not found as one.
pub async fn a_unionid_is_no_openid(stores: Stores) {
    let people = People::new(1);
    let mut account = people.account();
    account.union_ids = vec![(platform(), union_id(1))];
    create(&stores, &people, &account).await;
    assert!(read(&stores, account.id).await.identities.is_empty());
    let openid = menshen_domain::model::wechat::OpenId::parse(union_id(1).as_str()).unwrap();
    let app = app_id(platform().as_str());
    let lookup = Lookup {
        openid: Some((Provider::WeChatMiniProgram, app, openid)),
        ..Lookup::default()
    };
    assert_eq!(
        stores.accounts.observe(&lookup).await.unwrap(),
        Snapshot::default()
    );
}
