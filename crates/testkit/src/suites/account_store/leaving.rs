//! What an account gives up: a number, a way in, everything.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use menshen_domain::model::account::{Account, AccountStatus};
use menshen_domain::model::changes::Step;
use menshen_domain::model::evidence::PhoneProof;
use menshen_domain::model::identifiers::IdentityId;
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::session::EndReason;
use menshen_domain::ports::account_store::AccountStoreError;

use crate::people::{People, app_id, changed, platform};
use crate::sample::{now, phone};
use crate::stores::Stores;
use crate::suites::account_store::steps::{MINUTE, all_of, create, is_stale, profile, read};

/// Does this to an account as it is.
async fn give_up(
    stores: &Stores,
    people: &People,
    account: &Account,
    step: Step,
) -> Result<(), AccountStoreError> {
    let changes = people.changes(account.id, vec![changed(account)], vec![step]);
    stores.accounts.apply(&changes).await
}

/// The account has none, and somebody else may have it.
pub async fn a_cleared_phone_number_is_free_again(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    give_up(&stores, &people, &account, Step::ClearPhone(account.id))
        .await
        .unwrap();
    let expected = Account {
        phone: None,
        phone_proof: None,
        version: account.version + 1,
        ..account
    };
    assert_eq!(read(&stores, expected.id).await, expected);
    let found = stores.accounts.observe(&all_of(1)).await.unwrap();
    assert_eq!(found.by_phone, None);
    assert_eq!(found.by_openid, Some(expected));
    let mut other = people.account();
    other.phone = Some(phone(1));
    create(&stores, &people, &other).await;
}

/// What the decision saw was not so.
pub async fn a_number_that_is_not_there_is_not_cleared(stores: Stores) {
    let people = People::new(1);
    let account = people.account();
    create(&stores, &people, &account).await;
    let result = give_up(&stores, &people, &account, Step::ClearPhone(account.id)).await;
    assert!(is_stale(&result), "{result:?}");
    assert_eq!(read(&stores, account.id).await, account);
}

/// The same number with a better proof stays the same number.
pub async fn a_phone_number_is_proven_anew(stores: Stores) {
    let people = People::new(1);
    let mut account = people.whole_account(1);
    create(&stores, &people, &account).await;
    for proof in [PhoneProof::WeChat, PhoneProof::Sms] {
        let step = Step::SetPhone {
            user: account.id,
            phone: phone(1),
            proof,
        };
        give_up(&stores, &people, &account, step).await.unwrap();
        account = Account {
            phone_proof: Some(proof),
            version: account.version + 1,
            ..account
        };
        assert_eq!(read(&stores, account.id).await, account);
    }
}

/// The openid leads nowhere, the rest of the account stays.
pub async fn an_unlinked_identity_is_nobodys(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    let step = Step::UnlinkIdentity {
        user: account.id,
        id: account.identities[0].id,
    };
    give_up(&stores, &people, &account, step).await.unwrap();
    let found = stores.accounts.observe(&all_of(1)).await.unwrap();
    assert_eq!(found.by_openid, None);
    let left = found.by_phone.unwrap();
    assert!(left.identities.is_empty());
    assert_eq!(left.union_ids, account.union_ids);
    let mut other = people.account();
    other.identities = vec![people.identity("wx1", 1)];
    create(&stores, &people, &other).await;
}

/// Neither somebody else's, nor one that is not there.
pub async fn only_ones_own_identity_is_unlinked(stores: Stores) {
    let people = People::new(1);
    let (account, other) = (people.whole_account(1), people.whole_account(2));
    create(&stores, &people, &account).await;
    create(&stores, &people, &other).await;
    let nobodys = IdentityId::generate(people.randomness(), now());
    for id in [other.identities[0].id, nobodys] {
        let step = Step::UnlinkIdentity {
            user: account.id,
            id,
        };
        let result = give_up(&stores, &people, &account, step).await;
        assert!(is_stale(&result), "{result:?}");
    }
    assert_eq!(read(&stores, other.id).await, other);
    assert_eq!(read(&stores, account.id).await, account);
}

/// It leads nowhere; a second time there is nothing to forget.
pub async fn a_forgotten_unionid_is_nobodys(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    let step = |account: &Account| Step::UnlinkUnionId {
        user: account.id,
        platform: platform(),
    };
    give_up(&stores, &people, &account, step(&account))
        .await
        .unwrap();
    let found = stores.accounts.observe(&all_of(1)).await.unwrap();
    assert_eq!(found.by_union_id, None);
    let left = found.by_openid.unwrap();
    assert_eq!(
        (left.identities.len(), left.union_ids.len()),
        (account.identities.len(), 0)
    );
    let again = give_up(&stores, &people, &left, step(&left)).await;
    assert!(is_stale(&again), "{again:?}");
}

