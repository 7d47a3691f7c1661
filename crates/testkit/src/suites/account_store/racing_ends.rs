//! Logins at the same time as what ends all sessions.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::sync::Arc;
use std::time::Duration;

use menshen_domain::model::account::Account;
use menshen_domain::model::changes::{Changes, SessionsOf, Step};
use menshen_domain::model::evidence::PhoneProof;
use menshen_domain::model::session::EndReason;
use tokio::task::JoinSet;

use crate::people::{People, changed};
use crate::sample::phone;
use crate::stores::Stores;
use crate::suites::account_store::steps::{apply, create, is_stale, live};

const ROUNDS: u32 = 20;

/// Lets eight logins of one person run into `ending`, round by round: it happens,
/// each login is there before it or comes too late, and no session is left.
pub(super) async fn run_into(stores: Stores, ending: impl Fn(&People, &Account, u32) -> Changes) {
    let people = People::new(1);
    for round in 0..ROUNDS {
        let account = people.whole_account(round);
        create(&stores, &people, &account).await;
        let mut logins = JoinSet::new();
        let ending = ending(&people, &account, round);
        for n in 0..9 {
            // In the midst of the others.
            let changes = if n == 4 {
                ending.clone()
            } else {
                let session = people.session(account.id, None, Duration::ZERO);
                people.login(&account, session, 5)
            };
            let accounts = Arc::clone(&stores.accounts);
            logins.spawn(async move { (n, apply(&*accounts, &changes).await) });
        }
        for (n, outcome) in logins.join_all().await {
            let fair = outcome.is_ok() || (n != 4 && is_stale(&outcome));
            assert!(fair, "round {round}: {n} came to {outcome:?}");
        }
        assert_eq!(live(&stores, account.id).await, 0, "round {round}");
    }
}

/// Whoever signs in while the account is erased has no session in it.
pub async fn no_login_outlives_an_erasure_at_once(stores: Stores) {
    run_into(stores, |people, account, _| {
        let erase = Step::Erase(account.id);
        people.changes(account.id, vec![changed(account)], vec![erase])
    })
    .await;
}

/// Whoever signs in while the account becomes an alias has no session in it.
pub async fn no_login_outlives_a_merge_at_once(stores: Stores) {
    let people = People::new(2);
    let mut survivors = Vec::new();
    for round in 0..ROUNDS {
        let survivor = people.whole_account(1_000 + round);
        create(&stores, &people, &survivor).await;
        survivors.push(survivor);
    }
    run_into(stores, |people, account, round| {
        let survivor = &survivors[usize::try_from(round).unwrap()];
        // Only an account without a number is merged, and no openid clashes.
        let steps = vec![
            Step::ClearPhone(account.id),
            Step::UnlinkIdentity {
                user: account.id,
                id: account.identities[0].id,
            },
            Step::UnlinkUnionId {
                user: account.id,
                platform: account.union_ids[0].0.clone(),
            },
            Step::Merge {
                from: account.id,
                into: survivor.id,
                profile: survivor.profile.clone(),
            },
        ];
        let expected = vec![changed(account), changed(survivor)];
        people.changes(survivor.id, expected, steps)
    })
    .await;
}

/// Whoever signs in with what the account held before its number changed is
/// signed out with the others.
pub async fn no_login_outlives_a_change_of_number_at_once(stores: Stores) {
    run_into(stores, |people, account, round| {
        let user = account.id;
        let steps = vec![
            Step::SetPhone {
                user,
                phone: phone(1_000 + round),
                proof: PhoneProof::Sms,
            },
            Step::EndSessions {
                user,
                which: SessionsOf::All,
                reason: EndReason::PhoneChanged,
            },
        ];
        people.changes(user, vec![changed(account)], steps)
    })
    .await;
}
