//! Several dependencies slow or away at once: their waits do not add up.

use std::sync::Arc;
use std::time::Duration;

use menshen_testkit::servers::postgres::PostgresServer;
use menshen_testkit::servers::redis::RedisServer;

use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::expected::without_both;
use crate::stage::{Fault, LONGEST, Stage};
use crate::support::{Login, client};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_both_hanging_every_answer_comes_in_time() {
    let stage = Stage::set().await;
    let fault = Fault::expecting(&stage.service, without_both).await;
    stage.redis(RedisServer::freeze).await;
    stage.postgres(PostgresServer::freeze).await;
    fault.hit().await;
    stage.redis(RedisServer::thaw).await;
    stage.postgres(PostgresServer::thaw).await;
    fault.mended(&stage.service).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_hangs_after_a_slow_exchange_is_not_waited_for_and_the_code_stays_good() {
    const EXCHANGE: &str = "/sns/jscode2session";
    let stage = Stage::set().await;
    let before = stage.service.one_tap("bob").await;
    let code = stage.service.login_code("alice").await;
    let slow = json!({ "target": EXCHANGE, "latency_ms": 2_500 });
    stage.service.fault(slow).await;
    let (service, shown) = (Arc::clone(&stage.service), code.clone());
    let asked = Instant::now();
    let login = tokio::spawn(async move { service.hand_in(&shown, client()).await });
    // Until shortly before the exchange is over the connections are in use, and so
    // are trusted after it.
    while asked.elapsed() < Duration::from_millis(1_900) {
        stage.service.me(before.access()).await.ok();
    }
    assert_eq!(stage.service.calls(EXCHANGE).await, 2);
    stage.postgres(PostgresServer::freeze).await;
    let answer = login.await.expect("an answer");
    assert!(asked.elapsed() < LONGEST, "{:?}", asked.elapsed());
    answer.fails(503, "unavailable");
    stage.postgres(PostgresServer::thaw).await;
    stage.service.heal().await;
    // What had begun came to its end; whoever shows the code again signs in.
    let since = Instant::now();
    let again = loop {
        let answer = stage.service.hand_in(&code, client()).await;
        if answer.status == 200 {
            break Login::of(&answer);
        }
        assert!(since.elapsed() < LONGEST, "{answer:?}");
        sleep(Duration::from_millis(100)).await;
    };
    assert!(again.is_new());
    assert_eq!(stage.service.calls(EXCHANGE).await, 2);
    assert_eq!(stage.service.count("users").await, 2);
}
