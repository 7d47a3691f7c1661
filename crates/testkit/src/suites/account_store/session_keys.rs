//! The keys of open data.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use menshen_domain::model::account::Account;
use menshen_domain::model::changes::{Changes, Step};
use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::wechat::{Provider, SessionKey};
use menshen_domain::ports::account_store::StoredSessionKey;

use crate::people::{People, app_id, later, openid, seen};
use crate::sample::now;
use crate::stores::Stores;
use crate::suites::account_store::steps::{MINUTE, create};

const FIRST: &str = "tiihtNczf5v6AKRyjwEUhQ==";
const SECOND: &str = "HyVFkGl5F5OQWJZZaNzBBg==";
const PROVIDER: Provider = Provider::WeChatMiniProgram;

/// The changes that store a key of person 1, as many minutes from now.
fn storing(people: &People, account: &Account, key: &str, minutes: u32) -> Changes {
    let step = Step::StoreSessionKey {
        provider: PROVIDER,
        app_id: app_id("wx1"),
        openid: openid(1),
        key: SessionKey::parse(key).unwrap(),
    };
    let mut changes = people.changes(account.id, vec![seen(account)], vec![step]);
    changes.audit[0].at = later(MINUTE * minutes);
    changes
}

async fn stored(stores: &Stores, user: UserId, app: &str) -> Option<StoredSessionKey> {
    let app = app_id(app);
    stores
        .accounts
        .session_key(user, PROVIDER, &app)
        .await
        .unwrap()
}

/// With whose it is and when it came; nobody else reads it.
pub async fn a_session_key_is_read_back_by_its_user(stores: Stores) {
    let people = People::new(1);
    let (account, other) = (people.whole_account(1), people.whole_account(2));
    create(&stores, &people, &account).await;
    create(&stores, &people, &other).await;
    assert!(stored(&stores, account.id, "wx1").await.is_none());
    let changes = storing(&people, &account, FIRST, 0);
    stores.accounts.apply(&changes).await.unwrap();
    let found = stored(&stores, account.id, "wx1").await.unwrap();
    assert_eq!(
        (found.openid, found.key.expose(), found.stored_at),
        (openid(1), FIRST, now())
    );
    for (user, app) in [(other.id, "wx1"), (account.id, "wx2")] {
        assert!(stored(&stores, user, app).await.is_none(), "{app}");
    }
    let website = stores
        .accounts
        .session_key(account.id, Provider::WeChatWebsite, &app_id("wx1"))
        .await;
    assert!(website.unwrap().is_none());
}

/// Whoever signs in again has another one.
pub async fn the_newest_session_key_is_the_one(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    for (n, key) in [(0, FIRST), (1, SECOND)] {
        let changes = storing(&people, &account, key, n);
        stores.accounts.apply(&changes).await.unwrap();
        let found = stored(&stores, account.id, "wx1").await.unwrap();
        assert_eq!(
            (found.key.expose(), found.stored_at),
            (key, later(MINUTE * n))
        );
    }
}

fn dropping(people: &People, account: &Account, key: &StoredSessionKey) -> Changes {
    let step = Step::DropSessionKey {
        provider: PROVIDER,
        app_id: app_id("wx1"),
        openid: openid(1),
        stored_at: key.stored_at,
    };
    people.changes(account.id, Vec::new(), vec![step])
}

/// Dropping it again is no error.
pub async fn a_dropped_session_key_is_gone(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    let changes = storing(&people, &account, FIRST, 0);
    stores.accounts.apply(&changes).await.unwrap();
    let held = stored(&stores, account.id, "wx1").await.unwrap();
    for _ in 0..2 {
        let changes = dropping(&people, &account, &held);
        stores.accounts.apply(&changes).await.unwrap();
        assert!(stored(&stores, account.id, "wx1").await.is_none());
    }
}

/// It came while the older one was being asked about.
pub async fn a_newer_session_key_is_not_dropped(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    let changes = storing(&people, &account, FIRST, 0);
    stores.accounts.apply(&changes).await.unwrap();
    let old = stored(&stores, account.id, "wx1").await.unwrap();
    let changes = storing(&people, &account, SECOND, 1);
    stores.accounts.apply(&changes).await.unwrap();
    let changes = dropping(&people, &account, &old);
    stores.accounts.apply(&changes).await.unwrap();
    let found = stored(&stores, account.id, "wx1").await.unwrap();
    assert_eq!(found.key.expose(), SECOND);
}
