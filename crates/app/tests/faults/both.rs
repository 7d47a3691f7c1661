//! Redis and PostgreSQL away at once: their waits do not add up.

use menshen_testkit::servers::postgres::PostgresServer;
use menshen_testkit::servers::redis::RedisServer;

use crate::expected::without_both;
use crate::stage::{Fault, Stage};

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
