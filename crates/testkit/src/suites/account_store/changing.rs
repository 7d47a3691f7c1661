//! Accounts change, and tell so.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::sync::Arc;
use std::time::Duration;

use menshen_domain::model::account::{Account, AccountStatus};
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::{Expected, SessionsOf, Step};
use menshen_domain::model::evidence::PhoneProof;
use menshen_domain::model::session::EndReason;
use menshen_domain::model::wechat::{Provider, SessionKey};
use menshen_domain::ports::account_store::{AccountStoreError, DueAccount, Lookup};

use crate::people::{People, app_id, changed, later, openid, seen};
use crate::sample::{now, phone};
use crate::stores::Stores;
use crate::suites::account_store::steps::{MINUTE, all_of, create, is_stale, profile, read};

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

/// However long ago the change was decided: nothing of it happens.
pub async fn a_caller_who_has_signed_out_changes_nothing(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    let session = people.session(account.id, None, Duration::ZERO);
    let login = people.login(&account, session.clone(), 5);
    stores.accounts.apply(&login).await.unwrap();
    let step = Step::SetPhone {
        user: account.id,
        phone: phone(2),
        proof: PhoneProof::Sms,
    };
    let mut changes = people.changes(account.id, vec![changed(&account)], vec![step]);
    changes.caller = Some(session.id);
    let row = people.audit(AuditAction::SignedOut, account.id);
    let which = SessionsOf::One(session.id);
    let end = stores
        .sessions
        .end(account.id, which, EndReason::SignedOut, now(), row);
    assert_eq!(end.await.unwrap(), [session.id]);
    let applied = stores.accounts.apply(&changes).await;
    assert!(
        matches!(applied, Err(AccountStoreError::CallerGone)),
        "{applied:?}"
    );
    assert_eq!(read(&stores, account.id).await.phone, account.phone);
    changes.caller = None;
    stores.accounts.apply(&changes).await.unwrap();
    assert_eq!(read(&stores, account.id).await.phone, Some(phone(2)));
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

/// Each from the other only: what is so already is not as the decision saw it.
pub async fn an_account_is_shut_and_opened_again(stores: Stores) {
    let people = People::new(1);
    let mut account = people.whole_account(1);
    create(&stores, &people, &account).await;
    for (step, status) in [
        (Step::Disable(account.id), AccountStatus::DISABLED),
        (Step::Enable(account.id), AccountStatus::Active),
    ] {
        let changes = |account: &Account| {
            people.changes(account.id, vec![changed(account)], vec![step.clone()])
        };
        stores.accounts.apply(&changes(&account)).await.unwrap();
        account = Account {
            status,
            version: account.version + 1,
            ..account
        };
        assert_eq!(read(&stores, account.id).await, account);
        let again = stores.accounts.apply(&changes(&account)).await;
        assert!(is_stale(&again), "{again:?}");
        assert_eq!(read(&stores, account.id).await, account);
    }
}

/// Whoever is shut while their account is being cancelled stays out, and is erased at
/// the same time as before.
pub async fn a_cancelled_account_is_shut_and_its_erasure_goes_on(stores: Stores) {
    let people = People::new(1);
    let purge_at = later(MINUTE);
    let mut account = Account {
        status: AccountStatus::Cancelling { purge_at },
        ..people.whole_account(1)
    };
    create(&stores, &people, &account).await;
    let shut = AccountStatus::Disabled {
        purge_at: Some(purge_at),
    };
    for (step, status) in [
        (Step::Disable(account.id), shut),
        (Step::Enable(account.id), account.status),
        (Step::Disable(account.id), shut),
    ] {
        let changes = people.changes(account.id, vec![changed(&account)], vec![step]);
        stores.accounts.apply(&changes).await.unwrap();
        account = Account {
            status,
            version: account.version + 1,
            ..account
        };
        assert_eq!(read(&stores, account.id).await, account);
    }
    let due = stores.accounts.due_for_erasure(purge_at, None, 9).await;
    let user = account.id;
    assert_eq!(due.unwrap(), [DueAccount { purge_at, user }]);
    let steps = vec![Step::Erase(account.id)];
    let changes = people.changes(account.id, vec![changed(&account)], steps);
    stores.accounts.apply(&changes).await.unwrap();
    let erased = read(&stores, account.id).await;
    assert_eq!(erased.status, AccountStatus::Erased);
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
