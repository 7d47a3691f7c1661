use std::sync::Arc;

use menshen_domain::model::client::ClientType;
use menshen_domain::model::evidence::{EvidencePart, ProvenPhone};
use menshen_domain::model::wechat::{LoginCode, PhoneCode, WeChatApp};
use menshen_domain::model::wechat_login::LoginProof;
use menshen_domain::ports::replay_ledger::{
    Claim, MockReplayLedger, ProofRecord, ReplayLedgerError,
};
use menshen_domain::ports::wechat_gateway::{
    WeChatGatewayError, WeChatIdentification, WeChatPhone,
};
use menshen_domain::services::login::{LoginError, WeChatProof};
use menshen_domain::services::vouch::{Before, Caller, OpenProof, Vouch, Vouched};

use crate::desk::Desk;
use crate::ledger::FakeLedger;
use crate::support::people::{app, openid, union_id};
use crate::support::{away, phone, secs, session_id, user};

fn code() -> WeChatProof {
    WeChatProof::Code(LoginCode::parse("login-code").expect("a code"))
}

fn is_code(proof: LoginProof<'_>, text: &str) -> bool {
    matches!(proof, LoginProof::Code(code) if code.expose() == text)
}

fn phone_code() -> PhoneCode {
    PhoneCode::parse("phone-code").expect("a code")
}

fn caller() -> Caller<'static> {
    Caller {
        route: "wechat",
        client_type: ClientType::MiniProgram,
        device_id: Some("phone-1"),
        user: None,
    }
}

fn alice() -> WeChatIdentification {
    WeChatIdentification {
        openid: openid(0),
        union_id: Some(union_id(0)),
        session_key: None,
        profile_ticket: None,
    }
}

/// WeChat vouches for Alice, this often.
fn vouching(desk: &mut Desk, times: usize) {
    desk.gateway
        .expect_identify()
        .withf(|of, proof| *of == app(0) && is_code(*proof, "login-code"))
        .times(times)
        .returning(|_, _| Ok(alice()));
}

fn with_ledger() -> (Desk, Arc<FakeLedger>) {
    let ledger = Arc::new(FakeLedger::default());
    let desk = Desk {
        ledger: ledger.clone(),
        ..Desk::default()
    };
    (desk, ledger)
}

fn with_mock(prepare: impl FnOnce(&mut MockReplayLedger)) -> Desk {
    let mut ledger = MockReplayLedger::new();
    prepare(&mut ledger);
    Desk {
        ledger: Arc::new(ledger),
        ..Desk::default()
    }
}

async fn ask(vouch: &Vouch) -> Result<Vouched, LoginError> {
    vouch.execute(&app(0), &code(), None, caller()).await
}

async fn ask_with_phone(vouch: &Vouch) -> Result<Vouched, LoginError> {
    let phone_code = phone_code();
    let asked = vouch
        .execute(&app(0), &code(), Some(&phone_code), caller())
        .await?;
    let Vouched::Now(proof) = asked else {
        return Ok(asked);
    };
    let proof = vouch.with_phone(&app(0), *proof, &phone_code).await?;
    Ok(Vouched::Now(Box::new(proof)))
}

