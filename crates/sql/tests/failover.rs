//! Several hosts: the one that takes changes is found, and found again.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use menshen_domain::model::audit::AuditAction;
use menshen_domain::ports::audit_log::AuditLog as _;
use menshen_sql::url::DatabaseUrl;
use menshen_sql::{Database, DatabaseOptions, SqlStore};
use menshen_testkit::people::People;
use menshen_testkit::servers::postgres::{PostgresPair, PostgresServer};
use sea_orm::ConnectionTrait as _;
use support::store;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

/// How soon the service is back after there is a primary.
const BACK: Duration = Duration::from_secs(5);
/// The longest that a call may take: a connection and a statement, each with its
/// bound, and what a busy machine adds.
const BOUND: Duration = Duration::from_secs(6);

async fn pair() -> Arc<PostgresPair> {
    Arc::new(spawn_blocking(PostgresPair::start).await.unwrap())
}

async fn at(pair: &Arc<PostgresPair>, server: usize, act: fn(&PostgresServer)) {
    let pair = Arc::clone(pair);
    spawn_blocking(move || act(&pair.servers[server]))
        .await
        .unwrap();
}

async fn level(pair: &Arc<PostgresPair>) {
    let pair = Arc::clone(pair);
    spawn_blocking(move || pair.wait_until_level())
        .await
        .unwrap();
}

async fn connect(url: &str) -> Database {
    let url = DatabaseUrl::parse(url).unwrap();
    let options = DatabaseOptions {
        max_connections: 4,
        ..DatabaseOptions::default()
    };
    Database::open(&url, options).await.unwrap()
}

async fn writes(store: &SqlStore, people: &People) -> bool {
    let row = people.audit(AuditAction::SignedOut, people.account().id);
    let asked = Instant::now();
    let written = store.append(&[row]).await;
    assert!(asked.elapsed() < BOUND, "{:?}", asked.elapsed());
    written.is_ok()
}

/// Asks until eight callers in a row are served; that must be soon.
async fn back(store: &SqlStore, people: &People) {
    let since = Instant::now();
    loop {
        let mut served = Vec::new();
        for _ in 0..8 {
            served.push(writes(store, people).await);
        }
        if served.iter().all(|one| *one) {
            return;
        }
        assert!(since.elapsed() < BACK, "not back: {served:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn served_by(database: &Database) -> u16 {
    let sql = "SELECT current_setting('port')";
    let backend = database.connection().get_database_backend();
    let statement = sea_orm::Statement::from_string(backend, sql);
    let row = database
        .connection()
        .query_one_raw(statement)
        .await
        .unwrap();
    let port: String = row.unwrap().try_get_by_index(0).unwrap();
    port.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_standby_that_is_promoted_is_used_when_the_primary_dies() {
    let pair = pair().await;
    let database = connect(&pair.url()).await;
    database.migrate_up().await.unwrap();
    let (store, people) = (store(&database), People::new(1));
    assert!(writes(&store, &people).await);
    assert_eq!(served_by(&database).await, pair.servers[0].port());
    level(&pair).await;
    at(&pair, 0, PostgresServer::kill).await;
    assert!(!writes(&store, &people).await);
    at(&pair, 1, PostgresServer::promote).await;
    back(&store, &people).await;
    assert_eq!(served_by(&database).await, pair.servers[1].port());
    let broken = database.pool_state().breaks;
    assert!(broken > 0);
    database.close().await.unwrap();
}

/// The machine is gone without a word: connections hang instead of breaking.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_standby_that_is_promoted_is_used_when_the_primary_hangs() {
    let pair = pair().await;
    let database = connect(&pair.url()).await;
    database.migrate_up().await.unwrap();
    let (store, people) = (store(&database), People::new(2));
    back(&store, &people).await;
    level(&pair).await;
    at(&pair, 0, PostgresServer::freeze).await;
    at(&pair, 1, PostgresServer::promote).await;
    // Whoever comes before anybody knows may wait as long as a call may last.
    writes(&store, &people).await;
    back(&store, &people).await;
    assert_eq!(served_by(&database).await, pair.servers[1].port());
    at(&pair, 0, PostgresServer::thaw).await;
}

/// A switch-over: the old primary comes back as a standby on the same port.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_only_reads_any_more_is_left_for_the_one_that_writes() {
    let pair = pair().await;
    let database = connect(&pair.url()).await;
    database.migrate_up().await.unwrap();
    let (store, people) = (store(&database), People::new(3));
    back(&store, &people).await;
    level(&pair).await;
    at(&pair, 0, |server| server.read_only(true)).await;
    // Each connection heeds a changed setting by itself, in a moment.
    let since = Instant::now();
    while writes(&store, &people).await {
        assert!(since.elapsed() < BACK, "still written");
        sleep(Duration::from_millis(20)).await;
    }
    // What reads goes on meanwhile.
    database.ping().await.unwrap();
    at(&pair, 1, PostgresServer::promote).await;
    back(&store, &people).await;
    assert_eq!(served_by(&database).await, pair.servers[1].port());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_primary_is_found_wherever_it_stands_in_the_url() {
    let pair = pair().await;
    let [primary, standby] = pair.servers.each_ref().map(PostgresServer::host);
    for hosts in [
        format!("{standby},{primary}"),
        format!("{primary},{standby}"),
        // Where nobody listens.
        format!("127.0.0.1:1,{standby},{primary}"),
    ] {
        let database = connect(&format!("postgres://menshen@{hosts}/menshen")).await;
        assert_eq!(served_by(&database).await, pair.servers[0].port());
        database.close().await.unwrap();
    }
    // Where none takes changes, what reads can be served.
    level(&pair).await;
    at(&pair, 0, PostgresServer::kill).await;
    let database = connect(&pair.url()).await;
    assert_eq!(served_by(&database).await, pair.servers[1].port());
}
