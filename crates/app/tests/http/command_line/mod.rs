//! The `menshen` command: its settings, its exit status, and what it says.

mod keys;
mod production;
mod serving;
mod settings;
mod usage;
mod vendors;

use std::fs;
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use crate::support::{Process, ended, menshen, said};

const LISTEN: (&str, &str) = ("server.listen", "127.0.0.1:0");

const KEY: &str = "q0xTlXvS2mY8cQd1Zr5hWn7uEoPa3KfGjBt9yLiV6sM=";

const OTHER_KEY: &str = "h7PzKq3VwB9sXn2LcRt6YdFg8JmEaUo1iTbNvSxZ4Q0=";

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Runs `menshen` with these settings in a folder of its own. Webhooks stand in
/// a file: a name without a section is none of ours in the environment.
fn run(settings: &[(&str, &str)], arguments: &[&str]) -> Output {
    let folder = folder();
    let (in_file, others): (Vec<_>, Vec<_>) =
        settings.iter().partition(|(key, _)| *key == "webhooks");
    let lines = in_file
        .iter()
        .map(|(key, value)| format!("{key} = {value}"));
    let lines: Vec<String> = lines.collect();
    fs::write(folder.path().join("menshen.toml"), lines.join("\n")).expect("a file");
    ended(menshen(folder.path(), &others, arguments))
}

/// It failed in a way that is the operator's to mend; what it said.
#[track_caller]
fn refused(output: &Output) -> String {
    let (out, err) = said(output);
    assert_eq!(output.status.code(), Some(1), "{out}{err}");
    assert!(!err.contains("panicked"), "{err}");
    // What was logged before is of no interest here.
    let at = err.find("menshen: ").unwrap_or_else(|| panic!("{err}"));
    err[at..].to_owned()
}

/// A production that would start, but for what a test adds.
fn production<'s>(more: &[(&'s str, &'s str)]) -> Vec<(&'s str, &'s str)> {
    let good = [
        ("profile", "production"),
        LISTEN,
        ("secrets.master_key", KEY),
        ("database.auto_migrate", "true"),
        ("wechat.base_url", "http://127.0.0.1:9"),
        (
            "wechat.apps",
            "[{ app_id = \"wx5f3a9c0d7e1b2a48\", app_secret = \"fa4e0000000000000000000000000001\", kind = \"mini_program\" }]",
        ),
        ("sms.vendors", "[\"webhook\"]"),
        ("sms.webhook.url", "http://127.0.0.1:9/"),
        (
            "sms.webhook.secret",
            "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        ),
    ];
    let kept = good
        .into_iter()
        .filter(|(key, _)| !more.iter().any(|(other, _)| other == key));
    let more = more.iter().copied().filter(|(_, value)| !value.is_empty());
    kept.chain(more).collect()
}

/// Production refuses each of these values, with this sentence.
#[track_caller]
fn production_refuses(cases: &[(&str, &str, &str)]) {
    for (key, value, sentence) in cases {
        let output = run(&production(&[(key, value)]), &["config", "check"]);
        assert_eq!(output.status.code(), Some(1), "{key} = {value}");
        let err = refused(&output);
        assert!(err.contains(sentence), "{key} = {value}: {err}");
    }
}

/// Serves with these settings.
fn serve(folder: &Path, settings: &[(&str, &str)]) -> Process {
    let all: Vec<(&str, &str)> = [LISTEN]
        .into_iter()
        .chain(settings.iter().copied())
        .collect();
    Process::start(menshen(folder, &all, &[]), "Playground")
}
