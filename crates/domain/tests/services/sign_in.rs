use menshen_domain::model::account::{Account, AccountStatus};
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::{Expected, Step};
use menshen_domain::model::evidence::{Evidence, EvidencePart, WeChatIdentity};
use menshen_domain::model::linking::{Refusal, Snapshot};
use menshen_domain::model::policy::RequirePhone;
use menshen_domain::model::profile::{AvatarUrl, Bio};
use menshen_domain::model::refresh_token::verify_refresh_token;
use menshen_domain::model::token::{AccessToken, Scope};
use menshen_domain::model::verification::CodeId;
use menshen_domain::model::wechat::{AppId, SessionKey};
use menshen_domain::ports::account_store::AccountStoreError;
use menshen_domain::ports::token_issuer::TokenIssuerError;
use menshen_domain::services::check_code::CheckCodeError;
use menshen_domain::services::login::{LoginError, LoginRequest, SignedIn};
use menshen_domain::services::sign_in::Via;
use mockall::Sequence;

use crate::desk::{Desk, actions, client, login_request, notices, opened, steps};
use crate::support::people::{
    Holding, account, app, by_button, by_sms, cancelling, identity, openid, origin, platform,
    union_id,
};
use crate::support::{at, away, epoch, mac, phone, user};

fn via() -> Via {
    Via {
        method: "sms",
        app_id: Some(app(0).id),
        code: Some(CodeId([3; 16])),
    }
}

fn alice() -> WeChatIdentity {
    WeChatIdentity {
        session_key: SessionKey::parse("tiihtNczf5v6AKRyjwEUhQ==").ok(),
        ..identity(&app(0), openid(0), Some(union_id(0)))
    }
}

fn both() -> Evidence {
    Evidence::Both(by_sms(&phone(1)), alice())
}

async fn run(desk: Desk, evidence: Evidence) -> Result<SignedIn, LoginError> {
    run_with(desk, evidence, login_request()).await
}

async fn run_with(
    desk: Desk,
    evidence: Evidence,
    request: LoginRequest,
) -> Result<SignedIn, LoginError> {
    desk.open()
        .sign_in()
        .execute(&evidence, &request, &via())
        .await
}

fn restoring() -> LoginRequest {
    LoginRequest {
        restore: true,
        ..login_request()
    }
}

/// An account that holds all of the evidence.
fn complete() -> Account {
    account(1)
        .with_phone(&phone(1))
        .with_openid(&app(0), openid(0))
        .with_union_id(platform(0), union_id(0))
}

fn found(by_phone: Option<&Account>, by_openid: Option<&Account>) -> Snapshot {
    Snapshot {
        by_phone: by_phone.cloned(),
        by_openid: by_openid.cloned(),
        ..Snapshot::default()
    }
}

fn everywhere(one: &Account) -> Snapshot {
    Snapshot {
        by_union_id: Some(one.clone()),
        ..found(Some(one), Some(one))
    }
}

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

/// Every refusal is audited with the masked evidence, and changes nothing.
#[tokio::test]
async fn a_refused_login_is_audited_and_changes_nothing() {
    let mut asking = Desk::default();
    asking.policy.consent_version = Some("2026-01".to_owned());
    let mut confirming = Desk::default();
    confirming.policy.confirm_wechat_phone = true;
    let held = account(1).with_phone(&phone(1));
    let other = account(2)
        .with_openid(&app(0), openid(0))
        .with_phone(&phone(2));
    let button = || Evidence::Both(by_button(&phone(1)), alice());
    let AccountStatus::Cancelling { purge_at } = cancelling() else {
        unreachable!()
    };
    let disabled = complete().with_status(AccountStatus::DISABLED);
    let gone_soon = complete().with_status(cancelling());
    for (mut desk, found, evidence, refusal, user) in [
        (
            Desk::default(),
            everywhere(&disabled),
            both(),
            Refusal::Disabled,
            Some(disabled.id),
        ),
        (
            Desk::default(),
            everywhere(&gone_soon),
            both(),
            Refusal::Cancelling { purge_at },
            Some(gone_soon.id),
        ),
        (
            asking,
            Snapshot::default(),
            both(),
            Refusal::ConsentRequired,
            None,
        ),
        (
            confirming,
            found(Some(&held), None),
            button(),
            Refusal::PhoneConfirmationRequired,
            Some(held.id),
        ),
        (
            Desk::default(),
            found(Some(&held), Some(&other)),
            button(),
            Refusal::Conflict,
            Some(held.id),
        ),
    ] {
        desk.observed(found);
        let audited = desk.audited();
        let error = run(desk, evidence).await.unwrap_err();
        assert!(
            matches!(error, LoginError::Refused(told) if told == refusal),
            "{error:?}"
        );
        let row = audited.all()[0].clone();
        assert_eq!(audited.actions(), [AuditAction::SignInRefused]);
        assert_eq!(row.reason.as_deref(), Some(refusal.as_str()));
        assert_eq!((row.user, row.subject), (user, Some(phone(1).masked())));
        assert_eq!(row.device_id.as_deref(), Some("phon…"));
    }
}

