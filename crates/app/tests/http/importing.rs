//! `menshen import`: people from another system, while the server serves.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::json;

use crate::support::{MINI_PROGRAM, Service, ended, menshen, said};

const PHONE: &str = "13900000001";
/// Longer than any import here may ever take.
const PATIENCE: Duration = Duration::from_mins(3);

/// The command, as the operator of this service would run it on its machine.
fn command(service: &Service, arguments: &[&str]) -> Command {
    let all: Vec<&str> = ["import"]
        .into_iter()
        .chain(arguments.iter().copied())
        .collect();
    let mut command = menshen(service.folder(), &[], &all);
    command.env("USER", "carol");
    command
}

/// Runs it to its end: the exit status, and all that was said.
fn run(service: &Service, arguments: &[&str]) -> (Option<i32>, String) {
    let output = ended(command(service, arguments));
    let (out, err) = said(&output);
    (output.status.code(), format!("{out}{err}"))
}

fn write(service: &Service, name: &str, text: &str) -> String {
    let path = service.folder().join(name);
    fs::write(&path, text).expect("a file");
    path.to_str().expect("a path").to_owned()
}

/// The lines of a report behind its head, by their columns.
fn report(path: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(path).expect("a report");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("row,external_id,outcome,user_id,reason"));
    lines
        .map(|line| line.splitn(5, ',').map(ToOwned::to_owned).collect())
        .collect()
}

