//! Who comes back, and what is attached or merged on the way.

use menshen_domain::model::account::{Account, AccountStatus};
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::{Expected, Step};
use menshen_domain::model::evidence::EvidencePart;
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::profile::{AvatarUrl, Bio};
use menshen_domain::model::wechat::AppId;
use menshen_domain::services::login::LoginRequest;

use super::{both, complete, everywhere, found, run, run_with};
use crate::desk::{Desk, actions, login_request, notices, steps};
use crate::support::people::{Holding, account, app, cancelling, openid, platform, union_id};
use crate::support::{at, phone};

fn restoring() -> LoginRequest {
    LoginRequest {
        restore: true,
        ..login_request()
    }
}

#[tokio::test]
async fn who_comes_back_gets_a_session_and_nothing_else_changes() {
    let mut desk = Desk {
        now: at(500),
        ..Desk::default()
    };
    desk.signing();
    desk.observed(everywhere(&complete()));
    let applied = desk.applied();
    let done = run(desk, both()).await.expect("signed in");
    let changes = applied.only();
    // The newest session key is kept, and that changes no account.
    assert_eq!(steps(&changes), ["session key", "session"]);
    assert_eq!(
        changes.expected,
        [Expected {
            user: complete().id,
            version: 1,
            changed: false,
            last_login_at: complete().last_login_at,
            signed_in_at: Some(at(500)),
        }]
    );
    assert_eq!(
        actions(&changes),
        [AuditAction::CodeVerified, AuditAction::SignedIn]
    );
    assert_eq!(notices(&changes), ["session.created"]);
    assert!(!done.is_new_user);
    let expected = Account {
        last_login_at: at(500),
        ..complete()
    };
    assert_eq!(done.account, expected);
}

#[tokio::test]
async fn what_the_account_lacks_is_attached_and_makes_a_new_version() {
    let mut desk = Desk {
        now: at(500),
        ..Desk::default()
    };
    desk.signing();
    let held = account(1).with_phone(&phone(1));
    desk.observed(found(Some(&held), None));
    let applied = desk.applied();
    let done = run(desk, both()).await.expect("signed in");
    let changes = applied.only();
    assert_eq!(steps(&changes), ["openid", "unionid", "session"]);
    assert!(changes.expected[0].changed);
    assert_eq!(done.account.version, 2);
    assert_eq!(done.account.updated_at, at(500));
    let Step::LinkIdentity {
        identity,
        session_key,
        ..
    } = &changes.steps[0]
    else {
        panic!("{:?}", changes.steps[0]);
    };
    assert_eq!(&done.account.identities[0], identity);
    assert!(session_key.is_some());
    assert!(
        !format!("{changes:?}").contains("tiihtN"),
        "the key does not print"
    );
}

#[tokio::test]
async fn what_cannot_be_attached_is_named() {
    let mut desk = Desk::default();
    desk.signing();
    let held = account(1)
        .with_phone(&phone(1))
        .with_openid(&app(0), openid(7));
    desk.observed(found(Some(&held), None));
    let applied = desk.applied();
    let done = run(desk, both()).await.expect("signed in");
    assert_eq!(done.not_attached, [EvidencePart::WeChat]);
    assert_eq!(steps(&applied.only()), ["session"]);
    assert_eq!(done.account.identities, held.identities);
}

#[tokio::test]
async fn another_account_that_is_left_alone_is_audited_and_held_still() {
    let mut desk = Desk::default();
    desk.signing();
    let b = account(1).with_phone(&phone(1));
    let a = account(2)
        .with_phone(&phone(2))
        .with_openid(&app(0), openid(0));
    desk.observed(found(Some(&b), Some(&a)));
    let applied = desk.applied();
    let done = run(desk, both()).await.expect("signed in");
    assert_eq!(done.account.id, b.id);
    assert_eq!(done.not_attached, [EvidencePart::WeChat]);
    let changes = applied.only();
    assert_eq!(steps(&changes), ["session"]);
    assert_eq!(
        actions(&changes),
        [
            AuditAction::LinkConflict,
            AuditAction::CodeVerified,
            AuditAction::SignedIn
        ]
    );
    let expected: Vec<_> = changes
        .expected
        .iter()
        .map(|one| (one.user, one.changed, one.signed_in_at.is_some()))
        .collect();
    assert_eq!(expected, [(b.id, false, true), (a.id, false, false)]);
}

