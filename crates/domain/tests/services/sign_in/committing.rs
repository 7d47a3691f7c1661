//! The order of the steps, and logins that are overtaken.

use menshen_domain::model::evidence::Evidence;
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::policy::RequirePhone;
use menshen_domain::model::token::{AccessToken, Scope};
use menshen_domain::ports::account_store::AccountStoreError;
use menshen_domain::ports::token_issuer::TokenIssuerError;
use menshen_domain::services::check_code::CheckCodeError;
use menshen_domain::services::login::LoginError;
use mockall::Sequence;

use super::{alice, both, complete, everywhere, found, run};
use crate::desk::Desk;
use crate::support::people::{Holding, account};
use crate::support::{away, epoch, phone, user};

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
