use std::sync::Arc;

use menshen_domain::ports::account_import::AccountImportError;
use menshen_domain::ports::account_store::AccountStoreError;
use tokio::task::JoinSet;

use super::{imported, keys_of, making};
use crate::people::People;
use crate::stores::Stores;

/// Of eight that import the same people, one does; ten times.
pub async fn racing_batches_make_each_account_once(stores: Stores) {
    for round in 0..10 {
        let mut tries = JoinSet::new();
        for task in 0..8 {
            let people = People::new(1_000 * (u64::from(round) + 1) + task);
            let mut accounts: Vec<_> = (0..5).map(|n| imported(&people, round * 5 + n)).collect();
            // Not all in one order: nobody may wait for anybody for ever.
            accounts.rotate_left(usize::try_from(task % 5).unwrap());
            let batch = making(&people, &accounts);
            let imports = Arc::clone(&stores.imports);
            tries.spawn(async move { imports.apply(&batch).await });
        }
        let outcomes = tries.join_all().await;
        let made = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(made, 1, "round {round}: {outcomes:?}");
        for outcome in outcomes.into_iter().filter_map(Result::err) {
            assert!(matches!(outcome, AccountImportError::Stale), "{outcome:?}");
        }
        for n in 0..5 {
            let known = stores.imports.observe(&keys_of(round * 5 + n)).await;
            assert_eq!(known.unwrap().accounts().len(), 1);
        }
    }
}

/// Whoever signs in for the first time while being imported ends with one account.
pub async fn a_batch_and_a_login_make_one_account(stores: Stores) {
    for n in 0..20 {
        let (ours, theirs) = (
            People::new(2 * u64::from(n)),
            People::new(901 + u64::from(n)),
        );
        let batch = making(&ours, &[imported(&ours, n)]);
        let creation = theirs.creation(&theirs.whole_account(n));
        let (import, login) = tokio::join!(
            stores.imports.apply(&batch),
            stores.accounts.apply(&creation)
        );
        match (&import, &login) {
            (Ok(()), Err(AccountStoreError::Stale)) | (Err(AccountImportError::Stale), Ok(())) => {}
            other => panic!("{n}: {other:?}"),
        }
        let known = stores.imports.observe(&keys_of(n)).await.unwrap();
        assert_eq!(known.accounts().len(), 1);
    }
}
