use menshen_domain::model::account::AccountStatus;
use menshen_domain::model::changes::Step;
use menshen_domain::model::importing::ImportKeys;
use menshen_domain::model::wechat::{OpenId, Provider};

use super::{by_phone, imported, keys_of, making};
use crate::people::{People, app_id, changed, openid};
use crate::sample::phone;
use crate::stores::Stores;

/// Whoever asks for nobody is answered nobody.
pub async fn no_keys_find_nothing(stores: Stores) {
    let people = People::new(1);
    let batch = making(&people, &[imported(&people, 1)]);
    stores.imports.apply(&batch).await.unwrap();
    let known = stores.imports.observe(&ImportKeys::default()).await;
    assert!(known.unwrap().accounts().is_empty());
}

/// By id, number, openid or unionid, and by all of them at once.
pub async fn an_account_is_found_whole_by_each_key(stores: Stores) {
    let people = People::new(1);
    let (account, other) = (imported(&people, 1), imported(&people, 2));
    let batch = making(&people, &[account.clone(), other]);
    stores.imports.apply(&batch).await.unwrap();
    let all = keys_of(1);
    let each = [
        ImportKeys {
            ids: vec![account.id],
            ..ImportKeys::default()
        },
        by_phone(phone(1)),
        ImportKeys {
            openids: all.openids.clone(),
            ..ImportKeys::default()
        },
        ImportKeys {
            union_ids: all.union_ids.clone(),
            ..ImportKeys::default()
        },
        all,
    ];
    for keys in each {
        let known = stores.imports.observe(&keys).await.unwrap();
        assert_eq!(known.accounts(), std::slice::from_ref(&account), "{keys:?}");
    }
}

/// However many of its keys are asked for.
pub async fn many_accounts_are_found_at_once_and_once_each(stores: Stores) {
    let people = People::new(1);
    let accounts: Vec<_> = (0..50).map(|n| imported(&people, n)).collect();
    let batch = making(&people, &accounts);
    stores.imports.apply(&batch).await.unwrap();
    let mut keys = ImportKeys::default();
    for n in 0..60 {
        let one = keys_of(n);
        keys.phones.extend(one.phones);
        keys.openids.extend(one.openids);
        keys.union_ids.extend(one.union_ids);
    }
    let known = stores.imports.observe(&keys).await.unwrap();
    let mut found = known.accounts().to_vec();
    found.sort_by_key(|account| account.id);
    let mut wanted = accounts;
    wanted.sort_by_key(|account| account.id);
    assert_eq!(found, wanted);
}

/// An openid is of one application, and compared as bytes.
pub async fn openids_of_another_case_or_application_are_nobodys(stores: Stores) {
    let people = People::new(1);
    let batch = making(&people, &[imported(&people, 1)]);
    stores.imports.apply(&batch).await.unwrap();
    let swapped = openid(1).as_str().to_ascii_lowercase();
    let swapped = OpenId::parse(&swapped).unwrap();
    let held = openid(1);
    for (provider, app, openid) in [
        (Provider::WeChatMiniProgram, "wx1", swapped),
        (Provider::WeChatMiniProgram, "wx2", held.clone()),
        (Provider::WeChatApp, "wx1", held),
    ] {
        let keys = ImportKeys {
            openids: vec![(provider, app_id(app), openid)],
            ..ImportKeys::default()
        };
        let known = stores.imports.observe(&keys).await.unwrap();
        assert!(known.accounts().is_empty(), "{keys:?}");
    }
}

/// So that nobody makes an account of that id again.
pub async fn an_erased_account_is_found_by_its_id_alone(stores: Stores) {
    let people = People::new(1);
    let account = imported(&people, 1);
    let batch = making(&people, std::slice::from_ref(&account));
    stores.imports.apply(&batch).await.unwrap();
    let erase = vec![Step::Erase(account.id)];
    let changes = people.changes(account.id, vec![changed(&account)], erase);
    stores.accounts.apply(&changes).await.unwrap();
    let known = stores.imports.observe(&keys_of(1)).await.unwrap();
    assert!(known.accounts().is_empty());
    let keys = ImportKeys {
        ids: vec![account.id],
        ..ImportKeys::default()
    };
    let known = stores.imports.observe(&keys).await.unwrap();
    let statuses: Vec<_> = known.accounts().iter().map(|one| one.status).collect();
    assert_eq!(statuses, [AccountStatus::Erased]);
}
