use std::sync::{Arc, Mutex};

use menshen_domain::model::account::Account;
use menshen_domain::model::changes::Step;
use menshen_domain::model::linking::{Refusal, Snapshot};
use menshen_domain::model::session::{EndReason, Session};
use menshen_domain::model::wechat::{AppChoiceError, AppKind, LoginCode, PhoneCode, WeChatApp};
use menshen_domain::ports::account_store::AccountStoreError;
use menshen_domain::ports::session_store::SessionWithAccount;
use menshen_domain::ports::wechat_gateway::{
    WeChatGatewayError, WeChatIdentification, WeChatPhone,
};
use menshen_domain::services::login::{LoginError, LoginRequest, SignedIn, WeChatProof};
use menshen_domain::services::login_with_wechat::{Button, LoginWithWeChat};

use crate::desk::{Desk, login_request, opened};
use crate::support::people::{Holding, account, app, openid, union_id};
use crate::support::{away, epoch, phone};

fn code() -> WeChatProof {
    WeChatProof::Code(LoginCode::parse("login-code").expect("a code"))
}

async fn one_tap(login: &LoginWithWeChat) -> Result<SignedIn, LoginError> {
    login
        .with_login_code(AppKind::MiniProgram, None, &code(), None, &login_request())
        .await
}

fn button_code(code: &PhoneCode) -> Button<'_> {
    Button {
        code,
        if_missing: false,
    }
}

async fn button(login: &LoginWithWeChat) -> Result<SignedIn, LoginError> {
    let phone_code = PhoneCode::parse("phone-code").expect("a code");
    login
        .with_phone_button(None, &code(), button_code(&phone_code), &login_request())
        .await
}

fn vouching(desk: &mut Desk, times: usize) {
    desk.gateway
        .expect_identify()
        .times(times)
        .returning(|_, _| {
            Ok(WeChatIdentification {
                openid: openid(0),
                union_id: Some(union_id(0)),
                session_key: None,
                profile_ticket: None,
            })
        });
}

type Store = Arc<Mutex<Option<(Session, Account)>>>;

/// A store that keeps the one session that is opened, and finds it again.
fn one_session(desk: &mut Desk) -> Store {
    let store = Store::default();
    let writer = Arc::clone(&store);
    desk.accounts
        .expect_apply()
        .once()
        .returning(move |changes| {
            let session = opened(changes);
            let owner = Account {
                id: session.user,
                ..account(1)
            };
            *writer.lock().expect("no panic") = Some((session, owner));
            Ok(())
        });
    let reader = Arc::clone(&store);
    desk.sessions.expect_find().returning(move |id| {
        let held = reader.lock().expect("no panic").clone();
        let (session, account) = held
            .filter(|(session, _)| session.id == id)
            .ok_or_else(|| {
                menshen_domain::ports::session_store::SessionStoreError("another one".into())
            })?;
        Ok(Some(SessionWithAccount { session, account }))
    });
    store
}

#[tokio::test]
async fn one_tap_signs_in_whom_wechat_names() {
    let mut desk = Desk::default();
    vouching(&mut desk, 1);
    desk.signing();
    desk.observed(Snapshot::default());
    let applied = desk.applied();
    let done = one_tap(&desk.open().login_with_wechat())
        .await
        .expect("signed in");
    assert!(done.is_new_user);
    assert_eq!(done.account.phone, None);
    assert_eq!(done.account.identities[0].openid, openid(0));
    let changes = applied.only();
    assert_eq!(opened(&changes).app_id, Some(app(0).id));
    assert!(
        changes
            .audit
            .iter()
            .all(|row| row.method == Some("wechat_mini_program"))
    );
    assert!(
        changes
            .steps
            .iter()
            .any(|step| matches!(step, Step::OpenSession { code: None, .. }))
    );
}

#[tokio::test]
async fn the_button_brings_number_and_openid_to_one_account() {
    let mut desk = Desk::default();
    vouching(&mut desk, 1);
    desk.gateway
        .expect_phone_number()
        .withf(|_, _, who| *who == openid(0))
        .once()
        .returning(|_, _, _| Ok(WeChatPhone { number: phone(1) }));
    desk.signing();
    desk.observed(Snapshot::default());
    let applied = desk.applied();
    let done = button(&desk.open().login_with_wechat())
        .await
        .expect("signed in");
    assert_eq!(done.account.phone, Some(phone(1)));
    assert_eq!(done.account.identities[0].openid, openid(0));
    let changes = applied.only();
    assert!(
        changes
            .audit
            .iter()
            .all(|row| row.method == Some("wechat_phone"))
    );
}

#[tokio::test]
async fn ten_identical_logins_at_once_end_in_one_session() {
    let mut desk = Desk::default();
    vouching(&mut desk, 1);
    desk.signing();
    desk.observed(Snapshot::default());
    one_session(&mut desk);
    let login = Arc::new(desk.open().login_with_wechat());
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let login = Arc::clone(&login);
        callers.spawn(async move { one_tap(&login).await.expect("signed in") });
    }
    let answers = callers.join_all().await;
    for answer in &answers {
        assert_eq!(answer.session.id, answers[0].session.id);
        assert_eq!(
            answer.tokens.refresh_token.expose(),
            answers[0].tokens.refresh_token.expose()
        );
        assert!(answer.is_new_user);
    }
}

