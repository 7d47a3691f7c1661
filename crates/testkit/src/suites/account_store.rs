//! What every `account_store` adapter must do.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::sync::Arc;
use std::time::Duration;

use menshen_domain::model::account::{Account, AccountStatus};
use menshen_domain::model::changes::{Changes, Expected, Step};
use menshen_domain::model::evidence::PhoneProof;
use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::profile::{AvatarUrl, Bio, Birthday, Nickname, Profile};
use menshen_domain::model::session::EndReason;
use menshen_domain::model::verification::CodeId;
use menshen_domain::model::wechat::{Provider, SessionKey};
use menshen_domain::ports::account_store::{AccountStore, AccountStoreError, Lookup};
use tokio::task::JoinSet;

use crate::people::{People, app_id, changed, later, openid, platform, seen, union_id};
use crate::sample::{now, phone};
use crate::stores::Stores;

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
            a_taken_phone_number_is_stale_and_changes_nothing,
            a_taken_openid_is_stale,
            a_taken_unionid_is_stale,
            an_account_holds_one_openid_per_application,
            a_replaced_phone_number_is_free_again,
            a_profile_is_replaced_whole,
            a_cancellation_is_taken_back,
            a_session_key_needs_its_identity,
            what_happened_is_told_once_it_has,
            a_code_opens_one_session,
            a_code_opens_one_session_however_many_try,
            a_merge_moves_all_identities,
            a_merged_account_is_an_alias_without_personal_data,
            a_merge_ends_the_sessions_of_the_alias,
            opposite_merges_at_once_give_one,
            a_session_takes_the_place_of_its_device,
            a_session_leaves_other_clients_alone,
            the_oldest_sessions_beyond_the_limit_end,
            replaced_sessions_are_told,
            no_limit_ends_no_session,
            racing_logins_keep_the_limit,
            racing_first_logins_make_one_account,
            racing_changes_of_one_version_apply_once,
        }
    };
}

/// Sets an account up.
async fn create(stores: &Stores, people: &People, account: &Account) {
    stores
        .accounts
        .apply(&people.creation(account))
        .await
        .unwrap();
}

/// The account as it is, merged or not.
async fn read(stores: &Stores, user: UserId) -> Account {
    let lookup = Lookup {
        signed_in: Some(user),
        ..Lookup::default()
    };
    stores
        .accounts
        .observe(&lookup)
        .await
        .unwrap()
        .signed_in
        .unwrap()
}

async fn live(stores: &Stores, user: UserId) -> usize {
    stores.sessions.list(user, now()).await.unwrap().len()
}

/// The look-up of all that person `n` holds.
fn all_of(n: u32) -> Lookup {
    Lookup {
        signed_in: None,
        phone: Some(phone(n)),
        openid: Some((Provider::WeChatMiniProgram, app_id("wx1"), openid(n))),
        union_id: Some((platform(), union_id(n))),
    }
}

fn is_stale(result: &Result<(), AccountStoreError>) -> bool {
    matches!(result, Err(AccountStoreError::Stale))
}

const MINUTE: Duration = Duration::from_mins(1);

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

/// Neither version nor time of change.
pub async fn a_login_changes_nothing_but_its_time(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    let session = people.session(account.id, None, Duration::ZERO);
    let mut login = people.login(&account, session, 5);
    login.expected[0].signed_in_at = Some(later(MINUTE));
    stores.accounts.apply(&login).await.unwrap();
    let expected = Account {
        last_login_at: later(MINUTE),
        ..account
    };
    assert_eq!(read(&stores, expected.id).await, expected);
}

/// One more, and the time of it.
pub async fn a_change_makes_a_new_version(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    let step = Step::SetPhone {
        user: account.id,
        phone: phone(2),
        proof: PhoneProof::Sms,
    };
    let mut changes = people.changes(account.id, vec![changed(&account)], vec![step]);
    changes.audit[0].at = later(MINUTE);
    stores.accounts.apply(&changes).await.unwrap();
    let expected = Account {
        phone: Some(phone(2)),
        version: account.version + 1,
        updated_at: later(MINUTE),
        ..account
    };
    assert_eq!(read(&stores, expected.id).await, expected);
}