/// One value of the database.
async fn value(service: &Service, sql: &str) -> String {
    let witness = service.witness();
    let db = witness.connection();
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(statement).await.expect("rows");
    row.expect("a row").try_get_by_index(0).expect("a text")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_was_imported_signs_in_by_sms_and_by_wechat() {
    // What WeChat calls Alice, as the old system would have kept it.
    let elsewhere = Service::start().await;
    elsewhere.one_tap("alice").await;
    let subject = "SELECT subject FROM identities WHERE provider = 'wechat_mini_program'";
    let openid = value(&elsewhere, subject).await;
    drop(elsewhere);

    let service = Service::start().await;
    let csv = format!(
        "external_id,phone,openid,app_id,nickname,created_at\n\
         42,{PHONE},{openid},{MINI_PROGRAM},小明,2023-05-01T08:00:00+08:00\n"
    );
    let file = write(&service, "users.csv", &csv);
    let ids = service.folder().join("ids.csv");
    let (status, heard) = run(
        &service,
        &[&file, "--report", ids.to_str().expect("a path")],
    );
    assert_eq!(status, Some(0), "{heard}");
    let lines = report(&ids);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0][..3], ["2", "42", "created"]);
    let user = lines[0][3].clone();
    let proof = "SELECT phone_proof FROM users";
    assert_eq!(value(&service, proof).await, "imported");
    assert_eq!(service.rows().await["sessions"], 0);

    let by_wechat = service.one_tap("alice").await;
    assert_eq!((by_wechat.user(), by_wechat.is_new()), (&*user, false));
    let by_sms = service.sms_login(PHONE).await;
    assert_eq!((by_sms.user(), by_sms.is_new()), (&*user, false));
    assert_eq!(by_sms.0["user"]["nickname"], "小明");
    assert_eq!(by_sms.0["user"]["created_at"], "2023-05-01T00:00:00.000Z");
    // From the code on, the number is the person's own.
    assert_eq!(value(&service, proof).await, "sms");
    assert_eq!(service.rows().await["users"], 1);
    let told = "audit_events WHERE actor = 'cli:carol' AND method = 'import' \
                AND action = 'account.created'";
    assert_eq!(service.count(told).await, 1);
    let event = "outbox WHERE kind = 'user.created'";
    assert_eq!(service.count(event).await, 1);

    // Given again, nothing changes, whatever the person did meanwhile.
    let before = service.rows().await;
    let (status, heard) = run(&service, &[&file]);
    assert_eq!(status, Some(0), "{heard}");
    assert!(heard.contains("1 unchanged"), "{heard}");
    assert_eq!(service.rows().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_rows_are_told_with_their_lines_and_stop_nobody_else() {
    let service = Service::start().await;
    let file = write(
        &service,
        "users.csv",
        "external_id,phone,unionid,platform,disabled\n\
         1,13900000001,,,\n\
         2,12345,,,\n\
         3,,,,\n\
         4,13900000001,,,\n\
         5,13900000002,short,menshen-demo,maybe\n\
         6,\"13900000003\n\
         7,13900000007\",,,\n\
         8,+852 5123 4567,,,true\n",
    );
    let before = service.rows().await;
    let dry = service.folder().join("dry.csv");
    let dry_text = dry.to_str().expect("a path");
    let (status, heard) = run(&service, &[&file, "--dry-run", "--report", dry_text]);
    assert_eq!(status, Some(1), "{heard}");
    let summary = "dry run, nothing was written: 2 created, 0 completed, 1 unchanged";
    assert!(heard.contains(summary), "{heard}");
    assert_eq!(service.rows().await, before);

    let ids = service.folder().join("ids.csv");
    let ids_text = ids.to_str().expect("a path");
    let (status, heard) = run(&service, &[&file, "--report", ids_text]);
    assert_eq!(status, Some(1), "{heard}");
    for words in [
        "row 3: invalid: phone: not a phone number",
        "row 4: invalid: nothing to sign in with",
        "row 6: invalid: disabled: write true or false",
        "4 people could not be imported",
        "2 created, 0 completed, 1 unchanged",
    ] {
        assert!(heard.contains(words), "{words} is not in {heard}");
    }
    let outcomes = |path: &Path| -> Vec<_> {
        let lines = report(path).into_iter();
        lines
            .map(|line| (line[0].clone(), line[2].clone()))
            .collect()
    };
    // Nobody has an id who was not made, in their second row neither.
    assert!(report(&dry).iter().all(|line| line[3].is_empty()));
    let wanted = [
        ("2", "created"),
        ("3", "invalid"),
        ("4", "invalid"),
        ("5", "unchanged"),
        ("6", "invalid"),
        ("7", "invalid"),
        ("9", "created"),
    ];
    let wanted = wanted.map(|(at, outcome)| (at.to_owned(), outcome.to_owned()));
    assert_eq!(outcomes(&ids), wanted);
    assert_eq!(outcomes(&dry), wanted, "a dry run tells the same");
    let text = fs::read_to_string(&ids).expect("a report");
    assert!(!text.contains("13900000001"), "{text}");
    assert_eq!(service.count("users WHERE status = 'disabled'").await, 1);

    // Whoever would be merged is told, and nothing moves.
    let both = json!([{"id": null, "phone": "13900000001", "external_id": 9,
        "identities": [{"unionid": "o6_bmasdasdsad6_2sgVt7hMZOPfL", "platform": "menshen-demo"}]},
        {"phone": "+85251234567", "unionid": "o6_bmasdasdsad6_2sgVt7hMZOPfL",
         "platform": "menshen-demo"}]);
    let file = write(&service, "both.json", &both.to_string());
    let (status, heard) = run(&service, &[&file]);
    assert_eq!(status, Some(1), "{heard}");
    assert!(heard.contains("1 completed"), "{heard}");
    assert!(heard.contains("row 2: left: several_accounts"), "{heard}");
    let (status, heard) = run(&service, &[&file, "--max-errors", "1"]);
    assert_eq!(status, Some(1), "{heard}");
    assert!(heard.contains("--max-errors"), "{heard}");
    // A report that is there is somebody's map of ids.
    let (status, heard) = run(&service, &[&file, "--report", ids_text]);
    assert_eq!(status, Some(1), "{heard}");
    assert!(heard.contains("--report"), "{heard}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_another_shape_is_refused_with_what_to_do() {
    let service = Service::start().await;
    let before = service.rows().await;
    for (name, text, arguments, words) in [
        (
            "a.csv",
            "phone,open_id\n1,2\n",
            &[][..],
            "did you mean openid?",
        ),
        ("b.csv", "phone,mail\n1,2\n", &[], "--ignore-unknown"),
        ("c.csv", "", &[], "empty"),
        ("d.json", "{\"status\":\"error\"}", &[], "`data` or `users`"),
        ("e.txt", "phone\n", &[], "--format"),
        ("f.csv", "id\n1\n", &["--from", "casdoor"], "JSON"),
    ] {
        let file = write(&service, name, text);
        let all: Vec<&str> = [file.as_str()]
            .into_iter()
            .chain(arguments.iter().copied())
            .collect();
        let (status, heard) = run(&service, &all);
        assert_eq!(status, Some(1), "{name}: {heard}");
        assert!(heard.contains(words), "{name}: {heard}");
    }
    let (status, heard) = run(&service, &["nowhere.csv"]);
    assert_eq!(status, Some(1), "{heard}");
    assert!(heard.contains("nowhere.csv cannot be read"), "{heard}");
    assert_eq!(service.rows().await, before);
    // What cannot be read leaves no report behind.
    let bad = write(&service, "g.csv", "mail\nx\n");
    let ids = service.folder().join("ids.csv");
    let (status, _) = run(&service, &[&bad, "--report", ids.to_str().expect("a path")]);
    assert_eq!((status, ids.exists()), (Some(1), false));
    let usage = run(&service, &["x.csv", "--default-region", "china"]);
    assert_eq!(usage.0, Some(2), "{}", usage.1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_of_casdoor_is_imported() {
    let service = Service::start().await;
    let export = json!({"status": "ok", "msg": "", "data": [
        {"owner": "acme", "name": "ming", "id": "u-1", "phone": "13900000001",
         "countryCode": "CN", "displayName": "小明", "wechat": "o6_bmasdasdsad6_2sgVt7hMZOPfL",
         "createdTime": "2023-05-01T08:00:00+08:00", "isForbidden": false, "isDeleted": false},
        {"owner": "acme", "name": "gone", "id": "u-2", "phone": "13900000002", "isDeleted": true},
        {"owner": "acme", "name": "mail", "id": "u-3", "email": "a@b.example"},
    ], "data2": 3});
    let file = write(&service, "casdoor.json", &export.to_string());
    let arguments = [
        &*file,
        "--from",
        "casdoor",
        "--wechat-id",
        "unionid",
        "--quiet-events",
    ];
    let (status, heard) = run(&service, &arguments);
    assert_eq!(status, Some(0), "{heard}");
    assert!(heard.contains("1 created"), "{heard}");
    assert!(heard.contains("2 skipped"), "{heard}");
    assert_eq!(service.rows().await["outbox"], 0);
    let login = service.sms_login(PHONE).await;
    assert_eq!(login.0["user"]["nickname"], "小明");
    assert!(!login.is_new());
}

/// A child that is ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The most memory that a process has had so far, in KiB.
fn peak(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Runs an import to its end while people sign in, and answers its peak of memory.
async fn run_while_serving(service: &Service, file: &str, report: &str) -> u64 {
    let mut command = command(service, &[file, "--report", report]);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(Stdio::null());
    let mut child = Running(command.spawn().expect("a process"));
    let deadline = Instant::now() + PATIENCE;
    let mut most = 0;
    let status = loop {
        if let Some(status) = child.0.try_wait().expect("a status") {
            break status;
        }
        most = most.max(peak(&child.0).unwrap_or(0));
        service.one_tap("bob").await;
        assert!(Instant::now() < deadline, "no end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert!(status.success(), "{status}");
    most
}

fn people(from: u32, count: u32) -> String {
    let mut csv = "external_id,phone,unionid,platform,nickname\n".to_owned();
    for n in from..from + count {
        writeln!(csv, "old-{n},137{n:08},u{n:027},menshen-demo,某人{n}").expect("text");
    }
    csv
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_file_takes_no_more_memory_and_goes_on_where_it_was_cut_off() {
    const ALL: u32 = 20_000;
    let service = Service::start().await;
    let few = write(&service, "few.csv", &people(0, 1_000));
    let path = |name: &str| {
        let path = service.folder().join(name);
        path.to_str().expect("a path").to_owned()
    };
    let small = run_while_serving(&service, &few, &path("few.ids")).await;

    // Killed in the middle: nothing is half-written.
    let many = write(&service, "many.csv", &people(1_000, ALL));
    let mut command = command(&service, &[&many]);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = Running(command.stderr(Stdio::null()).spawn().expect("a process"));
    let deadline = Instant::now() + PATIENCE;
    while service.rows().await["users"] < 3_000 {
        assert!(Instant::now() < deadline, "nobody is imported");
        assert!(child.0.try_wait().expect("a status").is_none(), "it ended");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    child.0.kill().expect("a signal");
    child.0.wait().expect("a status");
    let rows = service.rows().await;
    assert!(rows["users"] < i64::from(ALL), "{rows:?}");
    // Each has a number and a unionid; Bob came by himself, with both kinds of id.
    assert_eq!(rows["identities"], rows["users"] + 1, "{rows:?}");

    let large = run_while_serving(&service, &many, &path("many.ids")).await;
    assert!(
        large < small + 32 * 1024,
        "{small} KiB for 1 000 people, {large} KiB for {ALL}"
    );
    assert_eq!(service.rows().await["users"], i64::from(ALL) + 1_001);
    let lines = report(Path::new(&path("many.ids")));
    let mut ids: Vec<&str> = lines.iter().map(|line| line[3].as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), usize::try_from(ALL).expect("a number"));
    assert!(lines.iter().any(|line| line[2] == "unchanged"));
    assert!(lines.iter().any(|line| line[2] == "created"));
}
