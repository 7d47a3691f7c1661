//! A backup of a service at work, restored elsewhere: who is still who.

use std::process::Command;

use menshen_testkit::servers::postgres::DurablePostgres;
use tokio::task::spawn_blocking;

use crate::support::{Login, Service, ended, menshen, said};

const MASTER: &str = "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=";
const ANOTHER_MASTER: &str = "h7PzKq3VwB9sXn2LcRt6YdFg8JmEaUo1iTbNvSxZ4Q0=";
const PHONE: &str = "13912345678";

/// A restored record tells of the messages just sent, so nobody waits between two.
fn settings(url: &str) -> [(&str, &str); 3] {
    [
        ("database.url", url),
        ("secrets.master_key", MASTER),
        ("sms.resend_interval", "0s"),
    ]
}

/// People of the time of the backup, and what happened afterwards.
struct Then {
    quiet: Login,
    refreshed: Login,
    newer_token: String,
    later: Login,
}

/// Lives a little, makes a backup, and lives on.
async fn live(service: &Service, backup: impl AsyncFn()) -> Then {
    let quiet = service.sms_login(PHONE).await;
    let refreshed = service.one_tap("alice").await;
    backup().await;
    let newer = Login::of(&service.refresh(refreshed.refresh()).await);
    Then {
        quiet,
        newer_token: newer.refresh().to_owned(),
        refreshed,
        later: service.one_tap("carol").await,
    }
}

/// What the page on backups promises of a restored service.
async fn everybody_is_who_they_were(restored: &Service, then: &Then) {
    restored.me(then.quiet.access()).await.ok();
    restored.refresh(then.quiet.refresh()).await.ok();
    let again = restored.sms_login(PHONE).await;
    assert_eq!(again.user(), then.quiet.user());

    let answer = restored.refresh(&then.newer_token).await;
    assert_eq!(answer.status, 401, "{answer:?}");
    let again = restored.one_tap("alice").await;
    assert_eq!(again.user(), then.refreshed.user());
    assert!(!again.is_new());

    let answer = restored.me(then.later.access()).await;
    assert_eq!(answer.status, 401, "{answer:?}");
    let again = restored.one_tap("carol").await;
    assert!(again.is_new());
    assert_ne!(again.user(), then.later.user());
    assert_eq!(restored.count("users").await, 3);
}

/// Nobody becomes somebody new because the key is missing: the server says so.
fn nothing_opens_without_the_key(url: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = [
        ("server.listen", "127.0.0.1:0"),
        ("database.url", url),
        ("secrets.master_key", ANOTHER_MASTER),
    ];
    let output = ended(menshen(folder.path(), &settings, &["serve"]));
    assert_eq!(output.status.code(), Some(1));
    let (_, err) = said(&output);
    assert!(err.contains("secrets.master_key"), "{err}");
}

fn succeeds(mut command: Command) {
    let output = command.output().expect("a program of PostgreSQL");
    assert!(output.status.success(), "{:?}", said(&output));
}

#[tokio::test]
async fn a_dump_of_postgresql_restored_elsewhere_knows_everybody() {
    let started = spawn_blocking(|| DurablePostgres::start(&[]));
    let server = started.await.expect("a start").expect("a server");
    let [before, after] = ["before", "after"].map(|name| server.database(name));
    let service = Service::with(&settings(&before)).await;
    let folder = tempfile::tempdir().expect("a folder");
    let dump = folder.path().join("menshen.dump");
    let then = live(&service, async || {
        let mut command = server.command("pg_dump");
        command
            .arg("--format=custom")
            .arg("--file")
            .arg(&dump)
            .arg("before");
        succeeds(command);
    })
    .await;
    drop(service);
    let mut command = server.command("pg_restore");
    command
        .args(["--no-owner", "--exit-on-error", "--dbname=after"])
        .arg(&dump);
    succeeds(command);

    nothing_opens_without_the_key(&after);
    let restored = Service::with(&settings(&after)).await;
    everybody_is_who_they_were(&restored, &then).await;
}

#[tokio::test]
async fn a_copy_of_sqlite_restored_elsewhere_knows_everybody() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (before, copy) = (format!("sqlite://{}", path("before.db")), path("copy.db"));
    let service = Service::with(&settings(&before)).await;
    let then = live(&service, async || {
        service.sql(&format!("VACUUM INTO '{copy}'")).await;
    })
    .await;
    drop(service);

    let after = format!("sqlite://{copy}");
    nothing_opens_without_the_key(&after);
    let restored = Service::with(&settings(&after)).await;
    everybody_is_who_they_were(&restored, &then).await;
}
