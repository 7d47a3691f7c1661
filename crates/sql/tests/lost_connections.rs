//! What the pool does when PostgreSQL dies, hangs or takes no writes: every answer
//! comes in time, and the first good one soon after the server is back.

#![expect(clippy::unwrap_used, reason = "the functions here are parts of tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::identifiers::{SessionId, UserId};
use menshen_domain::ports::audit_log::AuditLog as _;
use menshen_domain::ports::session_store::SessionStore as _;
use menshen_sql::{Database, DatabaseOptions, SqlStore};
use menshen_testkit::people::People;
use menshen_testkit::sample::{SeededRandomness, now};
use menshen_testkit::servers::postgres::PostgresServer;
use support::store;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep, timeout};

/// The time limit of a call, and what a busy machine adds.
const BOUND: Duration = Duration::from_millis(4_900);
/// How soon the service is back after the server.
const BACK: Duration = Duration::from_secs(5);
const CONNECTIONS: u32 = 6;

struct Scene {
    server: Arc<PostgresServer>,
    database: Database,
    store: SqlStore,
}

async fn scene() -> Scene {
    let server = spawn_blocking(PostgresServer::start).await.unwrap();
    let options = DatabaseOptions {
        max_connections: CONNECTIONS,
        ..DatabaseOptions::default()
    };
    let database = Database::connect(&server.url(), options).await.unwrap();
    database.migrate_up().await.unwrap();
    let scene = Scene {
        server: Arc::new(server),
        store: store(&database),
        database,
    };
    // All connections are there, and were just in use.
    for outcome in scene.crowd().await {
        assert!(outcome.0);
    }
    scene
}

impl Scene {
    async fn act(&self, act: impl FnOnce(&PostgresServer) + Send + 'static) {
        let server = Arc::clone(&self.server);
        spawn_blocking(move || act(&server)).await.unwrap();
    }

    /// One call that reads.
    async fn asks(&self) -> bool {
        asks(&self.store).await
    }

    /// Twice as many callers as connections, at once: whether each was answered,
    /// and after what time.
    async fn crowd(&self) -> Vec<(bool, Duration)> {
        let mut callers = JoinSet::new();
        for _ in 0..CONNECTIONS * 2 {
            let store = self.store.clone();
            callers.spawn(async move {
                let asked = Instant::now();
                (asks(&store).await, asked.elapsed())
            });
        }
        callers.join_all().await
    }

    /// Asks until the server takes writes; that must be soon.
    async fn back(&self) {
        let since = Instant::now();
        while let Err(error) = self.database.check_writable().await {
            assert!(since.elapsed() < BACK, "not back: {error:?}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn connections(&self) -> u32 {
        let pool = self.database.connection().get_postgres_connection_pool();
        pool.size()
    }
}

async fn asks(store: &SqlStore) -> bool {
    let nobody = SessionId::generate(&SeededRandomness::new(3), now());
    store.find(nobody).await.is_ok()
}

fn all(outcomes: &[(bool, Duration)], answered: bool, within: Duration) {
    let kept = |(ok, took): &(bool, Duration)| *ok == answered && *took < within;
    assert!(outcomes.iter().all(kept), "{outcomes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_were_cut_cost_one_error_and_not_one_each() {
    let scene = scene().await;
    for _ in 0..3 {
        // All connections are given up once a second at most.
        sleep(Duration::from_millis(1_050)).await;
        all(&scene.crowd().await, true, BOUND);
        scene
            .act(|server| {
                let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                           WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
                server.execute(cut);
            })
            .await;
        let mut failed = 0;
        for _ in 0..CONNECTIONS * 2 {
            failed += u32::from(!scene.asks().await);
        }
        assert!(failed <= 1, "{failed} errors");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_is_refused_in_time_and_found_again() {
    let scene = scene().await;
    scene.act(PostgresServer::kill).await;
    all(&scene.crowd().await, false, BOUND);
    scene.act(PostgresServer::restart).await;
    scene.back().await;
    all(&scene.crowd().await, true, BOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_server_is_refused_in_time_and_found_again() {
    let scene = scene().await;
    scene.act(PostgresServer::freeze).await;
    all(&scene.crowd().await, false, BOUND);
    // By now the connections are given up: whoever comes waits for a new one only.
    all(&scene.crowd().await, false, BOUND / 2);
    scene.act(PostgresServer::thaw).await;
    scene.back().await;
    all(&scene.crowd().await, true, BOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_whose_callers_went_away_do_not_wait_for_a_frozen_server() {
    let scene = scene().await;
    assert!(scene.connections() > 0);
    scene.act(PostgresServer::freeze).await;
    let hasty = timeout(Duration::from_millis(200), scene.crowd()).await;
    assert!(hasty.is_err());
    // The server stays frozen, as one does that vanished with its machine.
    let since = Instant::now();
    while scene.connections() > 0 {
        assert!(since.elapsed() < BOUND * 2, "{}", scene.connections());
        // Who comes finds the idle ones worthless, and none in their place.
        all(&scene.crowd().await, false, BOUND);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_server_does_not_hold_up_the_end_of_the_process() {
    let scene = scene().await;
    scene.act(PostgresServer::freeze).await;
    all(&scene.crowd().await, false, BOUND);
    let asked = Instant::now();
    // Whether it can say goodbye is of no importance.
    drop(scene.database.close().await);
    assert!(asked.elapsed() < BOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_takes_no_writes_still_reads_and_says_so() {
    let scene = scene().await;
    let row = || {
        let user = UserId::generate(&SeededRandomness::new(5), now());
        [People::new(1).audit(AuditAction::SignedOut, user)]
    };
    scene.database.check_writable().await.unwrap();
    scene.act(|server| server.read_only(true)).await;
    let since = Instant::now();
    while scene.database.check_writable().await.is_ok() {
        assert!(since.elapsed() < BACK, "nobody was told");
        sleep(Duration::from_millis(20)).await;
    }
    assert!(scene.asks().await);
    assert!(scene.store.append(&row()).await.is_err());
    scene.act(|server| server.read_only(false)).await;
    scene.back().await;
    scene.store.append(&row()).await.unwrap();
}