/// Each with an event; those of other applications, and those of nobody's
/// application, live on.
pub async fn only_sessions_through_the_application_end(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    let mut sessions = Vec::new();
    for app in [Some("wx1"), Some("wx2"), None] {
        let mut session = people.session(account.id, None, MINUTE);
        session.app_id = app.map(app_id);
        let login = people.login(&account, session.clone(), 0);
        stores.accounts.apply(&login).await.unwrap();
        sessions.push(session.id);
    }
    let step = Step::EndSessionsThrough {
        user: account.id,
        app_id: app_id("wx1"),
        reason: EndReason::Cancelled,
    };
    give_up(&stores, &people, &account, step).await.unwrap();
    let mut reasons = Vec::new();
    for id in &sessions {
        reasons.push(stores.sessions.over(account.id, *id, now()).await.unwrap());
    }
    assert_eq!(reasons, [Some(EndReason::Cancelled), None, None]);
    let told = stores.witness.outbox().await;
    let ends: Vec<_> = told
        .iter()
        .filter(|row| row.kind == "session.ended")
        .collect();
    assert_eq!(ends.len(), 1);
    assert!(ends[0].payload.contains(&sessions[0].to_string()));
}

/// An account with all that an account can have, and a live session.
async fn somebody(stores: &Stores, people: &People) -> Account {
    let account = Account {
        profile: profile(),
        ..people.whole_account(1)
    };
    create(stores, people, &account).await;
    let session = people.session(account.id, Some("phone-1"), MINUTE);
    let login = people.login(&account, session, 0);
    stores.accounts.apply(&login).await.unwrap();
    account
}

/// Neither number, openid nor unionid lead to it.
pub async fn an_erased_account_is_found_by_nothing(stores: Stores) {
    let people = People::new(1);
    let account = somebody(&stores, &people).await;
    give_up(&stores, &people, &account, Step::Erase(account.id))
        .await
        .unwrap();
    let found = stores.accounts.observe(&all_of(1)).await.unwrap();
    assert_eq!(found, Snapshot::default());
}

/// Only its id and its times are left.
pub async fn an_erased_account_keeps_nothing_personal(stores: Stores) {
    let people = People::new(1);
    let account = somebody(&stores, &people).await;
    give_up(&stores, &people, &account, Step::Erase(account.id))
        .await
        .unwrap();
    let left = read(&stores, account.id).await;
    assert_eq!(left.status, AccountStatus::Erased);
    assert_eq!(left.version, account.version + 1);
    assert_eq!((left.phone, left.phone_proof), (None, None));
    assert!(left.identities.is_empty() && left.union_ids.is_empty());
    assert_ne!(left.profile.nickname, account.profile.nickname);
    assert_eq!(left.profile.avatar_url, None);
    assert_eq!((left.profile.birthday, left.profile.bio), (None, None));
}

/// As cancelled, each with an event; they tell no device any more.
pub async fn the_sessions_of_an_erased_account_end(stores: Stores) {
    let people = People::new(1);
    let account = somebody(&stores, &people).await;
    let session = stores.sessions.list(account.id, now()).await.unwrap()[0].clone();
    assert!(session.client.device_id.is_some());
    give_up(&stores, &people, &account, Step::Erase(account.id))
        .await
        .unwrap();
    let over = stores
        .sessions
        .over(session.user, session.id, now())
        .await
        .unwrap();
    assert_eq!(over, Some(EndReason::Cancelled));
    let left = stores.sessions.find(session.id).await.unwrap().unwrap();
    assert_eq!(left.session.client.device_id, None);
    assert_eq!(left.session.client.device_name, None);
    assert!(left.session.address.is_unspecified());
    let told = stores.witness.outbox().await;
    let ends = told
        .iter()
        .filter(|row| row.kind == "session.ended" && row.payload.contains("cancelled"));
    assert_eq!(ends.count(), 1);
}

/// What is gone does not go again.
pub async fn an_account_is_erased_once(stores: Stores) {
    let people = People::new(1);
    let account = somebody(&stores, &people).await;
    give_up(&stores, &people, &account, Step::Erase(account.id))
        .await
        .unwrap();
    let left = read(&stores, account.id).await;
    let again = give_up(&stores, &people, &left, Step::Erase(left.id)).await;
    assert!(is_stale(&again), "{again:?}");
}

/// Another account of its own, with the same number and identities.
pub async fn whoever_comes_again_after_an_erasure_is_new(stores: Stores) {
    let people = People::new(1);
    let account = somebody(&stores, &people).await;
    give_up(&stores, &people, &account, Step::Erase(account.id))
        .await
        .unwrap();
    let new = people.whole_account(1);
    create(&stores, &people, &new).await;
    let found = stores.accounts.observe(&all_of(1)).await.unwrap();
    assert_eq!(found.by_phone, Some(new));
}
