//! Notices while Redis is in trouble, and what others learn from them.

mod support;

use std::sync::Arc;
use std::time::Duration;

use menshen_domain::ports::session_notices::{SessionNotice, SessionNotices};
use menshen_redis::RedisOptions;
use menshen_redis::session_notices::NoticeMetrics;
use menshen_testkit::servers::redis::{RedisCluster, RedisServer, RedisWithSentinels};
use menshen_testkit::suites::session_notices::{Ear, hears, listening, user};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use support::Stores;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(30);

type Notices = Arc<dyn SessionNotices>;

fn bounded(url: &str) -> Stores {
    Stores::within(url, RedisOptions::default())
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < PATIENCE, "{what}: not in time");
        sleep(Duration::from_millis(10)).await;
    }
}

fn value(metrics: &NoticeMetrics, line: &str) -> u64 {
    let (mut registry, mut text) = (Registry::default(), String::new());
    metrics.register(&mut registry);
    encode(&mut text, &registry).expect("text");
    let value = text.lines().find_map(|found| found.strip_prefix(line));
    let value = value.unwrap_or_else(|| panic!("{line}: {text}"));
    value.trim().parse().expect("a number")
}

fn missed(ear: &Ear) -> usize {
    let notices = ear.notices();
    notices
        .iter()
        .filter(|notice| **notice == SessionNotice::Missed)
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_is_listened_to_again_and_what_was_missed_is_told() {
    let server = Arc::new(spawn_blocking(RedisServer::start).await.unwrap());
    let stores = bounded(&server.url());
    let (ours, theirs) = (NoticeMetrics::default(), NoticeMetrics::default());
    let one: Notices = stores.notices(&ours);
    let two: Notices = stores.notices(&theirs);
    let ear = listening(&two, &one).await;
    assert!(value(&theirs, "session_notices_total{fate=\"received\"}") > 0);
    assert_eq!(value(&theirs, "session_notices_subscribed"), 1);
    let before = missed(&ear);
    server.kill();
    // Who announces does not wait, however many there are.
    for n in 0..20_000 {
        one.announce(&[user(n)]);
    }
    until("the subscription is down", || {
        value(&theirs, "session_notices_subscribed") == 0
    })
    .await;
    until("notices are dropped", || {
        value(&ours, "session_notices_total{fate=\"dropped\"}") > 10_000
    })
    .await;
    spawn_blocking({
        let server = Arc::clone(&server);
        move || server.restart()
    })
    .await
    .unwrap();
    hears(&ear, &one, user(77_777)).await;
    assert!(missed(&ear) > before);
    assert_eq!(value(&theirs, "session_notices_subscribed"), 1);
    spawn_blocking(move || drop(server)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_is_noticed_and_heard_again() {
    let server = Arc::new(spawn_blocking(RedisServer::start).await.unwrap());
    let stores = bounded(&server.url());
    let metrics = NoticeMetrics::default();
    let one: Notices = stores.notices(&NoticeMetrics::default());
    let two: Notices = stores.notices(&metrics);
    let ear = listening(&two, &one).await;
    server.freeze();
    until("the hanging server is left", || {
        value(&metrics, "session_notices_subscribed") == 0
    })
    .await;
    server.thaw();
    hears(&ear, &one, user(5)).await;
    spawn_blocking(move || drop(server)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emptied_server_changes_nothing() {
    let server = Arc::new(spawn_blocking(RedisServer::start).await.unwrap());
    let replicas = bounded(&server.url()).replicas();
    let ear = listening(&replicas.two, &replicas.one).await;
    server.command(&["FLUSHALL"]);
    let before = missed(&ear);
    replicas.one.announce(&[user(1)]);
    until("it is heard", || ear.heard_of(user(1))).await;
    assert_eq!(missed(&ear), before);
    drop(replicas);
    spawn_blocking(move || drop(server)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_is_followed() {
    let redis = Arc::new(spawn_blocking(RedisWithSentinels::start).await.unwrap());
    let replicas = bounded(&redis.url()).replicas();
    let ear = listening(&replicas.two, &replicas.one).await;
    let failing = Arc::clone(&redis);
    spawn_blocking(move || failing.fail_over()).await.unwrap();
    hears(&ear, &replicas.one, user(6)).await;
    drop(replicas);
    spawn_blocking(move || drop(redis)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_is_listened_to_while_a_master_hangs() {
    let cluster = spawn_blocking(RedisCluster::start).await.unwrap();
    for master in cluster.masters() {
        master.command(&["CONFIG", "SET", "cluster-require-full-coverage", "no"]);
    }
    let replicas = bounded(&cluster.url()).replicas();
    let ear = listening(&replicas.two, &replicas.one).await;
    // Both listen to the first; the channel's slot may be of any.
    cluster.masters()[0].freeze();
    let slot_is_served = async {
        let since = Instant::now();
        while !ear.heard_of(user(7)) && since.elapsed() < Duration::from_secs(10) {
            replicas.one.announce(&[user(7)]);
            sleep(Duration::from_millis(50)).await;
        }
        ear.heard_of(user(7))
    };
    let heard_meanwhile = slot_is_served.await;
    cluster.masters()[0].thaw();
    hears(&ear, &replicas.one, user(8)).await;
    assert!(heard_meanwhile, "one master of three keeps all silent");
    drop(replicas);
    spawn_blocking(move || drop(cluster)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deployments_that_share_a_server_do_not_hear_each_other() {
    let server = RedisServer::shared().await;
    let (ours, others) = (bounded(&server.url()), bounded(&server.url()));
    let stranger = others.replicas();
    let at_stranger = listening(&stranger.one, &stranger.two).await;
    let replicas = ours.replicas();
    let ear = listening(&replicas.two, &replicas.one).await;
    replicas.one.announce(&[user(1)]);
    stranger.two.announce(&[user(2)]);
    until("each hears its own", || {
        ear.heard_of(user(1)) && at_stranger.heard_of(user(2))
    })
    .await;
    assert!(!ear.heard_of(user(2)) && !at_stranger.heard_of(user(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_names_nobody_and_nonsense_makes_nobody_believe() {
    // Its own server: whatever passes there was sent by this test.
    let server = Arc::new(spawn_blocking(RedisServer::start).await.unwrap());
    let stores = bounded(&server.url());
    let metrics = NoticeMetrics::default();
    let one: Notices = stores.notices(&NoticeMetrics::default());
    let two: Notices = stores.notices(&metrics);
    let ear = listening(&two, &one).await;
    let channels = server.command(&["PUBSUB", "CHANNELS", "test-*"]);
    // Who listens to everything sees neither the id nor its bytes.
    let client = deadpool_redis::redis::Client::open(server.url()).unwrap();
    let mut spy = client.get_async_pubsub().await.unwrap();
    spy.psubscribe("*").await.unwrap();
    let named = user(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10);
    one.announce(&[named]);
    until("it is heard", || ear.heard_of(named)).await;
    // Redis hands a message to all its subscribers before it serves anybody
    // else: what the ear has heard is on its way to the spy, too. Nothing
    // that comes after this mark was sent before it.
    server.command(&["PUBLISH", "mark", "the end"]);
    let mut heard = spy.on_message();
    let mut seen = 0;
    loop {
        let message = timeout(PATIENCE, futures_util::StreamExt::next(&mut heard))
            .await
            .expect("in time")
            .unwrap();
        if message.get_channel_name() == "mark" {
            break;
        }
        seen += 1;
        let payload = message.get_payload_bytes();
        assert!(!payload.windows(4).any(|part| part == [5, 6, 7, 8]));
        assert!(!message.get_channel_name().contains(&named.to_string()));
    }
    assert!(seen > 0, "the spy heard nothing");
    let before = missed(&ear);
    for channel in channels.lines() {
        server.command(&["PUBLISH", channel, "nonsense"]);
    }
    until("nonsense is taken for something missed", || {
        missed(&ear) > before && value(&metrics, "session_notices_total{fate=\"unreadable\"}") > 0
    })
    .await;
    drop((one, two, stores));
    spawn_blocking(move || drop(server)).await.unwrap();
}
