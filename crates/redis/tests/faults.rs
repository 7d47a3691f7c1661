//! What happens when Redis is away, hangs, comes back empty or has another master.

mod support;

use std::sync::Arc;
use std::time::Duration;

use menshen_domain::model::client::ClientType;
use menshen_domain::model::limits::{LimitKey, LimitRule, Window};
use menshen_domain::model::verification::{ChallengeId, CodeScope, CodeSeed, Purpose};
use menshen_domain::ports::code_store::{Attempt, CodeStore, CodeStoreError, Draft};
use menshen_domain::ports::rate_limiter::{Admission, RateLimiter, RateLimiterError};
use menshen_domain::ports::replay_ledger::{ProofKey, ReplayLedger as _};
use menshen_redis::RedisOptions;
use menshen_redis::code_store::RedisCodeStore;
use menshen_testkit::sample::{SeededRandomness, phone};
use menshen_testkit::servers::redis::{RedisCluster, RedisServer, RedisWithSentinels};
use support::Stores;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep, timeout};

const LONG: Duration = Duration::from_mins(10);
/// The longest that an answer may take: a connection and a command, half a second
/// each, on a machine that has other things to do.
const BOUND: Duration = Duration::from_millis(1500);
/// How soon the service is back after the server.
const BACK: Duration = Duration::from_secs(5);

fn bounded(url: &str) -> Stores {
    Stores::within(url, RedisOptions::default())
}

fn scope(n: u32) -> CodeScope {
    CodeScope {
        purpose: Purpose::Login,
        client_type: ClientType::App,
        phone: phone(n),
    }
}

async fn draft(store: &RedisCodeStore, n: u32) -> Result<Draft, CodeStoreError> {
    let fresh = CodeSeed::generate(&SeededRandomness::new(u64::from(n) << 32));
    store
        .draft(&scope(n), fresh, LONG, Duration::from_mins(2))
        .await
}

/// Sends a code; answers its seed.
async fn send(store: &RedisCodeStore, n: u32) -> CodeSeed {
    let kept = draft(store, n).await.expect("Redis answers");
    let challenge = ChallengeId::generate(&SeededRandomness::new(7));
    let committed = store.commit(&scope(n), &kept, challenge, 5).await;
    committed.expect("Redis answers");
    kept.seed
}

async fn is_there(store: &RedisCodeStore, n: u32) -> bool {
    let tried = store.attempt(&scope(n), None, 5).await;
    !matches!(tried.expect("Redis answers"), Attempt::Absent)
}

async fn server() -> Arc<RedisServer> {
    let started = spawn_blocking(RedisServer::start).await;
    Arc::new(started.expect("a Redis server"))
}

async fn with(server: &Arc<RedisServer>, act: impl FnOnce(&RedisServer) + Send + 'static) {
    let server = Arc::clone(server);
    spawn_blocking(move || act(&server)).await.expect("done");
}

