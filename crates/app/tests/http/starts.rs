//! The audit log knows of every start, and with which settings.

use aws_lc_rs::digest::{SHA256, digest};

use crate::support::{Process, Service, ended, menshen, said};

const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_start_is_told_with_its_version_and_the_digest_of_its_settings() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = format!("sqlite://{}/menshen.db", folder.path().display());
    let settings = [
        ("server.listen", "127.0.0.1:0"),
        ("database.url", file.as_str()),
        ("sms.webhook.secret", SECRET),
    ];
    let shown = ended(menshen(folder.path(), &settings, &["config", "show"]));
    let (shown, _) = said(&shown);
    assert!(shown.contains("sms.webhook.secret = ***"), "{shown}");
    let sum = hex::encode(digest(&SHA256, shown.as_bytes()));

    let start = || Process::start(menshen(folder.path(), &settings, &["serve"]), "Playground");
    for _ in 0..2 {
        let running = start();
        running.signal("TERM");
        assert_eq!(running.end().0, Some(0));
    }
    let given = [("database.url", file.as_str()), ("sms.code_ttl", "9m")];
    let other = Service::with(&given).await;
    let version = env!("CARGO_PKG_VERSION");
    let told = format!(
        "audit_events WHERE action = 'process.started' AND subject = 'menshen {version}' \
         AND method = 'development' AND user_id IS NULL AND reason "
    );
    let same = format!("{told} = 'settings sha256:{sum}'");
    assert_eq!(other.count(&same).await, 2);
    let others = format!("{told} LIKE 'settings sha256:%' AND reason <> 'settings sha256:{sum}'");
    assert_eq!(
        other.count(&others).await,
        1,
        "other settings, another digest"
    );
}

#[test]
fn a_stop_that_was_asked_for_is_no_fault_in_the_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = format!("sqlite://{}/menshen.db", folder.path().display());
    let settings = [
        ("server.listen", "127.0.0.1:0"),
        ("database.url", file.as_str()),
        ("log.format", "json"),
    ];
    // Which of the two comes first, the pause or the closed socket, is chance.
    for _ in 0..6 {
        let running = Process::start(menshen(folder.path(), &settings, &["serve"]), "Playground");
        running.signal("TERM");
        let (status, log) = running.end();
        assert_eq!(status, Some(0), "{log}");
        assert!(log.contains("\"message\":\"stopping\""), "{log}");
        assert!(!log.contains("\"level\":\"ERROR\""), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_cannot_tell_of_its_start_does_not_serve() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = format!("sqlite://{}/menshen.db", folder.path().display());
    let settings = [
        ("server.listen", "127.0.0.1:0"),
        ("database.url", file.as_str()),
    ];
    let service = Service::with(&[("database.url", file.as_str())]).await;
    service
        .sql(
            "CREATE TRIGGER full BEFORE INSERT ON audit_events \
             BEGIN SELECT RAISE(ABORT, 'no more'); END",
        )
        .await;
    let output = ended(menshen(folder.path(), &settings, &["serve"]));
    let (_, complaint) = said(&output);
    assert_eq!(output.status.code(), Some(1), "{complaint}");
    assert!(
        complaint.contains("the audit log cannot be told of the start"),
        "{complaint}"
    );
    drop(service);
}
