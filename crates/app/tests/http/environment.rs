//! What the service takes from where it runs, and what it says of it.

use std::fs;
use std::path::{Path, PathBuf};

use menshen_token::master_key::MasterKey;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Process, client, menshen};

const KEY: &str = "q0xTlXvS2mY8cQd1Zr5hWn7uEoPa3KfGjBt9yLiV6sM=";
const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const APP: &str = "[{ app_id = \"wx5f3a9c0d7e1b2a48\", app_secret = \"fa4e0000000000000000000000000001\", kind = \"mini_program\" }]";
/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:9";

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// A production over a WeChat at `base`.
fn production<'s>(base: &'s str, more: &[(&'s str, &'s str)]) -> Vec<(&'s str, &'s str)> {
    let mut settings = vec![
        ("profile", "production"),
        ("server.listen", "127.0.0.1:0"),
        ("secrets.master_key", KEY),
        ("database.auto_migrate", "true"),
        ("wechat.base_url", base),
        ("wechat.apps", APP),
        ("sms.vendors", "[\"webhook\"]"),
        ("sms.webhook.url", "http://127.0.0.1:9/"),
        ("sms.webhook.secret", SECRET),
    ];
    settings.extend_from_slice(more);
    settings
}

/// Vendors are asked directly: secrets are in their addresses, and whoever may write
/// a variable of the environment may not read them.
#[tokio::test]
async fn no_proxy_of_the_environment_is_asked() {
    let (one, other) = (folder(), folder());
    let arguments = ["simulate", "--listen", "127.0.0.1:0"];
    let offline = Process::start(menshen(one.path(), &[], &arguments), "Listening");
    let base = format!("http://{}", offline.address);
    let mut serve = menshen(other.path(), &production(&base, &[]), &["serve"]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        serve.env(name, NOWHERE).env(name.to_lowercase(), NOWHERE);
    }
    let service = Process::start(serve, "listens on");
    let code = offline.http.post(format!("{base}/control/wechat/login"));
    let code = code.json(&json!({ "person": "alice" })).send().await;
    let code: Value = code.expect("an answer").json().await.expect("JSON");
    let body = json!({ "code": code["code"], "client": client() });
    let login = service.post("/v1/login/wechat").json(body).send().await;
    assert_eq!(login.ok()["is_new_user"], true);
    service.signal("TERM");
    assert_eq!(service.end().0, Some(0));
    offline.signal("TERM");
    assert_eq!(offline.end().0, Some(0));
}

/// What was allowed on purpose is not forgotten: each start says so.
#[tokio::test]
async fn a_link_in_the_clear_is_told_of_at_each_start() {
    let folder = folder();
    let allowed = [
        ("ephemeral.url", "redis://nobody.invalid"),
        ("ephemeral.allow_plaintext", "true"),
    ];
    let settings = production(NOWHERE, &allowed);
    for _ in 0..2 {
        let serve = menshen(folder.path(), &settings, &["serve"]);
        let service = Process::start(serve, "listens on");
        service.signal("TERM");
        let (status, heard) = service.end();
        assert_eq!(status, Some(0), "{heard}");
        let told = heard.lines().filter(|line| {
            line.contains("ephemeral.allow_plaintext") && line.contains("\"level\":\"WARN\"")
        });
        assert_eq!(told.count(), 1, "{heard}");
    }
}

/// All texts below these folders.
fn texts(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            texts(&path, found);
        } else if let Ok(text) = fs::read_to_string(&path) {
            found.push((path, text));
        }
    }
}

/// Whoever copies an example must not end with a key that everybody knows.
#[test]
fn no_page_and_no_example_shows_a_key_that_would_be_taken() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let mut found = Vec::new();
    for folder in ["docs", "deploy"] {
        texts(&root.join(folder), &mut found);
    }
    for file in fs::read_dir(root).expect("the repository") {
        let path = file.expect("a file").path();
        let shown = path.extension().is_some_and(|end| {
            let kinds = ["md", "toml", "yml"];
            kinds.iter().any(|kind| end == *kind)
        });
        if shown {
            let text = fs::read_to_string(&path).expect("text");
            found.push((path, text));
        }
    }
    assert!(found.len() > 60, "{}", found.len());
    for (path, text) in found {
        let base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
        let mut before = "";
        for word in text.split_inclusive(|c: char| !base64(c)) {
            let key = word.trim_end_matches(|c: char| !base64(c));
            // A signature of a worked example stands after its version.
            let signature = before.ends_with("v1,");
            let taken = MasterKey::parse(key).is_ok();
            assert!(signature || !taken, "{}: {key}", path.display());
            before = word;
        }
    }
}
