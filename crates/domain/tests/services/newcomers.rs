//! What else happens to whoever comes by WeChat for the first time, and to nobody
//! else: their looks, their risk.

use menshen_domain::model::account::Account;
use menshen_domain::model::changes::Step;
use menshen_domain::model::linking::{Refusal, Snapshot};
use menshen_domain::model::profile::AvatarUrl;
use menshen_domain::model::wechat::{AppKind, LoginCode, PhoneCode, SessionKey, WeChatApp};
use menshen_domain::model::wechat_login::{HostedIdentity, LoginProof, ProfileTicket};
use menshen_domain::model::wechat_login::{RiskRank, UserRisk};
use menshen_domain::model::wechat_profile::WeChatProfile;
use menshen_domain::ports::account_store::AccountStoreError;
use menshen_domain::ports::open_data_reader::{OpenData, OpenDataError};
use menshen_domain::ports::wechat_gateway::{
    WeChatGatewayError, WeChatIdentification, WeChatPhone,
};
use menshen_domain::services::decrypt_open_data::GivenOpenData;
use menshen_domain::services::login::{LoginError, SignedIn, WeChatProof};
use menshen_domain::services::login_with_sms::SmsProof;
use menshen_domain::services::login_with_wechat::{Button, LoginWithWeChat};

use crate::desk::{Desk, login_request, steps};
use crate::support::people::{Holding, account, app, openid, right_code, union_id};
use crate::support::people::{login_scope, platform};
use crate::support::phone;

fn shown() -> WeChatProof {
    WeChatProof::Code(LoginCode::parse("login-code").expect("a code"))
}

fn given() -> GivenOpenData {
    GivenOpenData {
        encrypted_data: "c2VjcmV0".to_owned(),
        iv: "aXY=".to_owned(),
        signed: None,
    }
}

fn key() -> SessionKey {
    SessionKey::parse("tiihtNczf5v6AKRyjwEUhQ==").expect("a key")
}

fn looks() -> WeChatProfile {
    WeChatProfile::cleaned(Some("Band"), Some("http://wx.qlogo.cn/mmopen/1/0"))
}

fn named(account: &Account) -> (&str, Option<&str>) {
    let profile = &account.profile;
    let avatar = profile.avatar_url.as_ref().map(AvatarUrl::as_str);
    (profile.nickname.as_str(), avatar)
}

const LOOKS: (&str, Option<&str>) = ("Band", Some("https://wx.qlogo.cn/mmopen/1/0"));

fn website() -> WeChatApp {
    WeChatApp {
        kind: AppKind::Website,
        ..app(1)
    }
}

/// WeChat vouches for somebody, as often as it is asked.
fn vouching(desk: &mut Desk, union: Option<u32>, ticket: bool) {
    desk.gateway.expect_identify().returning(move |_, _| {
        Ok(WeChatIdentification {
            openid: openid(0),
            union_id: union.map(union_id),
            session_key: Some(key()),
            profile_ticket: ticket.then(|| ProfileTicket::new(openid(0), "t0ken".into())),
        })
    });
}

fn known() -> Snapshot {
    Snapshot {
        by_openid: Some(account(1).with_openid(&app(0), openid(0))),
        ..Snapshot::default()
    }
}

async fn by_consent(login: &LoginWithWeChat) -> Result<SignedIn, LoginError> {
    login
        .with_login_code(AppKind::Website, None, &shown(), None, &login_request())
        .await
}

async fn with_profile(login: &LoginWithWeChat) -> Result<SignedIn, LoginError> {
    let given = given();
    login
        .with_login_code(
            AppKind::MiniProgram,
            None,
            &shown(),
            Some(&given),
            &login_request(),
        )
        .await
}

async fn one_tap(login: &LoginWithWeChat) -> Result<SignedIn, LoginError> {
    login
        .with_login_code(AppKind::MiniProgram, None, &shown(), None, &login_request())
        .await
}

#[tokio::test]
async fn a_new_account_takes_its_looks_from_the_consent() {
    let mut desk = Desk {
        apps: vec![app(0), website()],
        ..Desk::default()
    };
    vouching(&mut desk, None, true);
    desk.gateway
        .expect_profile()
        .withf(|of, ticket| *of == website() && ticket.expose_token() == "t0ken")
        .once()
        .returning(|_, _| Ok(looks()));
    desk.signing();
    desk.observed(Snapshot::default());
    let applied = desk.applied();
    let done = by_consent(&desk.open().login_with_wechat())
        .await
        .expect("signed in");
    assert_eq!(named(&done.account), LOOKS);
    assert_eq!(done.account.version, 2);
    let all = applied.all();
    assert_eq!(all.len(), 2);
    assert_eq!(steps(&all[1]), ["profile"]);
    assert_eq!(all[1].expected[0].version, 1, "the profile is untouched");
}