#[tokio::test]
async fn a_repeat_answers_the_sessions_current_refresh_token() {
    let mut desk = Desk::default();
    vouching(&mut desk, 1);
    desk.signing();
    desk.observed(Snapshot::default());
    let store = one_session(&mut desk);
    let login = desk.open().login_with_wechat();
    let first = one_tap(&login).await.expect("signed in");
    if let Some((session, _)) = store.lock().expect("no panic").as_mut() {
        session.refresh.current = 3;
    }
    let again = one_tap(&login).await.expect("signed in");
    assert_eq!(again.session.id, first.session.id);
    assert_ne!(
        again.tokens.refresh_token.expose(),
        first.tokens.refresh_token.expose()
    );
}

#[tokio::test]
async fn a_repeat_after_the_session_has_ended_is_invalid() {
    let mut desk = Desk::default();
    vouching(&mut desk, 1);
    desk.signing();
    desk.observed(Snapshot::default());
    let store = one_session(&mut desk);
    let login = desk.open().login_with_wechat();
    one_tap(&login).await.expect("signed in");
    if let Some((session, _)) = store.lock().expect("no panic").as_mut() {
        session.ended = Some((epoch(), EndReason::SignedOut));
    }
    let again = one_tap(&login).await;
    assert!(matches!(again, Err(LoginError::WeChatCodeInvalid)));
}

#[tokio::test]
async fn a_login_that_failed_after_the_exchange_is_completed_by_its_repeat() {
    let mut desk = Desk::default();
    vouching(&mut desk, 1);
    desk.signing();
    desk.observed(Snapshot::default());
    let mut order = mockall::Sequence::new();
    desk.accounts
        .expect_apply()
        .once()
        .in_sequence(&mut order)
        .returning(|_| Err(AccountStoreError::Unavailable(away())));
    desk.accounts
        .expect_apply()
        .once()
        .in_sequence(&mut order)
        .returning(|_| Ok(()));
    let login = desk.open().login_with_wechat();
    assert!(matches!(
        one_tap(&login).await,
        Err(LoginError::Unavailable(_))
    ));
    assert!(one_tap(&login).await.is_ok());
}

#[tokio::test]
async fn a_login_that_lacked_consent_is_completed_with_the_same_code() {
    let mut desk = Desk::default();
    desk.policy.consent_version = Some("2026-01".to_owned());
    vouching(&mut desk, 1);
    desk.signing();
    desk.audited();
    desk.observed(Snapshot::default());
    desk.applied();
    let login = desk.open().login_with_wechat();
    assert!(matches!(
        one_tap(&login).await,
        Err(LoginError::Refused(Refusal::ConsentRequired))
    ));
    let agreed = LoginRequest {
        consent: Some("2026-01".to_owned()),
        ..login_request()
    };
    let done = login
        .with_login_code(AppKind::MiniProgram, None, &code(), None, &agreed)
        .await;
    assert!(done.is_ok_and(|done| done.is_new_user));
}

#[tokio::test]
async fn a_conflict_of_the_button_changes_nothing_however_often_it_is_tried() {
    let mut desk = Desk::default();
    vouching(&mut desk, 1);
    desk.gateway
        .expect_phone_number()
        .once()
        .returning(|_, _, _| Ok(WeChatPhone { number: phone(1) }));
    desk.audited();
    desk.observed(Snapshot {
        by_phone: Some(
            account(1)
                .with_phone(&phone(1))
                .with_openid(&app(0), openid(9)),
        ),
        ..Snapshot::default()
    });
    let login = desk.open().login_with_wechat();
    for _ in 0..2 {
        assert!(matches!(
            button(&login).await,
            Err(LoginError::Refused(Refusal::Conflict))
        ));
    }
}

#[tokio::test]
async fn with_wechat_away_no_account_is_touched() {
    let mut desk = Desk::default();
    desk.gateway.expect_identify().once().returning(|_, _| {
        Err(WeChatGatewayError::Unavailable {
            code_unspent: true,
            retry_after: None,
            source: away(),
        })
    });
    let answer = one_tap(&desk.open().login_with_wechat()).await;
    assert!(matches!(answer, Err(LoginError::WeChatUnavailable { .. })));
}

#[tokio::test]
async fn a_code_of_an_application_of_another_kind_is_not_exchanged() {
    let desk = Desk {
        apps: vec![WeChatApp {
            kind: AppKind::Website,
            ..app(0)
        }],
        ..Desk::default()
    };
    let login = desk.open().login_with_wechat();
    let id = app(0).id;
    let answer = login
        .with_login_code(AppKind::App, Some(&id), &code(), None, &login_request())
        .await;
    assert!(matches!(
        answer,
        Err(LoginError::App(AppChoiceError::Unknown))
    ));
    let answer = button(&login).await;
    assert!(matches!(
        answer,
        Err(LoginError::App(AppChoiceError::Ambiguous))
    ));
}