#[tokio::test]
async fn a_merge_moves_the_identities_and_fills_the_empty_places_of_the_profile() {
    let mut desk = Desk {
        now: at(500),
        ..Desk::default()
    };
    desk.signing();
    let mut b = account(2)
        .with_phone(&phone(1))
        .with_openid(&app(1), openid(5));
    b.profile.bio = Bio::parse("b").ok();
    let mut a = account(1)
        .with_openid(&app(0), openid(0))
        .with_union_id(platform(0), union_id(0));
    a.profile.bio = Bio::parse("a").ok();
    a.profile.avatar_url = AvatarUrl::parse("https://cdn.example/a.png").ok();
    desk.observed(Snapshot {
        by_union_id: Some(a.clone()),
        ..found(Some(&b), Some(&a))
    });
    let applied = desk.applied();
    let done = run(desk, both()).await.expect("signed in");
    let changes = applied.only();
    assert_eq!(steps(&changes), ["merge", "session key", "session"]);
    assert_eq!(
        actions(&changes),
        [
            AuditAction::Merged,
            AuditAction::CodeVerified,
            AuditAction::SignedIn
        ]
    );
    assert_eq!(notices(&changes), ["user.merged", "session.created"]);
    assert!(
        changes.expected.iter().all(|one| one.changed),
        "{changes:?}"
    );
    assert!(
        matches!(&changes.steps[0], Step::Merge { from, into, profile }
        if *from == a.id && *into == b.id && *profile == done.account.profile)
    );
    assert_eq!(done.account.id, b.id);
    assert_eq!(done.account.profile.nickname, b.profile.nickname);
    assert_eq!(done.account.profile.bio, b.profile.bio);
    assert_eq!(done.account.profile.avatar_url, a.profile.avatar_url);
    assert_eq!(done.account.union_ids, a.union_ids);
    assert_eq!(done.account.version, 2);
    // Oldest first, whichever account they come from.
    let apps: Vec<&AppId> = done.account.identities.iter().map(|i| &i.app_id).collect();
    assert_eq!(apps, [&app(0).id, &app(1).id]);
    assert!(!done.is_new_user);
}

#[tokio::test]
async fn a_cancellation_is_taken_back_where_the_request_says_so() {
    let mut desk = Desk::default();
    desk.signing();
    let held = complete().with_status(cancelling());
    desk.observed(everywhere(&held));
    let applied = desk.applied();
    let done = run_with(desk, both(), restoring())
        .await
        .expect("signed in");
    assert_eq!(done.account.status, AccountStatus::Active);
    let changes = applied.only();
    assert_eq!(steps(&changes), ["restore", "session key", "session"]);
    assert_eq!(
        actions(&changes),
        [
            AuditAction::Restored,
            AuditAction::CodeVerified,
            AuditAction::SignedIn
        ]
    );
    assert!(changes.expected[0].changed);
}

#[tokio::test]
async fn a_merge_of_two_cancelled_accounts_takes_both_cancellations_back() {
    let mut desk = Desk::default();
    desk.signing();
    let b = account(1).with_phone(&phone(1)).with_status(cancelling());
    let a = account(2)
        .with_openid(&app(0), openid(0))
        .with_status(cancelling());
    desk.observed(found(Some(&b), Some(&a)));
    let applied = desk.applied();
    run_with(desk, both(), restoring())
        .await
        .expect("signed in");
    let changes = applied.only();
    assert_eq!(steps(&changes)[..3], ["restore", "restore", "merge"]);
}