/// Neither a failure nor a change meanwhile costs the login.
#[tokio::test]
async fn looks_are_a_courtesy() {
    let mut desk = Desk {
        apps: vec![website()],
        ..Desk::default()
    };
    vouching(&mut desk, None, true);
    desk.gateway
        .expect_profile()
        .once()
        .returning(|_, _| Err(WeChatGatewayError::CodeRefused));
    desk.signing();
    desk.observed(Snapshot::default());
    let applied = desk.applied();
    let done = by_consent(&desk.open().login_with_wechat())
        .await
        .expect("signed in");
    assert!(done.is_new_user);
    assert_eq!(applied.all().len(), 1);

    let mut desk = Desk {
        apps: vec![website()],
        ..Desk::default()
    };
    vouching(&mut desk, None, true);
    desk.gateway
        .expect_profile()
        .once()
        .returning(|_, _| Ok(looks()));
    desk.signing();
    desk.observed(Snapshot::default());
    let mut first = true;
    desk.accounts.expect_apply().times(2).returning(move |_| {
        if std::mem::take(&mut first) {
            Ok(())
        } else {
            Err(AccountStoreError::Stale)
        }
    });
    let done = by_consent(&desk.open().login_with_wechat())
        .await
        .expect("signed in");
    assert_ne!(named(&done.account), LOOKS);
    assert_eq!(done.account.version, 1);
}

/// The mock has no `profile`, and the store one `apply`.
#[tokio::test]
async fn whoever_was_here_before_makes_no_second_call() {
    let mut desk = Desk {
        apps: vec![website()],
        ..Desk::default()
    };
    vouching(&mut desk, None, true);
    desk.signing();
    desk.observed(Snapshot {
        by_openid: Some(account(1).with_openid(&website(), openid(0))),
        ..Snapshot::default()
    });
    let applied = desk.applied();
    let done = by_consent(&desk.open().login_with_wechat())
        .await
        .expect("signed in");
    assert!(!done.is_new_user);
    assert_eq!(applied.all().len(), 1);
}

/// What the open data of a test says.
fn opening(desk: &mut Desk, outcome: Result<Option<u32>, OpenDataError>) {
    desk.reader
        .expect_open()
        .withf(|_, of, expected| {
            of.expose() == key().expose()
                && *expected.app == app(0).id
                && *expected.openid == openid(0)
        })
        .returning(move |_, _, _| {
            Ok(OpenData {
                client_json: "{}".to_owned(),
                union_id: outcome?.map(union_id),
                openid: None,
                profile: looks(),
            })
        });
}

#[tokio::test]
async fn open_data_brings_a_unionid_and_a_new_accounts_looks() {
    let mut desk = Desk::default();
    vouching(&mut desk, None, false);
    opening(&mut desk, Ok(Some(5)));
    desk.signing();
    desk.observed(Snapshot::default());
    let applied = desk.applied();
    let done = with_profile(&desk.open().login_with_wechat())
        .await
        .expect("signed in");
    assert_eq!(named(&done.account), LOOKS);
    assert_eq!(done.account.union_ids, [(platform(0), union_id(5))]);
    assert_eq!(applied.all().len(), 2);
}

#[tokio::test]
async fn open_data_changes_the_looks_of_nobody_who_was_here_before() {
    let mut desk = Desk::default();
    vouching(&mut desk, None, false);
    opening(&mut desk, Ok(None));
    desk.signing();
    desk.observed(known());
    let applied = desk.applied();
    with_profile(&desk.open().login_with_wechat())
        .await
        .expect("signed in");
    assert!(!steps(&applied.only()).contains(&"profile"));
}

/// Without a platform it joins nothing.
#[tokio::test]
async fn a_unionid_of_no_platform_is_not_taken() {
    let mut desk = Desk {
        apps: vec![WeChatApp {
            platform: None,
            ..app(0)
        }],
        ..Desk::default()
    };
    vouching(&mut desk, None, false);
    opening(&mut desk, Ok(Some(5)));
    desk.signing();
    desk.observed(Snapshot::default());
    desk.applied();
    let done = with_profile(&desk.open().login_with_wechat())
        .await
        .expect("signed in");
    assert!(done.account.union_ids.is_empty());
}

#[tokio::test]
async fn open_data_of_another_person_is_refused_and_the_code_is_kept() {
    for (exchange, outcome, why) in [
        (Some(4), Ok(Some(5)), OpenDataError::DecryptFailed),
        (
            None,
            Err(OpenDataError::DecryptFailed),
            OpenDataError::DecryptFailed,
        ),
        (
            None,
            Err(OpenDataError::SignatureMismatch),
            OpenDataError::SignatureMismatch,
        ),
    ] {
        let mut desk = Desk::default();
        vouching(&mut desk, exchange, false);
        opening(&mut desk, outcome);
        desk.signing();
        desk.observed(known());
        desk.applied();
        let login = desk.open().login_with_wechat();
        let error = with_profile(&login).await.unwrap_err();
        assert!(matches!(error, LoginError::OpenData(told) if told == why));
        one_tap(&login).await.expect("the same code, without it");
    }
}

#[tokio::test]
async fn without_a_key_of_this_exchange_nothing_is_opened() {
    let mut desk = Desk::default();
    desk.gateway.expect_identify().once().returning(|_, _| {
        Ok(WeChatIdentification {
            openid: openid(0),
            union_id: None,
            session_key: None,
            profile_ticket: None,
        })
    });
    let error = with_profile(&desk.open().login_with_wechat())
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        LoginError::OpenData(OpenDataError::DecryptFailed)
    ));
}

