use std::sync::Arc;

use menshen_domain::model::account::Account;
use menshen_domain::model::binding::BindingRefusal;
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::wechat::{AppChoiceError, AppKind, LoginCode, WeChatApp};
use menshen_domain::ports::replay_ledger::ProofRecord;
use menshen_domain::ports::wechat_gateway::{WeChatGatewayError, WeChatIdentification};
use menshen_domain::services::bind::{BindError, Bound};
use menshen_domain::services::link_wechat::LinkWeChat;
use menshen_domain::services::login::{LoginError, WeChatProof};

use crate::desk::{Desk, signed_in, steps};
use crate::ledger::FakeLedger;
use crate::support::people::{Holding, account, app, openid, origin};

async fn link(link: &LinkWeChat, me: &Account) -> Result<Bound, BindError> {
    let code = WeChatProof::Code(LoginCode::parse("login-code").expect("a code"));
    link.execute(&signed_in(me), &code, None, &origin()).await
}

fn vouching(desk: &mut Desk, times: usize) {
    desk.gateway
        .expect_identify()
        .times(times)
        .returning(|_, _| {
            Ok(WeChatIdentification {
                openid: openid(0),
                union_id: None,
                session_key: None,
                profile_ticket: None,
            })
        });
}

fn with_ledger() -> (Desk, Arc<FakeLedger>) {
    let ledger = Arc::new(FakeLedger::default());
    let desk = Desk {
        ledger: ledger.clone(),
        ..Desk::default()
    };
    (desk, ledger)
}

fn found(me: &Account) -> Snapshot {
    Snapshot {
        signed_in: Some(me.clone()),
        ..Snapshot::default()
    }
}

#[tokio::test]
async fn an_identity_that_nobody_has_is_linked_to_the_caller() {
    let me = account(1);
    let (mut desk, ledger) = with_ledger();
    vouching(&mut desk, 1);
    desk.observed(found(&me));
    let applied = desk.applied();
    let bound = link(&desk.open().link_wechat(), &me).await;
    assert!(matches!(bound, Ok(Bound::Kept(account)) if account.identities.len() == 1));
    let changes = applied.only();
    assert_eq!(steps(&changes), ["openid"]);
    assert_eq!(changes.audit[0].method, Some("link_wechat"));
    assert!(matches!(ledger.only(), Some(ProofRecord::Vouched { .. })));
}

#[tokio::test]
async fn a_repeat_is_answered_alike_without_another_exchange() {
    let me = account(1).with_openid(&app(0), openid(0));
    let (mut desk, _) = with_ledger();
    vouching(&mut desk, 1);
    desk.observed(Snapshot {
        by_openid: Some(me.clone()),
        ..found(&me)
    });
    let use_case = desk.open().link_wechat();
    for _ in 0..2 {
        let bound = link(&use_case, &me).await;
        assert!(matches!(bound, Ok(Bound::Kept(account)) if *account == me));
    }
}

#[tokio::test]
async fn a_code_that_one_user_sent_is_worth_nothing_to_another() {
    let (mut desk, _) = with_ledger();
    vouching(&mut desk, 1);
    desk.observed(found(&account(1)));
    desk.applied();
    let use_case = desk.open().link_wechat();
    link(&use_case, &account(1)).await.expect("linked");
    let error = link(&use_case, &account(2)).await.unwrap_err();
    assert!(matches!(
        error,
        BindError::Login(LoginError::WeChatCodeInvalid)
    ));
}

#[tokio::test]
async fn an_identity_in_a_place_that_is_taken_changes_nothing() {
    let mine = account(1).with_openid(&app(0), openid(7));
    let with_phone = account(1).with_phone(&crate::support::phone(1));
    let other = account(2)
        .with_phone(&crate::support::phone(2))
        .with_openid(&app(0), openid(0));
    for (me, by_openid) in [(mine, None), (with_phone, Some(other))] {
        let (mut desk, ledger) = with_ledger();
        vouching(&mut desk, 1);
        desk.observed(Snapshot {
            by_openid,
            ..found(&me)
        });
        let error = link(&desk.open().link_wechat(), &me).await.unwrap_err();
        assert!(matches!(
            error,
            BindError::Refused(BindingRefusal::IdentityTaken)
        ));
        assert!(ledger.only().is_some(), "the claim was ended");
    }
}

#[tokio::test]
async fn a_code_that_wechat_refuses_touches_no_account() {
    let mut desk = Desk::default();
    desk.gateway
        .expect_identify()
        .once()
        .returning(|_, _| Err(WeChatGatewayError::CodeRefused));
    let error = link(&desk.open().link_wechat(), &account(1))
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        BindError::Login(LoginError::WeChatCodeInvalid)
    ));
}

#[tokio::test]
async fn without_an_id_the_application_is_the_only_one_of_the_sessions_kind() {
    let website = WeChatApp {
        kind: AppKind::Website,
        ..app(0)
    };
    let desk = Desk {
        apps: vec![website],
        ..Desk::default()
    };
    let error = link(&desk.open().link_wechat(), &account(1))
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        BindError::Login(LoginError::App(AppChoiceError::Ambiguous))
    ));
}
