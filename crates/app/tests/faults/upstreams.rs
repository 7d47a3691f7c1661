//! WeChat or all SMS vendors away: only what needs them suffers.

use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::expected::{without_vendors, without_wechat};
use crate::record::Kind;
use crate::stage::{Fault, LONGEST, Stage};
use crate::support::{Login, client};

/// Logins that hang at once.
const CALLERS: usize = 500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_wechat_hanging_only_its_logins_fail_and_soon_at_once() {
    let stage = Stage::set().await;
    let fault = Fault::expecting(&stage.service, without_wechat).await;
    let hang = json!({ "target": "/sns/jscode2session", "hang": true });
    stage.service.fault(hang).await;
    let during = fault.hit().await;
    // After five failures WeChat is left alone.
    let logins = during.iter().filter(|one| one.kind == Kind::WeChatLogin);
    let last = logins.max_by_key(|one| one.asked).expect("a login");
    assert!(last.took < Duration::from_secs(1), "{last:?}");
    stage.service.heal().await;
    fault.over(&stage.service).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_vendors_no_code_is_sent_and_all_else_goes_on() {
    let stage = Stage::set().await;
    let fault = Fault::expecting(&stage.service, without_vendors).await;
    let broken = json!({ "target": "sms/aliyun", "http_status": 503 });
    stage.service.fault(broken).await;
    fault.hit().await;
    stage.service.heal().await;
    fault.over(&stage.service).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_logins_that_hang_hold_nobody_else_up() {
    let stage = Stage::set().await;
    let service = &stage.service;
    let mut token = service.one_tap("alice").await.refresh().to_owned();
    let mut codes = Vec::new();
    for n in 0..CALLERS {
        codes.push(service.login_code(["alice", "bob", "carol"][n % 3]).await);
    }
    service
        .fault(json!({ "target": "/sns/jscode2session", "hang": true }))
        .await;
    let mut callers = JoinSet::new();
    for code in codes {
        let service = std::sync::Arc::clone(service);
        callers.spawn(async move {
            let asked = Instant::now();
            let answer = service.hand_in(&code, client()).await;
            (answer, asked.elapsed())
        });
    }
    // The first that hang do so for three seconds; meanwhile people refresh.
    let mut refreshed = 0;
    while !callers.is_empty() && refreshed < 50 {
        let asked = Instant::now();
        let answer = service.refresh(&token).await;
        Login::of(&answer).refresh().clone_into(&mut token);
        assert!(
            asked.elapsed() < Duration::from_secs(2),
            "{:?}",
            asked.elapsed()
        );
        refreshed += 1;
        while let Some(done) = callers.try_join_next() {
            told(done.expect("an answer"));
        }
    }
    assert!(refreshed >= 3, "{refreshed}");
    while let Some(done) = callers.join_next().await {
        told(done.expect("an answer"));
    }
}

/// A login that hung was told so in time.
fn told((answer, took): (crate::support::Answer, Duration)) {
    answer.fails(503, "wechat_unavailable");
    assert!(took < LONGEST, "{took:?}");
}
