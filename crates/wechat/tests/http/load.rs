//! What a WeChat that fails or hangs may take of us.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::{
    LOGIN, errcode, gateway, gateway_within, login_code, mini, server, session, unspent,
};
use menshen_domain::model::wechat_login::LoginProof;
use menshen_domain::ports::wechat_gateway::WeChatGateway as _;
use menshen_outbound::mock::Reaction;
use tokio::task::JoinSet;

#[tokio::test]
async fn five_failures_open_the_circuit_which_answers_at_once() {
    let wechat = server(|_, _| Reaction::status(502, "<html>")).await;
    let gateway = gateway(&[&wechat.url()]);
    for _ in 0..5 {
        let error = gateway
            .identify(&mini(), LoginProof::Code(&login_code()))
            .await
            .unwrap_err();
        assert_eq!(unspent(&error), Some(false));
    }
    let begun = Instant::now();
    let error = gateway
        .identify(&mini(), LoginProof::Code(&login_code()))
        .await
        .unwrap_err();
    assert!(begun.elapsed() < Duration::from_millis(50));
    assert_eq!(unspent(&error), Some(true));
    assert_eq!(wechat.count(LOGIN), 5);
}

#[tokio::test]
async fn what_users_cause_opens_no_circuit() {
    let wechat = server(|_, before| match before % 3 {
        0 => errcode(40029),
        1 => errcode(40163),
        _ => errcode(45011),
    })
    .await;
    let gateway = gateway(&[&wechat.url()]);
    for _ in 0..20 {
        let error = gateway
            .identify(&mini(), LoginProof::Code(&login_code()))
            .await
            .unwrap_err();
        assert_eq!(unspent(&error), None);
    }
    assert_eq!(wechat.count(LOGIN), 20);
}

#[tokio::test]
async fn a_wechat_that_hangs_holds_sixty_four_of_us_and_no_more() {
    let wechat = server(|_, _| Reaction::Hang).await;
    let timeout = Duration::from_millis(1500);
    let gateway = Arc::new(gateway_within(&[&wechat.url()], timeout));
    let mut logins = JoinSet::new();
    for _ in 0..200 {
        let gateway = Arc::clone(&gateway);
        logins.spawn(async move {
            let begun = Instant::now();
            let error = gateway
                .identify(&mini(), LoginProof::Code(&login_code()))
                .await
                .unwrap_err();
            (unspent(&error), begun.elapsed())
        });
    }
    let results = logins.join_all().await;
    let (held, refused): (Vec<_>, Vec<_>) = results
        .into_iter()
        .partition(|(unspent, _)| *unspent == Some(false));
    assert_eq!((held.len(), refused.len()), (64, 136));
    assert!(wechat.count(LOGIN) <= 64);
    assert!(
        refused
            .iter()
            .all(|(_, took)| *took < Duration::from_millis(700))
    );
}

#[tokio::test]
async fn a_burst_on_a_wechat_in_health_is_served() {
    let wechat =
        server(|_, _| Reaction::Slow(Duration::from_millis(20), Box::new(Reaction::ok(session()))))
            .await;
    let gateway = Arc::new(gateway(&[&wechat.url()]));
    let mut logins = JoinSet::new();
    for _ in 0..120 {
        let gateway = Arc::clone(&gateway);
        logins.spawn(async move {
            gateway
                .identify(&mini(), LoginProof::Code(&login_code()))
                .await
                .is_ok()
        });
    }
    assert!(logins.join_all().await.into_iter().all(|served| served));
}
