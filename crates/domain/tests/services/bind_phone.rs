use menshen_domain::model::account::Account;
use menshen_domain::model::binding::BindingRefusal;
use menshen_domain::model::changes::Step;
use menshen_domain::model::evidence::PhoneProof;
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::sms_code::SmsCode;
use menshen_domain::model::verification::{CodeScope, Purpose};
use menshen_domain::model::wechat::PhoneCode;
use menshen_domain::ports::account_store::AccountStoreError;
use menshen_domain::ports::wechat_gateway::{WeChatGatewayError, WeChatPhone};
use menshen_domain::services::bind::{BindError, Bound};
use menshen_domain::services::check_code::CheckCodeError;
use menshen_domain::services::login::LoginError;

use crate::desk::{Desk, signed_in, steps};
use crate::support::people::{
    Holding, account, app, login_scope, openid, origin, right_code, seed,
};
use crate::support::{at, away, phone};

fn scope(me: &Account) -> CodeScope {
    CodeScope {
        purpose: Purpose::BindPhone(me.id),
        ..login_scope(&phone(1))
    }
}

async fn with_sms(desk: Desk, me: &Account, code: SmsCode) -> Result<Bound, BindError> {
    desk.open()
        .bind_phone()
        .with_sms(&signed_in(me), &phone(1), &code, None, &origin())
        .await
}

async fn with_button(desk: Desk, me: &Account) -> Result<Bound, BindError> {
    let code = PhoneCode::parse("phone-code").expect("a code");
    desk.open()
        .bind_phone()
        .with_button(&signed_in(me), &code, None, &origin())
        .await
}

fn found(me: &Account) -> Snapshot {
    Snapshot {
        signed_in: Some(me.clone()),
        ..Snapshot::default()
    }
}

fn given_back(desk: &mut Desk, me: &Account) {
    let scope = scope(me);
    desk.codes
        .expect_give_back()
        .withf(move |of, challenge, id| *of == scope && challenge.is_none() && *id == seed().id)
        .once()
        .returning(|_, _, _| Ok(()));
}

#[tokio::test]
async fn a_code_for_binding_belongs_to_its_user_and_binds_the_number() {
    let me = account(1);
    let mut desk = Desk::default();
    desk.right_code_is_spent();
    desk.observed(found(&me));
    let applied = desk.applied();
    let bound = with_sms(desk, &me, right_code(&scope(&me))).await;
    assert!(matches!(bound, Ok(Bound::Kept(account)) if account.phone == Some(phone(1))));
    // For good, whatever the code store forgets.
    let changes = applied.only();
    assert_eq!(steps(&changes), ["phone", "spent code"]);
    assert!(matches!(changes.steps[1], Step::SpendCode(id) if id == seed().id));

    // Neither a login's code nor that of another user will do.
    for other in [login_scope(&phone(1)), scope(&account(2))] {
        let mut desk = Desk::default();
        desk.counted(4);
        desk.admitted();
        desk.guesses_are_few();
        desk.audited();
        let error = with_sms(desk, &me, right_code(&other)).await.unwrap_err();
        assert!(matches!(
            error,
            BindError::Login(LoginError::Code(CheckCodeError::Incorrect { .. }))
        ));
    }
}

/// Before the code is tried, so that a stolen access token cannot even spend it.
#[tokio::test]
async fn replacing_a_number_without_a_recent_proof_tries_no_code() {
    let me = account(1).with_phone(&phone(9));
    let desk = Desk {
        now: at(300),
        ..Desk::default()
    };
    let error = with_sms(desk, &me, right_code(&scope(&me)))
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        BindError::StepUpRequired {
            sms: true,
            wechat: false
        }
    ));
}

#[tokio::test]
async fn proving_the_number_that_is_held_needs_no_other_proof() {
    let me = account(1).with_phone(&phone(1));
    let mut desk = Desk {
        now: at(300),
        ..Desk::default()
    };
    desk.right_code_is_spent();
    desk.observed(Snapshot {
        by_phone: Some(me.clone()),
        ..found(&me)
    });
    let bound = with_sms(desk, &me, right_code(&scope(&me))).await;
    assert!(matches!(bound, Ok(Bound::Kept(account)) if *account == me));
}