/// A decision on what was is not carried out.
pub async fn an_older_version_is_stale_and_changes_nothing(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    let before = stores.witness.audit().await.len();
    for version in [account.version - 1, account.version + 1] {
        let expected = Expected {
            version,
            ..changed(&account)
        };
        let step = Step::SetPhone {
            user: account.id,
            phone: phone(2),
            proof: PhoneProof::Sms,
        };
        let result = stores
            .accounts
            .apply(&people.changes(account.id, vec![expected], vec![step]))
            .await;
        assert!(is_stale(&result), "{result:?}");
    }
    assert_eq!(read(&stores, account.id).await, account);
    assert_eq!(stores.witness.audit().await.len(), before);
}

/// An account that was merely seen must not have changed either.
pub async fn an_expectation_of_no_change_is_checked_too(stores: Stores) {
    let people = People::new(1);
    let (seen_one, other) = (people.whole_account(1), people.whole_account(2));
    create(&stores, &people, &seen_one).await;
    create(&stores, &people, &other).await;
    let changes = |version| {
        let expected = vec![
            Expected {
                version,
                ..seen(&seen_one)
            },
            changed(&other),
        ];
        let step = Step::SetPhone {
            user: other.id,
            phone: phone(3),
            proof: PhoneProof::Sms,
        };
        people.changes(other.id, expected, vec![step])
    };
    let result = stores.accounts.apply(&changes(seen_one.version + 1)).await;
    assert!(is_stale(&result), "{result:?}");
    assert_eq!(read(&stores, other.id).await, other);
    stores
        .accounts
        .apply(&changes(seen_one.version))
        .await
        .unwrap();
    assert_eq!(read(&stores, seen_one.id).await, seen_one);
}

/// All of the changes fail with the one that cannot be.
pub async fn a_taken_phone_number_is_stale_and_changes_nothing(stores: Stores) {
    let people = People::new(1);
    let (holder, other) = (people.whole_account(1), people.account());
    create(&stores, &people, &holder).await;
    create(&stores, &people, &other).await;
    let steps = vec![
        Step::LinkIdentity {
            user: other.id,
            identity: people.identity("wx9", 9),
            session_key: None,
        },
        Step::SetPhone {
            user: other.id,
            phone: phone(1),
            proof: PhoneProof::Sms,
        },
    ];
    let result = stores
        .accounts
        .apply(&people.changes(other.id, vec![changed(&other)], steps))
        .await;
    assert!(is_stale(&result), "{result:?}");
    assert_eq!(read(&stores, other.id).await, other);
    assert_eq!(
        stores.accounts.observe(&all_of(1)).await.unwrap().by_phone,
        Some(holder)
    );
}

/// Somebody else holds it.
pub async fn a_taken_openid_is_stale(stores: Stores) {
    let people = People::new(1);
    create(&stores, &people, &people.whole_account(1)).await;
    let mut other = people.account();
    other.identities = vec![people.identity("wx1", 1)];
    let result = stores.accounts.apply(&people.creation(&other)).await;
    assert!(is_stale(&result), "{result:?}");
    let lookup = Lookup {
        signed_in: Some(other.id),
        ..Lookup::default()
    };
    assert_eq!(
        stores.accounts.observe(&lookup).await.unwrap(),
        Snapshot::default()
    );
}

/// Somebody else holds it.
pub async fn a_taken_unionid_is_stale(stores: Stores) {
    let people = People::new(1);
    create(&stores, &people, &people.whole_account(1)).await;
    let mut other = people.account();
    other.union_ids = vec![(platform(), union_id(1))];
    let result = stores.accounts.apply(&people.creation(&other)).await;
    assert!(is_stale(&result), "{result:?}");
}

/// A second openid of an application has no place, nor a second unionid of a
/// platform.
pub async fn an_account_holds_one_openid_per_application(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    let identity = people.identity("wx1", 2);
    let id = identity.id;
    for step in [
        Step::LinkIdentity {
            user: account.id,
            identity,
            session_key: None,
        },
        Step::LinkUnionId {
            user: account.id,
            id,
            platform: platform(),
            union_id: union_id(2),
        },
    ] {
        let changes = people.changes(account.id, vec![changed(&account)], vec![step]);
        let result = stores.accounts.apply(&changes).await;
        assert!(is_stale(&result), "{result:?}");
    }
    assert_eq!(read(&stores, account.id).await, account);
}

