//! `menshen config check --live`: the questions, the answers, what to do.

use std::net::TcpListener;
use std::path::Path;
use std::process::Output;

use reqwest::Method;
use serde_json::{Value, json};

use crate::bucket::{ACCESS_KEY, BucketServer, SECRET_KEY};
use crate::support::{Process, ended, menshen, said};

const SECRET: &str = "fa4e0000000000000000000000000001";
const KEY_SECRET: &str = "fake-aliyun-access-key-secret";
const WEBHOOK_SECRET: &str = "whsec_ZXhhbXBsZS13ZWJob29rLXNlY3JldC0zMi1ieXRlcyE=";

fn simulator(folder: &Path) -> Process {
    let arguments = ["simulate", "--listen", "127.0.0.1:0"];
    Process::start(menshen(folder, &[], &arguments), "Listening")
}

/// Settings that are right for a simulator of its own, but for `changes`.
fn check(folder: &Path, at: &Process, changes: &[(&str, &str)], arguments: &[&str]) -> Output {
    let base = format!("http://{}", at.address);
    let endpoint = format!("{base}/sms/aliyun");
    let apps = format!(
        r#"[{{app_id="wx5f3a9c0d7e1b2a48",app_secret="{SECRET}",kind="mini_program"}},{{app_id="wx1a2b3c4d5e6f7089",app_secret="fa4e0000000000000000000000000003",kind="website"}}]"#
    );
    let mut settings = vec![
        ("wechat.base_url", base.as_str()),
        ("wechat.apps", &apps),
        ("sms.vendors", r#"["aliyun"]"#),
        ("sms.aliyun.endpoint", &endpoint),
        ("sms.aliyun.access_key_id", "fake-aliyun-access-key-id"),
        ("sms.aliyun.access_key_secret", KEY_SECRET),
        ("sms.aliyun.sign_name", "门神演示"),
        ("sms.aliyun.template_code", "SMS_100000001"),
    ];
    settings.retain(|(key, _)| changes.iter().all(|(changed, _)| changed != key));
    settings.extend_from_slice(changes);
    let arguments: Vec<&str> = ["config", "check", "--live"]
        .iter()
        .chain(arguments)
        .copied()
        .collect();
    ended(menshen(folder, &settings, &arguments))
}

/// The line about `asked`, with its exit status around it.
#[track_caller]
fn line(output: &Output, asked: &str) -> String {
    let (out, err) = said(output);
    let found = out.lines().find(|line| line.contains(asked));
    found
        .unwrap_or_else(|| panic!("nothing about {asked}: {out}{err}"))
        .to_owned()
}

#[track_caller]
fn no_secret(output: &Output) {
    let (out, err) = said(output);
    for secret in [SECRET, KEY_SECRET, WEBHOOK_SECRET, "13800138000"] {
        assert!(!out.contains(secret) && !err.contains(secret), "{out}{err}");
    }
}

async fn messages(simulator: &Process, phone: &str) -> Vec<Value> {
    let asked = simulator.get(&format!("/control/sms?phone={phone}"));
    let messages: Value = asked.raw().await.json().await.expect("JSON");
    messages.as_array().expect("messages").clone()
}

#[test]
fn a_new_clone_passes_against_its_own_simulator() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = ["config", "check", "--live", "--phone", "13800138000"];
    let output = ended(menshen(folder.path(), &[], &arguments));
    assert_eq!(output.status.code(), Some(0), "{:?}", said(&output));
    assert!(line(&output, "simulator").starts_with("open"));
    assert!(line(&output, "database").starts_with("ok"));
    assert!(line(&output, "sms aliyun").starts_with("ok"));
    no_secret(&output);
}

