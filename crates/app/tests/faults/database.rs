//! PostgreSQL away or read-only.

use std::time::Duration;

use menshen_testkit::servers::postgres::PostgresServer;
use tokio::time::{Instant, sleep};

use crate::expected::{without_the_database, without_writes};
use crate::stage::{Fault, Stage};

/// Connections of the service at most, by default, and those of these tests.
const CONNECTIONS: u32 = 10 + 2;

async fn no_stampede(stage: &Stage) {
    let postgres = std::sync::Arc::clone(&stage.postgres);
    let count = "SELECT count(*) FROM pg_stat_activity \
                 WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    let open = tokio::task::spawn_blocking(move || postgres.execute(count));
    let open: u32 = open.await.expect("a count").parse().expect("a number");
    assert!(open <= CONNECTIONS, "{open} connections");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_database_nobody_is_let_in_and_all_is_well_after_a_restart() {
    let stage = Stage::set().await;
    let fault = Fault::expecting(&stage.service, without_the_database).await;
    stage.postgres(PostgresServer::kill).await;
    fault.hit().await;
    stage.postgres(PostgresServer::restart).await;
    fault.mended(&stage.service).await;
    no_stampede(&stage).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_hangs_is_as_one_that_is_down() {
    let stage = Stage::set().await;
    let fault = Fault::expecting(&stage.service, without_the_database).await;
    stage.postgres(PostgresServer::freeze).await;
    fault.hit().await;
    stage.postgres(PostgresServer::thaw).await;
    fault.mended(&stage.service).await;
    no_stampede(&stage).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_read_only_database_tokens_are_checked_and_nothing_else() {
    let stage = Stage::set().await;
    let fault = Fault::expecting(&stage.service, without_writes).await;
    stage.postgres(|server| server.read_only(true)).await;
    takes_writes(&stage, false).await;
    fault.hit().await;
    stage.postgres(|server| server.read_only(false)).await;
    takes_writes(&stage, true).await;
    fault.mended(&stage.service).await;
}

/// Each connection heeds a changed setting by itself, in a moment.
async fn takes_writes(stage: &Stage, wished: bool) {
    let since = Instant::now();
    while stage.service.database.check_writable().await.is_ok() != wished {
        assert!(since.elapsed() < Duration::from_secs(5), "not heeded");
        sleep(Duration::from_millis(20)).await;
    }
}
