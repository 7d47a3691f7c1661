use menshen_domain::model::account::{Account, AccountStatus};
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::binding::BindingRefusal;
use menshen_domain::model::changes::{SessionsOf, Step};
use menshen_domain::model::evidence::{Evidence, PhoneProof};
use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::linking::{Refusal, Snapshot};
use menshen_domain::model::number_notice::LostNumber;
use menshen_domain::model::policy::RequirePhone;
use menshen_domain::model::session::EndReason;
use menshen_domain::model::sms_message::AskedThrough;
use menshen_domain::model::token::Scope;
use menshen_domain::model::verification::CodeId;
use menshen_domain::ports::account_store::AccountStoreError;
use menshen_domain::ports::token_issuer::TokenIssuerError;
use menshen_domain::services::bind::{BindError, Bound};
use menshen_domain::services::login::LoginError;
use mockall::Sequence;

use crate::desk::{Desk, actions, notices, opened, signed_in, steps};
use crate::support::people::{
    Holding, account, app, by_button, by_sms, cancelling, identity, openid, origin, platform,
    union_id,
};
use crate::support::{at, away, epoch, phone};

fn number() -> Evidence {
    Evidence::Phone(by_sms(&phone(1)))
}

fn wechat() -> Evidence {
    Evidence::WeChat(identity(&app(0), openid(0), Some(union_id(0))))
}

const CODE: Option<CodeId> = Some(CodeId([3; 16]));

async fn run(desk: Desk, me: &Account, evidence: Evidence) -> Result<Bound, BindError> {
    desk.open()
        .bind()
        .execute(&signed_in(me), &evidence, "sms", CODE, &origin())
        .await
}

/// The caller's account, and whose number or identity it is.
fn found(me: &Account) -> Snapshot {
    Snapshot {
        signed_in: Some(me.clone()),
        ..Snapshot::default()
    }
}

fn kept(bound: Result<Bound, BindError>) -> Account {
    match bound {
        Ok(Bound::Kept(account)) => *account,
        other => panic!("{other:?}"),
    }
}

fn moved(bound: Result<Bound, BindError>) -> (menshen_domain::services::login::SignedIn, bool) {
    match bound {
        Ok(Bound::Moved { signed_in, merged }) => (*signed_in, merged),
        other => panic!("{other:?}"),
    }
}

