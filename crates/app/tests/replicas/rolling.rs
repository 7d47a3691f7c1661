//! Replicas are replaced one after the other, and nobody notices.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use menshen_cluster::{Cluster, Ended, Process, get};
use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::life::{Record, live};
use crate::stage::{Client, Hand, cluster};

/// What nginx's idle connections live, and a little more.
const DRAIN: (&str, &str) = ("server.drain_delay", "4s");
/// As long as whoever replaces replicas lets nginx notice that one is back: longer
/// than its `fail_timeout`.
const NOTICED: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(30);

/// Replaces both replicas, one after the other, while people come through nginx; each
/// must end well. Answers what people got in the place of what they asked for.
async fn replace_both(cluster: &mut Cluster) -> BTreeMap<String, usize> {
    let hand = Hand::of(cluster);
    let (record, stop) = (
        Arc::new(Record::default()),
        Arc::new(AtomicBool::new(false)),
    );
    let mut load = JoinSet::new();
    for n in 1..=4 {
        let client = Client::new(&cluster.nginx.url(), n);
        let (hand, record, stop) = (hand.clone(), record.clone(), stop.clone());
        load.spawn(async move { live(&client, &hand, &record, &stop).await });
    }
    for n in 0..2 {
        record.some_more(40).await;
        let replica = &mut cluster.replicas[n];
        replica.signal("TERM").expect("a running replica");
        let ended = replica.ended().await.expect("an end");
        let well = Ended {
            status: Some(0),
            signal: None,
        };
        assert_eq!(ended, well, "{}", replica.log());
        record.some_more(40).await;
        replica.start().await.expect("a replica that starts again");
        sleep(NOTICED).await;
    }
    record.some_more(40).await;
    stop.store(true, Ordering::Relaxed);
    load.join_all().await;
    assert!(record.completed() > 4, "{:?}", record.others());
    record.others()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_loses_no_request_where_replicas_take_leave() {
    let mut cluster = cluster(&[("sms.resend_interval", "0s"), DRAIN]).await;
    let others = replace_both(&mut cluster).await;
    assert!(others.is_empty(), "{others:?} {}", cluster.nginx.log());
    // nginx itself gave no answer in the place of a replica.
    let requests = cluster.nginx.requests();
    let own = |status: &str| requests.contains(&format!("\"status\":\"{status}\""));
    assert!(
        !["500", "502", "503", "504", "499"].into_iter().any(own),
        "{requests}"
    );
}

/// Connections that a replica closes under nginx's hands are made good by the other
/// one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_loses_no_request_where_replicas_leave_at_once() {
    let mut cluster = cluster(&[("sms.resend_interval", "0s")]).await;
    let mut others = replace_both(&mut cluster).await;
    // Not sent again, since it may have arrived.
    others.remove("bind: 503 unavailable");
    assert!(others.is_empty(), "{others:?} {}", cluster.nginx.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_leaves_says_so_first_and_finishes_what_it_has() {
    let mut cluster = cluster(&[DRAIN]).await;
    let hand = Hand::of(&cluster);
    hand.person("late", None).await;
    hand.delay("/sns/jscode2session", 2000).await;
    let code = hand.login_code("late").await;
    let replica = &mut cluster.replicas[0];
    let (address, client) = (replica.address(), Client::new(&replica.url(), 1));
    let login = tokio::spawn(async move { client.one_tap(&code).await });
    hand.wait_for_call("/sns/jscode2session").await;
    replica.signal("TERM").expect("a running replica");
    let gone = leaving(replica).await;
    // New work was taken, and its connections closed, until it was gone.
    assert!(gone.answers > 1, "{gone:?}");
    assert!(gone.draining && gone.closed, "{gone:?}");
    let login = login.await.expect("a task").expect("an answer");
    assert!(login.is_ok(), "{login:?}");
    let ended = replica.ended().await.expect("an end");
    assert_eq!(ended.status, Some(0), "{}", replica.log());
    assert!(get(address, "/healthz").await.is_err());
}

/// What a replica said from the signal on until it took no more connections.
#[derive(Debug)]
struct Leaving {
    answers: usize,
    /// Every answer of `/readyz` said so.
    draining: bool,
    /// Every answer closed its connection.
    closed: bool,
}

async fn leaving(replica: &Process) -> Leaving {
    // Asked without `Connection: close`, and so kept open as far as the client goes.
    let http = Client::new(&replica.url(), 1);
    let since = Instant::now();
    while http.is_ready().await == Some(true) {
        assert!(since.elapsed() < PATIENCE, "it does not say that it leaves");
    }
    let mut seen = Leaving {
        answers: 0,
        draining: true,
        closed: true,
    };
    while let Ok((answer, closes)) = http.readiness().await {
        seen.answers += 1;
        seen.draining &= answer.status == 503 && answer.body["status"] == json!("draining");
        seen.closed &= closes;
        assert!(since.elapsed() < PATIENCE, "it does not leave");
        sleep(Duration::from_millis(20)).await;
    }
    seen
}

impl Client {
    /// Whether the replica says that it is ready; `None` if it says nothing.
    async fn is_ready(&self) -> Option<bool> {
        let answer = self.ask(Method::GET, "/readyz", None, None).await;
        answer.ok().map(|answer| answer.status == 200)
    }
}
