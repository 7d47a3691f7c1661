use menshen_domain::model::account::Account;
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::limits::LimitRule;
use menshen_domain::model::wechat::{AppChoiceError, SessionKey};
use menshen_domain::model::wechat_profile::WeChatProfile;
use menshen_domain::ports::account_store::{AccountStoreError, StoredSessionKey};
use menshen_domain::ports::open_data_reader::{OpenData, OpenDataError};
use menshen_domain::ports::wechat_gateway::WeChatGatewayError;
use menshen_domain::services::decrypt_open_data::{DecryptOpenDataError, GivenOpenData};

use crate::desk::{Desk, actions, signed_in, steps};
use crate::support::people::{Holding, account, app, openid, origin};
use crate::support::{away, epoch};

fn me() -> Account {
    account(1).with_openid(&app(0), openid(0))
}

fn given(signed: bool) -> GivenOpenData {
    GivenOpenData {
        encrypted_data: "c2VjcmV0".to_owned(),
        iv: "aXY=".to_owned(),
        signed: signed.then(|| ("{}".to_owned(), "5f".to_owned())),
    }
}

fn keyed(desk: &mut Desk) {
    desk.accounts
        .expect_session_key()
        .withf(|user, _, of| *user == me().id && *of == app(0).id)
        .once()
        .returning(|_, _, _| {
            Ok(Some(StoredSessionKey {
                openid: openid(0),
                key: SessionKey::parse("tiihtNczf5v6AKRyjwEUhQ==").expect("a key"),
                stored_at: epoch(),
            }))
        });
}

fn opened() -> OpenData {
    OpenData {
        client_json: r#"{"city":"Guangzhou"}"#.to_owned(),
        union_id: None,
        openid: None,
        profile: WeChatProfile::default(),
    }
}

/// What the data turns out to be.
fn turns_out(desk: &mut Desk, outcome: fn() -> Result<OpenData, OpenDataError>) {
    desk.reader
        .expect_open()
        .withf(|sealed, key, expected| {
            sealed.encrypted_data == "c2VjcmV0"
                && sealed.iv == "aXY="
                && key.expose() == "tiihtNczf5v6AKRyjwEUhQ=="
                && *expected.app == app(0).id
                && *expected.openid == openid(0)
        })
        .once()
        .returning(move |_, _, _| outcome());
}

async fn decrypt(desk: Desk, given: GivenOpenData) -> Result<OpenData, DecryptOpenDataError> {
    let decrypt = desk.open().decrypt();
    decrypt
        .execute(&signed_in(&me()), None, &given, &origin())
        .await
}

fn is_refused(answer: &Result<OpenData, DecryptOpenDataError>, why: OpenDataError) -> bool {
    matches!(answer, Err(DecryptOpenDataError::Data(error)) if *error == why)
}

#[tokio::test]
async fn the_stored_key_opens_the_data() {
    let mut desk = Desk::default();
    keyed(&mut desk);
    turns_out(&mut desk, || Ok(opened()));
    let data = decrypt(desk, given(false)).await.expect("clear data");
    assert_eq!(data, opened());
}

#[tokio::test]
async fn a_wrong_signature_is_told_and_no_data_is_answered() {
    let mut desk = Desk::default();
    keyed(&mut desk);
    turns_out(&mut desk, || Ok(opened()));
    desk.reader
        .expect_verify()
        .withf(|raw, signature, _| raw == "{}" && signature == "5f")
        .once()
        .returning(|_, _, _| Err(OpenDataError::SignatureMismatch));
    let answer = decrypt(desk, given(true)).await;
    assert!(is_refused(&answer, OpenDataError::SignatureMismatch));
}

/// With another key neither fits; what helps is another login.
#[tokio::test]
async fn data_that_does_not_decrypt_says_nothing_of_its_signature() {
    let mut desk = Desk::default();
    keyed(&mut desk);
    turns_out(&mut desk, || Err(OpenDataError::DecryptFailed));
    let answer = decrypt(desk, given(true)).await;
    assert!(is_refused(&answer, OpenDataError::DecryptFailed));
}