/// Nobody holds the old one any more.
pub async fn a_replaced_phone_number_is_free_again(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    let step = Step::SetPhone {
        user: account.id,
        phone: phone(2),
        proof: PhoneProof::Sms,
    };
    let changes = people.changes(account.id, vec![changed(&account)], vec![step]);
    stores.accounts.apply(&changes).await.unwrap();
    let mut other = people.account();
    other.phone = Some(phone(1));
    create(&stores, &people, &other).await;
    let found = |n| {
        let lookup = Lookup {
            phone: Some(phone(n)),
            ..Lookup::default()
        };
        let accounts = Arc::clone(&stores.accounts);
        async move {
            accounts
                .observe(&lookup)
                .await
                .unwrap()
                .by_phone
                .unwrap()
                .id
        }
    };
    assert_eq!((found(1).await, found(2).await), (other.id, account.id));
}

fn profile() -> Profile {
    Profile {
        nickname: Nickname::parse("👨‍👩‍👧").unwrap(),
        avatar_url: Some(AvatarUrl::parse("https://cdn.example/a.png").unwrap()),
        birthday: Some(Birthday::parse("2000-02-29", now()).unwrap()),
        bio: Some(Bio::parse("一\n二").unwrap()),
    }
}

/// Values are set and cleared.
pub async fn a_profile_is_replaced_whole(stores: Stores) {
    let people = People::new(1);
    let mut account = people.whole_account(1);
    create(&stores, &people, &account).await;
    let bare = account.profile.clone();
    for profile in [profile(), bare] {
        let step = Step::SaveProfile {
            user: account.id,
            profile: profile.clone(),
        };
        let changes = people.changes(account.id, vec![changed(&account)], vec![step]);
        stores.accounts.apply(&changes).await.unwrap();
        account = Account {
            profile,
            version: account.version + 1,
            ..account
        };
        assert_eq!(read(&stores, account.id).await, account);
    }
}

/// The account is in use again.
pub async fn a_cancellation_is_taken_back(stores: Stores) {
    let people = People::new(1);
    let purge_at = later(MINUTE);
    let account = Account {
        status: AccountStatus::Cancelling { purge_at },
        ..people.whole_account(1)
    };
    create(&stores, &people, &account).await;
    assert_eq!(
        stores.accounts.observe(&all_of(1)).await.unwrap().by_phone,
        Some(account.clone())
    );
    let steps = vec![Step::Restore(account.id)];
    let changes = people.changes(account.id, vec![changed(&account)], steps);
    stores.accounts.apply(&changes).await.unwrap();
    assert_eq!(
        read(&stores, account.id).await.status,
        AccountStatus::Active
    );
}

/// The key of an identity that has gone is no key of anybody.
pub async fn a_session_key_needs_its_identity(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    for (n, fits) in [(1, true), (2, false)] {
        let step = Step::StoreSessionKey {
            provider: Provider::WeChatMiniProgram,
            app_id: app_id("wx1"),
            openid: openid(n),
            key: SessionKey::parse("tiihtNczf5v6AKRyjwEUhQ==").unwrap(),
        };
        let changes = people.changes(account.id, vec![seen(&account)], vec![step]);
        let result = stores.accounts.apply(&changes).await;
        assert_eq!(is_stale(&result), !fits, "{result:?}");
    }
}

/// Audit rows and events go with the changes, and only with them.
pub async fn what_happened_is_told_once_it_has(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    let (audit, outbox) = (stores.witness.audit().await, stores.witness.outbox().await);
    assert_eq!((audit.len(), outbox.len()), (1, 1));
    assert_eq!(audit[0].action, "login.succeeded");
    assert_eq!(audit[0].user, Some(account.id.to_string()));
    assert_eq!(
        (outbox[0].kind.as_str(), &outbox[0].user),
        ("user.updated", &account.id.to_string())
    );
    assert!(outbox[0].payload.contains(&account.id.to_string()));
    let stale = Expected {
        version: account.version + 1,
        ..seen(&account)
    };
    let result = stores
        .accounts
        .apply(&people.changes(account.id, vec![stale], vec![]))
        .await;
    assert!(is_stale(&result), "{result:?}");
    assert_eq!(stores.witness.audit().await, audit);
    assert_eq!(stores.witness.outbox().await, outbox);
}

fn login_with_code(people: &People, account: &Account, code: CodeId) -> Changes {
    let session = people.session(account.id, None, Duration::ZERO);
    let step = Step::OpenSession {
        session: Box::new(session),
        max_live: 0,
        code: Some(code),
    };
    people.changes(account.id, vec![seen(account)], vec![step])
}