/// A desk that asks for a number from rank 3 on; WeChat is asked so often.
fn screening(risk: UserRisk, times: usize) -> Desk {
    let mut desk = Desk {
        risk_rank: RiskRank::new(3),
        ..Desk::default()
    };
    desk.gateway
        .expect_user_risk()
        .withf(|of, who, _, phone| *of == app(0) && *who == openid(0) && phone.is_none())
        .times(times)
        .returning(move |_, _, _, _| risk);
    vouching(&mut desk, None, false);
    desk.signing();
    desk
}

fn rank(rank: u8) -> UserRisk {
    UserRisk::Rank(RiskRank::new(rank).expect("a rank"))
}

#[tokio::test]
async fn a_risky_newcomer_is_asked_for_a_number() {
    for risk in [rank(3), rank(4)] {
        let mut desk = screening(risk, 1);
        desk.observed(Snapshot::default());
        let audited = desk.audited();
        let error = one_tap(&desk.open().login_with_wechat()).await.unwrap_err();
        assert!(matches!(
            error,
            LoginError::Refused(Refusal::PhoneConfirmationRequired)
        ));
        let reason = audited.all()[0].reason.clone();
        assert_eq!(reason.as_deref(), Some("risky_sign_up"));
    }
}

#[tokio::test]
async fn an_unknown_or_small_risk_blocks_nobody() {
    for risk in [UserRisk::Unknown, rank(0), rank(2)] {
        let mut desk = screening(risk, 1);
        desk.observed(Snapshot::default());
        desk.applied();
        let done = one_tap(&desk.open().login_with_wechat()).await;
        assert!(done.expect("signed in").is_new_user);
    }
}

#[tokio::test]
async fn nobody_is_screened_who_is_known_or_brings_a_number() {
    let mut desk = screening(rank(4), 0);
    desk.observed(known());
    desk.applied();
    one_tap(&desk.open().login_with_wechat())
        .await
        .expect("signed in");

    let mut desk = screening(rank(4), 0);
    desk.gateway
        .expect_phone_number()
        .once()
        .returning(|_, _, _| Ok(WeChatPhone { number: phone(1) }));
    desk.observed(Snapshot::default());
    desk.applied();
    let code = PhoneCode::parse("phone-code").expect("a code");
    let button = Button {
        code: &code,
        if_missing: false,
    };
    let login = desk.open().login_with_wechat();
    login
        .with_phone_button(None, &shown(), button, &login_request())
        .await
        .expect("signed in");
}

/// One exchange: the login by SMS takes what the refused one has proven.
#[tokio::test]
async fn the_refused_sign_up_is_completed_by_sms_with_the_same_code() {
    let mut desk = Desk {
        risk_rank: RiskRank::new(3),
        ..Desk::default()
    };
    desk.gateway
        .expect_user_risk()
        .once()
        .returning(|_, _, _, _| rank(4));
    desk.gateway.expect_identify().once().returning(|_, _| {
        Ok(WeChatIdentification {
            openid: openid(0),
            union_id: None,
            session_key: None,
            profile_ticket: None,
        })
    });
    desk.right_code_is_spent();
    desk.signing();
    desk.observed(Snapshot::default());
    desk.audited();
    let applied = desk.applied();
    let office = desk.open();
    one_tap(&office.login_with_wechat()).await.unwrap_err();
    let proof = SmsProof {
        phone: phone(1),
        code: right_code(&login_scope(&phone(1))),
        challenge: None,
        wechat: Some((shown(), None)),
    };
    let done = office
        .login_with_sms()
        .execute(&proof, &login_request())
        .await
        .expect("signed in");
    assert_eq!(done.account.identities[0].openid, openid(0));
    assert_eq!(done.account.phone, Some(phone(1)));
    assert_eq!(applied.all().len(), 1);
}

/// No code is claimed, and every request is a login of its own.
#[tokio::test]
async fn what_cloud_hosting_vouches_for_is_taken_every_time() {
    let mut desk = Desk::default();
    desk.gateway
        .expect_identify()
        .withf(|_, proof| matches!(proof, LoginProof::Hosted(hosted) if hosted.openid == openid(0)))
        .times(2)
        .returning(|_, _| {
            Ok(WeChatIdentification {
                openid: openid(0),
                union_id: None,
                session_key: None,
                profile_ticket: None,
            })
        });
    desk.signing();
    desk.observed(known());
    let applied = desk.applied();
    let login = desk.open().login_with_wechat();
    let hosted = WeChatProof::Hosted(HostedIdentity {
        app_id: app(0).id,
        openid: openid(0),
        union_id: None,
    });
    for _ in 0..2 {
        login
            .with_login_code(AppKind::MiniProgram, None, &hosted, None, &login_request())
            .await
            .expect("signed in");
    }
    let all = applied.all();
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|changes| {
        let keeps_key = |step: &Step| matches!(step, Step::StoreSessionKey { .. });
        !changes.steps.iter().any(keeps_key)
    }));
}
