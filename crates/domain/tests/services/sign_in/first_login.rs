//! First logins, and the session of every login.

use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::Step;
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::profile::AvatarUrl;
use menshen_domain::model::refresh_token::verify_refresh_token;
use menshen_domain::model::token::Scope;
use menshen_domain::model::verification::CodeId;

use super::{both, complete, everywhere, run};
use crate::desk::{Desk, actions, client, notices, opened, steps};
use crate::support::people::{app, openid, origin, platform, union_id};
use crate::support::{at, epoch, mac, phone};

#[tokio::test]
async fn a_first_login_makes_an_account_that_holds_all_the_evidence() {
    let mut desk = Desk::default();
    desk.policy.default_avatar = AvatarUrl::parse("https://cdn.example/a.png").ok();
    desk.signing();
    desk.accounts
        .expect_observe()
        .withf(|lookup| {
            lookup.signed_in.is_none()
                && lookup.phone == Some(phone(1))
                && lookup
                    .openid
                    .as_ref()
                    .is_some_and(|(_, app_id, who)| *app_id == app(0).id && *who == openid(0))
                && lookup.union_id == Some((platform(0), union_id(0)))
        })
        .once()
        .returning(|_| Ok(Snapshot::default()));
    let applied = desk.applied();
    let done = run(desk, both()).await.expect("signed in");
    let changes = applied.only();
    assert_eq!(
        steps(&changes),
        ["create", "phone", "openid", "unionid", "session"]
    );
    assert!(changes.expected.is_empty(), "nothing was there before");
    assert_eq!(
        actions(&changes),
        [
            AuditAction::AccountCreated,
            AuditAction::Linked,
            AuditAction::Linked,
            AuditAction::CodeVerified,
            AuditAction::SignedIn
        ]
    );
    assert_eq!(
        notices(&changes),
        [
            "user.created",
            "user.phone_changed",
            "user.identity_linked",
            "session.created"
        ]
    );
    let Step::CreateUser {
        account,
        consent_version: None,
    } = &changes.steps[0]
    else {
        panic!("{:?}", changes.steps[0]);
    };
    assert_eq!(
        (
            &account.phone,
            account.identities.len(),
            account.union_ids.len()
        ),
        (&None, 0, 0)
    );
    assert_eq!(
        account.version, done.account.version,
        "answered as it is stored"
    );
    assert_eq!(account.id, done.account.id);
    assert!(account.profile.nickname.as_str().starts_with("用户"));
    assert!(account.profile.avatar_url.is_some());
    assert!(done.is_new_user);
    assert_eq!(done.account.phone, Some(phone(1)));
    assert_eq!(done.account.identities.len(), 1);
    assert_eq!(done.account.union_ids, [(platform(0), union_id(0))]);
    assert!(done.not_attached.is_empty());
    // One moment for all of it.
    assert_eq!(changes.at(), Some(epoch()));
    assert!(changes.audit.iter().all(|row| row.at == epoch()
        && row.user == Some(done.account.id)
        && row.method == Some("sms")
        && row.address == Some(origin().address)));
}

#[tokio::test]
async fn a_session_begins_now_and_ends_after_its_whole_life() {
    let mut desk = Desk {
        now: at(500),
        ..Desk::default()
    };
    let signed = desk.signing();
    desk.observed(everywhere(&complete()));
    let applied = desk.applied();
    let done = run(desk, both()).await.expect("signed in");
    let session = opened(&applied.only());
    assert_eq!(session, done.session);
    assert_eq!(session.user, complete().id);
    assert_eq!(session.client, client());
    assert_eq!(session.app_id, Some(app(0).id));
    assert_eq!(session.address, origin().address);
    assert_eq!(session.created_at, at(500));
    assert_eq!(session.last_seen_at, at(500));
    assert_eq!(session.proven_at, at(500));
    assert_eq!(session.expires_at, at(500 + 180 * 86_400));
    assert_eq!(
        (session.refresh.current, session.refresh.previous),
        (0, None)
    );
    assert_eq!((session.ended, session.replay_noted), (None, None));
    let changes = applied.only();
    let last = changes.steps.last();
    assert!(
        matches!(last, Some(Step::OpenSession { max_live: 5, code, .. })
        if *code == Some(CodeId([3; 16])))
    );
    let row = changes.audit.last().cloned().expect("the login is audited");
    assert_eq!(
        (row.action, row.session),
        (AuditAction::SignedIn, Some(session.id))
    );
    assert_eq!(row.device_id.as_deref(), Some("phon…"));
    let claims = signed.all()[0];
    assert_eq!((claims.user, claims.session), (session.user, session.id));
    assert_eq!(claims.scope, Scope::User);
    assert_eq!(claims.expires_at, at(500 + 3_600));
    let refresh = verify_refresh_token(&*mac(), done.tokens.refresh_token.expose());
    let refresh = refresh.expect("it is ours");
    assert_eq!((refresh.session, refresh.generation), (session.id, 0));
    assert_eq!(
        done.tokens.refresh_expires_in,
        crate::support::secs(30 * 86_400)
    );
}
