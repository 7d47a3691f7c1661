use menshen_domain::model::account::Account;
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::{NoticeKey, Step};
use menshen_domain::model::evidence::PhoneProof;
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::profile::AvatarUrl;
use menshen_domain::model::wechat_push::{PushEvent, PushKey, PushKind, RevokedPermission};
use menshen_domain::ports::account_store::AccountStoreError;
use menshen_domain::services::heed_wechat::Heeded;

use crate::desk::{Desk, actions, notices, steps};
use crate::support::people::{Holding, account, app, openid, origin, platform, union_id};
use crate::support::{away, phone};

fn event(kind: PushKind) -> PushEvent {
    PushEvent {
        kind,
        app_id: app(0).id,
        openid: openid(0),
        union_id: None,
        key: PushKey([7; 32]),
    }
}

fn somebody() -> Account {
    let mut account = account(1)
        .with_openid(&app(0), openid(0))
        .with_union_id(platform(0), union_id(0))
        .with_phone(&phone(1));
    account.phone_proof = Some(PhoneProof::WeChat);
    account.profile.avatar_url = AvatarUrl::parse("https://wx.qlogo.cn/1").ok();
    account
}

fn known(account: Account) -> Snapshot {
    Snapshot {
        by_openid: Some(account),
        ..Snapshot::default()
    }
}

async fn heed(desk: Desk, kind: PushKind) -> Result<Heeded, AccountStoreError> {
    let heed = desk.open().heed_wechat();
    heed.execute(&event(kind), &origin()).await
}

#[tokio::test]
async fn whoever_nobody_knows_changes_nothing() {
    let mut desk = Desk::default();
    desk.observed(Snapshot::default());
    let heeded = heed(desk, PushKind::AuthorizationCancelled).await;
    assert_eq!(heeded.expect("heeded"), Heeded::Nobody);
}

#[tokio::test]
async fn an_application_that_is_not_ours_is_not_even_looked_up() {
    let heed = Desk::default().open().heed_wechat();
    let foreign = PushEvent {
        app_id: app(9).id,
        ..event(PushKind::AuthorizationCancelled)
    };
    let heeded = heed.execute(&foreign, &origin()).await;
    assert_eq!(heeded.expect("heeded"), Heeded::Nobody);
}

#[tokio::test]
async fn looks_become_random_and_default_again() {
    let default = AvatarUrl::parse("https://cdn.example/default.png").ok();
    let mut desk = Desk::default();
    desk.policy.default_avatar.clone_from(&default);
    desk.observed(known(somebody()));
    let applied = desk.applied();
    heed(desk, PushKind::UserInfoModified).await.expect("done");
    let changes = applied.only();
    assert_eq!(steps(&changes), ["notice", "profile"]);
    assert!(matches!(
        changes.steps[0],
        Step::ClaimNotice(NoticeKey(key)) if key == [7; 32]
    ));
    let Step::SaveProfile { profile, .. } = &changes.steps[1] else {
        panic!("a profile");
    };
    assert_eq!(profile.avatar_url, default);
    assert_ne!(profile.nickname, somebody().profile.nickname);
    assert_eq!(notices(&changes), ["user.updated"]);
    assert_eq!(
        actions(&changes),
        [AuditAction::NoticeReceived, AuditAction::ProfileUpdated]
    );
}

#[tokio::test]
async fn a_withdrawn_number_goes_and_the_account_stays() {
    let mut desk = Desk::default();
    desk.observed(known(somebody()));
    let applied = desk.applied();
    let kind = PushKind::AuthorizationRevoked(vec![RevokedPermission::PhoneNumber]);
    heed(desk, kind).await.expect("done");
    let changes = applied.only();
    assert_eq!(steps(&changes), ["notice", "no phone"]);
    assert_eq!(notices(&changes), ["user.phone_removed"]);
    assert!(changes.expected[0].changed);
    let told = changes.audit[0].reason.clone().expect("a reason");
    assert!(told.contains("PhoneNumber"), "{told}");
}

/// What is not ours is remembered all the same, so that it is told once.
#[tokio::test]
async fn a_permission_that_is_not_ours_changes_no_account() {
    let mut desk = Desk::default();
    desk.observed(known(somebody()));
    let applied = desk.applied();
    let kind = PushKind::AuthorizationRevoked(vec![RevokedPermission::Other(13)]);
    heed(desk, kind).await.expect("done");
    let changes = applied.only();
    assert_eq!(steps(&changes), ["notice"]);
    assert!(!changes.expected[0].changed);
    assert!(changes.outbox.is_empty());
}

#[tokio::test]
async fn with_its_last_way_in_the_account_is_erased() {
    let mut desk = Desk::default();
    desk.observed(known(somebody()));
    let applied = desk.applied();
    heed(desk, PushKind::AuthorizationCancelled)
        .await
        .expect("done");
    let changes = applied.only();
    assert_eq!(steps(&changes), ["notice", "erase"]);
    let expected = [
        "user.identity_unlinked",
        "user.phone_removed",
        "user.erased",
    ];
    assert_eq!(notices(&changes), expected);
    assert!(actions(&changes).contains(&AuditAction::Erased));
}

#[tokio::test]
async fn with_another_way_in_the_identity_and_its_sessions_go() {
    let mut account = somebody();
    account.phone_proof = Some(PhoneProof::Sms);
    let mut desk = Desk::default();
    desk.observed(known(account));
    let applied = desk.applied();
    heed(desk, PushKind::AuthorizationCancelled)
        .await
        .expect("done");
    let changes = applied.only();
    assert_eq!(
        steps(&changes),
        [
            "notice",
            "profile",
            "no openid",
            "end sessions through",
            "no unionid"
        ]
    );
    let expected = ["user.updated", "user.identity_unlinked"];
    assert_eq!(notices(&changes), expected);
}

#[tokio::test]
async fn a_repeat_was_carried_out_before() {
    let mut desk = Desk::default();
    desk.observed(known(somebody()));
    desk.not_applied(|| AccountStoreError::NoticeSeen);
    let heeded = heed(desk, PushKind::UserInfoModified).await;
    assert_eq!(heeded.expect("heeded"), Heeded::Before);
}

#[tokio::test]
async fn whatever_changed_meanwhile_is_looked_at_again() {
    let mut desk = Desk::default();
    desk.observed(known(somebody()));
    let tries = desk.not_applied(|| AccountStoreError::Stale);
    let error = heed(desk, PushKind::UserInfoModified).await.unwrap_err();
    assert!(matches!(error, AccountStoreError::Stale));
    assert_eq!(tries.all().len(), 12);
}

/// Then WeChat delivers it again.
#[tokio::test]
async fn with_the_store_away_nothing_is_acknowledged() {
    let mut desk = Desk::default();
    desk.observed(known(somebody()));
    desk.not_applied(|| AccountStoreError::Unavailable(away()));
    let error = heed(desk, PushKind::UserInfoModified).await.unwrap_err();
    assert!(matches!(error, AccountStoreError::Unavailable(_)));
}