/// Whatever the code store forgot.
pub async fn a_code_opens_one_session(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    let login = |code| login_with_code(&people, &account, CodeId([code; 16]));
    stores.accounts.apply(&login(1)).await.unwrap();
    let again = stores.accounts.apply(&login(1)).await;
    assert!(
        matches!(again, Err(AccountStoreError::CodeSpent)),
        "{again:?}"
    );
    stores.accounts.apply(&login(2)).await.unwrap();
    assert_eq!(live(&stores, account.id).await, 2);
}

/// Of ten at once one signs in, each of twenty times.
pub async fn a_code_opens_one_session_however_many_try(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    for round in 0..20 {
        let mut logins = JoinSet::new();
        for _ in 0..10 {
            let changes = login_with_code(&people, &account, CodeId([round; 16]));
            let accounts = Arc::clone(&stores.accounts);
            logins.spawn(async move { accounts.apply(&changes).await });
        }
        let outcomes = logins.join_all().await;
        let opened = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let spent = |o: &&Result<(), _>| matches!(o, Err(AccountStoreError::CodeSpent));
        let refused = outcomes.iter().filter(spent).count();
        assert_eq!((opened, refused), (1, 9), "round {round}: {outcomes:?}");
    }
}

/// A phone-less account with an identity of `wx2` and a unionid, and the one with
/// a phone number and an identity of `wx1` that it is to be merged into.
async fn two_accounts(stores: &Stores, people: &People, n: u32) -> (Account, Account) {
    let mut from = people.account();
    from.identities = vec![people.identity("wx2", n)];
    from.union_ids = vec![(platform(), union_id(n))];
    let mut into = people.account();
    into.phone = Some(phone(n));
    into.identities = vec![people.identity("wx1", n)];
    create(stores, people, &from).await;
    create(stores, people, &into).await;
    (from, into)
}

fn merge(people: &People, from: &Account, into: &Account) -> Changes {
    let mut filled = into.profile.clone();
    filled.fill_from(&profile());
    let step = Step::Merge {
        from: from.id,
        into: into.id,
        profile: filled,
    };
    people.changes(into.id, vec![changed(from), changed(into)], vec![step])
}

/// The survivor has them all, and the profile it was given.
pub async fn a_merge_moves_all_identities(stores: Stores) {
    let people = People::new(1);
    let (from, into) = two_accounts(&stores, &people, 1).await;
    let merge = merge(&people, &from, &into);
    stores.accounts.apply(&merge).await.unwrap();
    let found = stores.accounts.observe(&all_of(1)).await.unwrap();
    let survivor = found.by_phone.unwrap();
    assert_eq!(found.by_union_id.as_ref(), Some(&survivor));
    let apps: Vec<_> = survivor
        .identities
        .iter()
        .map(|one| one.app_id.as_str())
        .collect();
    assert_eq!(apps.len(), 2, "{apps:?}");
    let nickname = into.profile.nickname.clone();
    assert_eq!(
        survivor.profile,
        Profile {
            nickname,
            ..profile()
        }
    );
    assert_eq!((survivor.id, survivor.version), (into.id, into.version + 1));
}

/// It answers as an alias to whoever is signed in, and matches nothing.
pub async fn a_merged_account_is_an_alias_without_personal_data(stores: Stores) {
    let people = People::new(1);
    let (from, into) = two_accounts(&stores, &people, 1).await;
    stores
        .accounts
        .apply(&merge(&people, &from, &into))
        .await
        .unwrap();
    let alias = read(&stores, from.id).await;
    assert_eq!(alias.status, AccountStatus::Merged { into: into.id });
    assert_eq!(alias.version, from.version + 1);
    assert!(alias.identities.is_empty() && alias.union_ids.is_empty() && alias.phone.is_none());
    assert_ne!(alias.profile.nickname, from.profile.nickname);
    assert!(alias.profile.bio.is_none() && alias.profile.birthday.is_none());
    let again = stores.accounts.apply(&merge(&people, &alias, &into)).await;
    assert!(is_stale(&again), "{again:?}");
}

