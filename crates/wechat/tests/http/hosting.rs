//! WeChat cloud hosting: who is there is known already.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{
    OPENID, PHONE, TOKEN, clock, config, gateway, login_code, mini, openid, other_app, phone_code,
    phone_info, sent_token, server, session, token,
};
use menshen_domain::model::wechat::UnionId;
use menshen_domain::model::wechat_login::{HostedIdentity, LoginProof};
use menshen_domain::ports::wechat_gateway::{WeChatGateway as _, WeChatGatewayError as E};
use menshen_outbound::mock::{Reaction, Seen};
use menshen_wechat::{CloudRunGateway, LocalTokenCache};

fn hosted() -> HostedIdentity {
    HostedIdentity {
        app_id: mini().id,
        openid: openid(),
        union_id: UnionId::parse("ocMvos6NjeKLIBqg5Mr9QjxrP1FA").ok(),
    }
}

fn cloud_run(base: &str) -> CloudRunGateway {
    let config = config(&[base], Duration::from_millis(1200));
    CloudRunGateway::new(config, clock(), Arc::new(LocalTokenCache::default())).unwrap()
}

#[tokio::test]
async fn the_headers_of_cloud_hosting_need_no_call() {
    let wechat = server(|_, _| Reaction::status(500, "")).await;
    let person = cloud_run(&wechat.url())
        .identify(&mini(), LoginProof::Hosted(&hosted()))
        .await
        .unwrap();
    assert_eq!(person.openid.as_str(), OPENID);
    assert_eq!(person.union_id, hosted().union_id);
    assert!(person.session_key.is_none());
    assert!(wechat.seen().is_empty());
}

#[tokio::test]
async fn headers_that_name_another_application_prove_nothing() {
    let gateway = cloud_run("http://127.0.0.1:1");
    let identity = hosted();
    let proof = LoginProof::Hosted(&identity);
    let error = gateway.identify(&other_app(), proof).await.unwrap_err();
    assert!(matches!(error, E::CodeRefused));
}

#[tokio::test]
async fn a_code_goes_the_official_way_and_so_does_the_phone_button() {
    let wechat = server(|seen: &Seen, _| match seen.path() {
        TOKEN => token("T", 7200),
        PHONE => Reaction::ok(phone_info()),
        _ => Reaction::ok(session()),
    })
    .await;
    let gateway = cloud_run(&wechat.url());
    let proof = login_code();
    let person = gateway.identify(&mini(), LoginProof::Code(&proof)).await;
    assert!(person.unwrap().session_key.is_some());
    let phone = gateway
        .phone_number(&mini(), &phone_code(), &openid())
        .await;
    assert_eq!(phone.unwrap().number.as_e164(), "+8613580006666");
    assert_eq!(sent_token(&wechat.seen()[2]), "T");
}

#[tokio::test]
async fn elsewhere_the_headers_are_worth_nothing() {
    let wechat = server(|_, _| Reaction::ok(session())).await;
    let error = gateway(&[&wechat.url()])
        .identify(&mini(), LoginProof::Hosted(&hosted()))
        .await
        .unwrap_err();
    assert!(matches!(error, E::CodeRefused));
    assert!(wechat.seen().is_empty());
}