#[tokio::test]
async fn a_refusal_that_cannot_be_audited_is_unavailable() {
    let mut desk = Desk::default();
    desk.observed(everywhere(&complete().with_status(AccountStatus::DISABLED)));
    desk.audit_away();
    let error = run(desk, both()).await.unwrap_err();
    assert!(matches!(error, LoginError::Unavailable(_)));
}

#[tokio::test]
async fn only_the_current_consent_makes_an_account_and_it_is_kept() {
    let asking = || {
        let mut desk = Desk::default();
        desk.policy.consent_version = Some("2026-01".to_owned());
        desk
    };
    let with = |version: &str| LoginRequest {
        consent: Some(version.to_owned()),
        ..login_request()
    };
    let mut desk = asking();
    desk.observed(Snapshot::default());
    desk.audited();
    let error = run_with(desk, both(), with("2025-01")).await.unwrap_err();
    assert!(matches!(
        error,
        LoginError::Refused(Refusal::ConsentRequired)
    ));

    let mut desk = asking();
    desk.signing();
    desk.observed(Snapshot::default());
    let applied = desk.applied();
    run_with(desk, both(), with("2026-01"))
        .await
        .expect("signed in");
    assert!(
        matches!(&applied.only().steps[0], Step::CreateUser { consent_version, .. }
        if consent_version.as_deref() == Some("2026-01"))
    );

    // Who has an account need not agree again, and where nothing is asked for,
    // nothing is kept.
    let mut desk = asking();
    desk.signing();
    desk.observed(everywhere(&complete()));
    desk.applied();
    assert!(run(desk, both()).await.is_ok());
    let mut desk = Desk::default();
    desk.signing();
    desk.observed(Snapshot::default());
    let applied = desk.applied();
    run_with(desk, both(), with("x")).await.expect("signed in");
    assert!(matches!(
        &applied.only().steps[0],
        Step::CreateUser {
            consent_version: None,
            ..
        }
    ));
}

#[tokio::test]
async fn the_tokens_are_signed_before_anything_is_committed() {
    let mut desk = Desk::default();
    desk.observed(everywhere(&complete()));
    let mut order = Sequence::new();
    desk.issuer
        .expect_issue()
        .once()
        .in_sequence(&mut order)
        .returning(|_| Ok(AccessToken::new("signed".to_owned())));
    desk.accounts
        .expect_apply()
        .once()
        .in_sequence(&mut order)
        .returning(|_| Ok(()));
    assert!(run(desk, both()).await.is_ok());

    let mut desk = Desk::default();
    desk.observed(everywhere(&complete()));
    desk.issuer
        .expect_issue()
        .once()
        .returning(|_| Err(TokenIssuerError(away())));
    let error = run(desk, both()).await.unwrap_err();
    assert!(matches!(error, LoginError::Tokens(_)));
}

