//! What was acknowledged is there, however often a replica is killed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt as _, stream};
use menshen_cluster::Cluster;
use menshen_simulator::defaults;
use tokio::task::JoinSet;

use crate::life::{Life, Record, Session, live};
use crate::stage::{Client, Hand, Tables, cluster};

const KILLS: usize = 20;
/// How much is acknowledged between two kills, at least.
const BETWEEN: usize = 20;

/// What a client may be told whose replica was killed: nothing, that it should come
/// again, or that a proof is spent, by the request that nobody answered.
const TOLD: [&str; 7] = [
    "no answer",
    "503 unavailable",
    // The simulator, which shares the machine, was slow.
    "503 wechat_unavailable",
    "400 wechat_code_invalid",
    "400 sms_code_expired",
    "429 sms_too_frequent",
    // A sign-out that was carried out and not answered is sent again by nginx.
    "401 session_revoked",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_under_load_lose_nothing_that_was_acknowledged() {
    let mut cluster = cluster(&[("sms.resend_interval", "0s")]).await;
    let hand = Hand::of(&cluster);
    let (record, stop) = (
        Arc::new(Record::default()),
        Arc::new(AtomicBool::new(false)),
    );
    let mut load = JoinSet::new();
    for (n, base) in bases(&cluster).into_iter().enumerate() {
        let client = Client::new(&base, u8::try_from(n).unwrap() + 1);
        let (hand, record, stop) = (hand.clone(), record.clone(), stop.clone());
        load.spawn(async move { live(&client, &hand, &record, &stop).await });
    }
    for kill in 0..KILLS {
        record.some_more(BETWEEN).await;
        let replica = &mut cluster.replicas[kill % 2];
        replica.kill().expect("a running replica");
        replica.start().await.expect("a replica that starts again");
    }
    stop.store(true, Ordering::Relaxed);
    load.join_all().await;
    for other in record.others().keys() {
        let told = TOLD.iter().any(|known| other.ends_with(known));
        assert!(told, "{:?}", record.others());
    }
    assert!(record.completed() > KILLS, "{:?}", record.others());
    // The load was hit, or this proves nothing.
    let hit = record
        .others()
        .keys()
        .any(|other| other.ends_with("no answer"));
    assert!(hit, "{:?}", record.others());
    assert_all_there(&cluster, &record).await;
}

/// Four who come through nginx, and one at each replica, who feel each kill.
fn bases(cluster: &Cluster) -> Vec<String> {
    let nginx = std::iter::repeat_n(cluster.nginx.url(), 4);
    let direct = cluster.replicas.iter().map(menshen_cluster::Process::url);
    nginx.chain(direct).collect()
}

async fn assert_all_there(cluster: &Cluster, record: &Record) {
    let tables = Tables::of(cluster).await;
    tables.assert_whole().await;
    let lives = record.lives.lock().expect("a record").clone();
    assert!(lives.len() > KILLS, "{}", lives.len());
    // Whoever was let down before their first answer may have an account, and one.
    let users = tables.count("users WHERE status = 'active'").await;
    let known = lives.iter().filter(|life| life.user.is_some()).count();
    let users = usize::try_from(users).expect("a number");
    assert!(users >= known && users <= lives.len(), "{users}");
    let clients: Vec<_> = cluster
        .replicas
        .iter()
        .map(|replica| Client::new(&replica.url(), 1))
        .collect();
    let (clients, tables) = (&clients, &tables);
    let checks = stream::iter(lives.iter().enumerate()).map(|(n, life)| async move {
        for (i, session) in life.sessions.iter().enumerate() {
            assert_session(&clients[(n + i) % 2], life, session).await;
        }
        assert_rows(tables, life).await;
    });
    checks.buffer_unordered(8).collect::<Vec<()>>().await;
    assert_each_is_one(cluster, &lives).await;
}

/// A session that was signed out is over; any other can go on, as the same person.
async fn assert_session(client: &Client, life: &Life, session: &Session) {
    let answer = client.refresh(&session.refresh).await.expect("an answer");
    if session.over {
        assert_eq!(answer.code(), "session_revoked", "{answer:?}");
        let verified = client.get("/v1/auth/verify", &session.access).await;
        assert_eq!(verified.expect("an answer").code(), "session_revoked");
        return;
    }
    if session.uncertain && answer.code() == "session_revoked" {
        return;
    }
    assert!(answer.is_ok(), "{answer:?}");
    assert_eq!(answer.text("/session_id"), session.id);
    assert_eq!(Some(answer.text("/user/id")), life.user);
    if life.phone.is_some() {
        assert_eq!(Some(answer.text("/user/phone")), life.phone);
    }
}

async fn assert_rows(tables: &Tables, life: &Life) {
    let Some(user) = &life.user else { return };
    let app = defaults::MINI_PROGRAM_APP_ID;
    let identity = format!("identities WHERE user_id = '{user}' AND app_id = '{app}'");
    assert_eq!(tables.count(&identity).await, 1, "{life:?}");
    for session in &life.sessions {
        let over = if session.over {
            "AND ended_at IS NOT NULL"
        } else {
            ""
        };
        let row = format!(
            "sessions WHERE id = '{}' AND user_id = '{user}' {over}",
            session.id
        );
        assert_eq!(tables.count(&row).await, 1, "{life:?}");
    }
}

/// Whoever comes again is who they were, whichever replica they come to.
async fn assert_each_is_one(cluster: &Cluster, lives: &[Life]) {
    let hand = Hand::of(cluster);
    for life in lives.iter().filter(|life| life.user.is_some()).take(50) {
        for replica in &cluster.replicas {
            let code = hand.login_code(&life.person).await;
            let client = Client::new(&replica.url(), 1);
            let again = client.one_tap(&code).await.expect("an answer");
            assert_eq!(Some(again.text("/user/id")), life.user, "{again:?}");
        }
    }
}
