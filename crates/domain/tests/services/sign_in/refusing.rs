//! Logins that are refused, and what is asked for first.

use menshen_domain::model::account::AccountStatus;
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::changes::Step;
use menshen_domain::model::evidence::Evidence;
use menshen_domain::model::linking::{Refusal, Snapshot};
use menshen_domain::services::login::{LoginError, LoginRequest};

use super::{alice, both, complete, everywhere, found, run, run_with};
use crate::desk::{Desk, login_request};
use crate::support::people::{Holding, account, app, by_button, cancelling, openid};
use crate::support::phone;

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