#[tokio::test]
async fn without_a_key_nothing_can_be_decrypted() {
    let mut desk = Desk::default();
    desk.accounts
        .expect_session_key()
        .once()
        .returning(|_, _, _| Ok(None));
    let answer = decrypt(desk, given(false)).await;
    assert!(is_refused(&answer, OpenDataError::DecryptFailed));
}

/// WeChat is not asked about a key unless the deployment says so.
#[tokio::test]
async fn a_failure_asks_nobody_by_default() {
    let mut desk = Desk::default();
    keyed(&mut desk);
    turns_out(&mut desk, || Err(OpenDataError::DecryptFailed));
    let answer = decrypt(desk, given(false)).await;
    assert!(is_refused(&answer, OpenDataError::DecryptFailed));
}

fn checking() -> Desk {
    let mut desk = Desk {
        check_session: true,
        ..Desk::default()
    };
    keyed(&mut desk);
    turns_out(&mut desk, || Err(OpenDataError::DecryptFailed));
    desk
}

#[tokio::test]
async fn a_key_that_wechat_does_not_know_any_more_is_dropped() {
    let mut desk = checking();
    desk.gateway
        .expect_session_key_is_live()
        .once()
        .returning(|_, _, _| Ok(false));
    let applied = desk.applied();
    let answer = decrypt(desk, given(false)).await;
    assert!(is_refused(&answer, OpenDataError::DecryptFailed));
    let changes = applied.only();
    assert_eq!(steps(&changes), ["no session key"]);
    assert_eq!(actions(&changes), [AuditAction::SessionKeyDropped]);
}

#[tokio::test]
async fn a_key_that_lives_or_may_live_stays() {
    let answers: [fn() -> Result<bool, WeChatGatewayError>; 2] = [
        || Ok(true),
        || Err(WeChatGatewayError::Misconfigured(away())),
    ];
    for live in answers {
        let mut desk = checking();
        desk.gateway
            .expect_session_key_is_live()
            .once()
            .returning(move |_, _, _| live());
        let answer = decrypt(desk, given(false)).await;
        assert!(is_refused(&answer, OpenDataError::DecryptFailed));
    }
}

#[tokio::test]
async fn who_asks_too_often_is_refused_before_any_key_is_read() {
    let mut desk = Desk::default();
    desk.wechat_limits.decrypt_per_session = 1;
    desk.refused(LimitRule::OpenData);
    let answer = decrypt(desk, given(false)).await;
    assert!(matches!(
        answer,
        Err(DecryptOpenDataError::RateLimited { retry_after }) if retry_after.as_secs() == 37
    ));
    let mut desk = Desk::default();
    desk.wechat_limits.decrypt_per_session = 1;
    desk.limiter_away();
    let answer = decrypt(desk, given(false)).await;
    assert!(matches!(answer, Err(DecryptOpenDataError::Unavailable(_))));
}

#[tokio::test]
async fn with_the_store_away_nothing_is_known() {
    let mut desk = Desk::default();
    desk.accounts
        .expect_session_key()
        .once()
        .returning(|_, _, _| Err(AccountStoreError::Unavailable(away())));
    let answer = decrypt(desk, given(false)).await;
    assert!(matches!(answer, Err(DecryptOpenDataError::Unavailable(_))));
}

#[tokio::test]
async fn which_mini_program_is_meant_must_be_known() {
    let desk = Desk {
        apps: vec![app(0), app(1)],
        ..Desk::default()
    };
    let answer = decrypt(desk, given(false)).await;
    assert!(matches!(
        answer,
        Err(DecryptOpenDataError::App(AppChoiceError::Ambiguous))
    ));
}

#[test]
fn open_data_does_not_print() {
    assert_eq!(format!("{:?}", given(true)), "GivenOpenData(…)");
}
