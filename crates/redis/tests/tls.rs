//! TLS towards a real Redis: alone, as a cluster, and behind sentinels.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod support;

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use menshen_domain::ports::replay_ledger::{Claim, ProofKey, ReplayLedger as _};
use menshen_domain::ports::session_notices::SessionNotices;
use menshen_redis::RedisOptions;
use menshen_redis::session_notices::NoticeMetrics;
use menshen_redis::url::RedisUrl;
use menshen_testkit::authority::Authority;
use menshen_testkit::servers::redis::{RedisCluster, RedisServer, RedisTls, RedisWithSentinels};
use menshen_testkit::suites::session_notices::{hears, listening, user};
use support::Stores;
use tokio::task::spawn_blocking;

/// The adapters over a URL, believing this authority only, or the system's.
fn over(url: &str, authority: Option<&Authority>) -> Stores {
    let url = RedisUrl::parse(url).unwrap();
    let url = match authority {
        Some(authority) => {
            let pem = fs::read(authority.file()).unwrap();
            url.with_authorities(&pem).unwrap()
        }
        None => url,
    };
    // Handshakes take their time in a debug build on a busy machine.
    let patient = Duration::from_secs(10);
    let options = RedisOptions {
        acquire: patient,
        connect: patient,
        ..RedisOptions::default()
    };
    Stores::of(&url, options)
}

async fn works(stores: &Stores) {
    stores.redis.ping().await.unwrap();
    let ledger = stores.ledger();
    // Wherever in a cluster they fall.
    for n in 0..12 {
        let lease = Duration::from_mins(1);
        let claim = ledger.claim(ProofKey([n; 32]), lease, Duration::ZERO).await;
        assert!(
            matches!(claim, Ok(Claim::Granted { vouched: None })),
            "{claim:?}"
        );
    }
    let one: Arc<dyn SessionNotices> = stores.notices(&NoticeMetrics::default());
    let two: Arc<dyn SessionNotices> = stores.notices(&NoticeMetrics::default());
    let ear = listening(&two, &one).await;
    hears(&ear, &one, user(5)).await;
}

async fn is_refused(stores: &Stores) {
    let refused = stores.redis.ping().await;
    assert!(refused.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_server_is_believed_under_its_name_and_authority_only() {
    let (ours, other) = (Authority::new(), Authority::new());
    let certificate = ours.certify("redis", "IP:127.0.0.1");
    let server = spawn_blocking(move || {
        let tls = RedisTls {
            certificate: &certificate,
            authority: &ours,
        };
        (RedisServer::start_with_tls(tls), ours)
    });
    let (server, ours) = server.await.unwrap();
    works(&over(&server.url(), Some(&ours))).await;
    is_refused(&over(&server.url(), Some(&other))).await;
    // Those of the system do not know it.
    is_refused(&over(&server.url(), None)).await;
    // The certificate is for the address, not for the name.
    let named = server.url().replace("127.0.0.1", "localhost");
    is_refused(&over(&named, Some(&ours))).await;
    // Nobody falls back to plain text, on either side.
    is_refused(&over(&server.url().replace("rediss", "redis"), None)).await;
    let plain = spawn_blocking(RedisServer::start).await.unwrap();
    let url = plain.url().replace("redis", "rediss");
    is_refused(&over(&url, Some(&ours))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_is_believed_under_its_authority_only() {
    let (ours, other) = (Authority::new(), Authority::new());
    let certificate = ours.certify("redis", "IP:127.0.0.1");
    let cluster = spawn_blocking(move || {
        let tls = RedisTls {
            certificate: &certificate,
            authority: &ours,
        };
        (RedisCluster::start_with_tls(tls), ours)
    });
    let (cluster, ours) = cluster.await.unwrap();
    works(&over(&cluster.url(), Some(&ours))).await;
    is_refused(&over(&cluster.url(), Some(&other))).await;
    spawn_blocking(move || drop(cluster)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_and_its_sentinels_are_believed_under_their_authority_only() {
    let (ours, other) = (Authority::new(), Authority::new());
    let certificate = ours.certify("redis", "IP:127.0.0.1");
    let servers = spawn_blocking(move || {
        let tls = RedisTls {
            certificate: &certificate,
            authority: &ours,
        };
        (RedisWithSentinels::start_with_tls(tls), ours)
    });
    let (servers, ours) = servers.await.unwrap();
    works(&over(&servers.url(), Some(&ours))).await;
    is_refused(&over(&servers.url(), Some(&other))).await;
    spawn_blocking(move || drop(servers)).await.unwrap();
}
