use std::time::Duration;

use menshen_domain::model::account::{Account, AccountStatus};
use menshen_domain::model::evidence::PhoneProof;
use menshen_domain::model::importing::{ImportBatch, ImportKeys};
use menshen_domain::model::profile::{AvatarUrl, Bio, Birthday, Profile};
use menshen_domain::ports::account_import::AccountImportError;
use menshen_domain::ports::account_store::Lookup;

use super::{by_phone, completing, imported, keys_of, making};
use crate::people::{People, platform, union_id};
use crate::sample::{now, phone};
use crate::stores::Stores;

/// Nothing of the batch was written.
async fn stale(stores: &Stores, batch: &ImportBatch) {
    let rows = (
        stores.witness.audit().await.len(),
        stores.witness.outbox().await.len(),
    );
    let error = stores.imports.apply(batch).await.unwrap_err();
    assert!(matches!(error, AccountImportError::Stale), "{error:?}");
    let after = (
        stores.witness.audit().await.len(),
        stores.witness.outbox().await.len(),
    );
    assert_eq!(rows, after);
    for made in &batch.made {
        let number = made.intake.phone.clone().unwrap();
        let known = stores.imports.observe(&by_phone(number)).await.unwrap();
        let there = known.accounts().iter().any(|one| one.id == made.account.id);
        assert!(!there, "{:?} was made", made.account.id);
    }
}

/// With all that they hold and show, and the times that were given.
pub async fn a_batch_makes_whole_accounts(stores: Stores) {
    let people = People::new(1);
    let long_ago = now() - Duration::from_hours(24 * 900);
    let profile = Profile {
        avatar_url: Some(AvatarUrl::parse("https://cdn.example/a.png").unwrap()),
        birthday: Some(Birthday::parse("1990-02-03", now()).unwrap()),
        bio: Some(Bio::parse("一\n二").unwrap()),
        ..people.account().profile
    };
    let first = Account {
        profile,
        created_at: long_ago,
        last_login_at: long_ago + Duration::from_hours(1),
        ..imported(&people, 1)
    };
    let second = Account {
        status: AccountStatus::DISABLED,
        identities: vec![people.identity("wx1", 2), people.identity("wx2", 2)],
        union_ids: vec![(platform(), union_id(2))],
        ..people.account()
    };
    let batch = making(&people, &[first.clone(), second.clone()]);
    stores.imports.apply(&batch).await.unwrap();
    let by_number = Lookup {
        phone: Some(phone(1)),
        ..Lookup::default()
    };
    let found = stores.accounts.observe(&by_number).await.unwrap();
    assert_eq!(found.by_phone, Some(first));
    let by_union_id = Lookup {
        union_id: Some((platform(), union_id(2))),
        ..Lookup::default()
    };
    let found = stores.accounts.observe(&by_union_id).await.unwrap();
    assert_eq!(found.by_union_id, Some(second));
}

/// Each has a new version then.
pub async fn a_batch_completes_accounts(stores: Stores) {
    let people = People::new(1);
    let bare = [people.account(), people.account()];
    let batch = making(&people, &bare);
    stores.imports.apply(&batch).await.unwrap();
    let mut both = ImportBatch::default();
    for (account, n) in bare.iter().zip([1, 2]) {
        let one = completing(&people, account, &people.whole_account(n));
        both.at = one.at + Duration::from_mins(1);
        both.completed.extend(one.completed);
    }
    stores.imports.apply(&both).await.unwrap();
    for (account, n) in bare.iter().zip([1, 2]) {
        let known = stores.imports.observe(&keys_of(n)).await.unwrap();
        let [found] = known.accounts() else {
            panic!("{known:?}");
        };
        assert_eq!((found.id, found.version), (account.id, 2));
        assert_eq!(found.phone, Some(phone(n)));
        assert_eq!(found.phone_proof, Some(PhoneProof::Imported));
        assert_eq!(found.union_ids, [(platform(), union_id(n))]);
        assert_eq!(found.identities.len(), 1);
        assert_eq!(found.updated_at, both.at);
        assert_eq!(found.last_login_at, account.last_login_at);
    }
    // Neither the other's version nor another account was touched by it.
    stale(&stores, &both).await;
}

