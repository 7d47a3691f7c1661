use chrono::TimeDelta;
use menshen_domain::model::account::Account;
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::{SessionsOf, Step};
use menshen_domain::model::linking::{Refusal, Snapshot};
use menshen_domain::model::session::EndReason;
use menshen_domain::ports::account_store::AccountStoreError;
use menshen_domain::services::cancel_account::Cancelled;
use menshen_domain::services::own_account::OwnAccountError;

use crate::desk::{Desk, actions, notices, signed_in, steps};
use crate::support::people::{Holding, account, app, cancelling, openid, origin};
use crate::support::{at, away, epoch, phone, secs};

fn somebody() -> Account {
    account(1)
        .with_phone(&phone(1))
        .with_openid(&app(0), openid(0))
}

fn found(one: &Account) -> Snapshot {
    Snapshot {
        signed_in: Some(one.clone()),
        ..Snapshot::default()
    }
}

async fn run(desk: Desk, one: &Account) -> Result<Cancelled, OwnAccountError> {
    let caller = signed_in(one);
    desk.open()
        .cancel_account()
        .execute(&caller, &origin())
        .await
}

#[tokio::test]
async fn an_account_is_cancelled_for_later_and_everybody_is_out_at_once() {
    let one = somebody();
    let mut desk = Desk::default();
    desk.observed(found(&one));
    let applied = desk.applied();
    let cancelled = run(desk, &one).await.expect("cancelled");
    let purge_at = epoch() + TimeDelta::days(15);
    let wanted = Cancelled {
        purge_at,
        erased: false,
    };
    assert_eq!(cancelled, wanted);
    let changes = applied.only();
    assert_eq!(steps(&changes), ["cancel", "end sessions"]);
    assert!(matches!(changes.steps[0], Step::Cancel { purge_at: at, .. } if at == purge_at));
    assert!(matches!(
        changes.steps[1],
        Step::EndSessions {
            which: SessionsOf::All,
            reason: EndReason::Cancelled,
            ..
        }
    ));
    assert_eq!(changes.caller, Some(signed_in(&one).session.id));
    assert!(changes.expected[0].changed);
    assert_eq!(notices(&changes), ["user.cancelled"]);
    assert_eq!(actions(&changes), [AuditAction::Cancelled]);
}

#[tokio::test]
async fn without_a_cooling_off_it_is_erased_now() {
    let one = somebody();
    let mut desk = Desk::default();
    desk.policy.cancel_after = secs(0);
    desk.observed(found(&one));
    let applied = desk.applied();
    let cancelled = run(desk, &one).await.expect("erased");
    let wanted = Cancelled {
        purge_at: epoch(),
        erased: true,
    };
    assert_eq!(cancelled, wanted);
    let changes = applied.only();
    assert_eq!(steps(&changes), ["erase"]);
    assert!(notices(&changes).contains(&"user.erased"));
}

#[tokio::test]
async fn a_cooling_off_beyond_the_calendar_does_not_overflow() {
    let one = somebody();
    let mut desk = Desk::default();
    desk.policy.cancel_after = secs(u64::MAX);
    desk.observed(found(&one));
    let applied = desk.applied();
    let cancelled = run(desk, &one).await.expect("cancelled");
    assert!(cancelled.purge_at > epoch());
    assert_eq!(steps(&applied.only()), ["cancel", "end sessions"]);
}

#[tokio::test]
async fn a_stolen_token_cancels_nothing() {
    let one = somebody();
    let mut desk = Desk {
        now: at(301),
        ..Desk::default()
    };
    desk.observed(found(&one));
    let error = run(desk, &one).await.unwrap_err();
    assert!(matches!(error, OwnAccountError::StepUpRequired(ways) if ways.sms && ways.wechat));
}

#[tokio::test]
async fn what_is_cancelled_is_not_cancelled_again() {
    let one = somebody();
    let mut desk = Desk::default();
    desk.observed(found(&one.clone().with_status(cancelling())));
    let error = run(desk, &one).await.unwrap_err();
    assert!(matches!(
        error,
        OwnAccountError::Refused(Refusal::Cancelling { .. })
    ));
    let mut desk = Desk::default();
    desk.observed(Snapshot::default());
    let error = run(desk, &one).await.unwrap_err();
    assert!(matches!(error, OwnAccountError::AccountGone));
}

#[tokio::test]
async fn what_the_store_says_is_told_apart() {
    let one = somebody();
    let mut desk = Desk::default();
    desk.observed(found(&one));
    desk.not_applied(|| AccountStoreError::CallerGone);
    let error = run(desk, &one).await.unwrap_err();
    assert!(matches!(error, OwnAccountError::SessionOver));
    let mut desk = Desk::default();
    desk.observed(found(&one));
    let asked = desk.not_applied(|| AccountStoreError::Stale);
    let error = run(desk, &one).await.unwrap_err();
    assert!(matches!(error, OwnAccountError::Unavailable(_)));
    assert_eq!(asked.all().len(), 12, "it looked again");
    let mut desk = Desk::default();
    desk.accounts
        .expect_observe()
        .once()
        .returning(|_| Err(AccountStoreError::Unavailable(away())));
    let error = run(desk, &one).await.unwrap_err();
    assert!(matches!(error, OwnAccountError::Unavailable(_)));
}
