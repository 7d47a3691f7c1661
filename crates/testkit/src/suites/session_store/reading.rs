//! Sessions are read.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::time::Duration;

use menshen_domain::model::account::Account;
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::SessionsOf;
use menshen_domain::model::session::EndReason;

use crate::people::People;
use crate::sample::now;
use crate::stores::Stores;
use crate::suites::session_store::steps::{MINUTE, end, open, over, with_sessions};

/// Whole, and every member of it.
pub async fn a_session_is_read_with_its_account(stores: Stores) {
    let people = People::new(1);
    let (account, [session]) = with_sessions(&stores, &people, [1]).await;
    let found = stores.sessions.find(session.id).await.unwrap().unwrap();
    // Opening a session is a login, which may move the time of the last one on by
    // a moment of its own.
    let moved = found.account.last_login_at - account.last_login_at;
    assert!((0..=1).contains(&moved.num_microseconds().unwrap()));
    let account = Account {
        last_login_at: found.account.last_login_at,
        ..account
    };
    assert_eq!((found.session, found.account), (session, account));
}

/// It counts as signed out.
pub async fn an_unknown_session_is_not_there(stores: Stores) {
    let people = People::new(1);
    let stranger = people.session(people.account().id, None, MINUTE);
    assert_eq!(stores.sessions.find(stranger.id).await.unwrap(), None);
    assert_eq!(over(&stores, &stranger).await, Some(EndReason::SignedOut));
    let (_, [session]) = with_sessions(&stores, &people, [1]).await;
    assert_eq!(over(&stores, &session).await, None);
    // Not under another account's name.
    let over = stores.sessions.over(stranger.user, session.id, now());
    assert_eq!(over.await.unwrap(), Some(EndReason::SignedOut));
}

/// And tells why.
pub async fn a_session_is_over_when_it_ended_or_expired(stores: Stores) {
    let people = People::new(1);
    let (account, [session]) = with_sessions(&stores, &people, [1]).await;
    let at = |at| stores.sessions.over(session.user, session.id, at);
    let last = session.expires_at - Duration::from_micros(1);
    assert_eq!(at(last).await.unwrap(), None);
    assert_eq!(
        at(session.expires_at).await.unwrap(),
        Some(EndReason::Expired)
    );
    let audit = people.audit(AuditAction::SessionEnded, account.id);
    let which = SessionsOf::One(session.id);
    stores
        .sessions
        .end(account.id, which, EndReason::PhoneChanged, now(), audit)
        .await
        .unwrap();
    assert_eq!(at(now()).await.unwrap(), Some(EndReason::PhoneChanged));
    assert_eq!(
        at(session.expires_at).await.unwrap(),
        Some(EndReason::PhoneChanged)
    );
    let found = stores
        .sessions
        .find(session.id)
        .await
        .unwrap()
        .unwrap()
        .session;
    assert_eq!(found.ended, Some((now(), EndReason::PhoneChanged)));
}

/// Neither ended nor expired ones, nor anybody else's.
pub async fn live_sessions_are_listed_newest_first(stores: Stores) {
    let people = People::new(1);
    let (account, [old, ended, new]) = with_sessions(&stores, &people, [9, 5, 1]).await;
    open(&stores, &people, &people.whole_account(2), [2]).await;
    end(&stores, &people, &account, SessionsOf::One(ended.id)).await;
    let listed = stores.sessions.list(account.id, now()).await.unwrap();
    assert_eq!(listed, [new.clone(), old.clone()]);
    let listed = stores
        .sessions
        .list(account.id, old.expires_at)
        .await
        .unwrap();
    assert_eq!(listed, [new]);
}

/// The hundred newest.
pub async fn a_list_is_bounded(stores: Stores) {
    let people = People::new(1);
    let (account, [newest]) = with_sessions(&stores, &people, [0]).await;
    let mut expected = vec![newest];
    for age in 1..103 {
        let session = people.session(account.id, None, MINUTE * age);
        let login = people.login(&account, session.clone(), 0);
        stores.accounts.apply(&login).await.unwrap();
        expected.push(session);
    }
    let listed = stores.sessions.list(account.id, now()).await.unwrap();
    assert_eq!(listed, expected[..100]);
}