#[tokio::test]
async fn a_login_that_was_overtaken_looks_again_and_ends_in_the_winners_account() {
    let mut desk = Desk::default();
    desk.signing();
    let mut order = Sequence::new();
    for (found, outcome) in [
        (Snapshot::default(), Err(())),
        (everywhere(&complete()), Ok(())),
    ] {
        desk.accounts
            .expect_observe()
            .once()
            .in_sequence(&mut order)
            .returning(move |_| Ok(found.clone()));
        desk.accounts
            .expect_apply()
            .once()
            .in_sequence(&mut order)
            .returning(move |_| outcome.map_err(|()| AccountStoreError::Stale));
    }
    let done = run(desk, both()).await.expect("signed in");
    assert_eq!(done.account.id, complete().id);
    assert!(!done.is_new_user);
}

#[tokio::test]
async fn accounts_that_never_hold_still_are_given_up_after_twelve_rounds() {
    let mut desk = Desk::default();
    desk.signing();
    desk.accounts
        .expect_observe()
        .times(12)
        .returning(|_| Ok(Snapshot::default()));
    desk.accounts
        .expect_apply()
        .times(12)
        .returning(|_| Err(AccountStoreError::Stale));
    let error = run(desk, both()).await.unwrap_err();
    assert!(matches!(error, LoginError::Unavailable(_)));
    assert!(error.keeps_proof());
}

#[tokio::test]
async fn a_store_that_is_away_is_not_asked_again() {
    let mut desk = Desk::default();
    desk.accounts
        .expect_observe()
        .once()
        .returning(|_| Err(AccountStoreError::Unavailable(away())));
    let error = run(desk, both()).await.unwrap_err();
    assert!(matches!(error, LoginError::Unavailable(_)));

    let mut desk = Desk::default();
    desk.signing();
    desk.observed(Snapshot::default());
    let asked = desk.not_applied(|| AccountStoreError::Unavailable(away()));
    let error = run(desk, both()).await.unwrap_err();
    assert!(matches!(error, LoginError::Unavailable(_)));
    assert_eq!(asked.all().len(), 1);
}

#[tokio::test]
async fn a_code_that_opened_a_session_before_opens_no_other() {
    let mut desk = Desk::default();
    desk.signing();
    desk.observed(everywhere(&complete()));
    let asked = desk.not_applied(|| AccountStoreError::CodeSpent);
    let error = run(desk, both()).await.unwrap_err();
    assert!(matches!(error, LoginError::Code(CheckCodeError::Expired)));
    assert!(!error.keeps_proof());
    assert_eq!(asked.all().len(), 1);
}

#[tokio::test]
async fn an_account_that_owes_a_phone_number_is_told_so() {
    for (require, scope, required) in [
        (RequirePhone::Never, Scope::User, false),
        (RequirePhone::Prompt, Scope::User, true),
        (RequirePhone::Always, Scope::Onboarding, true),
    ] {
        let mut desk = Desk::default();
        desk.policy.require_phone = require;
        let signed = desk.signing();
        desk.observed(Snapshot::default());
        desk.applied();
        let done = run(desk, Evidence::WeChat(alice()))
            .await
            .expect("signed in");
        assert_eq!(
            (signed.all()[0].scope, done.phone_required),
            (scope, required)
        );

        let mut desk = Desk::default();
        desk.policy.require_phone = require;
        let signed = desk.signing();
        desk.observed(Snapshot::default());
        desk.applied();
        let done = run(desk, both()).await.expect("signed in");
        assert_eq!(
            (signed.all()[0].scope, done.phone_required),
            (Scope::User, false)
        );
    }
}

#[tokio::test]
async fn whatever_a_login_changes_is_stamped_and_owned() {
    for found in [
        Snapshot::default(),
        everywhere(&complete()),
        found(Some(&account(1).with_phone(&phone(1))), None),
    ] {
        let mut desk = Desk::default();
        desk.signing();
        desk.observed(found);
        let applied = desk.applied();
        let done = run(desk, both()).await.expect("signed in");
        let changes = applied.only();
        assert_eq!(changes.at(), Some(epoch()));
        assert!(
            changes
                .outbox
                .iter()
                .all(|event| event.user == done.account.id)
        );
        assert_ne!(done.account.id, user(0));
    }
}
