use menshen_domain::model::account::{Account, AccountStatus};
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::{SessionsOf, Step};
use menshen_domain::model::identifiers::IdentityId;
use menshen_domain::model::linking::{Refusal, Snapshot};
use menshen_domain::model::session::EndReason;
use menshen_domain::ports::account_store::AccountStoreError;
use menshen_domain::services::own_account::OwnAccountError;
use menshen_domain::services::recent_proof::StepUpRequired;
use menshen_domain::services::unlink_identity::UnlinkIdentityError;
use mockall::Sequence;

use crate::desk::{Desk, actions, notices, signed_in, steps};
use crate::support::people::{
    Holding, account, app, cancelling, openid, origin, platform, union_id,
};
use crate::support::{at, away, phone};

/// A number, and a WeChat identity with its unionid.
fn somebody() -> Account {
    account(1)
        .with_phone(&phone(1))
        .with_openid(&app(0), openid(0))
        .with_union_id(platform(0), union_id(0))
}

fn found(one: &Account) -> Snapshot {
    Snapshot {
        signed_in: Some(one.clone()),
        ..Snapshot::default()
    }
}

fn id(one: &Account) -> IdentityId {
    one.identities[0].id
}

async fn run(desk: Desk, one: &Account) -> Result<Account, UnlinkIdentityError> {
    let caller = signed_in(one);
    let office = desk.open();
    let unlink = office.unlink_identity();
    unlink.execute(&caller, id(one), &origin()).await
}

#[tokio::test]
async fn an_identity_goes_with_its_unionid_and_all_other_sessions() {
    let one = somebody();
    let mut desk = Desk::default();
    desk.observed(found(&one));
    let applied = desk.applied();
    let left = run(desk, &one).await.expect("unlinked");
    assert!(left.identities.is_empty() && left.union_ids.is_empty());
    assert_eq!((left.version, &left.phone), (one.version + 1, &one.phone));
    let changes = applied.only();
    assert_eq!(steps(&changes), ["no openid", "no unionid", "end sessions"]);
    let session = signed_in(&one).session.id;
    assert!(matches!(
        changes.steps[2],
        Step::EndSessions { user, which: SessionsOf::AllBut(kept), reason: EndReason::SignedOut }
            if user == one.id && kept == session
    ));
    assert_eq!(
        changes.caller,
        Some(session),
        "whoever signed out changes nothing"
    );
    assert!(changes.expected[0].changed);
    assert_eq!(notices(&changes), ["user.identity_unlinked"]);
    assert_eq!(
        actions(&changes),
        [AuditAction::Unlinked, AuditAction::Unlinked]
    );
}

#[tokio::test]
async fn the_last_way_in_stays() {
    let mut one = somebody();
    one.phone = None;
    let mut desk = Desk::default();
    desk.observed(found(&one));
    let error = run(desk, &one).await.unwrap_err();
    assert!(matches!(error, UnlinkIdentityError::LastIdentity));
}

#[tokio::test]
async fn what_the_account_does_not_hold_is_not_found() {
    let one = somebody();
    let mut bare = somebody();
    bare.identities.clear();
    let mut desk = Desk::default();
    desk.observed(found(&bare));
    let error = run(desk, &one).await.unwrap_err();
    assert!(matches!(error, UnlinkIdentityError::NotFound));
}

#[tokio::test]
async fn without_a_recent_proof_nothing_goes() {
    let one = somebody();
    let mut desk = Desk {
        now: at(300),
        ..Desk::default()
    };
    desk.observed(found(&one));
    let error = run(desk, &one).await.unwrap_err();
    let wanted = StepUpRequired {
        sms: true,
        wechat: true,
    };
    assert!(
        matches!(error, UnlinkIdentityError::Account(OwnAccountError::StepUpRequired(ways)) if ways == wanted)
    );
}

#[tokio::test]
async fn a_closed_account_changes_nothing() {
    for (status, gone) in [
        (AccountStatus::DISABLED, false),
        (cancelling(), false),
        (AccountStatus::Erased, true),
    ] {
        let one = somebody();
        let mut desk = Desk::default();
        desk.observed(found(&one.clone().with_status(status)));
        match run(desk, &one).await.unwrap_err() {
            UnlinkIdentityError::Account(OwnAccountError::AccountGone) => assert!(gone),
            UnlinkIdentityError::Account(OwnAccountError::Refused(
                Refusal::Disabled | Refusal::Cancelling { .. },
            )) => assert!(!gone),
            other => panic!("{other:?}"),
        }
    }
}

/// Two at once take the last two ways in: the second finds one left.
#[tokio::test]
async fn of_the_last_two_ways_one_stays_whatever_happens_at_once() {
    let one = somebody();
    let mut other = somebody();
    other.phone = None;
    let mut desk = Desk::default();
    let mut order = Sequence::new();
    for seen in [one.clone(), other] {
        let seen = found(&seen);
        desk.accounts
            .expect_observe()
            .once()
            .in_sequence(&mut order)
            .returning(move |_| Ok(seen.clone()));
    }
    desk.not_applied(|| AccountStoreError::Stale);
    let error = run(desk, &one).await.unwrap_err();
    assert!(matches!(error, UnlinkIdentityError::LastIdentity));
}

#[tokio::test]
async fn what_the_store_says_is_told_apart() {
    let one = somebody();
    let mut desk = Desk::default();
    desk.observed(found(&one));
    desk.not_applied(|| AccountStoreError::CallerGone);
    let error = run(desk, &one).await.unwrap_err();
    assert!(matches!(
        error,
        UnlinkIdentityError::Account(OwnAccountError::SessionOver)
    ));
    for (refusal, tries) in [
        ((|| AccountStoreError::Stale) as fn() -> _, 12),
        (|| AccountStoreError::Unavailable(away()), 1),
    ] {
        let mut desk = Desk::default();
        desk.observed(found(&one));
        let asked = desk.not_applied(refusal);
        let error = run(desk, &one).await.unwrap_err();
        assert!(matches!(
            error,
            UnlinkIdentityError::Account(OwnAccountError::Unavailable(_))
        ));
        assert_eq!(asked.all().len(), tries);
    }
}