/// In the audit log and in the outbox.
pub async fn a_batch_is_told_by_whoever_did_it(stores: Stores) {
    let people = People::new(1);
    let account = imported(&people, 1);
    let batch = making(&people, std::slice::from_ref(&account));
    stores.imports.apply(&batch).await.unwrap();
    let rows = stores.witness.audit().await;
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            let actor = row.actor.as_deref();
            (row.action.as_str(), row.method.as_deref(), actor)
        })
        .collect();
    assert_eq!(
        told,
        [("account.created", Some("import"), Some("cli:carol"))]
    );
    let events = stores.witness.outbox().await;
    let events: Vec<_> = events
        .iter()
        .map(|event| (event.kind.as_str(), event.user.as_str()))
        .collect();
    let user = account.id.to_string();
    assert_eq!(events, [("user.created", user.as_str())]);
}

/// More rows than one statement of any engine takes values for.
pub async fn a_batch_may_be_large(stores: Stores) {
    let people = People::new(1);
    let accounts: Vec<_> = (0..1_200).map(|n| imported(&people, n)).collect();
    let batch = making(&people, &accounts);
    stores.imports.apply(&batch).await.unwrap();
    let mut keys = ImportKeys::default();
    keys.phones.extend((0..1_200).map(phone));
    let known = stores.imports.observe(&keys).await.unwrap();
    assert_eq!(known.accounts().len(), 1_200);
    assert!(known.accounts().iter().all(|one| one.identities.len() == 1));
    assert_eq!(stores.witness.outbox().await.len(), 1_200);
}

/// Not even for the others of the batch.
pub async fn an_older_version_is_stale_and_nothing_is_written(stores: Stores) {
    let people = People::new(1);
    let bare = [people.account(), people.account()];
    let batch = making(&people, &bare);
    stores.imports.apply(&batch).await.unwrap();
    let first = completing(&people, &bare[0], &people.whole_account(1));
    stores.imports.apply(&first).await.unwrap();
    // The second account is as it was seen, and the first one is not.
    let mut both = making(&people, &[imported(&people, 3)]);
    let wanted = Account {
        phone: Some(phone(4)),
        ..people.account()
    };
    for account in &bare {
        let one = completing(&people, account, &wanted);
        both.completed.extend(one.completed);
    }
    both.completed[0].intake.phone = None;
    stale(&stores, &both).await;
    let known = stores.imports.observe(&by_phone(phone(4))).await.unwrap();
    assert!(known.accounts().is_empty());
}

/// An id, a number, an openid and a unionid have one holder.
pub async fn what_is_taken_is_stale_and_nothing_is_written(stores: Stores) {
    let people = People::new(1);
    let held = imported(&people, 1);
    let batch = making(&people, std::slice::from_ref(&held));
    stores.imports.apply(&batch).await.unwrap();
    let fresh = || imported(&people, 2);
    let wholly = imported(&people, 1);
    for taken in [
        Account {
            id: held.id,
            ..fresh()
        },
        Account {
            phone: held.phone.clone(),
            ..fresh()
        },
        Account {
            identities: wholly.identities.clone(),
            ..fresh()
        },
        Account {
            union_ids: wholly.union_ids.clone(),
            ..fresh()
        },
    ] {
        let batch = making(&people, &[imported(&people, 3), taken]);
        let first = batch.made[0].account.id;
        let error = stores.imports.apply(&batch).await.unwrap_err();
        assert!(matches!(error, AccountImportError::Stale), "{error:?}");
        let keys = ImportKeys {
            ids: vec![first],
            ..ImportKeys::default()
        };
        let known = stores.imports.observe(&keys).await.unwrap();
        assert!(known.accounts().is_empty());
    }
    assert_eq!(stores.witness.audit().await.len(), 1);
}
