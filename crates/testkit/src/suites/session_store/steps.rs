//! What several clauses do.

#![expect(clippy::unwrap_used, reason = "a clause panics where it does not hold")]

use std::time::Duration;

use chrono::{DateTime, Utc};
use menshen_domain::model::account::Account;
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::SessionsOf;
use menshen_domain::model::refresh::RefreshState;
use menshen_domain::model::session::{EndReason, Session};

use crate::people::People;
use crate::sample::now;
use crate::stores::Stores;

pub(super) const MINUTE: Duration = Duration::from_mins(1);

/// An account with sessions of these ages in minutes.
pub(super) async fn with_sessions<const N: usize>(
    stores: &Stores,
    people: &People,
    ages: [u32; N],
) -> (Account, [Session; N]) {
    let account = people.whole_account(1);
    let sessions = open(stores, people, &account, ages).await;
    (account, sessions)
}

pub(super) async fn open<const N: usize>(
    stores: &Stores,
    people: &People,
    account: &Account,
    ages: [u32; N],
) -> [Session; N] {
    stores
        .accounts
        .apply(&people.creation(account))
        .await
        .unwrap();
    let sessions = ages.map(|age| people.session(account.id, None, MINUTE * age));
    for session in &sessions {
        stores
            .accounts
            .apply(&people.login(account, session.clone(), 0))
            .await
            .unwrap();
    }
    sessions
}

/// The state after a rotation at `at`.
pub(super) fn next(state: &RefreshState, at: DateTime<Utc>) -> RefreshState {
    RefreshState {
        current: state.current + 1,
        previous: Some(state.current),
        current_issued_at: at,
        previous_exchanged_at: Some(at),
    }
}

pub(super) async fn over(stores: &Stores, session: &Session) -> Option<EndReason> {
    stores
        .sessions
        .over(session.user, session.id, now())
        .await
        .unwrap()
}

pub(super) async fn audited(stores: &Stores, action: AuditAction) -> usize {
    let rows = stores.witness.audit().await;
    rows.iter()
        .filter(|row| row.action == action.as_str())
        .count()
}

pub(super) async fn end(
    stores: &Stores,
    people: &People,
    account: &Account,
    which: SessionsOf,
) -> Vec<menshen_domain::model::identifiers::SessionId> {
    let audit = people.audit(AuditAction::SignedOut, account.id);
    stores
        .sessions
        .end(account.id, which, EndReason::SignedOut, now(), audit)
        .await
        .unwrap()
}
