//! What a WeChat that fails or hangs may take of us.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::{
    APP, LOGIN, OTHER_APP, counted, errcode, gateway, gateway_within, login_code, mini, other_app,
    server, session, unspent,
};
use menshen_domain::model::wechat_login::LoginProof;
use menshen_domain::ports::wechat_gateway::{WeChatGateway as _, WeChatGatewayError as E};
use menshen_outbound::mock::{Reaction, Seen};
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
async fn an_open_circuit_tells_the_wait_and_is_its_applications_alone() {
    let wechat = server(|seen: &Seen, _| {
        if seen.query().contains(OTHER_APP) {
            return Reaction::ok(session());
        }
        errcode(99_999)
    })
    .await;
    let (gateway, counts) = counted(&[&wechat.url()]);
    let (code, circuit) = (login_code(), |app: &str| {
        format!("wechat_circuit_open{{app=\"{app}\",endpoint=\"code2session\"}}")
    });
    for _ in 0..5 {
        assert!(
            gateway
                .identify(&mini(), LoginProof::Code(&code))
                .await
                .is_err()
        );
    }
    let error = gateway.identify(&mini(), LoginProof::Code(&code)).await;
    let Err(E::Unavailable { retry_after, .. }) = error else {
        panic!("expected an open circuit");
    };
    assert!((1..=10).contains(&retry_after.unwrap().as_secs()));
    assert_eq!(counts.of(&circuit(APP)), 1);
    let other = gateway
        .identify(&other_app(), LoginProof::Code(&code))
        .await;
    assert!(other.is_ok(), "another application is served");
    assert_eq!(counts.of(&circuit(OTHER_APP)), 0);
}

#[tokio::test]
async fn each_try_is_counted_by_endpoint_and_outcome() {
    let wechat = server(|_, before| match before {
        0 => errcode(-1),
        1 => Reaction::ok(session()),
        2 => errcode(40029),
        3 => errcode(40226),
        4 => errcode(45011),
        5 => errcode(40125),
        6 => Reaction::Close,
        _ => errcode(99_999),
    })
    .await;
    let (gateway, counts) = counted(&[&wechat.url()]);
    for _ in 0..7 {
        let _ = gateway
            .identify(&mini(), LoginProof::Code(&login_code()))
            .await;
    }
    for (outcome, count) in [
        ("ok", 1),
        ("error", 2),
        ("refused", 1),
        ("blocked", 1),
        ("limited", 1),
        ("misconfigured", 1),
        ("unclear", 1),
        ("unreachable", 0),
    ] {
        let line = format!("wechat_calls_total{{endpoint=\"code2session\",outcome=\"{outcome}\"}}");
        assert_eq!(counts.of(&line), count, "{outcome}\n{}", counts.text());
    }
    let timed = "wechat_call_duration_seconds_count{endpoint=\"code2session\"}";
    assert_eq!(counts.of(timed), 8);
}

#[tokio::test]
async fn a_code_that_our_own_first_try_spent_is_told_from_the_clients_mistakes() {
    let spent = "wechat_codes_spent_by_us_total{endpoint=\"code2session\"}";
    for refusal in [40163, 40029] {
        let wechat = server(move |_, before| match before {
            0 => errcode(-1),
            _ => errcode(refusal),
        })
        .await;
        let (gateway, counts) = counted(&[&wechat.url()]);
        for _ in 0..2 {
            let error = gateway
                .identify(&mini(), LoginProof::Code(&login_code()))
                .await;
            assert!(
                matches!(error, Err(E::CodeRefused)),
                "a fresh code is asked for"
            );
        }
        assert_eq!(counts.of(spent), 1, "the second was the client's");
    }
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
            .all(|(_, took)| *took < Duration::from_millis(1100))
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
