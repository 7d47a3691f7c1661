//! WeChat's phone numbers are billed: who is asked for one, and how often.

use menshen_domain::model::account::Account;
use menshen_domain::model::limits::{LimitKey, LimitRule};
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::wechat::{LoginCode, PhoneCode};
use menshen_domain::ports::rate_limiter::Admission;
use menshen_domain::ports::wechat_gateway::{
    WeChatGatewayError, WeChatIdentification, WeChatPhone,
};
use menshen_domain::services::bind::BindError;
use menshen_domain::services::login::{LoginError, SignedIn, WeChatProof};
use menshen_domain::services::login_with_wechat::Button;

use crate::desk::{Desk, login_request, reservation, signed_in};
use crate::support::people::{Holding, account, app, openid, origin};
use crate::support::{away, phone};

fn budgeted() -> Desk {
    let mut desk = Desk::default();
    desk.wechat_limits.phone_day = 100;
    desk.wechat_limits.phone_per_user_day = 5;
    desk
}

fn vouching(desk: &mut Desk) {
    desk.gateway.expect_identify().once().returning(|_, _| {
        Ok(WeChatIdentification {
            openid: openid(0),
            union_id: None,
            session_key: None,
            profile_ticket: None,
        })
    });
}

fn phone_code() -> PhoneCode {
    PhoneCode::parse("phone-code").expect("a code")
}

async fn press(desk: Desk, if_missing: bool) -> Result<SignedIn, LoginError> {
    let login = desk.open().login_with_wechat();
    let shown = WeChatProof::Code(LoginCode::parse("login-code").expect("a code"));
    let code = phone_code();
    let button = Button {
        code: &code,
        if_missing,
    };
    login
        .with_phone_button(None, &shown, button, &login_request())
        .await
}

async fn bind(desk: Desk) -> Result<(), BindError> {
    let me = account(1).with_openid(&app(0), openid(0));
    let bind = desk.open().bind_phone();
    bind.with_button(&signed_in(&me), &phone_code(), None, &origin())
        .await
        .map(drop)
}

/// Of the application, and of the person within it.
#[tokio::test]
async fn a_call_is_counted_before_it_is_made() {
    let mut desk = budgeted();
    vouching(&mut desk);
    desk.limiter
        .expect_reserve()
        .withf(|windows| {
            let counted: Vec<_> = windows.iter().map(|one| (&one.key, one.limit)).collect();
            counted
                == [
                    (&LimitKey::PhoneCalls(app(0).id), 100),
                    (&LimitKey::PhoneCallsFor(app(0).id, openid(0)), 5),
                ]
        })
        .once()
        .returning(|windows| Ok(Admission::Reserved(reservation(windows.to_vec()))));
    desk.gateway
        .expect_phone_number()
        .once()
        .returning(|_, _, _| Ok(WeChatPhone { number: phone(1) }));
    desk.signing();
    desk.observed(Snapshot::default());
    desk.applied();
    let done = press(desk, false).await.expect("signed in");
    assert_eq!(done.account.phone, Some(phone(1)));
}

#[tokio::test]
async fn without_a_budget_wechat_is_not_asked() {
    let mut desk = budgeted();
    vouching(&mut desk);
    desk.refused(LimitRule::PhoneCalls);
    let error = press(desk, false).await.unwrap_err();
    assert!(matches!(error, LoginError::RateLimited { .. }));
    assert!(error.keeps_proof());
    let mut desk = budgeted();
    desk.refused(LimitRule::PhoneCalls);
    let error = bind(desk).await.unwrap_err();
    assert!(matches!(
        error,
        BindError::Login(LoginError::RateLimited { .. })
    ));
}

/// Rather no number than one that nobody has counted.
#[tokio::test]
async fn with_the_limiter_away_wechat_is_not_asked() {
    let mut desk = budgeted();
    vouching(&mut desk);
    desk.limiter_away();
    let error = press(desk, false).await.unwrap_err();
    assert!(matches!(error, LoginError::Unavailable(_)));
}

#[tokio::test]
async fn a_call_that_was_not_made_is_not_counted() {
    let cases: [(fn() -> WeChatGatewayError, bool); 4] = [
        (|| WeChatGatewayError::Misconfigured(away()), true),
        (
            || WeChatGatewayError::Unavailable {
                code_unspent: true,
                retry_after: None,
                source: away(),
            },
            true,
        ),
        (
            || WeChatGatewayError::Unavailable {
                code_unspent: false,
                retry_after: None,
                source: away(),
            },
            false,
        ),
        (|| WeChatGatewayError::CodeRefused, false),
    ];
    for (error, released) in cases {
        let mut desk = budgeted();
        desk.admitted();
        desk.gateway
            .expect_phone_number()
            .once()
            .returning(move |_, _, _| Err(error()));
        if released {
            desk.released();
        }
        bind(desk).await.unwrap_err();
    }
}

fn held_by(account: Account) -> Snapshot {
    Snapshot {
        by_openid: Some(account),
        ..Snapshot::default()
    }
}

/// Neither WeChat nor the budget is touched.
#[tokio::test]
async fn a_number_that_is_there_is_not_bought_again() {
    let mut desk = budgeted();
    vouching(&mut desk);
    desk.signing();
    let known = account(1)
        .with_openid(&app(0), openid(0))
        .with_phone(&phone(1));
    desk.observed(held_by(known));
    desk.applied();
    let done = press(desk, true).await.expect("signed in");
    assert_eq!(done.account.phone, Some(phone(1)));
    assert!(done.not_attached.is_empty());
}

#[tokio::test]
async fn a_number_that_is_missing_is_asked_for() {
    for found in [
        Snapshot::default(),
        held_by(account(1).with_openid(&app(0), openid(0))),
    ] {
        let mut desk = Desk::default();
        vouching(&mut desk);
        desk.gateway
            .expect_phone_number()
            .once()
            .returning(|_, _, _| Ok(WeChatPhone { number: phone(1) }));
        desk.signing();
        desk.observed(found);
        desk.applied();
        let done = press(desk, true).await.expect("signed in");
        assert_eq!(done.account.phone, Some(phone(1)));
    }
}