fn now(vouched: Result<Vouched, LoginError>) -> OpenProof {
    match vouched {
        Ok(Vouched::Now(proof)) => *proof,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_code_is_claimed_exchanged_and_proves_whom_wechat_names() {
    let mut desk = with_mock(|ledger| {
        ledger
            .expect_claim()
            .withf(|_, lease, patience| *patience < *lease)
            .once()
            .returning(|_, _, _| Ok(Claim::Granted { vouched: None }));
    });
    vouching(&mut desk, 1);
    let proof = now(ask(&desk.open().vouch()).await);
    assert_eq!(proof.identity.openid, openid(0));
    assert_eq!(proof.identity.app_id, app(0).id);
    let platform = app(0).platform.expect("it has one");
    assert_eq!(proof.identity.union_id, Some((platform, union_id(0))));
    assert!(proof.phone.is_none());
}

#[tokio::test]
async fn a_unionid_of_an_application_without_a_platform_joins_nothing() {
    let alone = WeChatApp {
        platform: None,
        ..app(0)
    };
    let mut desk = Desk::default();
    desk.gateway.expect_identify().returning(|_, _| Ok(alice()));
    let vouch = desk.open().vouch();
    let proof = now(vouch.execute(&alone, &code(), None, caller()).await);
    assert_eq!(proof.identity.union_id, None);
}

#[tokio::test]
async fn a_completed_login_is_recorded_for_a_minute_and_its_code_for_five() {
    let mut desk = with_mock(|ledger| {
        ledger
            .expect_claim()
            .once()
            .returning(|_, _, _| Ok(Claim::Granted { vouched: None }));
        ledger
            .expect_record()
            .withf(|_, record, fresh, kept| {
                let done = matches!(record, ProofRecord::SignedIn {
                    session, is_new_user: true, not_attached, ..
                } if *session == session_id(1) && *not_attached == [EvidencePart::Phone]);
                done && *fresh == secs(60) && *kept == secs(300)
            })
            .once()
            .returning(|_, _, _, _| Ok(()));
    });
    vouching(&mut desk, 1);
    let vouch = desk.open().vouch();
    let proof = now(ask(&vouch).await);
    vouch
        .complete(proof, session_id(1), true, &[EvidencePart::Phone])
        .await;
}

#[tokio::test]
async fn a_repeat_of_a_completed_login_is_answered_with_its_session() {
    let (mut desk, _) = with_ledger();
    vouching(&mut desk, 1);
    let vouch = desk.open().vouch();
    let proof = now(ask(&vouch).await);
    vouch.complete(proof, session_id(1), true, &[]).await;
    for _ in 0..3 {
        let again = ask(&vouch).await;
        assert!(matches!(
            again,
            Ok(Vouched::Before(Before { session, is_new_user: true, .. })) if session == session_id(1)
        ));
    }
}

#[tokio::test]
async fn a_login_that_was_not_completed_goes_on_with_what_was_exchanged() {
    let (mut desk, ledger) = with_ledger();
    vouching(&mut desk, 1);
    desk.gateway
        .expect_phone_number()
        .withf(|of, code, who| *of == app(0) && code.expose() == "phone-code" && *who == openid(0))
        .once()
        .returning(|_, _, _| Ok(WeChatPhone { number: phone(1) }));
    let vouch = desk.open().vouch();
    for _ in 0..3 {
        let proof = now(ask_with_phone(&vouch).await);
        assert_eq!(proof.identity.openid, openid(0));
        assert_eq!(
            proof.phone.as_ref().map(ProvenPhone::number),
            Some(&phone(1))
        );
        vouch.keep(proof).await;
        assert!(matches!(
            ledger.only(),
            Some(ProofRecord::Vouched { phone: Some(_), .. })
        ));
    }
}

/// Ten at once, on any replica: one exchange.
#[tokio::test]
async fn ten_callers_at_once_make_one_exchange_and_get_one_session() {
    let (mut desk, _) = with_ledger();
    vouching(&mut desk, 1);
    let vouch = Arc::new(desk.open().vouch());
    let mut callers = tokio::task::JoinSet::new();
    for n in 0..10 {
        let vouch = Arc::clone(&vouch);
        callers.spawn(async move {
            match ask(&vouch).await.expect("all of them are answered") {
                Vouched::Now(proof) => {
                    tokio::task::yield_now().await;
                    vouch.complete(*proof, session_id(n), true, &[]).await;
                    session_id(n)
                }
                Vouched::Before(before) => before.session,
            }
        });
    }
    let sessions = callers.join_all().await;
    assert_eq!(sessions.len(), 10);
    assert!(sessions.iter().all(|one| *one == sessions[0]));
}

/// Another route, client type, device, user, or phone code.
#[tokio::test]
async fn a_code_that_arrives_from_elsewhere_is_invalid() {
    let others = [
        Caller {
            route: "sms",
            ..caller()
        },
        Caller {
            client_type: ClientType::App,
            ..caller()
        },
        Caller {
            device_id: Some("phone-2"),
            ..caller()
        },
        Caller {
            device_id: None,
            ..caller()
        },
        Caller {
            user: Some(user(1)),
            ..caller()
        },
    ];
    for completed in [false, true] {
        let (mut desk, _) = with_ledger();
        vouching(&mut desk, 1);
        let vouch = desk.open().vouch();
        let proof = now(ask(&vouch).await);
        if completed {
            vouch.complete(proof, session_id(1), true, &[]).await;
        } else {
            vouch.keep(proof).await;
        }
        for other in others {
            let answer = vouch.execute(&app(0), &code(), None, other).await;
            assert!(matches!(answer, Err(LoginError::WeChatCodeInvalid)));
        }
        let with_phone = ask_with_phone(&vouch).await;
        assert!(matches!(with_phone, Err(LoginError::WeChatCodeInvalid)));
        // And whoever it belongs to goes on all the same.
        match ask(&vouch).await {
            Ok(Vouched::Now(proof)) if !completed => vouch.keep(*proof).await,
            Ok(Vouched::Before { .. }) if completed => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_code_of_one_application_is_another_code_in_another() {
    let (mut desk, _) = with_ledger();
    desk.gateway
        .expect_identify()
        .times(2)
        .returning(|_, _| Ok(alice()));
    let vouch = desk.open().vouch();
    let proof = now(ask(&vouch).await);
    vouch.complete(proof, session_id(1), true, &[]).await;
    now(vouch.execute(&app(1), &code(), None, caller()).await);
}

fn unspent(code_unspent: bool) -> WeChatGatewayError {
    WeChatGatewayError::Unavailable {
        code_unspent,
        retry_after: None,
        source: away(),
    }
}

type Fault = fn() -> WeChatGatewayError;

/// What WeChat answers, whether the code may be tried again, and our word.
const FAULTS: [(Fault, bool, &str); 6] = [
    (|| WeChatGatewayError::CodeRefused, false, "invalid"),
    (|| WeChatGatewayError::RiskBlocked, false, "blocked"),
    (
        || WeChatGatewayError::Busy {
            retry_after: secs(9),
        },
        true,
        "busy 9",
    ),
    (
        || WeChatGatewayError::Misconfigured(away()),
        true,
        "misconfigured",
    ),
    (|| unspent(true), true, "unavailable"),
    (|| unspent(false), false, "unavailable"),
];

fn word(error: &LoginError) -> String {
    match error {
        LoginError::WeChatCodeInvalid => "invalid".to_owned(),
        LoginError::WeChatRiskBlocked => "blocked".to_owned(),
        LoginError::WeChatBusy { retry_after } => format!("busy {}", retry_after.as_secs()),
        LoginError::WeChatMisconfigured(_) => "misconfigured".to_owned(),
        LoginError::WeChatUnavailable { .. } => "unavailable".to_owned(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_failed_exchange_is_tried_again_only_if_the_code_is_certainly_unspent() {
    for (fault, may_try_again, expected) in FAULTS {
        let (mut desk, ledger) = with_ledger();
        let times = if may_try_again { 2 } else { 1 };
        desk.gateway
            .expect_identify()
            .times(times)
            .returning(move |_, _| Err(fault()));
        let vouch = desk.open().vouch();
        assert_eq!(word(&ask(&vouch).await.unwrap_err()), expected);
        let again = word(&ask(&vouch).await.unwrap_err());
        if may_try_again {
            assert_eq!(again, expected);
            assert!(
                ledger.only().is_none(),
                "released as if nothing had happened"
            );
        } else {
            assert_eq!(again, "invalid", "no second exchange after {expected}");
            assert!(matches!(ledger.only(), Some(ProofRecord::Spent)));
        }
    }
}

#[tokio::test]
async fn a_failed_phone_exchange_keeps_what_the_login_code_proved_only_if_unspent() {
    for (fault, may_try_again, expected) in FAULTS {
        let (mut desk, ledger) = with_ledger();
        vouching(&mut desk, 1);
        let times = if may_try_again { 2 } else { 1 };
        desk.gateway
            .expect_phone_number()
            .times(times)
            .returning(move |_, _, _| Err(fault()));
        let vouch = desk.open().vouch();
        let error = ask_with_phone(&vouch).await.unwrap_err();
        assert_eq!(word(&error), expected);
        let again = word(&ask_with_phone(&vouch).await.unwrap_err());
        if may_try_again {
            assert_eq!(again, expected);
            assert!(matches!(
                ledger.only(),
                Some(ProofRecord::Vouched { phone: None, .. })
            ));
        } else {
            assert_eq!(again, "invalid");
            assert!(matches!(ledger.only(), Some(ProofRecord::Spent)));
        }
    }
}

#[tokio::test]
async fn while_somebody_else_is_still_at_it_nothing_is_exchanged() {
    let desk = with_mock(|ledger| {
        ledger
            .expect_claim()
            .once()
            .returning(|_, _, _| Ok(Claim::InProgress));
    });
    let answer = ask(&desk.open().vouch()).await;
    assert!(matches!(answer, Err(LoginError::WeChatUnavailable { .. })));
}

#[tokio::test]
async fn a_spent_code_is_invalid_and_not_exchanged() {
    let desk = with_mock(|ledger| {
        ledger
            .expect_claim()
            .once()
            .returning(|_, _, _| Ok(Claim::Recorded(ProofRecord::Spent)));
    });
    let answer = ask(&desk.open().vouch()).await;
    assert!(matches!(answer, Err(LoginError::WeChatCodeInvalid)));
}

/// `WeChat` itself takes a code only once.
#[tokio::test]
async fn with_the_ledger_away_logins_go_on_and_it_is_not_asked_again() {
    let prepare = || {
        with_mock(|ledger| {
            ledger
                .expect_claim()
                .once()
                .returning(|_, _, _| Err(ReplayLedgerError(away())));
        })
    };
    let mut desk = prepare();
    vouching(&mut desk, 1);
    let vouch = desk.open().vouch();
    let proof = now(ask(&vouch).await);
    vouch
        .complete(proof.clone(), session_id(1), true, &[])
        .await;
    vouch.keep(proof).await;

    let mut desk = prepare();
    desk.gateway
        .expect_identify()
        .once()
        .returning(|_, _| Err(unspent(false)));
    let answer = ask(&desk.open().vouch()).await;
    assert!(matches!(answer, Err(LoginError::WeChatUnavailable { .. })));
}

#[tokio::test]
async fn a_ledger_that_cannot_be_told_fails_no_login() {
    let mut desk = with_mock(|ledger| {
        ledger
            .expect_claim()
            .once()
            .returning(|_, _, _| Ok(Claim::Granted { vouched: None }));
        ledger
            .expect_record()
            .once()
            .returning(|_, _, _, _| Err(ReplayLedgerError(away())));
    });
    vouching(&mut desk, 1);
    let vouch = desk.open().vouch();
    let proof = now(ask(&vouch).await);
    vouch.complete(proof, session_id(1), true, &[]).await;
}
