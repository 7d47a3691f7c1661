use std::sync::Arc;

use menshen_domain::model::account::AccountStatus;
use menshen_domain::model::client::ClientType;
use menshen_domain::model::evidence::EvidencePart;
use menshen_domain::model::linking::{Refusal, Snapshot};
use menshen_domain::model::sms_code::SmsCode;
use menshen_domain::model::verification::{CodeScope, Purpose};
use menshen_domain::model::wechat::{AppChoiceError, AppKind, LoginCode, WeChatApp};
use menshen_domain::ports::account_store::AccountStoreError;
use menshen_domain::ports::code_store::Attempt;
use menshen_domain::ports::replay_ledger::ProofRecord;
use menshen_domain::ports::token_issuer::TokenIssuerError;
use menshen_domain::ports::wechat_gateway::{WeChatGatewayError, WeChatIdentification};
use menshen_domain::services::check_code::CheckCodeError;
use menshen_domain::services::login::{LoginError, LoginRequest, SignedIn, WeChatProof};
use menshen_domain::services::login_with_sms::SmsProof;

use crate::desk::{Desk, login_request, opened};
use crate::ledger::FakeLedger;
use crate::support::people::{
    Holding, account, app, cancelling, login_scope, openid, right_code, seed,
};
use crate::support::{away, phone, secs};

fn proof() -> SmsProof {
    SmsProof {
        phone: phone(1),
        code: right_code(&login_scope(&phone(1))),
        challenge: None,
        wechat: None,
    }
}

fn with_wechat() -> SmsProof {
    SmsProof {
        wechat: LoginCode::parse("login-code")
            .ok()
            .map(|code| (WeChatProof::Code(code), None)),
        ..proof()
    }
}

async fn run(desk: Desk, proof: SmsProof) -> Result<SignedIn, LoginError> {
    desk.open()
        .login_with_sms()
        .execute(&proof, &login_request())
        .await
}