/// Asks until an answer comes; that must be soon.
async fn back(store: &RedisCodeStore) {
    let since = Instant::now();
    while let Err(error) = draft(store, 999).await {
        assert!(since.elapsed() < BACK, "not back: {error:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Many callers at once: each is refused within the bound.
async fn all_refused_in_time(store: &Arc<RedisCodeStore>) {
    let mut callers = JoinSet::new();
    for n in 0..60 {
        let store = Arc::clone(store);
        callers.spawn(async move {
            let asked = Instant::now();
            (draft(&store, n).await, asked.elapsed())
        });
    }
    for (answer, took) in callers.join_all().await {
        assert!(
            matches!(answer, Err(CodeStoreError::Unavailable(_))),
            "{answer:?}"
        );
        assert!(took < BOUND, "{took:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_is_refused_in_time_and_found_again_empty() {
    let server = server().await;
    let stores = bounded(&server.url());
    let codes = stores.codes();
    send(&codes, 1).await;
    assert!(is_there(&codes, 1).await);
    with(&server, RedisServer::kill).await;
    all_refused_in_time(&codes).await;
    assert!(stores.redis.ping().await.is_err());
    with(&server, RedisServer::restart).await;
    back(&codes).await;
    // Everything is lost, and asked for again.
    assert!(!is_there(&codes, 1).await);
    send(&codes, 1).await;
    assert!(is_there(&codes, 1).await);
    stores.redis.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_down_at_the_start_is_found_when_it_comes() {
    let server = server().await;
    with(&server, RedisServer::kill).await;
    let codes = bounded(&server.url()).codes();
    all_refused_in_time(&codes).await;
    with(&server, RedisServer::restart).await;
    back(&codes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_server_is_refused_in_time_and_loses_nothing() {
    let server = server().await;
    let stores = bounded(&server.url());
    let codes = stores.codes();
    let seed = send(&codes, 1).await;
    with(&server, RedisServer::freeze).await;
    all_refused_in_time(&codes).await;
    all_refused_in_time(&codes).await;
    let asked = Instant::now();
    assert!(stores.redis.ping().await.is_err());
    assert!(asked.elapsed() < BOUND);
    with(&server, RedisServer::thaw).await;
    back(&codes).await;
    assert!(codes.spend(&scope(1), seed.id).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_questions_in_a_row_do_not_add_up_their_waits() {
    let server = server().await;
    let codes = bounded(&server.url()).codes();
    draft(&codes, 0).await.unwrap();
    for killed in [false, true] {
        if killed {
            with(&server, RedisServer::kill).await;
        } else {
            with(&server, RedisServer::freeze).await;
        }
        let asked = Instant::now();
        for n in 0..20 {
            draft(&codes, n).await.unwrap_err();
        }
        // Three that wait for their time limits, and one a second after these.
        assert!(asked.elapsed() < BOUND * 3, "{:?}", asked.elapsed());
        if killed {
            with(&server, RedisServer::restart).await;
        } else {
            with(&server, RedisServer::thaw).await;
        }
        back(&codes).await;
        for n in 0..20 {
            draft(&codes, n).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_for_a_proof_is_answered_when_the_server_hangs() {
    let server = server().await;
    let ledger = bounded(&server.url()).ledger();
    let key = ProofKey([1; 32]);
    ledger.claim(key, LONG, Duration::ZERO).await.unwrap();
    let waiter = {
        let ledger = Arc::clone(&ledger);
        tokio::spawn(async move { ledger.claim(key, LONG, LONG).await })
    };
    sleep(Duration::from_millis(100)).await;
    with(&server, RedisServer::freeze).await;
    let answer = timeout(BOUND, waiter).await.expect("an answer in time");
    assert!(answer.unwrap().is_err());
    with(&server, RedisServer::thaw).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_were_cut_while_idle_are_noticed() {
    let server = server().await;
    let codes = bounded(&server.url()).codes();
    for round in 0..3 {
        draft(&codes, round).await.unwrap();
        with(&server, |server| {
            server.command(&["CLIENT", "KILL", "TYPE", "normal"]);
        })
        .await;
        // Longer than a connection is trusted without being asked.
        sleep(Duration::from_millis(1100)).await;
        draft(&codes, round + 10).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forgotten_scripts_are_told_again() {
    let server = server().await;
    let codes = bounded(&server.url()).codes();
    for n in 0..5 {
        let seed = send(&codes, n).await;
        with(&server, |server| {
            server.command(&["SCRIPT", "FLUSH"]);
        })
        .await;
        assert!(codes.spend(&scope(n), seed.id).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_server_refuses_new_counts_and_keeps_the_old_ones() {
    let server = server().await;
    let stores = bounded(&server.url());
    let (codes, limiter) = (stores.codes(), stores.limiter());
    let window = |n| Window {
        rule: LimitRule::SmsVolume,
        key: LimitKey::SmsPhone(phone(n)),
        limit: 1,
        per: LONG,
    };
    let seed = send(&codes, 1).await;
    limiter.reserve(&[window(1)]).await.unwrap();
    with(&server, |server| {
        server.command(&["CONFIG", "SET", "maxmemory", "1"]);
    })
    .await;
    assert!(matches!(
        limiter.reserve(&[window(2)]).await,
        Err(RateLimiterError::Full)
    ));
    assert!(matches!(draft(&codes, 2).await, Err(CodeStoreError::Full)));
    assert!(matches!(
        limiter.reserve(&[window(1)]).await.unwrap(),
        Admission::Refused { .. }
    ));
    with(&server, |server| {
        server.command(&["CONFIG", "SET", "maxmemory", "0"]);
    })
    .await;
    assert!(codes.spend(&scope(1), seed.id).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_without_one_master_serves_what_the_others_hold() {
    let cluster = spawn_blocking(RedisCluster::start).await.unwrap();
    let stores = bounded(&cluster.url());
    let codes = stores.codes();
    for n in 0..30 {
        send(&codes, n).await;
    }
    for master in cluster.masters() {
        master.command(&["CONFIG", "SET", "cluster-require-full-coverage", "no"]);
    }
    cluster.masters()[0].freeze();
    let mut answered = 0;
    for n in 0..30 {
        let asked = Instant::now();
        let tried = codes.attempt(&scope(n), None, 5).await;
        assert!(asked.elapsed() < BOUND, "{:?}", asked.elapsed());
        answered += u32::from(matches!(tried, Ok(Attempt::Counted { .. })));
    }
    assert!((5..30).contains(&answered), "{answered} of 30");
    cluster.masters()[0].thaw();
    let since = Instant::now();
    for n in 0..30 {
        while codes.attempt(&scope(n), None, 5).await.is_err() {
            assert!(since.elapsed() < BACK * 2, "not back");
            sleep(Duration::from_millis(20)).await;
        }
    }
    spawn_blocking(move || drop(cluster)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_is_followed() {
    let redis = Arc::new(spawn_blocking(RedisWithSentinels::start).await.unwrap());
    let codes = bounded(&redis.url()).codes();
    let seed = send(&codes, 1).await;
    // The replica has it: then a failover loses nothing.
    let acknowledged = {
        let redis = Arc::clone(&redis);
        spawn_blocking(move || redis.servers[0].command(&["WAIT", "1", "5000"]))
    };
    assert_eq!(acknowledged.await.unwrap(), "1");
    let failing = {
        let redis = Arc::clone(&redis);
        spawn_blocking(move || redis.fail_over())
    };
    failing.await.unwrap();
    back(&codes).await;
    assert!(codes.spend(&scope(1), seed.id).await.unwrap());
    assert!(!codes.spend(&scope(1), seed.id).await.unwrap());
    spawn_blocking(move || drop(redis)).await.unwrap();
}