#[tokio::test]
async fn a_code_is_given_back_where_a_store_failed() {
    let me = account(1);
    let mut desk = Desk::default();
    desk.right_code_is_spent();
    given_back(&mut desk, &me);
    desk.accounts
        .expect_observe()
        .once()
        .returning(|_| Err(AccountStoreError::Unavailable(away())));
    let error = with_sms(desk, &me, right_code(&scope(&me)))
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        BindError::Login(LoginError::Unavailable(_))
    ));
}

/// The number was replaced by another request meanwhile.
#[tokio::test]
async fn a_code_is_given_back_where_a_recent_proof_turns_out_to_be_needed() {
    let me = account(1);
    let mut desk = Desk {
        now: at(300),
        ..Desk::default()
    };
    desk.right_code_is_spent();
    given_back(&mut desk, &me);
    desk.observed(found(&me.clone().with_phone(&phone(9))));
    let error = with_sms(desk, &me, right_code(&scope(&me)))
        .await
        .unwrap_err();
    assert!(matches!(error, BindError::StepUpRequired { .. }));
}

#[tokio::test]
async fn a_number_that_is_taken_is_told_only_after_the_proof_and_spends_it() {
    let me = account(1).with_openid(&app(0), openid(0));
    let other = account(2)
        .with_phone(&phone(1))
        .with_openid(&app(0), openid(5));
    let taken = || Snapshot {
        by_phone: Some(other.clone()),
        ..found(&me)
    };
    let mut desk = Desk::default();
    desk.right_code_is_spent();
    desk.observed(taken());
    let error = with_sms(desk, &me, right_code(&scope(&me)))
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        BindError::Refused(BindingRefusal::PhoneTaken)
    ));

    let mut desk = Desk::default();
    desk.counted(4);
    desk.admitted();
    desk.guesses_are_few();
    desk.audited();
    let wrong = right_code(&login_scope(&phone(1)));
    let error = with_sms(desk, &me, wrong).await.unwrap_err();
    assert!(matches!(error, BindError::Login(LoginError::Code(_))));
}

#[tokio::test]
async fn the_button_takes_the_openid_of_its_application_along() {
    let me = account(1).with_openid(&app(0), openid(0));
    let mut desk = Desk::default();
    desk.gateway
        .expect_phone_number()
        .withf(|of, code, who| *of == app(0) && code.expose() == "phone-code" && *who == openid(0))
        .once()
        .returning(|_, _, _| Ok(WeChatPhone { number: phone(1) }));
    desk.observed(found(&me));
    let applied = desk.applied();
    let bound = with_button(desk, &me).await;
    assert!(matches!(bound, Ok(Bound::Kept(account)) if account.phone == Some(phone(1))));
    assert!(matches!(
        applied.only().steps[0],
        Step::SetPhone {
            proof: PhoneProof::WeChat,
            ..
        }
    ));
}

#[tokio::test]
async fn a_phone_code_is_worth_nothing_to_an_account_without_an_openid_of_the_application() {
    for me in [account(1), account(1).with_openid(&app(1), openid(0))] {
        let error = with_button(Desk::default(), &me).await.unwrap_err();
        assert!(matches!(
            error,
            BindError::Login(LoginError::WeChatCodeInvalid)
        ));
    }
}

#[tokio::test]
async fn a_phone_code_that_wechat_refuses_touches_no_account() {
    let me = account(1).with_openid(&app(0), openid(0));
    let mut desk = Desk::default();
    desk.gateway
        .expect_phone_number()
        .once()
        .returning(|_, _, _| Err(WeChatGatewayError::CodeRefused));
    let error = with_button(desk, &me).await.unwrap_err();
    assert!(matches!(
        error,
        BindError::Login(LoginError::WeChatCodeInvalid)
    ));
}

#[tokio::test]
async fn the_button_replaces_a_number_only_after_a_recent_proof() {
    let me = account(1)
        .with_openid(&app(0), openid(0))
        .with_phone(&phone(9));
    // A gateway or a store that is asked fails the test.
    let desk = Desk {
        now: at(300),
        ..Desk::default()
    };
    let error = with_button(desk, &me).await.unwrap_err();
    assert!(matches!(
        error,
        BindError::StepUpRequired {
            sms: true,
            wechat: true
        }
    ));
}