/// The spent code is given back, once.
fn given_back(desk: &mut Desk) {
    desk.codes
        .expect_give_back()
        .withf(|scope, challenge, id| {
            *scope == login_scope(&phone(1)) && challenge.is_none() && *id == seed().id
        })
        .once()
        .returning(|_, _, _| Ok(()));
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

fn held() -> Snapshot {
    Snapshot {
        by_phone: Some(account(1).with_phone(&phone(1))),
        ..Snapshot::default()
    }
}

#[tokio::test]
async fn a_wrong_code_touches_no_account() {
    let mut desk = Desk::default();
    desk.counted(4);
    desk.admitted();
    desk.guesses_are_few();
    desk.audited();
    let right = proof();
    let wrong = if right.code.expose() == "000000" {
        "000001"
    } else {
        "000000"
    };
    let wrong = SmsProof {
        code: SmsCode::parse(wrong).expect("six digits"),
        ..with_wechat()
    };
    let error = run(desk, wrong).await.unwrap_err();
    assert!(matches!(
        error,
        LoginError::Code(CheckCodeError::Incorrect { attempts_left: 4 })
    ));
}

#[tokio::test]
async fn a_right_code_signs_in_and_its_session_carries_it() {
    let mut desk = Desk::default();
    desk.right_code_is_spent();
    desk.signing();
    desk.observed(held());
    let applied = desk.applied();
    let done = run(desk, proof()).await.expect("signed in");
    assert_eq!(done.account.phone, Some(phone(1)));
    let changes = applied.only();
    assert_eq!(opened(&changes).app_id, None);
    assert!(format!("{:?}", changes.steps).contains(&format!("{:?}", seed().id)));
    assert!(changes.audit.iter().all(|row| row.method == Some("sms")));
}

#[tokio::test]
async fn a_code_is_good_for_the_client_type_that_asked_for_it() {
    let mut desk = Desk::default();
    desk.codes
        .expect_attempt()
        .withf(|scope, _, _| {
            scope.client_type == ClientType::Web && scope.purpose == Purpose::Login
        })
        .once()
        .returning(|_, _, _| Ok(Attempt::Absent));
    let mut request = login_request();
    request.client.kind = ClientType::Web;
    let error = desk
        .open()
        .login_with_sms()
        .execute(&proof(), &request)
        .await;
    assert!(matches!(
        error,
        Err(LoginError::Code(CheckCodeError::Expired))
    ));
    // And the digits differ, too.
    let web = CodeScope {
        client_type: ClientType::Web,
        ..login_scope(&phone(1))
    };
    assert!(!right_code(&web).matches(&proof().code));
}

#[tokio::test]
async fn a_code_is_given_back_where_the_same_one_may_complete_the_request() {
    let mut asking = Desk::default();
    asking.policy.consent_version = Some("2026-01".to_owned());
    asking.observed(Snapshot::default());
    let mut cancelled = Desk::default();
    cancelled.observed(Snapshot {
        by_phone: Some(account(1).with_phone(&phone(1)).with_status(cancelling())),
        ..Snapshot::default()
    });
    for mut desk in [asking, cancelled] {
        desk.right_code_is_spent();
        desk.audited();
        given_back(&mut desk);
        let error = run(desk, proof()).await.unwrap_err();
        assert!(matches!(
            error,
            LoginError::Refused(Refusal::ConsentRequired | Refusal::Cancelling { .. })
        ));
    }
}

#[tokio::test]
async fn a_code_is_given_back_where_a_store_or_the_signer_failed() {
    let mut observing = Desk::default();
    observing
        .accounts
        .expect_observe()
        .once()
        .returning(|_| Err(AccountStoreError::Unavailable(away())));
    let mut applying = Desk::default();
    applying.observed(held());
    applying.signing();
    applying.not_applied(|| AccountStoreError::Unavailable(away()));
    let mut signing = Desk::default();
    signing.observed(held());
    signing
        .issuer
        .expect_issue()
        .returning(|_| Err(TokenIssuerError(away())));
    for mut desk in [observing, applying, signing] {
        desk.right_code_is_spent();
        given_back(&mut desk);
        let error = run(desk, proof()).await.unwrap_err();
        assert!(matches!(
            error,
            LoginError::Unavailable(_) | LoginError::Tokens(_)
        ));
    }
}

#[tokio::test]
async fn the_code_of_a_disabled_account_is_not_given_back() {
    let mut desk = Desk::default();
    desk.right_code_is_spent();
    desk.audited();
    desk.observed(Snapshot {
        by_phone: Some(
            account(1)
                .with_phone(&phone(1))
                .with_status(AccountStatus::DISABLED),
        ),
        ..Snapshot::default()
    });
    let error = run(desk, proof()).await.unwrap_err();
    assert!(matches!(error, LoginError::Refused(Refusal::Disabled)));
}

#[tokio::test]
async fn a_code_that_opened_a_session_before_is_not_given_back() {
    let mut desk = Desk::default();
    desk.right_code_is_spent();
    desk.signing();
    desk.observed(held());
    desk.not_applied(|| AccountStoreError::CodeSpent);
    let error = run(desk, proof()).await.unwrap_err();
    assert!(matches!(error, LoginError::Code(CheckCodeError::Expired)));
}

#[tokio::test]
async fn a_wechat_member_is_linked_in_the_same_step() {
    let ledger = Arc::new(FakeLedger::default());
    let mut desk = Desk {
        ledger: ledger.clone(),
        ..Desk::default()
    };
    desk.right_code_is_spent();
    vouching(&mut desk);
    desk.signing();
    desk.observed(held());
    let applied = desk.applied();
    let done = run(desk, with_wechat()).await.expect("signed in");
    assert_eq!(done.account.identities.len(), 1);
    assert!(done.not_attached.is_empty());
    assert_eq!(opened(&applied.only()).app_id, Some(app(0).id));
    // The verification code is what was spent: there is nothing to rejoin.
    assert!(matches!(ledger.only(), Some(ProofRecord::Spent)));
}

#[tokio::test]
async fn a_wechat_member_of_another_account_with_a_phone_is_left_and_named() {
    let mut desk = Desk::default();
    desk.right_code_is_spent();
    vouching(&mut desk);
    desk.signing();
    let other = account(2)
        .with_phone(&phone(2))
        .with_openid(&app(0), openid(0));
    desk.observed(Snapshot {
        by_openid: Some(other),
        ..held()
    });
    desk.applied();
    let done = run(desk, with_wechat()).await.expect("signed in");
    assert_eq!(done.not_attached, [EvidencePart::WeChat]);
    assert_eq!(done.account.id, account(1).id);
}

#[tokio::test]
async fn a_wechat_code_that_proves_nothing_costs_no_verification_code() {
    type Fault = fn() -> WeChatGatewayError;
    let faults: [(Fault, bool); 4] = [
        (|| WeChatGatewayError::CodeRefused, true),
        (
            || WeChatGatewayError::Busy {
                retry_after: secs(1),
            },
            true,
        ),
        (
            || WeChatGatewayError::Unavailable {
                code_unspent: false,
                retry_after: None,
                source: away(),
            },
            true,
        ),
        (|| WeChatGatewayError::RiskBlocked, false),
    ];
    for (fault, back) in faults {
        let mut desk = Desk::default();
        desk.right_code_is_spent();
        desk.gateway
            .expect_identify()
            .once()
            .returning(move |_, _| Err(fault()));
        if back {
            given_back(&mut desk);
        }
        assert!(run(desk, with_wechat()).await.is_err());
    }
}

/// A mistake of the caller costs no try.
#[tokio::test]
async fn an_application_that_cannot_be_told_is_refused_before_the_code_is_tried() {
    let ambiguous = Desk {
        apps: vec![app(0), app(1)],
        ..Desk::default()
    };
    let error = run(ambiguous, with_wechat()).await.unwrap_err();
    assert!(matches!(error, LoginError::App(AppChoiceError::Ambiguous)));

    let code = WeChatProof::Code(LoginCode::parse("login-code").expect("a code"));
    let unknown = SmsProof {
        wechat: Some((code, Some(app(9).id))),
        ..proof()
    };
    let error = run(Desk::default(), unknown).await.unwrap_err();
    assert!(matches!(error, LoginError::App(AppChoiceError::Unknown)));
}

#[tokio::test]
async fn an_application_may_be_named_whatever_its_kind() {
    let website = WeChatApp {
        kind: AppKind::Website,
        ..app(3)
    };
    let mut desk = Desk {
        apps: vec![app(0), website.clone()],
        ..Desk::default()
    };
    desk.right_code_is_spent();
    vouching(&mut desk);
    desk.signing();
    desk.observed(held());
    let applied = desk.applied();
    let code = WeChatProof::Code(LoginCode::parse("login-code").expect("a code"));
    let named = SmsProof {
        wechat: Some((code, Some(website.id.clone()))),
        ..proof()
    };
    run(desk, named).await.expect("signed in");
    assert_eq!(opened(&applied.only()).app_id, Some(website.id));
}

#[tokio::test]
async fn a_request_that_was_refused_is_completed_with_the_same_codes() {
    let ledger = Arc::new(FakeLedger::default());
    let mut desk = Desk {
        ledger: ledger.clone(),
        ..Desk::default()
    };
    desk.policy.consent_version = Some("2026-01".to_owned());
    desk.audited();
    desk.signing();
    // Both are exchanged once; the verification code is spent twice.
    vouching(&mut desk);
    for _ in 0..2 {
        desk.right_code_is_spent();
    }
    given_back(&mut desk);
    desk.observed(Snapshot::default());
    desk.applied();
    let login = desk.open().login_with_sms();
    let refused = login.execute(&with_wechat(), &login_request()).await;
    assert!(matches!(
        refused,
        Err(LoginError::Refused(Refusal::ConsentRequired))
    ));
    let agreed = LoginRequest {
        consent: Some("2026-01".to_owned()),
        ..login_request()
    };
    let done = login
        .execute(&with_wechat(), &agreed)
        .await
        .expect("signed in");
    assert!(done.is_new_user);
    assert_eq!(done.account.identities.len(), 1);
}