/// The sessions of the survivor live on.
pub async fn a_merge_ends_the_sessions_of_the_alias(stores: Stores) {
    let people = People::new(1);
    let (from, into) = two_accounts(&stores, &people, 1).await;
    let [old, new] = [&from, &into].map(|one| people.session(one.id, None, MINUTE));
    for (account, session) in [(&from, &old), (&into, &new)] {
        stores
            .accounts
            .apply(&people.login(account, session.clone(), 5))
            .await
            .unwrap();
    }
    stores
        .accounts
        .apply(&merge(&people, &from, &into))
        .await
        .unwrap();
    assert_eq!(
        stores.sessions.over(old.id, now()).await.unwrap(),
        Some(EndReason::Merged)
    );
    assert_eq!(stores.sessions.over(new.id, now()).await.unwrap(), None);
    let told = stores.witness.outbox().await;
    let ends = told
        .iter()
        .filter(|row| row.kind == "session.ended" && row.payload.contains("merged"));
    assert_eq!(ends.count(), 1);
}

/// A into B and B into A: one of them happens, each of twenty times.
pub async fn opposite_merges_at_once_give_one(stores: Stores) {
    let people = People::new(1);
    for round in 0..20 {
        let (a, b) = two_accounts(&stores, &people, round).await;
        let mut merges = JoinSet::new();
        for changes in [merge(&people, &a, &b), merge(&people, &b, &a)] {
            let accounts = Arc::clone(&stores.accounts);
            merges.spawn(async move { accounts.apply(&changes).await });
        }
        let outcomes = merges.join_all().await;
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let stale = outcomes.iter().filter(|outcome| is_stale(outcome)).count();
        assert_eq!((done, stale), (1, 1), "round {round}: {outcomes:?}");
        let [a, b] = [read(&stores, a.id).await, read(&stores, b.id).await];
        assert_eq!(a.identities.len() + b.identities.len(), 2, "round {round}");
        assert!(
            a.identities.is_empty() || b.identities.is_empty(),
            "round {round}"
        );
    }
}

/// One device, one session.
pub async fn a_session_takes_the_place_of_its_device(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    let [old, other, nameless, new] = [(Some("a"), 4), (Some("b"), 3), (None, 2), (Some("a"), 1)]
        .map(|(device, age)| people.session(account.id, device, MINUTE * age));
    for session in [&old, &other, &nameless, &new] {
        stores
            .accounts
            .apply(&people.login(&account, session.clone(), 5))
            .await
            .unwrap();
    }
    assert_eq!(
        stores.sessions.over(old.id, now()).await.unwrap(),
        Some(EndReason::Replaced)
    );
    for session in [&other, &nameless, &new] {
        assert_eq!(stores.sessions.over(session.id, now()).await.unwrap(), None);
    }
}

/// Sessions are counted per account, client type and application.
pub async fn a_session_leaves_other_clients_alone(stores: Stores) {
    let people = People::new(1);
    let (account, stranger) = (people.whole_account(1), people.whole_account(2));
    create(&stores, &people, &account).await;
    create(&stores, &people, &stranger).await;
    let base = || people.session(account.id, Some("a"), MINUTE);
    let mut web = base();
    web.client.kind = menshen_domain::model::client::ClientType::Web;
    let mut elsewhere = base();
    elsewhere.app_id = Some(app_id("wx2"));
    let mut nowhere = base();
    nowhere.app_id = None;
    let theirs = people.session(stranger.id, Some("a"), MINUTE);
    let ours = base();
    for (account, session) in [
        (&account, &web),
        (&account, &elsewhere),
        (&account, &nowhere),
        (&stranger, &theirs),
        (&account, &ours),
    ] {
        stores
            .accounts
            .apply(&people.login(account, session.clone(), 1))
            .await
            .unwrap();
    }
    for session in [&web, &elsewhere, &nowhere, &theirs, &ours] {
        assert_eq!(stores.sessions.over(session.id, now()).await.unwrap(), None);
    }
    let mut again = base();
    again.app_id = None;
    stores
        .accounts
        .apply(&people.login(&account, again, 1))
        .await
        .unwrap();
    assert_eq!(
        stores.sessions.over(nowhere.id, now()).await.unwrap(),
        Some(EndReason::Replaced)
    );
}

/// The newest stay.
pub async fn the_oldest_sessions_beyond_the_limit_end(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    let sessions: Vec<_> = (0..6)
        .rev()
        .map(|age| people.session(account.id, None, MINUTE * age))
        .collect();
    for session in &sessions {
        stores
            .accounts
            .apply(&people.login(&account, session.clone(), 3))
            .await
            .unwrap();
    }
    for (n, session) in sessions.iter().enumerate() {
        let over = stores.sessions.over(session.id, now()).await.unwrap();
        assert_eq!(over, (n < 3).then_some(EndReason::Replaced), "session {n}");
    }
}

