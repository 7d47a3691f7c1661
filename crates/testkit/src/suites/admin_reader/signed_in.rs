//! Clauses about who is signed in.

use std::time::Duration;

use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::SessionsOf;
use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::session::EndReason;

use crate::people::People;
use crate::sample::now;
use crate::stores::Stores;

/// An account with so many sessions.
async fn signed_in(stores: &Stores, people: &People, n: u32, sessions: u32) -> UserId {
    let account = people.whole_account(n);
    let created = people.creation(&account);
    stores.accounts.apply(&created).await.unwrap();
    for _ in 0..sessions {
        let session = people.session(account.id, None, Duration::ZERO);
        let login = people.login(&account, session, 0);
        stores.accounts.apply(&login).await.unwrap();
    }
    account.id
}

/// Each once, however many sessions it has, and not once they have ended.
pub async fn whoever_is_signed_in_is_listed_once_part_by_part(stores: Stores) {
    let people = People::new(1);
    let mut here = vec![
        signed_in(&stores, &people, 1, 1).await,
        signed_in(&stores, &people, 2, 3).await,
        signed_in(&stores, &people, 3, 2).await,
    ];
    here.sort_unstable();
    let left = signed_in(&stores, &people, 4, 2).await;
    signed_in(&stores, &people, 5, 0).await;
    let audit = people.audit(AuditAction::SignedOut, left);
    let ended = stores
        .sessions
        .end(left, SessionsOf::All, EndReason::SignedOut, now(), audit);
    assert_eq!(ended.await.unwrap().len(), 2);
    let listed = async |after, limit| {
        let users = stores.admin_reader.signed_in(after, limit).await;
        users.unwrap()
    };
    assert_eq!(listed(None, 9).await, here);
    assert_eq!(listed(None, 2).await, here[..2]);
    assert_eq!(listed(Some(here[1]), 2).await, here[2..]);
    assert_eq!(listed(Some(here[2]), 2).await, []);
}
