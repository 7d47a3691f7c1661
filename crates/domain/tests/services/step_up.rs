use menshen_domain::model::account::Account;
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::sms_code::SmsCode;
use menshen_domain::model::verification::{CodeId, CodeScope, Purpose};
use menshen_domain::model::wechat::{AppChoiceError, LoginCode};
use menshen_domain::ports::session_store::{Proof, SessionStoreError};
use menshen_domain::ports::wechat_gateway::{WeChatGatewayError, WeChatIdentification};
use menshen_domain::services::check_code::CheckCodeError;
use menshen_domain::services::login::{LoginError, WeChatProof};
use menshen_domain::services::step_up::{StepUp, StepUpError};

use crate::desk::{Desk, session_of, signed_in};
use crate::support::people::{
    Holding, account, app, login_scope, openid, origin, right_code, seed,
};
use crate::support::{at, away, phone};

fn me() -> Account {
    account(1)
        .with_phone(&phone(1))
        .with_openid(&app(0), openid(0))
}

fn scope() -> CodeScope {
    CodeScope {
        purpose: Purpose::StepUp(me().id),
        ..login_scope(&phone(1))
    }
}

async fn with_sms(desk: Desk, code: SmsCode) -> Result<(), StepUpError> {
    desk.open()
        .step_up()
        .with_sms(&signed_in(&me()), &code, None, &origin())
        .await
}

async fn with_wechat(step_up: &StepUp, me: &Account) -> Result<(), StepUpError> {
    let code = WeChatProof::Code(LoginCode::parse("login-code").expect("a code"));
    step_up
        .with_wechat(&signed_in(me), &code, None, &origin())
        .await
}

/// The proof is remembered, this often.
fn remembered(desk: &mut Desk, times: usize, with: Option<CodeId>) {
    desk.sessions
        .expect_prove()
        .withf(move |id, now, code, row| {
            *id == session_of(&me()).id
                && *code == with
                && *now == at(500)
                && row.action == AuditAction::SteppedUp
                && row.user == Some(me().id)
                && row.session == Some(*id)
        })
        .times(times)
        .returning(|_, _, _, _| Ok(Proof::Taken));
}

fn vouching(desk: &mut Desk, who: u32) {
    desk.gateway
        .expect_identify()
        .once()
        .returning(move |_, _| {
            Ok(WeChatIdentification {
                openid: openid(who),
                union_id: None,
                session_key: None,
                profile_ticket: None,
            })
        });
}

fn desk() -> Desk {
    Desk {
        now: at(500),
        ..Desk::default()
    }
}

#[tokio::test]
async fn a_code_to_the_accounts_own_number_proves_who_is_there() {
    let mut desk = desk();
    desk.right_code_is_spent();
    remembered(&mut desk, 1, Some(seed().id));
    assert!(with_sms(desk, right_code(&scope())).await.is_ok());
}

#[tokio::test]
async fn a_code_of_another_purpose_or_user_proves_nothing() {
    let others = [
        login_scope(&phone(1)),
        CodeScope {
            purpose: Purpose::BindPhone(me().id),
            ..scope()
        },
        CodeScope {
            purpose: Purpose::StepUp(account(2).id),
            ..scope()
        },
    ];
    for other in others {
        let mut desk = desk();
        desk.counted(4);
        desk.admitted();
        desk.guesses_are_few();
        desk.audited();
        let error = with_sms(desk, right_code(&other)).await.unwrap_err();
        assert!(matches!(
            error,
            StepUpError::Login(LoginError::Code(CheckCodeError::Incorrect { .. }))
        ));
    }
}

#[tokio::test]
async fn an_account_without_a_number_has_none_to_prove() {
    let caller = signed_in(&account(1));
    let answer = desk()
        .open()
        .step_up()
        .with_sms(&caller, &right_code(&scope()), None, &origin())
        .await;
    assert!(matches!(answer, Err(StepUpError::NoPhone)));
}

#[tokio::test]
async fn a_code_is_given_back_where_its_proof_could_not_be_remembered() {
    for gone in [true, false] {
        let mut desk = desk();
        desk.right_code_is_spent();
        desk.sessions
            .expect_prove()
            .once()
            .returning(move |_, _, _, _| {
                if gone {
                    Ok(Proof::SessionOver)
                } else {
                    Err(SessionStoreError(away()))
                }
            });
        desk.codes
            .expect_give_back()
            .withf(|of, challenge, id| *of == scope() && challenge.is_none() && *id == seed().id)
            .once()
            .returning(|_, _, _| Ok(()));
        let error = with_sms(desk, right_code(&scope())).await.unwrap_err();
        assert!(matches!(
            (gone, error),
            (true, StepUpError::SessionOver)
                | (false, StepUpError::Login(LoginError::Unavailable(_)))
        ));
    }
}

/// The code store forgot that it was used; the sessions did not.
#[tokio::test]
async fn a_code_that_came_back_after_its_use_proves_nothing() {
    let mut desk = desk();
    desk.right_code_is_spent();
    desk.sessions
        .expect_prove()
        .once()
        .returning(|_, _, _, _| Ok(Proof::CodeSpent));
    // It is not given back: the mock expects nothing.
    let error = with_sms(desk, right_code(&scope())).await.unwrap_err();
    assert!(matches!(
        error,
        StepUpError::Login(LoginError::Code(CheckCodeError::Expired))
    ));
}

#[tokio::test]
async fn an_identity_that_the_account_holds_proves_who_is_there_and_again() {
    let mut desk = desk();
    vouching(&mut desk, 0);
    remembered(&mut desk, 2, None);
    let step_up = desk.open().step_up();
    assert!(with_wechat(&step_up, &me()).await.is_ok());
    assert!(with_wechat(&step_up, &me()).await.is_ok(), "a repeat");
}

#[tokio::test]
async fn somebody_elses_identity_proves_nothing() {
    for (me, who) in [(me(), 7), (account(1).with_phone(&phone(1)), 0)] {
        let mut desk = desk();
        vouching(&mut desk, who);
        let answer = with_wechat(&desk.open().step_up(), &me).await;
        assert!(matches!(
            answer,
            Err(StepUpError::Login(LoginError::WeChatCodeInvalid))
        ));
    }
}

#[tokio::test]
async fn a_code_that_wechat_refuses_proves_nothing() {
    let mut desk = desk();
    desk.gateway
        .expect_identify()
        .once()
        .returning(|_, _| Err(WeChatGatewayError::CodeRefused));
    let answer = with_wechat(&desk.open().step_up(), &me()).await;
    assert!(matches!(
        answer,
        Err(StepUpError::Login(LoginError::WeChatCodeInvalid))
    ));
}

#[tokio::test]
async fn which_application_is_meant_must_be_clear() {
    let desk = Desk {
        apps: vec![app(0), app(1)],
        ..desk()
    };
    let answer = with_wechat(&desk.open().step_up(), &me()).await;
    assert!(matches!(
        answer,
        Err(StepUpError::Login(LoginError::App(
            AppChoiceError::Ambiguous
        )))
    ));
}
