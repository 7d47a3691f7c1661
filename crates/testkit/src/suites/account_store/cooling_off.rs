//! Accounts that were cancelled, and those whose time is over.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::time::Duration;

use menshen_domain::model::account::{Account, AccountStatus};
use menshen_domain::model::changes::{SessionsOf, Step};
use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::session::EndReason;
use menshen_domain::ports::account_store::DueAccount;

use crate::people::{People, changed, later};
use crate::sample::now;
use crate::stores::Stores;
use crate::suites::account_store::racing_ends::run_into;
use crate::suites::account_store::steps::{MINUTE, all_of, create, is_stale, read};

fn cancel(user: UserId, after: Duration) -> Step {
    Step::Cancel {
        user,
        purge_at: later(after),
    }
}

/// It is found as before, answers as cancelled, and knows when it goes.
pub async fn an_account_is_cancelled_until_its_time(stores: Stores) {
    let people = People::new(1);
    let account = people.whole_account(1);
    create(&stores, &people, &account).await;
    let steps = vec![cancel(account.id, MINUTE)];
    let changes = people.changes(account.id, vec![changed(&account)], steps);
    stores.accounts.apply(&changes).await.unwrap();
    let cancelled = Account {
        status: AccountStatus::Cancelling {
            purge_at: later(MINUTE),
        },
        version: account.version + 1,
        ..account
    };
    let found = stores.accounts.observe(&all_of(1)).await.unwrap();
    assert_eq!(found.by_phone, Some(cancelled.clone()));
    assert_eq!(found.by_openid, Some(cancelled));
}

/// Neither one that is being cancelled already, nor one that is gone.
pub async fn only_an_active_account_is_cancelled(stores: Stores) {
    let people = People::new(1);
    for (n, status) in [
        (1, AccountStatus::DISABLED),
        (
            2,
            AccountStatus::Cancelling {
                purge_at: later(MINUTE),
            },
        ),
        (3, AccountStatus::Erased),
    ] {
        let account = Account {
            status,
            ..people.whole_account(n)
        };
        create(&stores, &people, &account).await;
        let steps = vec![cancel(account.id, MINUTE * 2)];
        let changes = people.changes(account.id, vec![changed(&account)], steps);
        let result = stores.accounts.apply(&changes).await;
        assert!(is_stale(&result), "{result:?}");
        assert_eq!(read(&stores, account.id).await.status, status);
    }
}

/// Accounts that were cancelled, with their times in minutes from now.
async fn cancelled(stores: &Stores, people: &People, minutes: &[u32]) -> Vec<DueAccount> {
    let mut made = Vec::new();
    for (n, minutes) in (1..).zip(minutes) {
        let purge_at = later(MINUTE * *minutes);
        let account = Account {
            status: AccountStatus::Cancelling { purge_at },
            ..people.whole_account(n)
        };
        create(stores, people, &account).await;
        made.push(DueAccount {
            purge_at,
            user: account.id,
        });
    }
    made.sort_unstable();
    made
}

/// Batch by batch, each once; two of the same moment by their ids.
pub async fn accounts_are_due_in_their_order_and_not_before(stores: Stores) {
    let people = People::new(1);
    create(&stores, &people, &people.whole_account(99)).await;
    let all = cancelled(&stores, &people, &[3, 1, 2, 2, 2, 9]).await;
    let due = async |minutes, after, limit| {
        let at = later(MINUTE * minutes);
        let due = stores.accounts.due_for_erasure(at, after, limit).await;
        due.unwrap()
    };
    assert_eq!(due(0, None, 9).await, []);
    assert_eq!(due(1, None, 9).await, all[..1], "at the very moment");
    assert_eq!(due(8, None, 9).await, all[..5]);
    let mut seen = Vec::new();
    loop {
        let batch = due(8, seen.last().copied(), 2).await;
        seen.extend(&batch);
        if batch.len() < 2 {
            break;
        }
    }
    assert_eq!(seen, all[..5]);
}

/// Restored, erased, merged.
pub async fn who_came_back_or_is_gone_is_not_due(stores: Stores) {
    let people = People::new(1);
    let survivor = people.whole_account(99);
    create(&stores, &people, &survivor).await;
    let all = cancelled(&stores, &people, &[1, 1, 1]).await;
    let steps = [
        vec![Step::Restore(all[0].user)],
        vec![Step::Erase(all[1].user)],
        vec![Step::ClearPhone(all[2].user), Step::Restore(all[2].user)],
    ];
    for (one, steps) in all.iter().zip(steps) {
        let account = read(&stores, one.user).await;
        let changes = people.changes(one.user, vec![changed(&account)], steps);
        stores.accounts.apply(&changes).await.unwrap();
    }
    let due = stores.accounts.due_for_erasure(later(MINUTE * 2), None, 9);
    assert_eq!(due.await.unwrap(), []);
    assert!(all.iter().all(|one| one.purge_at > now()));
}

/// Whoever signs in while the account is cancelled has no session in it.
pub async fn no_login_outlives_a_cancellation_at_once(stores: Stores) {
    run_into(stores, |people, account, _| {
        let user = account.id;
        let end = Step::EndSessions {
            user,
            which: SessionsOf::All,
            reason: EndReason::Cancelled,
        };
        let steps = vec![cancel(user, MINUTE), end];
        people.changes(user, vec![changed(account)], steps)
    })
    .await;
}