/// Which sessions of whom the changes end, and why.
fn ended(
    changes: &menshen_domain::model::changes::Changes,
) -> Vec<(UserId, SessionsOf, EndReason)> {
    changes
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::EndSessions {
                user,
                which,
                reason,
            } => Some((*user, *which, *reason)),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn a_first_number_is_attached_and_the_session_goes_on() {
    let me = account(1).with_openid(&app(0), openid(0));
    let mut desk = Desk {
        now: at(500),
        ..Desk::default()
    };
    desk.accounts
        .expect_observe()
        .withf(|lookup| {
            lookup.signed_in == Some(account(1).id)
                && lookup.phone == Some(phone(1))
                && lookup.openid.is_none()
        })
        .once()
        .returning(move |_| Ok(found(&account(1).with_openid(&app(0), openid(0)))));
    let applied = desk.applied();
    let bound = kept(run(desk, &me, number()).await);
    assert_eq!(bound.phone, Some(phone(1)));
    assert_eq!((bound.version, bound.updated_at), (2, at(500)));
    assert_eq!(bound.last_login_at, me.last_login_at, "binding is no login");
    let changes = applied.only();
    assert_eq!(steps(&changes), ["phone", "spent code"]);
    assert_eq!(actions(&changes), [AuditAction::Linked]);
    assert_eq!(notices(&changes), ["user.phone_changed"]);
    assert!(changes.expected[0].changed);
    assert_eq!(changes.expected[0].signed_in_at, None);
}

/// With the scope, the token pair changes: the caller goes on in a new session
/// that has no newer proof and no longer life.
#[tokio::test]
async fn a_number_that_changes_the_scope_answers_a_fresh_pair() {
    let me = account(1).with_openid(&app(0), openid(0));
    let mut desk = Desk {
        now: at(500),
        ..Desk::default()
    };
    desk.policy.require_phone = RequirePhone::Always;
    desk.observed(found(&me));
    let signed = desk.signing();
    let applied = desk.applied();
    let (done, merged) = moved(run(desk, &me, number()).await);
    assert!(!merged && !done.phone_required && !done.is_new_user);
    assert_eq!(signed.all()[0].scope, Scope::User);
    let changes = applied.only();
    let before = signed_in(&me).session;
    assert_eq!(steps(&changes), ["phone", "end sessions", "session"]);
    assert_eq!(
        ended(&changes),
        [(me.id, SessionsOf::One(before.id), EndReason::Replaced)]
    );
    let session = opened(&changes);
    assert_eq!(session, done.session);
    assert_ne!(session.id, before.id);
    assert_eq!((session.user, session.client), (me.id, before.client));
    assert_eq!(session.created_at, at(500));
    assert_eq!(session.proven_at, before.proven_at);
    assert_eq!(session.expires_at, before.expires_at);
    assert!(
        matches!(changes.steps.last(), Some(Step::OpenSession { code: of, .. }) if *of == CODE)
    );
}

#[tokio::test]
async fn who_came_by_wechat_and_binds_a_number_with_an_account_ends_with_that_one() {
    let me = account(2).with_openid(&app(0), openid(0));
    let other = account(1).with_phone(&phone(1));
    let mut desk = Desk::default();
    desk.observed(Snapshot {
        by_phone: Some(other.clone()),
        ..found(&me)
    });
    desk.signing();
    let applied = desk.applied();
    let (done, merged) = moved(run(desk, &me, number()).await);
    assert!(merged);
    assert_eq!(done.account.id, other.id);
    assert_eq!(done.session.user, other.id);
    assert_eq!(done.account.identities.len(), 1);
    let changes = applied.only();
    // The merge itself ends the caller's session, as merged.
    assert_eq!(steps(&changes), ["merge", "session"]);
    assert!(matches!(&changes.steps[0], Step::Merge { from, into, .. }
        if *from == me.id && *into == other.id));
    assert!(changes.expected.iter().all(|one| one.changed));
    assert_eq!(changes.expected.len(), 2);
    assert_eq!(notices(&changes), ["user.merged", "session.created"]);
}

#[tokio::test]
async fn an_account_without_a_phone_is_merged_into_the_signed_in_one() {
    for me in [account(2), account(2).with_phone(&phone(1))] {
        let other = account(1)
            .with_openid(&app(0), openid(0))
            .with_union_id(platform(0), union_id(0));
        let mut desk = Desk::default();
        desk.observed(Snapshot {
            by_openid: Some(other.clone()),
            by_union_id: Some(other.clone()),
            ..found(&me)
        });
        desk.signing();
        let applied = desk.applied();
        let (done, merged) = moved(run(desk, &me, wechat()).await);
        assert!(merged);
        assert_eq!(done.account.id, me.id);
        assert_eq!(done.account.phone, me.phone);
        let changes = applied.only();
        assert_eq!(steps(&changes), ["merge", "end sessions", "session"]);
        let before = signed_in(&me).session.id;
        assert_eq!(
            ended(&changes),
            [(me.id, SessionsOf::One(before), EndReason::Replaced)]
        );
    }
}

/// What is committed is not taken back.
#[tokio::test]
async fn a_number_is_replaced_though_its_codes_cannot_be_ended() {
    let me = account(1).with_phone(&phone(9));
    let mut desk = Desk::default();
    desk.observed(found(&me));
    desk.codes_end(me.id, phone(9), false);
    let lost = desk.handed_over();
    let applied = desk.applied();
    let bound = kept(run(desk, &me, number()).await);
    assert_eq!(bound.phone, Some(phone(1)));
    applied.only();
    assert_eq!(lost.only().phone, phone(9));
}

#[tokio::test]
async fn a_replaced_number_needs_a_recent_proof_and_ends_all_other_sessions() {
    let me = account(1)
        .with_phone(&phone(9))
        .with_openid(&app(0), openid(0));
    let mut desk = Desk {
        now: at(299),
        ..Desk::default()
    };
    desk.observed(found(&me));
    desk.codes_end(me.id, phone(9), true);
    let lost = desk.handed_over();
    let applied = desk.applied();
    let bound = kept(run(desk, &me, number()).await);
    assert_eq!(bound.phone, Some(phone(1)));
    let changes = applied.only();
    assert_eq!(steps(&changes), ["phone", "end sessions", "spent code"]);
    let mine = signed_in(&me).session.id;
    assert_eq!(
        ended(&changes),
        [(me.id, SessionsOf::AllBut(mine), EndReason::PhoneChanged)]
    );
    assert_eq!(actions(&changes), [AuditAction::PhoneChanged]);
    let expected = LostNumber {
        user: me.id,
        phone: phone(9),
        proof: Some(PhoneProof::Sms),
        asked: AskedThrough::Client(signed_in(&me).session.client.kind),
        origin: origin(),
    };
    assert_eq!(lost.only(), expected);

    for (me, ways) in [
        (me.clone(), (true, true)),
        (account(1).with_phone(&phone(9)), (true, false)),
    ] {
        let mut desk = Desk {
            now: at(300),
            ..Desk::default()
        };
        desk.observed(found(&me));
        let error = run(desk, &me, number()).await.unwrap_err();
        assert!(
            matches!(error, BindError::StepUpRequired { sms, wechat } if (sms, wechat) == ways),
            "{error:?}"
        );
        assert!(error.keeps_proof());
    }
}

#[tokio::test]
async fn what_is_held_already_changes_nothing() {
    let me = account(1)
        .with_phone(&phone(1))
        .with_openid(&app(0), openid(0))
        .with_union_id(platform(0), union_id(0));
    for evidence in [number(), wechat()] {
        let mut desk = Desk {
            now: at(86_400),
            ..Desk::default()
        };
        desk.observed(Snapshot {
            signed_in: Some(me.clone()),
            by_phone: Some(me.clone()),
            by_openid: Some(me.clone()),
            by_union_id: Some(me.clone()),
        });
        assert_eq!(kept(run(desk, &me, evidence).await), me);
    }
}

#[tokio::test]
async fn what_belongs_to_another_account_is_taken_and_nothing_moves() {
    let me = account(1)
        .with_phone(&phone(9))
        .with_openid(&app(0), openid(8));
    let other = account(2)
        .with_phone(&phone(1))
        .with_openid(&app(0), openid(0));
    for (evidence, refusal) in [
        (number(), BindingRefusal::PhoneTaken),
        (wechat(), BindingRefusal::IdentityTaken),
    ] {
        let phone_asked = matches!(evidence, Evidence::Phone(_));
        let mut desk = Desk::default();
        desk.observed(Snapshot {
            by_phone: phone_asked.then(|| other.clone()),
            by_openid: (!phone_asked).then(|| other.clone()),
            ..found(&me)
        });
        let error = run(desk, &me, evidence).await.unwrap_err();
        assert!(matches!(error, BindError::Refused(told) if told == refusal));
        assert!(!error.keeps_proof());
    }
}

#[tokio::test]
async fn where_merging_is_switched_off_it_is_taken_too() {
    let me = account(2).with_openid(&app(0), openid(0));
    let mut desk = Desk::default();
    desk.policy.merge = false;
    desk.observed(Snapshot {
        by_phone: Some(account(1).with_phone(&phone(1))),
        ..found(&me)
    });
    let error = run(desk, &me, number()).await.unwrap_err();
    assert!(matches!(
        error,
        BindError::Refused(BindingRefusal::PhoneTaken)
    ));
}

#[tokio::test]
async fn a_number_from_the_button_enters_no_account_that_asks_for_an_sms_code() {
    let me = account(2).with_openid(&app(0), openid(0));
    let mut desk = Desk::default();
    desk.policy.confirm_wechat_phone = true;
    desk.observed(Snapshot {
        by_phone: Some(account(1).with_phone(&phone(1))),
        ..found(&me)
    });
    let evidence = Evidence::Phone(by_button(&phone(1)));
    let error = run(desk, &me, evidence).await.unwrap_err();
    let refusal = BindingRefusal::Login(Refusal::PhoneConfirmationRequired);
    assert!(matches!(error, BindError::Refused(told) if told == refusal));
    assert!(error.keeps_proof());
}

/// Changes without an audit row have no time, and so would do nothing.
#[tokio::test]
async fn a_unionid_that_comes_to_light_is_linked_and_audited() {
    let me = account(1).with_openid(&app(0), openid(0));
    let mut desk = Desk::default();
    desk.observed(Snapshot {
        by_openid: Some(me.clone()),
        ..found(&me)
    });
    let applied = desk.applied();
    let bound = kept(run(desk, &me, wechat()).await);
    assert_eq!(bound.union_ids, [(platform(0), union_id(0))]);
    let changes = applied.only();
    assert_eq!(steps(&changes), ["unionid", "spent code"]);
    assert_eq!(actions(&changes), [AuditAction::Linked]);
    assert_eq!(changes.at(), Some(epoch()));
    assert_eq!(changes.audit[0].subject, Some(union_id(0).masked()));
}

#[tokio::test]
async fn an_account_that_is_gone_takes_nothing_in() {
    let me = account(1);
    let into = account(2).id;
    for seen in [
        None,
        Some(account(1).with_status(AccountStatus::Merged { into })),
        Some(account(1).with_status(AccountStatus::Erased)),
        Some(account(2)),
    ] {
        let mut desk = Desk::default();
        desk.observed(Snapshot {
            signed_in: seen,
            ..Snapshot::default()
        });
        let error = run(desk, &me, number()).await.unwrap_err();
        assert!(matches!(error, BindError::AccountGone));
        assert!(!error.keeps_proof());
    }
}

#[tokio::test]
async fn an_account_that_was_shut_meanwhile_takes_nothing_in() {
    let AccountStatus::Cancelling { purge_at } = cancelling() else {
        unreachable!()
    };
    for (status, refusal) in [
        (AccountStatus::DISABLED, Refusal::Disabled),
        (cancelling(), Refusal::Cancelling { purge_at }),
    ] {
        let mut desk = Desk::default();
        desk.observed(found(&account(1).with_status(status)));
        let error = run(desk, &account(1), number()).await.unwrap_err();
        let refusal = BindingRefusal::Login(refusal);
        assert!(matches!(error, BindError::Refused(told) if told == refusal));
    }
}

#[tokio::test]
async fn a_binding_that_was_overtaken_looks_again() {
    let me = account(1);
    let mut desk = Desk::default();
    let mut order = Sequence::new();
    let taken = Snapshot {
        by_phone: Some(
            account(2)
                .with_phone(&phone(1))
                .with_status(AccountStatus::DISABLED),
        ),
        ..found(&me)
    };
    desk.accounts
        .expect_observe()
        .once()
        .in_sequence(&mut order)
        .returning(|_| Ok(found(&account(1))));
    desk.accounts
        .expect_apply()
        .once()
        .in_sequence(&mut order)
        .returning(|_| Err(AccountStoreError::Stale));
    desk.accounts
        .expect_observe()
        .once()
        .in_sequence(&mut order)
        .returning(move |_| Ok(taken.clone()));
    let error = run(desk, &me, number()).await.unwrap_err();
    let refusal = BindingRefusal::Login(Refusal::Disabled);
    assert!(matches!(error, BindError::Refused(told) if told == refusal));
}

#[tokio::test]
async fn accounts_that_never_hold_still_are_given_up() {
    let me = account(1);
    let mut desk = Desk::default();
    desk.accounts
        .expect_observe()
        .times(12)
        .returning(|_| Ok(found(&account(1))));
    desk.accounts
        .expect_apply()
        .times(12)
        .returning(|_| Err(AccountStoreError::Stale));
    let error = run(desk, &me, number()).await.unwrap_err();
    assert!(matches!(
        error,
        BindError::Login(LoginError::Unavailable(_))
    ));
    assert!(error.keeps_proof());
}

#[tokio::test]
async fn a_port_that_is_away_fails_the_binding_at_once() {
    let me = account(1);
    let mut desk = Desk::default();
    desk.accounts
        .expect_observe()
        .once()
        .returning(|_| Err(AccountStoreError::Unavailable(away())));
    let error = run(desk, &me, number()).await.unwrap_err();
    assert!(matches!(
        error,
        BindError::Login(LoginError::Unavailable(_))
    ));

    let mut desk = Desk::default();
    desk.observed(found(&me));
    let asked = desk.not_applied(|| AccountStoreError::Unavailable(away()));
    let error = run(desk, &me, number()).await.unwrap_err();
    assert!(matches!(
        error,
        BindError::Login(LoginError::Unavailable(_))
    ));
    assert_eq!(asked.all().len(), 1);

    // The pair is signed before anything is committed.
    let mut desk = Desk::default();
    desk.policy.require_phone = RequirePhone::Always;
    desk.observed(found(&me));
    desk.issuer
        .expect_issue()
        .once()
        .returning(|_| Err(TokenIssuerError(away())));
    let error = run(desk, &me, number()).await.unwrap_err();
    assert!(matches!(error, BindError::Login(LoginError::Tokens(_))));
}