#[test]
fn every_vendor_has_a_line_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let vendors = r#"["aliyun","tencent","huawei","volcengine","twilio","console"]"#;
    let settings = [("sms.vendors", vendors), ("sms.regions", r#"["CN","HK"]"#)];
    let check = |more: &[&str]| {
        let arguments: Vec<&str> = ["config", "check", "--live"]
            .iter()
            .chain(more)
            .copied()
            .collect();
        let output = ended(menshen(folder.path(), &settings, &arguments));
        assert_eq!(output.status.code(), Some(0), "{:?}", said(&output));
        no_secret(&output);
        output
    };
    let names = ["aliyun", "tencent", "huawei", "volcengine", "twilio"];
    let output = check(&[]);
    for name in names {
        let told = line(&output, &format!("sms {name}: http"));
        assert!(told.starts_with("open"), "{told}");
    }
    assert!(line(&output, "sms console").starts_with("open"));
    for number in ["13800138000", "+85251234567"] {
        let output = check(&["--phone", number]);
        for name in names {
            let told = line(&output, &format!("sms {name}: a message to"));
            assert!(told.starts_with("ok"), "{number}: {told}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn right_settings_are_proven_right_and_the_probe_arrives() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = simulator(folder.path());
    let output = check(folder.path(), &at, &[], &["--phone", "13800138000"]);
    assert_eq!(output.status.code(), Some(0), "{:?}", said(&output));
    for asked in [
        "wx5f3a9c0d7e1b2a48 (mini_program): login",
        "wx5f3a9c0d7e1b2a48 (mini_program): access token",
        "wx1a2b3c4d5e6f7089 (website): login",
        "sms aliyun: a message to",
    ] {
        assert!(line(&output, asked).starts_with("ok"), "{asked}");
    }
    let delivered = messages(&at, "13800138000").await;
    assert_eq!(delivered.len(), 1);
    assert_eq!(delivered[0]["code"], "000000");
    no_secret(&output);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_number_nothing_is_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = simulator(folder.path());
    let output = check(folder.path(), &at, &[], &[]);
    assert_eq!(output.status.code(), Some(0), "{:?}", said(&output));
    let told = line(&output, "sms aliyun");
    assert!(
        told.starts_with("open") && told.contains("--phone"),
        "{told}"
    );
    assert!(messages(&at, "").await.is_empty());
}

#[test]
fn a_wrong_secret_of_wechat_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = simulator(folder.path());
    let apps = r#"[{app_id="wx5f3a9c0d7e1b2a48",app_secret="0123456789abcdef0123456789abcdef",kind="mini_program"},{app_id="wxffffffffffffffff",app_secret="0123456789abcdef0123456789abcdef",kind="app"}]"#;
    let output = check(folder.path(), &at, &[("wechat.apps", apps)], &[]);
    assert_eq!(output.status.code(), Some(1), "{:?}", said(&output));
    let told = line(&output, "wx5f3a9c0d7e1b2a48 (mini_program): login");
    assert!(
        told.starts_with("WRONG") && told.contains("40125") && told.contains("app_secret"),
        "{told}"
    );
    let told = line(&output, "wxffffffffffffffff (app): login");
    assert!(
        told.starts_with("WRONG") && told.contains("40013") && told.contains("app_id"),
        "{told}"
    );
    let (out, err) = said(&output);
    assert!(err.contains("3 things do not work"), "{err}");
    assert!(!out.contains("0123456789abcdef0123456789abcdef"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_not_allowed_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = simulator(folder.path());
    let fault = json!({
        "target": "cgi-bin/stable_token",
        "errcode": 40164,
        "message": "invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist rid: 6437cc6f-0a1b2c3d-4e5f6071",
    });
    let set = at.call(Method::PUT, "/control/faults").json(fault);
    assert!(set.raw().await.status().is_success());
    let output = check(folder.path(), &at, &[], &[]);
    assert_eq!(output.status.code(), Some(1));
    // Logging in needs no access token, and is told apart.
    let told = line(&output, "wx5f3a9c0d7e1b2a48 (mini_program): login");
    assert!(told.starts_with("ok"), "{told}");
    let told = line(&output, "access token");
    assert!(
        told.starts_with("WRONG") && told.contains("add 203.0.113.9 to"),
        "{told}"
    );
}

#[test]
fn every_vendor_is_asked_though_the_first_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = simulator(folder.path());
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port");
    let nowhere = format!("http://{}/hook", closed.local_addr().expect("an address"));
    drop(closed);
    let changes = [
        ("sms.vendors", r#"["webhook","aliyun"]"#),
        ("sms.webhook.url", nowhere.as_str()),
        ("sms.webhook.secret", WEBHOOK_SECRET),
        ("sms.aliyun.template_code", "SMS_999999999"),
    ];
    let output = check(folder.path(), &at, &changes, &["--phone", "13800138000"]);
    assert_eq!(output.status.code(), Some(1));
    let told = line(&output, "sms webhook");
    assert!(
        told.starts_with("WRONG") && told.contains("vendor_fault"),
        "{told}"
    );
    let told = line(&output, "sms aliyun");
    assert!(
        told.starts_with("WRONG") && told.contains("isv.SMS_TEMPLATE_ILLEGAL"),
        "{told}"
    );
    assert!(told.contains("docs/sms/aliyun.md"), "{told}");
    no_secret(&output);
    // Without a message it is the address that does not answer.
    let output = check(folder.path(), &at, &changes, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(line(&output, "sms webhook").starts_with("WRONG"));
    assert!(line(&output, "sms aliyun").starts_with("open"));
}

#[test]
fn a_wrong_key_and_a_limited_number_are_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = simulator(folder.path());
    let phone = ["--phone", "13800138000"];
    let wrong = [("sms.aliyun.access_key_secret", "fake-wrong")];
    let output = check(folder.path(), &at, &wrong, &phone);
    assert_eq!(output.status.code(), Some(1));
    assert!(line(&output, "sms aliyun").contains("SignatureDoesNotMatch"));
    // One a minute of the clock: of three at once, one at least is limited.
    let outputs: Vec<Output> = (0..3)
        .map(|_| check(folder.path(), &at, &[], &phone))
        .collect();
    assert!(outputs.iter().all(|one| one.status.code() == Some(0)));
    let limited = |one: &Output| {
        let told = line(one, "sms aliyun");
        told.starts_with("open") && told.contains("number_limited")
    };
    assert!(outputs.iter().any(limited));
}

#[test]
fn a_database_that_does_not_answer_is_one_line_among_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = simulator(folder.path());
    // A file where a folder would have to be.
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("a file");
    let url = format!("sqlite://{}/menshen.db", file.display());
    let changes = [("database.url", url.as_str())];
    let output = check(folder.path(), &at, &changes, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(line(&output, "database").starts_with("WRONG"));
    assert!(line(&output, "(mini_program): login").starts_with("ok"));
}

#[test]
fn what_is_no_number_to_send_to_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = simulator(folder.path());
    for (number, words) in [
        ("12345", "no number"),
        ("+14155550123", "a region that sms.regions does not name"),
    ] {
        let output = check(folder.path(), &at, &[], &["--phone", number]);
        assert_eq!(output.status.code(), Some(1), "{number}");
        assert!(
            said(&output).1.contains(words),
            "{number}: {:?}",
            said(&output)
        );
    }
    // A number without the questions is a mistake of the caller.
    let output = ended(menshen(
        folder.path(),
        &[],
        &["config", "check", "--phone", "13800138000"],
    ));
    assert_eq!(output.status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_takes_gives_and_removes_a_picture() {
    let folder = tempfile::tempdir().expect("a folder");
    let (at, bucket) = (simulator(folder.path()), BucketServer::start().await);
    let asked = "avatars s3://pictures: put, get, delete";
    for (secret, standing) in [(SECRET_KEY, "ok"), ("a-wrong-secret-access-key", "WRONG")] {
        let changes = [
            ("avatars.url", "s3://pictures/menshen"),
            ("avatars.s3.endpoint", &*bucket.endpoint),
            ("avatars.s3.access_key_id", ACCESS_KEY),
            ("avatars.s3.secret_access_key", secret),
            ("avatars.s3.path_style", "true"),
        ];
        let output = check(folder.path(), &at, &changes, &[]);
        let told = line(&output, asked);
        assert!(told.starts_with(standing), "{told}");
        assert!(
            !told.contains(secret) && !told.contains("Signature="),
            "{told}"
        );
        assert_eq!(
            told.contains("docs/avatars.md"),
            standing == "WRONG",
            "{told}"
        );
        assert!(bucket.keys().is_empty(), "nothing is left");
        no_secret(&output);
    }
}
