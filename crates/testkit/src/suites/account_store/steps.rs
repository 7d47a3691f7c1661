//! What several clauses do.

#![expect(clippy::unwrap_used, reason = "a clause panics where it does not hold")]

use std::time::Duration;

use menshen_domain::model::account::Account;
use menshen_domain::model::changes::Changes;
use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::profile::{AvatarUrl, Bio, Birthday, Nickname, Profile};
use menshen_domain::model::wechat::Provider;
use menshen_domain::ports::account_store::{AccountStore, AccountStoreError, Lookup};

use crate::people::{People, app_id, openid, platform, union_id};
use crate::sample::{now, phone};
use crate::stores::Stores;

/// Sets an account up.
pub(super) async fn create(stores: &Stores, people: &People, account: &Account) {
    stores
        .accounts
        .apply(&people.creation(account))
        .await
        .unwrap();
}

/// The account as it is, merged or not.
pub(super) async fn read(stores: &Stores, user: UserId) -> Account {
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

pub(super) async fn live(stores: &Stores, user: UserId) -> usize {
    stores.sessions.list(user, now()).await.unwrap().len()
}

/// The look-up of all that person `n` holds.
pub(super) fn all_of(n: u32) -> Lookup {
    Lookup {
        signed_in: None,
        phone: Some(phone(n)),
        openid: Some((Provider::WeChatMiniProgram, app_id("wx1"), openid(n))),
        union_id: Some((platform(), union_id(n))),
    }
}

pub(super) fn is_stale(result: &Result<(), AccountStoreError>) -> bool {
    matches!(result, Err(AccountStoreError::Stale))
}

pub(super) const MINUTE: Duration = Duration::from_mins(1);

pub(super) fn profile() -> Profile {
    Profile {
        nickname: Nickname::parse("👨‍👩‍👧").unwrap(),
        avatar_url: Some(AvatarUrl::parse("https://cdn.example/a.png").unwrap()),
        birthday: Some(Birthday::parse("2000-02-29", now()).unwrap()),
        bio: Some(Bio::parse("一\n二").unwrap()),
    }
}

/// Applies changes as soon as the store is not too busy for it: a clause that has
/// many callers at once is not about how many a small machine can serve.
pub(super) async fn apply(
    accounts: &dyn AccountStore,
    changes: &Changes,
) -> Result<(), AccountStoreError> {
    for _ in 0..20 {
        match accounts.apply(changes).await {
            Err(AccountStoreError::Unavailable(_)) => tokio::time::sleep(BUSY).await,
            outcome => return outcome,
        }
    }
    accounts.apply(changes).await
}

const BUSY: Duration = Duration::from_millis(100);
