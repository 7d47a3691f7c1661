//! Sessions take the place of others.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::time::Duration;

use menshen_domain::model::session::EndReason;

use crate::people::{People, app_id};
use crate::sample::now;
use crate::stores::Stores;
use crate::suites::account_store::steps::{MINUTE, create, live};

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
        stores.sessions.over(old.user, old.id, now()).await.unwrap(),
        Some(EndReason::Replaced)
    );
    for session in [&other, &nameless, &new] {
        assert_eq!(
            stores
                .sessions
                .over(session.user, session.id, now())
                .await
                .unwrap(),
            None
        );
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
        assert_eq!(
            stores
                .sessions
                .over(session.user, session.id, now())
                .await
                .unwrap(),
            None
        );
    }
    let mut again = base();
    again.app_id = None;
    stores
        .accounts
        .apply(&people.login(&account, again, 1))
        .await
        .unwrap();
    assert_eq!(
        stores
            .sessions
            .over(nowhere.user, nowhere.id, now())
            .await
            .unwrap(),
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
        let over = stores
            .sessions
            .over(session.user, session.id, now())
            .await
            .unwrap();
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

/// However many: the limit may have been lowered.
pub async fn a_login_that_ends_many_sessions_tells_each(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    for age in 1..=12 {
        let session = people.session(account.id, None, MINUTE * age);
        let login = people.login(&account, session, 0);
        stores.accounts.apply(&login).await.unwrap();
    }
    let newest = people.session(account.id, None, Duration::ZERO);
    let login = people.login(&account, newest.clone(), 1);
    stores.accounts.apply(&login).await.unwrap();
    assert_eq!(live(&stores, account.id).await, 1);
    assert_eq!(
        stores
            .sessions
            .over(account.id, newest.id, now())
            .await
            .unwrap(),
        None
    );
    let audit = stores.witness.audit().await;
    let ended = audit.iter().filter(|row| row.action == "session.ended");
    assert_eq!(ended.count(), 12);
    let outbox = stores.witness.outbox().await;
    let ended = outbox.iter().filter(|row| row.kind == "session.ended");
    assert_eq!(ended.count(), 12);
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
