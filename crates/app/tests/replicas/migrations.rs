//! The schema changes while replicas start and serve.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use menshen_cluster::Cluster;
use sea_orm::{ConnectionTrait as _, TransactionTrait as _};
use tokio::task::JoinSet;

use crate::life::{Record, live};
use crate::stage::{Client, Hand, Tables, cluster, replicas};

/// The lock that those who migrate hold.
const LOCK: &str = "SELECT pg_advisory_xact_lock(x'6d656e7368656e'::bigint)";
/// A migration that only a later version knows.
const LATER: &str = "INSERT INTO seaql_migrations (version, applied_at) \
     VALUES ('m20990101_000001_later', 0)";

/// What a command of the cluster says, and its exit status.
fn run(cluster: &Cluster, arguments: &[&str]) -> (Option<i32>, String) {
    let output = cluster.command(arguments).output().expect("a command");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (output.status.code(), text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_start_together_over_an_empty_database_migrate_once() {
    let cluster = replicas(5, &[]).await;
    let tables = Tables::of(&cluster).await;
    let (status, said) = run(&cluster, &["migrate", "status"]);
    assert_eq!(status, Some(0), "{said}");
    let lines: Vec<_> = said.lines().collect();
    assert!(
        lines.len() > 5 && lines.iter().all(|line| line.starts_with("applied")),
        "{said}"
    );
    let rows = tables.count("seaql_migrations").await;
    assert_eq!(usize::try_from(rows), Ok(lines.len()));
    // One keyring and one signing key: the others took what the first had made.
    assert_eq!(tables.count("signing_keys").await, 1);
    for replica in &cluster.replicas {
        assert!(
            !replica.log().contains("\"level\":\"ERROR\""),
            "{}",
            replica.log()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_schema_goes_down_and_up_by_command() {
    let mut cluster = cluster(&[]).await;
    let (status, said) = run(&cluster, &["migrate", "down", "--steps", "2"]);
    assert_eq!(status, Some(0), "{said}");
    let pending = said
        .lines()
        .filter(|line| line.starts_with("pending"))
        .count();
    assert_eq!(pending, 2, "{said}");
    // A replica that may not migrate does not start over it, and says what to do.
    let mut late = cluster.another("late").expect("a replica");
    late.set("MENSHEN_DATABASE__AUTO_MIGRATE", "false");
    late.spawn().expect("a process");
    assert_eq!(late.ended().await.expect("an end").status, Some(1));
    assert!(
        late.log().contains("run menshen migrate up"),
        "{}",
        late.log()
    );
    let (status, said) = run(&cluster, &["migrate", "up"]);
    assert_eq!(status, Some(0), "{said}");
    assert!(
        said.lines().all(|line| line.starts_with("applied")),
        "{said}"
    );
    late.start().await.expect("a replica that starts");
    cluster.replicas[0].kill().expect("a running replica");
    cluster.replicas[0]
        .start()
        .await
        .expect("a replica that starts again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_version_before_serves_on_while_and_after_a_later_one_migrates() {
    let cluster = cluster(&[("sms.resend_interval", "0s")]).await;
    let (hand, tables) = (Hand::of(&cluster), Tables::of(&cluster).await);
    let (record, stop) = (
        Arc::new(Record::default()),
        Arc::new(AtomicBool::new(false)),
    );
    let mut load = JoinSet::new();
    for n in 1..=3 {
        let client = Client::new(&cluster.nginx.url(), n);
        let (hand, record, stop) = (hand.clone(), record.clone(), stop.clone());
        load.spawn(async move { live(&client, &hand, &record, &stop).await });
    }
    record.some_more(40).await;
    // What a later version may do: add, and hold the lock while it does.
    let later = tables.connection().begin().await.expect("a transaction");
    for step in [LOCK, "CREATE TABLE later (id uuid PRIMARY KEY)", LATER] {
        later.execute_unprepared(step).await.expect("a step");
    }
    let mut late = cluster.another("late").expect("a replica");
    late.spawn().expect("a process");
    record.some_more(40).await;
    assert!(
        late.try_ended().expect("a process").is_none(),
        "{}",
        late.log()
    );
    for column in [
        "users ADD COLUMN later text",
        "sessions ADD COLUMN later int DEFAULT 0",
    ] {
        let change = format!("ALTER TABLE {column}");
        // One table at a time, as each migration does.
        let aside = tables.connection();
        aside.execute_unprepared(&change).await.expect("a step");
        record.some_more(20).await;
    }
    later.commit().await.expect("a commit");
    record.some_more(40).await;
    stop.store(true, Ordering::Relaxed);
    load.join_all().await;
    assert!(record.others().is_empty(), "{:?}", record.others());
    // Whoever waited for the lock meets a schema that it does not know.
    assert_eq!(late.ended().await.expect("an end").status, Some(1));
    let words = "m20990101_000001_later, which this version does not know";
    assert!(late.log().contains(words), "{}", late.log());
    for arguments in [
        ["migrate", "up"],
        ["migrate", "status"],
        ["migrate", "down"],
    ] {
        let (status, said) = run(&cluster, &arguments);
        assert_eq!(status, Some(1), "{said}");
        assert!(said.contains(words), "{said}");
    }
    tables.assert_whole().await;
}
