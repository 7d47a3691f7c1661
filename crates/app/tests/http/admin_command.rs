//! `menshen admin …`: the same on the command line, over the database of the settings.

use serde_json::{Value, json};

use crate::support::{Service, ended, menshen, said};

const PHONE: &str = "13900000001";

/// Runs `menshen admin` as the operator of this service would, on its machine.
fn run(service: &Service, arguments: &[&str]) -> (Option<i32>, String, String) {
    let all: Vec<&str> = ["admin"]
        .into_iter()
        .chain(arguments.iter().copied())
        .collect();
    let mut command = menshen(service.folder(), &[], &all);
    command.env("USER", "carol");
    let output = ended(command);
    let (out, err) = said(&output);
    (output.status.code(), out, err)
}

/// What it printed as JSON.
#[track_caller]
fn json_of(service: &Service, arguments: &[&str]) -> Value {
    let all: Vec<&str> = arguments
        .iter()
        .copied()
        .chain(["--format", "json"])
        .collect();
    let (status, out, err) = run(service, &all);
    assert_eq!(status, Some(0), "{arguments:?}: {out}{err}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

/// It failed in one line that says why.
#[track_caller]
fn refused(service: &Service, arguments: &[&str], words: &str) {
    let (status, out, err) = run(service, arguments);
    assert_eq!(
        (status, out.as_str()),
        (Some(1), ""),
        "{arguments:?}: {err}"
    );
    let lines: Vec<&str> = err
        .lines()
        .filter(|line| line.starts_with("menshen: "))
        .collect();
    assert_eq!(lines.len(), 1, "{err}");
    assert!(lines[0].contains(words), "{err}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_are_looked_after_by_command() {
    let service = Service::start().await;
    let login = service.sms_login(PHONE).await;
    let wechat = service.one_tap("bob").await;
    let user = login.user();
    let found = json_of(&service, &["find", "--phone", PHONE]);
    assert_eq!(found["users"][0]["id"], user);
    let (status, table, _) = run(&service, &["find", "--phone", PHONE]);
    assert_eq!(status, Some(0));
    assert!(
        table.starts_with("users (1)\n") && table.contains(user),
        "{table}"
    );
    let whole = json_of(&service, &["show", user]);
    assert_eq!(whole["phone"], format!("+86{PHONE}"));
    let disabled = json_of(&service, &["disable", user, "--reason", "ticket 4711"]);
    assert_eq!(disabled["status"], "disabled");
    let over = service.me(login.access()).await;
    assert_eq!(over.fails(401, "session_revoked")["reason"], "disabled");
    json_of(&service, &["enable", user, "--reason", "ticket 4711"]);
    let merged = json_of(
        &service,
        &[
            "merge",
            "--from",
            wechat.user(),
            "--into",
            user,
            "--reason",
            "one person",
        ],
    );
    assert_eq!(merged["identity_count"], 1);
    let again = service.one_tap("bob").await;
    assert_eq!(again.user(), user);
    let ended = json_of(&service, &["end-sessions", user]);
    assert_eq!(ended, json!({ "count": 1 }));
    service
        .me(again.access())
        .await
        .fails(401, "session_revoked");
    json_of(&service, &["detach-phone", user, "--reason", "reissued"]);
    assert!(
        json_of(&service, &["find", "--phone", PHONE])["users"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let audit = json_of(&service, &["audit", "--actor", "cli:carol", "--limit", "3"]);
    assert_eq!(audit["events"].as_array().unwrap().len(), 3);
    let cursor = audit["next_cursor"].as_str().expect("a cursor");
    let next = json_of(
        &service,
        &["audit", "--actor", "cli:carol", "--cursor", cursor],
    );
    assert!(!next["events"].as_array().unwrap().is_empty());
    let told = "audit_events WHERE actor = 'cli:carol' AND action = 'account.disabled' \
                AND reason = 'ticket 4711'";
    assert_eq!(service.count(told).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_and_test_numbers_are_looked_after_by_command() {
    let service = Service::start().await;
    service.sms_login(PHONE).await;
    let sends = json_of(&service, &["sends", PHONE]);
    assert_eq!(sends["sends"][0]["verdict"], "accepted");
    let day = json_of(&service, &["counters"]);
    assert!(day["totals"]["logins"].is_u64(), "{day}");
    let (status, table, _) = run(&service, &["counters", "--offset", "+08:00"]);
    assert_eq!(status, Some(0));
    assert!(table.contains("hours ("), "{table}");
    let until = "2026-01-01T00:00:00Z";
    let add = |until: &str| {
        [
            "test-numbers",
            "add",
            "13900000002",
            "--code",
            "246810",
            "--until",
            until,
        ]
        .map(str::to_owned)
    };
    let past = add(until);
    let past: Vec<&str> = past.iter().map(String::as_str).collect();
    refused(&service, &past, "at most 90 days");
    let soon = soon();
    let good = add(&soon);
    let good: Vec<&str> = good.iter().map(String::as_str).collect();
    let made = json_of(&service, &good);
    let listed = json_of(&service, &["test-numbers", "list"]);
    assert_eq!(listed["test_numbers"][0]["id"], made["id"]);
    assert_eq!(listed["test_numbers"][0]["made_by"], "cli:carol");
    // The server takes it over by itself: at the latest when it starts.
    let service = service.restarted().await;
    service.ask("13900000002").await.ok();
    assert!(service.inbox("13900000002").await.is_empty());
    service.try_code("13900000002", "246810").await.ok();
    let id = made["id"].as_str().unwrap();
    json_of(&service, &["test-numbers", "remove", id]);
    refused(
        &service,
        &["test-numbers", "remove", id],
        "there is no such",
    );
}

fn soon() -> String {
    use menshen_domain::ports::clock::Clock as _;
    let now = menshen_app::clock::SystemClock.now();
    (now + chrono::TimeDelta::days(1))
        .format("%FT%TZ")
        .to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_done_is_told_in_a_line() {
    let service = Service::start().await;
    let login = service.sms_login(PHONE).await;
    let nobody = "0198c0de-7c1a-7000-8000-4f2a9b1c3d5e";
    for (arguments, words) in [
        (vec!["show", nobody], "there is no such account"),
        (vec!["show", "x"], "36 characters"),
        (vec!["disable", login.user(), "--reason", ""], "--reason"),
        (vec!["find"], "--phone is required"),
        (vec!["find", "--phone", "123"], "--phone is not a valid"),
        (vec!["audit", "--action", "x"], "--action"),
        (vec!["audit", "--limit", "0"], "--limit"),
        (vec!["counters", "--offset", "8"], "--offset"),
        (
            vec!["detach-phone", login.user(), "--reason", "x"],
            "last_identity",
        ),
        (
            vec![
                "merge",
                "--from",
                login.user(),
                "--into",
                login.user(),
                "--reason",
                "x",
            ],
            "same_account",
        ),
    ] {
        refused(&service, &arguments, words);
    }
    let (status, _, err) = run(&service, &["disable", login.user()]);
    assert_eq!(status, Some(2), "{err}");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let output = ended(menshen(elsewhere.path(), &[], &["admin", "show", nobody]));
    let (_, err) = said(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(err.contains("menshen migrate up"), "{err}");
}