/// Each with an audit row and an event.
pub async fn replaced_sessions_are_told(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    let [old, new] = [2, 1].map(|age| people.session(account.id, None, MINUTE * age));
    let old_id = old.id.to_string();
    for session in [old, new] {
        stores
            .accounts
            .apply(&people.login(&account, session, 1))
            .await
            .unwrap();
    }
    let audit = stores.witness.audit().await;
    let ended: Vec<_> = audit
        .iter()
        .filter(|row| row.action == "session.ended")
        .collect();
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].session.as_ref(), Some(&old_id));
    assert_eq!(ended[0].reason.as_deref(), Some("replaced"));
    let outbox = stores.witness.outbox().await;
    let ended: Vec<_> = outbox
        .iter()
        .filter(|row| row.kind == "session.ended")
        .collect();
    assert_eq!(ended.len(), 1);
    assert!(ended[0].payload.contains(&old_id), "{}", ended[0].payload);
}

/// Zero means that there is none.
pub async fn no_limit_ends_no_session(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    for age in 0..12 {
        let session = people.session(account.id, None, MINUTE * age);
        stores
            .accounts
            .apply(&people.login(&account, session, 0))
            .await
            .unwrap();
    }
    assert_eq!(live(&stores, account.id).await, 12);
}

/// Fifty logins at once, each of twenty times, on a limit of five.
pub async fn racing_logins_keep_the_limit(stores: Stores) {
    let people = People::new(1);
    for round in 0..20 {
        let account = people.whole_account(round);
        create(&stores, &people, &account).await;
        let mut logins = JoinSet::new();
        for age in 0..50 {
            let session = people.session(account.id, None, Duration::from_secs(age));
            let changes = people.login(&account, session, 5);
            let accounts = Arc::clone(&stores.accounts);
            logins.spawn(async move { accounts.apply(&changes).await.unwrap() });
        }
        logins.join_all().await;
        assert_eq!(live(&stores, account.id).await, 5, "round {round}");
    }
}

/// Signs person `n` in, in as many rounds as it takes.
async fn first_login(accounts: Arc<dyn AccountStore>, people: People, n: u32) -> UserId {
    loop {
        let found = accounts.observe(&all_of(n)).await.unwrap();
        let session = |user| people.session(user, None, Duration::ZERO);
        let (user, changes) = if let Some(account) = found.by_phone {
            (account.id, people.login(&account, session(account.id), 0))
        } else {
            let account = people.whole_account(n);
            let mut changes = people.creation(&account);
            let session = Box::new(session(account.id));
            changes.steps.push(Step::OpenSession {
                session,
                max_live: 0,
                code: None,
            });
            (account.id, changes)
        };
        match accounts.apply(&changes).await {
            Ok(()) => return user,
            Err(AccountStoreError::Stale) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// Sixteen first logins of one person at once make one account, each of twenty
/// times.
pub async fn racing_first_logins_make_one_account(stores: Stores) {
    let people = People::new(1);
    for round in 0..20 {
        let mut logins = JoinSet::new();
        for _ in 0..16 {
            logins.spawn(first_login(
                Arc::clone(&stores.accounts),
                people.clone(),
                round,
            ));
        }
        let users = logins.join_all().await;
        assert!(
            users.iter().all(|user| *user == users[0]),
            "round {round}: {users:?}"
        );
        assert_eq!(live(&stores, users[0]).await, 16, "round {round}");
    }
}

/// Twenty changes of one version at once: one happens, each of twenty times.
pub async fn racing_changes_of_one_version_apply_once(stores: Stores) {
    let people = People::new(1);
    for round in 0..20 {
        let account = people.whole_account(round);
        create(&stores, &people, &account).await;
        let mut tries = JoinSet::new();
        for n in 0..20 {
            let number = phone(1_000 + round * 20 + n);
            let step = Step::SetPhone {
                user: account.id,
                phone: number,
                proof: PhoneProof::Sms,
            };
            let changes = people.changes(account.id, vec![changed(&account)], vec![step]);
            let accounts = Arc::clone(&stores.accounts);
            tries.spawn(async move { accounts.apply(&changes).await });
        }
        let outcomes = tries.join_all().await;
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let stale = outcomes.iter().filter(|outcome| is_stale(outcome)).count();
        assert_eq!((done, stale), (1, 19), "round {round}: {outcomes:?}");
        assert_eq!(read(&stores, account.id).await.version, account.version + 1);
    }
}
