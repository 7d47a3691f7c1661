use menshen_domain::model::account::{Account, AccountStatus};
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::linking::Snapshot;
use menshen_domain::ports::account_store::{AccountStoreError, DueAccount};
use menshen_domain::services::erase_due::ErasedBatch;

use crate::desk::{Desk, actions, notices, steps};
use crate::support::people::{Holding, account, app, openid};
use crate::support::{at, away, phone, user};

/// Somebody whose time was over at the tenth second.
fn due(n: u32) -> Account {
    account(n)
        .with_phone(&phone(n))
        .with_openid(&app(0), openid(n))
        .with_status(AccountStatus::Cancelling { purge_at: at(10) })
}

fn named(n: u32) -> DueAccount {
    DueAccount {
        purge_at: at(10),
        user: user(n.into()),
    }
}

/// These are due, and read as they are told.
fn listed(desk: &mut Desk, ids: &[u32], read: fn(u32) -> Option<Account>) {
    let ids: Vec<_> = ids.iter().map(|n| named(*n)).collect();
    desk.accounts
        .expect_due_for_erasure()
        .once()
        .returning(move |_, _, _| Ok(ids.clone()));
    desk.accounts.expect_observe().returning(move |lookup| {
        let id = lookup.signed_in.expect("an account");
        let n = u32::try_from(id.as_uuid().as_u128()).expect("a small id");
        Ok(Snapshot {
            signed_in: read(n),
            ..Snapshot::default()
        })
    });
}

async fn run(desk: Desk, limit: u32) -> Result<ErasedBatch, AccountStoreError> {
    desk.open().erase_due().execute(at(10), None, limit).await
}

#[tokio::test]
async fn each_is_erased_in_a_transaction_of_its_own_and_by_nobody() {
    let mut desk = Desk::default();
    listed(&mut desk, &[1, 2], |n| Some(due(n)));
    let applied = desk.applied();
    let batch = run(desk, 3).await.expect("a batch");
    assert_eq!((batch.erased, batch.more), (2, false));
    assert_eq!(batch.reached, Some(named(2)));
    let all = applied.all();
    assert_eq!(all.len(), 2);
    for (changes, n) in all.iter().zip([1_u32, 2]) {
        assert_eq!(steps(changes), ["erase"]);
        assert_eq!(changes.expected[0].user, user(n.into()));
        assert!(changes.expected[0].changed && changes.caller.is_none());
        assert_eq!(
            notices(changes),
            [
                "user.identity_unlinked",
                "user.phone_removed",
                "user.erased"
            ]
        );
        assert!(actions(changes).contains(&AuditAction::Erased));
        for row in &changes.audit {
            assert_eq!(row.method, Some("cooling_off_over"));
            assert_eq!((row.address, row.request_id.as_ref()), (None, None));
        }
    }
}

#[tokio::test]
async fn who_came_back_or_is_gone_already_is_left_alone() {
    let mut desk = Desk::default();
    listed(&mut desk, &[1, 2, 3, 4], |n| match n {
        1 => Some(due(1).with_status(AccountStatus::Active)),
        2 => Some(due(2).with_status(AccountStatus::Erased)),
        3 => Some(due(3).with_status(AccountStatus::Cancelling { purge_at: at(11) })),
        _ => None,
    });
    let batch = run(desk, 4).await.expect("a batch");
    assert_eq!((batch.erased, batch.more), (0, true), "the batch was full");
    assert!(batch.failure.is_none());
}

#[tokio::test]
async fn whoever_changed_at_this_very_moment_is_looked_at_the_next_time() {
    let mut desk = Desk::default();
    listed(&mut desk, &[1], |n| Some(due(n)));
    desk.not_applied(|| AccountStoreError::Stale);
    let batch = run(desk, 9).await.expect("a batch");
    assert_eq!(batch.erased, 0);
    assert!(batch.failure.is_none());
}

#[tokio::test]
async fn one_that_fails_ends_the_batch_which_can_be_continued_behind_it() {
    let mut desk = Desk::default();
    listed(&mut desk, &[1, 2], |n| Some(due(n)));
    let asked = desk.not_applied(|| AccountStoreError::Unavailable(away()));
    let batch = run(desk, 9).await.expect("a batch");
    assert!(matches!(
        batch.failure,
        Some(AccountStoreError::Unavailable(_))
    ));
    assert_eq!((batch.reached, batch.more), (Some(named(1)), true));
    assert_eq!(asked.all().len(), 1);
}
