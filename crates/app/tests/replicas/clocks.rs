//! A replica whose machine has the wrong time, and one whose clock jumps.

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use menshen_app::clock::SystemClock;
use menshen_cluster::Cluster;
use menshen_domain::ports::clock::Clock as _;
use serde_json::Value;

use crate::stage::{Answer, Client, Hand, Tables, cluster};

/// What S-133 allows.
const TOLERATED: TimeDelta = TimeDelta::seconds(60);
/// What an access token lives.
const ACCESS: TimeDelta = TimeDelta::hours(1);

/// The library that tells a process another time.
fn faketime() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").expect("libraries").flatten();
    let known = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    let found = known.into_iter().find(|library| library.is_file());
    found.expect("these tests need libfaketime: install it (Debian: `apt install libfaketime`)")
}

/// Lets the second replica's machine be off by `offset` from its start on, and answers
/// with the file that changes it.
async fn mislead(cluster: &mut Cluster, offset: &str) -> PathBuf {
    let file = cluster.folder().join("clock");
    fs::write(&file, offset).expect("a file");
    let replica = &mut cluster.replicas[1];
    replica.kill().expect("a running replica");
    for (name, value) in [
        ("LD_PRELOAD", faketime().display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", file.display().to_string()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        // How long something takes stays true, as it does when a clock is set.
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ("DONT_FAKE_MONOTONIC", "1".to_owned()),
    ] {
        replica.set(name, &value);
    }
    replica
        .start()
        .await
        .expect("a replica with the wrong time");
    file
}

/// Asserts that a pair of tokens lives as long as it should by the right clock, and
/// that all replicas take it.
async fn assert_good(clients: &[Client], pair: &Answer) {
    assert!(pair.is_ok(), "{pair:?}");
    let token = pair.text("/access_token");
    let payload = token.split('.').nth(1).expect("a payload");
    let payload = URL_SAFE_NO_PAD.decode(payload).expect("base64");
    let claims: Value = serde_json::from_slice(&payload).expect("claims");
    let end = claims["exp"].as_i64().expect("an end");
    let left = TimeDelta::seconds(end - SystemClock.now().timestamp());
    assert!(
        left <= ACCESS + TOLERATED && left >= ACCESS - TOLERATED,
        "{left}"
    );
    for client in clients {
        let answer = client
            .get("/v1/auth/verify", &token)
            .await
            .expect("an answer");
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

/// Logins and refreshes at both replicas, crosswise; answers what is newest.
async fn come_and_go(clients: &[Client], hand: &Hand, before: Vec<Answer>) -> Vec<Answer> {
    let mut pairs = before;
    for client in clients {
        let code = hand.login_code("alice").await;
        pairs.push(client.one_tap(&code).await.expect("an answer"));
    }
    let mut newest = Vec::new();
    for (n, pair) in pairs.iter().enumerate() {
        assert_good(clients, pair).await;
        let other = &clients[(n + 1) % 2];
        let next = other.refresh(&pair.text("/refresh_token")).await;
        let next = next.expect("an answer");
        assert_good(clients, &next).await;
        newest.push(next);
    }
    newest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_with_the_wrong_time_signs_nobody_out_and_lets_nothing_live_longer() {
    let mut cluster = cluster(&[]).await;
    let (hand, tables) = (Hand::of(&cluster), Tables::of(&cluster).await);
    let replicas = cluster.replicas.iter();
    let clients: Vec<_> = replicas
        .map(|replica| Client::new(&replica.url(), 1))
        .collect();
    let mut pairs = come_and_go(&clients, &hand, Vec::new()).await;
    for (at_first, later) in [("+1h", "-1h"), ("-1h", "+1h")] {
        let file = mislead(&mut cluster, at_first).await;
        let noticed = "this machine's clock differs";
        assert!(
            cluster.replicas[1].log().contains(noticed),
            "it has the right time"
        );
        pairs = come_and_go(&clients, &hand, pairs).await;
        // The clock is set while the process runs.
        fs::write(file, later).expect("a file");
        pairs = come_and_go(&clients, &hand, pairs).await;
        let phone = if at_first == "+1h" {
            "13900003001"
        } else {
            "13900003002"
        };
        let asked = clients[0].ask_for_code(phone).await.expect("an answer");
        assert!(asked.is_ok(), "{asked:?}");
        let code = hand.sms_code(phone).await.expect("a message");
        let login = clients[1].try_code(phone, &code).await.expect("an answer");
        assert_good(&clients, &login).await;
    }
    let longer = "sessions WHERE expires_at > now() + interval '180 days 60 seconds' \
         OR created_at > now() + interval '60 seconds' OR ended_at IS NOT NULL";
    assert_eq!(tables.count(longer).await, 0, "{longer}");
    let log = cluster.replicas[1].log();
    assert!(!log.contains("panicked"), "{log}");
}
