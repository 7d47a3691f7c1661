//! Redis away: codes are closed, everything else goes on.

use std::time::Duration;

use menshen_testkit::servers::redis::RedisServer;

use crate::expected::without_redis;
use crate::stage::{Fault, Stage, mostly_in_time};

/// What ninety-nine of a hundred answers take with Redis stopped.
const MOSTLY: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_only_codes_are_closed_and_an_empty_one_serves_at_once() {
    let stage = Stage::set().await;
    let fault = Fault::expecting(&stage.service, without_redis).await;
    stage.redis(RedisServer::kill).await;
    mostly_in_time(&fault.hit().await, MOSTLY);
    stage.redis(RedisServer::restart).await;
    fault.mended(&stage.service).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_redis_hanging_only_codes_are_closed() {
    let stage = Stage::set().await;
    let fault = Fault::expecting(&stage.service, without_redis).await;
    stage.redis(RedisServer::freeze).await;
    mostly_in_time(&fault.hit().await, MOSTLY);
    stage.redis(RedisServer::thaw).await;
    fault.mended(&stage.service).await;
}
