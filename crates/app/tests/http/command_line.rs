//! The `menshen` command: its settings, its exit status, and what it says.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Process, client, ended, menshen, said};

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

#[test]
fn every_command_has_help_with_an_example() {
    for command in [
        &[][..],
        &["serve"],
        &["migrate"],
        &["migrate", "up"],
        &["migrate", "status"],
        &["migrate", "down"],
        &["health"],
        &["config"],
        &["config", "check"],
        &["config", "show"],
        &["config", "example"],
        &["config", "schema"],
        &["keys"],
        &["keys", "list"],
        &["keys", "rotate"],
        &["keys", "drop"],
        &["simulate"],
        &["webhooks"],
        &["webhooks", "list"],
        &["webhooks", "replay"],
        &["import"],
        &["admin"],
        &["admin", "hash-key"],
        &["admin", "find"],
        &["admin", "show"],
        &["admin", "disable"],
        &["admin", "enable"],
        &["admin", "end-sessions"],
        &["admin", "end-all-sessions"],
        &["admin", "detach-phone"],
        &["admin", "merge"],
        &["admin", "audit"],
        &["admin", "sends"],
        &["admin", "counters"],
        &["admin", "test-numbers"],
        &["admin", "test-numbers", "list"],
        &["admin", "test-numbers", "add"],
        &["admin", "test-numbers", "remove"],
    ] {
        let arguments: Vec<&str> = command.iter().copied().chain(["--help"]).collect();
        let output = run(&[], &arguments);
        let (out, _) = said(&output);
        assert_eq!(output.status.code(), Some(0), "{command:?}");
        let example = out.split_once("Example: menshen ").map(|(_, rest)| rest);
        let example = example.unwrap_or_else(|| panic!("{command:?} has no example: {out}"));
        for word in command {
            assert!(example.contains(word), "{command:?}: {example}");
        }
    }
    let (version, _) = said(&run(&[], &["--version"]));
    assert_eq!(version, format!("menshen {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn what_is_no_command_is_a_usage_error() {
    for arguments in [
        &["serv"][..],
        &["--port", "80"],
        &["config"],
        &["config", "chek"],
        &["serve", "now"],
        &["simulate", "--listen", "nowhere"],
        &["migrate", "down", "--steps", "x"],
    ] {
        let output = run(&[], arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let (_, err) = said(&output);
        assert!(
            err.contains("Usage") || err.contains("--help"),
            "{arguments:?}: {err}"
        );
    }
}

#[test]
fn the_defaults_of_development_are_good() {
    let output = run(&[], &["config", "check"]);
    assert_eq!(output.status.code(), Some(0), "{:?}", said(&output));
}

#[test]
fn every_problem_is_told_at_once_with_its_key_and_what_to_write() {
    let folder = folder();
    let file = folder.path().join("bad.toml");
    let text = "
[server]
lisen = '127.0.0.1:1'
workers = 'many'
[database]
url = 'mysql://x'
[tokens]
access_ttl = '15'
algorithm = 'none'
[sms]
regions = 'CN'
vendors = ['aliyun', 'pigeon']
[[wechat.apps]]
app_id = 'wx1'
app_secret = 's3cr3t-of-wx1'
kind = 'watch'
[tottaly.unknown]
key = 1
";
    fs::write(&file, text).expect("a file");
    let settings = [
        ("accounts.merge", "maybe"),
        ("MENSHEN_LOG__LEVL", "debug"),
        ("sessions.max_per_client_type", "-1"),
    ];
    let arguments = ["--config", "bad.toml", "config", "check"];
    let err = refused(&ended(menshen(folder.path(), &settings, &arguments)));
    for line in [
        "server.lisen: is not a key; did you mean server.listen?",
        "server.workers: write a whole number",
        "database.url: write sqlite://path or postgres://",
        "tokens.access_ttl: write a number with its unit",
        "tokens.algorithm: write ES256",
        "sms.regions: write",
        "sms.vendors: write names",
        "wechat.apps: kind must be",
        "accounts.merge: write merge or reject",
        "log.levl: is not a key; did you mean log.level?",
        "sessions.max_per_client_type: write a whole number",
        "tottaly.unknown.key: is not a key",
    ] {
        assert!(err.contains(line), "{line} is not in {err}");
    }
    assert!(!err.contains("s3cr3t"), "{err}");
    assert!(err.contains("12 problems"), "{err}");
    // Serving says the same.
    let serve = refused(&ended(menshen(
        folder.path(),
        &settings,
        &["--config", "bad.toml"],
    )));
    assert_eq!(serve, err);
}

#[test]
fn a_file_that_cannot_be_read_is_told_with_its_line() {
    let folder = folder();
    fs::write(folder.path().join("bad.toml"), "[server]\nlisten = \n").expect("a file");
    let check = |file: &str| {
        let arguments = ["--config", file, "config", "check"];
        refused(&ended(menshen(folder.path(), &[], &arguments)))
    };
    let err = check("bad.toml");
    assert!(err.contains("bad.toml") && err.contains("line 2"), "{err}");
    let err = check("missing.toml");
    assert!(
        err.contains("missing.toml") && err.contains("cannot be read"),
        "{err}"
    );
}

#[test]
fn the_default_file_is_read_and_the_environment_goes_over_it() {
    let folder = folder();
    let text = "[tokens]\nissuer = 'file'\naudience = 'file'\n";
    fs::write(folder.path().join("menshen.toml"), text).expect("a file");
    let settings = [
        ("tokens.issuer", "environment"),
        ("MENSHEN_PORT", "tcp://10.0.0.1:80"),
        ("MENSHEN_SERVICE_HOST", "10.0.0.1"),
        ("OTHER__KEY", "x"),
    ];
    let output = ended(menshen(folder.path(), &settings, &["config", "show"]));
    let (out, err) = said(&output);
    assert_eq!(output.status.code(), Some(0), "{err}");
    assert!(out.contains("tokens.issuer = environment\n"), "{out}");
    assert!(out.contains("tokens.audience = file\n"), "{out}");
    assert!(!out.contains("10.0.0.1"), "{out}");
}

#[test]
fn what_is_shown_hides_every_secret() {
    let secrets = [
        ("secrets.master_key", KEY, KEY),
        (
            "sms.aliyun.access_key_secret",
            "t0p-s3cr3t-1",
            "t0p-s3cr3t-1",
        ),
        ("sms.tencent.secret_key", "t0p-s3cr3t-2", "t0p-s3cr3t-2"),
        ("sms.webhook.secret", "whsec_t0ps3cr3t3", "t0ps3cr3t3"),
        (
            "wechat.apps",
            "[{ app_id = \"wx1\", app_secret = \"t0p-s3cr3t-4\", kind = \"app\", push_token = \"t0ps3cr3t5\", push_aes_key = \"t0ps3cr3t6AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\" }]",
            "s3cr3t",
        ),
        (
            "webhooks",
            "[{ url = \"https://a.example/\", secret = \"whsec_t0ps3cr3t7\" }]",
            "t0ps3cr3t7",
        ),
        (
            "sms.test_numbers",
            "[{ phone = \"13900000099\", code = \"864209\" }]",
            "864209",
        ),
        (
            "database.url",
            "postgres://menshen:t0ps3cr3t8@db1,db2:5433/menshen?sslmode=verify-full",
            "t0ps3cr3t8",
        ),
        (
            "ephemeral.url",
            "redis://:t0ps3cr3t9@cache:6379",
            "t0ps3cr3t9",
        ),
    ];
    for (key, value, secret) in secrets {
        let output = run(&[(key, value)], &["config", "show"]);
        let (out, err) = said(&output);
        assert!(
            out.contains(&format!("{key} = ")),
            "{key} is not shown: {out}{err}"
        );
        assert!(!out.contains(secret), "{key} is told: {out}");
        assert!(!err.contains(secret), "{key} is told: {err}");
        let output = run(&[(key, value)], &["config", "check"]);
        let (out, err) = said(&output);
        assert!(
            !out.contains(secret) && !err.contains(secret),
            "{key}: {out}{err}"
        );
    }
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

#[test]
fn production_takes_what_is_meant_for_it() {
    let output = run(&production(&[]), &["config", "check"]);
    assert_eq!(output.status.code(), Some(0), "{:?}", said(&output));
}

#[test]
fn two_listeners_have_two_addresses() {
    for (key, value) in [
        ("server.metrics_listen", "127.0.0.1:18080"),
        ("server.admin_listen", "127.0.0.1:18080"),
        ("server.metrics_listen", "nowhere"),
    ] {
        let settings = production(&[("server.listen", "127.0.0.1:18080"), (key, value)]);
        let err = refused(&run(&settings, &["config", "check"]));
        assert!(err.contains(key), "{key} = {value}: {err}");
    }
    let apart = [
        ("server.listen", "127.0.0.1:18080"),
        ("server.metrics_listen", "127.0.0.1:18081"),
        ("server.admin_listen", "127.0.0.1:18082"),
    ];
    let output = run(&production(&apart), &["config", "check"]);
    assert_eq!(output.status.code(), Some(0), "{:?}", said(&output));
}

/// S-93: whoever reaches the door of people learns of no version there.
#[tokio::test]
async fn in_production_open_metrics_tell_no_version() {
    let folder = folder();
    let settings = production(&[]);
    let process = Process::start(menshen(folder.path(), &settings, &["serve"]), "listens on");
    let told = process.get("/metrics").send().await.text;
    assert!(told.contains("menshen_build_info{} 1\n"), "{told}");
    assert!(!told.contains("version=") && !told.contains("commit="));
    process.signal("TERM");
    assert_eq!(process.end().0, Some(0));
}

#[test]
fn production_takes_cloud_hosting_whose_network_is_known() {
    for base_url in ["http://api.weixin.qq.com", "https://api.weixin.qq.com"] {
        let output = run(
            &production(&[
                ("wechat.gateway", "cloud_run"),
                ("server.trusted_proxies", "[\"10.0.0.0/8\"]"),
                ("wechat.base_url", base_url),
                ("wechat.risk_rank", "3"),
                ("wechat.check_session", "true"),
            ]),
            &["config", "check"],
        );
        assert_eq!(output.status.code(), Some(0), "{:?}", said(&output));
    }
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

#[test]
fn production_refuses_each_stand_in_with_a_sentence() {
    production_refuses(&[
        (
            "secrets.master_key",
            "",
            "secrets.master_key: must be set in production",
        ),
        ("secrets.master_key", "c2hvcnQ=", "secrets.master_key: "),
        (
            "secrets.master_key",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "secrets.master_key: ",
        ),
        (
            "secrets.master_key",
            "not base64 at all",
            "secrets.master_key: ",
        ),
        (
            "avatars.public_url",
            "http://login.example.com",
            "avatars.public_url: must be https",
        ),
        (
            "avatars.url",
            "s3://pictures",
            "avatars.public_url: must be set",
        ),
        ("sms.vendors", "", "sms.vendors: must be set"),
        (
            "sms.vendors",
            "[\"console\"]",
            "sms.vendors: console prints codes",
        ),
        ("sms.webhook.secret", "", "sms.webhook.secret: must be set"),
        (
            "sms.webhook.url",
            "http://sms.example/",
            "sms.webhook.url: must be https",
        ),
        (
            "sms.receipt_url",
            "http://login.example.com/v1/sms/receipts",
            "sms.receipt_url: must be https",
        ),
        (
            "sms.receipt_secret",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "sms.receipt_secret: must be at least 24",
        ),
        (
            "wechat.base_url",
            "simulator",
            "wechat.base_url: the simulator vouches for anybody",
        ),
        (
            "wechat.base_url",
            "http://api.weixin.qq.com",
            "wechat.base_url: must be https",
        ),
        (
            "wechat.timeout",
            "20s",
            "wechat.timeout: is outside the safe range",
        ),
        (
            "wechat.gateway",
            "cloud_run",
            "wechat.gateway: cloud_run believes headers only from server.trusted_proxies",
        ),
        (
            "wechat.risk_rank",
            "5",
            "wechat.risk_rank: write a rank from 1 to 4",
        ),
        (
            "wechat.apps",
            "[{ app_id = \"wx1\", app_secret = \"s\", kind = \"app\", push_token = \"a b\", push_aes_key = \"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG\" }]",
            "push_token must be 3 to 32 letters and digits",
        ),
        (
            "wechat.apps",
            "[{ app_id = \"wx1\", app_secret = \"s\", kind = \"app\", push_token = \"abc\", push_aes_key = \"abcdefghijklmnopqrstuvwxyz0123456789ABCDEF\" }]",
            "push_aes_key must be the 43 letters and digits",
        ),
        (
            "server.cors_origins",
            "[\"*\"]",
            "server.cors_origins: write whole origins",
        ),
    ]);
}

#[test]
fn production_refuses_stores_that_forget_and_a_redis_that_is_nowhere() {
    production_refuses(&[
        (
            "database.url",
            "sqlite::memory:",
            "database.url: an in-memory database",
        ),
        (
            "database.url",
            "sqlite://x?mode=memory",
            "database.url: an in-memory database",
        ),
        (
            "database.url",
            "postgres://u:p@db/menshen?sslmode=verify-full",
            "ephemeral.url: replicas over Postgres must share codes and limits",
        ),
        (
            "ephemeral.url",
            "redis://cache:none",
            "ephemeral.url: write memory:, or for Redis: each host is written name:port",
        ),
        (
            "ephemeral.password",
            "hunter2",
            "ephemeral.password: is for Redis, and ephemeral.url is memory:",
        ),
    ]);
}

#[test]
fn production_refuses_a_database_without_bounds_or_protection() {
    production_refuses(&[
        (
            "database.url",
            "postgres://u:p@db1,db2/menshen?sslmode=require",
            "database.url: what goes to PostgreSQL can be read and answered on the way",
        ),
        (
            "database.acquire_timeout",
            "0s",
            "database.acquire_timeout: a wait without an end",
        ),
        (
            "database.statement_timeout",
            "30s",
            "database.statement_timeout: is outside the safe range",
        ),
        (
            "database.lock_timeout",
            "3s",
            "database.lock_timeout: is outside the safe range",
        ),
        (
            "database.password",
            "hunter2",
            "database.password: is given, and database.url",
        ),
    ]);
}

/// Whoever is in a trusted network says whom they are.
#[test]
fn production_refuses_cloud_hosting_that_trusts_the_world() {
    for networks in ["0.0.0.0/0", "::/0", "10.0.0.0/8\", \"0.0.0.0/1", "2000::/3"] {
        let networks = format!("[\"{networks}\"]");
        let trusted = ("server.trusted_proxies", networks.as_str());
        let hosted = ("wechat.gateway", "cloud_run");
        let output = run(&production(&[hosted, trusted]), &["config", "check"]);
        assert_eq!(output.status.code(), Some(1), "{networks}");
        let err = refused(&output);
        assert!(err.contains("server.trusted_proxies: is so wide"), "{err}");
    }
    let private = "[\"10.0.0.0/8\", \"100.64.0.0/10\", \"fc00::/7\"]";
    let hosted = ("wechat.gateway", "cloud_run");
    let trusted = ("server.trusted_proxies", private);
    let output = run(&production(&[hosted, trusted]), &["config", "check"]);
    assert_eq!(output.status.code(), Some(0), "{:?}", said(&output));
}

#[test]
fn production_refuses_what_is_outside_the_safe_ranges() {
    production_refuses(&[
        (
            "sms.test_numbers",
            "[{ phone = \"13900000099\", code = \"246810\" }]",
            "sms.test_numbers: each needs an `until`",
        ),
        (
            "sms.test_numbers",
            "[{ phone = \"13900000099\", code = \"246810\", until = \"2999-01-01\" }]",
            "sms.test_numbers: each needs an `until`",
        ),
        (
            "ephemeral.timeout",
            "2s",
            "ephemeral.timeout: is outside the safe range",
        ),
        (
            "ephemeral.url",
            "redis://cache",
            "ephemeral.url: what goes to Redis can be read on the way",
        ),
        (
            "ephemeral.url",
            "redis+cluster://127.0.0.1,cache",
            "ephemeral.url: what goes to Redis can be read on the way",
        ),
        (
            "sms.code_ttl",
            "11m",
            "sms.code_ttl: is outside the safe range",
        ),
        (
            "sms.max_attempts",
            "6",
            "sms.max_attempts: is outside the safe range",
        ),
        (
            "tokens.access_ttl",
            "2h",
            "tokens.access_ttl: is outside the safe range",
        ),
        (
            "tokens.web.access_ttl",
            "1m",
            "tokens.web.access_ttl: is outside the safe range",
        ),
        (
            "tokens.refresh_grace",
            "2m",
            "tokens.refresh_grace: is outside the safe range",
        ),
        (
            "tokens.session_ttl",
            "400d",
            "tokens.session_ttl: is outside the safe range",
        ),
        (
            "webhooks",
            "[{ url = \"http://a.example\", secret = \"whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u\" }]",
            "webhooks: each url",
        ),
    ]);
}

#[test]
fn development_warns_of_what_production_would_refuse() {
    let settings = [("tokens.access_ttl", "2h"), ("wechat.timeout", "10s")];
    let output = run(&settings, &["config", "check"]);
    let (out, _) = said(&output);
    assert_eq!(output.status.code(), Some(0), "{out}");
    for key in ["tokens.access_ttl", "wechat.timeout"] {
        assert!(
            out.contains(&format!("production would refuse {key}")),
            "{out}"
        );
    }
}

#[test]
fn what_start_would_refuse_is_told_by_the_check() {
    for (key, value) in [
        ("sms.webhook.url", "https://a.example/?token=1"),
        ("sms.webhook.url", "https://user:pass@a.example/"),
        ("sms.webhook.secret", "whsec_tooshort"),
        ("sms.webhook.secret", "no-prefix"),
        ("wechat.base_url", "ftp://api.weixin.qq.com"),
        ("wechat.base_url", "https://api.weixin.qq.com/?x=1"),
        ("tokens.issuer", "has a space"),
        ("server.listen", "localhost"),
        ("server.trusted_proxies", "[\"10.0.0.0/99\"]"),
    ] {
        let output = run(&production(&[(key, value)]), &["config", "check"]);
        assert_eq!(output.status.code(), Some(1), "{key} = {value}");
        let err = refused(&output);
        assert!(err.contains(&format!("{key}: ")), "{key} = {value}: {err}");
    }
}

#[test]
fn a_secret_may_lie_in_a_file() {
    let folder = folder();
    let file = folder.path().join("key");
    fs::write(&file, format!("{KEY}\n")).expect("a file");
    let path = file.display().to_string();
    let with = |more: &[(&'static str, &str)]| {
        let mut settings = production(&[("secrets.master_key", "")]);
        settings.push(("secrets.master_key_file", path.as_str()));
        let more: Vec<(&str, String)> = more.iter().map(|(k, v)| (*k, (*v).to_owned())).collect();
        let more = more.iter().map(|(k, v)| (*k, v.as_str()));
        settings.extend(more);
        let output = run(&settings, &["config", "check"]);
        (output.status.code(), said(&output).1)
    };
    assert_eq!(with(&[]).0, Some(0));
    let (status, err) = with(&[("secrets.master_key", OTHER_KEY)]);
    assert_eq!(status, Some(1));
    assert!(err.contains("secrets.master_key: given twice"), "{err}");
    assert!(!err.contains(OTHER_KEY), "{err}");
}

#[test]
fn an_admin_key_is_shown_once_with_its_hash() {
    let (first, _) = said(&run(&[], &["admin", "hash-key"]));
    let (second, _) = said(&run(&[], &["admin", "hash-key"]));
    assert_ne!(first, second);
    let word = |name: &str| {
        let line = first.lines().find(|line| line.starts_with(name));
        let line = line.unwrap_or_else(|| panic!("no {name}: {first}"));
        line.split_whitespace().nth(1).expect("a word").to_owned()
    };
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, word("key").as_bytes());
    assert_eq!(word("sha256"), hex::encode(digest));
}

#[test]
fn the_schema_and_the_keys_are_looked_after_by_command() {
    let folder = folder();
    let run = |arguments: &[&str]| {
        let output = ended(menshen(folder.path(), &[], arguments));
        let (out, err) = said(&output);
        (output.status.code(), out, err)
    };
    let (status, out, _) = run(&["migrate", "status"]);
    assert_eq!(status, Some(0));
    assert!(out.contains("pending") && !out.contains("applied"), "{out}");
    let (status, _, err) = run(&["keys", "list"]);
    assert_eq!(status, Some(1), "{err}");
    assert!(
        err.contains("menshen migrate up") || err.contains("migration"),
        "{err}"
    );
    let (status, out, _) = run(&["migrate", "up"]);
    assert_eq!(status, Some(0));
    assert!(out.contains("applied") && !out.contains("pending"), "{out}");
    let (status, out, _) = run(&["keys", "list"]);
    let count = |out: &str, of_ring| {
        let lines = out.lines();
        lines
            .filter(|line| line.starts_with("ring ") == of_ring)
            .count()
    };
    let ring = count(&out, true);
    assert_eq!((status, count(&out, false)), (Some(0), 1), "{out}");
    assert_eq!(out.matches("  active  ").count(), ring, "{out}");
    let (status, out, _) = run(&["keys", "rotate"]);
    assert_eq!((status, count(&out, false)), (Some(0), 2), "{out}");
    assert!(out.contains("next") && out.contains("signing"), "{out}");
    // In an emergency the one that signs goes, and the next takes its place.
    let kid = |stage: &str| {
        let line = out.lines().find(|line| line.contains(stage));
        let line = line.unwrap_or_else(|| panic!("no {stage}: {out}"));
        line.split_whitespace().next().expect("a key").to_owned()
    };
    let (status, after, _) = run(&["keys", "drop", &kid("  signing  ")]);
    assert_eq!((status, count(&after, false)), (Some(0), 1), "{after}");
    assert!(
        after.contains(&format!("{}  ES256  signing", kid("  next  "))),
        "{after}"
    );
    let (status, _, err) = run(&["keys", "drop", "nonsense"]);
    assert_eq!(status, Some(1));
    assert!(err.contains("menshen keys list"), "{err}");
    for action in ["key.created", "key.dropped"] {
        let (status, told, _) = run(&["admin", "audit", "--action", action]);
        assert!(status == Some(0) && told.contains("cli:"), "{told}");
    }
    // The keyring: a key of a use that rotates, and one of a use that does not.
    let (status, out, _) = run(&["keys", "rotate", "--ring", "seal.phone_number"]);
    assert_eq!((status, count(&out, true)), (Some(0), ring + 1), "{out}");
    assert!(out.contains("seal.phone_number  next"), "{out}");
    for (usage, words) in [
        ("seal.phone_number", "begins at"),
        ("mac.blind_index", "cannot change"),
        ("nonsense", "menshen keys list"),
    ] {
        let (status, _, err) = run(&["keys", "rotate", "--ring", usage]);
        assert_eq!(status, Some(1), "{usage}");
        assert!(err.contains(words) && err.lines().count() == 1, "{err}");
    }
    let (status, out, _) = run(&["migrate", "down", "--steps", "1"]);
    assert_eq!(status, Some(0));
    assert!(out.contains("pending"), "{out}");
}

/// Serves with these settings.
fn serve(folder: &Path, settings: &[(&str, &str)]) -> Process {
    let all: Vec<(&str, &str)> = [LISTEN]
        .into_iter()
        .chain(settings.iter().copied())
        .collect();
    Process::start(menshen(folder, &all, &[]), "Playground")
}

async fn control(menshen: &Process, path: &str, body: Value) -> Value {
    let url = format!("http://{}/simulator/control/{path}", menshen.address);
    let method = if path == "faults" {
        Method::PUT
    } else {
        Method::POST
    };
    let answer = menshen.http.request(method, url).json(&body).send().await;
    answer.expect("an answer").json().await.expect("JSON")
}

#[tokio::test]
async fn a_first_run_needs_nothing_and_says_where_everything_is() {
    let folder = folder();
    let menshen = serve(folder.path(), &[]);
    let heard = menshen.heard();
    for word in [
        "Playground",
        "API docs",
        "development profile",
        "Simulated",
        "data/menshen.db",
    ] {
        assert!(heard.contains(word), "{word}: {heard}");
    }
    let code = control(&menshen, "wechat/login", json!({ "person": "alice" })).await;
    let body = json!({ "code": code["code"], "client": client() });
    menshen
        .post("/v1/login/wechat")
        .json(body)
        .send()
        .await
        .ok();
    let mode = |name: &str| {
        let file = fs::metadata(folder.path().join(name)).expect("a file");
        file.permissions().mode() & 0o777
    };
    assert_eq!(mode("data"), 0o700);
    for name in ["data/master.key", "data/menshen.db", "data/menshen.db-wal"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    menshen.signal("TERM");
    let (status, heard) = menshen.end();
    assert_eq!(status, Some(0), "{heard}");
    assert!(!heard.contains("panicked"), "{heard}");
}

#[tokio::test]
async fn what_is_in_flight_is_finished_before_the_end() {
    for name in ["TERM", "INT"] {
        let folder = folder();
        let menshen = serve(folder.path(), &[]);
        let slow = json!({ "target": "/sns/jscode2session", "latency_ms": 1500 });
        control(&menshen, "faults", slow).await;
        let code = control(&menshen, "wechat/login", json!({ "person": "alice" })).await;
        let body = json!({ "code": code["code"], "client": client() });
        let login = menshen.post("/v1/login/wechat").json(body).send();
        let stop = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            menshen.signal(name);
        };
        let (login, ()) = tokio::join!(login, stop);
        login.ok();
        let (status, heard) = menshen.end();
        assert_eq!(status, Some(0), "{heard}");
    }
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_the_end() {
    let folder = folder();
    let menshen = serve(folder.path(), &[]);
    let http = menshen.http.clone();
    menshen.get("/healthz").send().await;
    let begun = std::time::Instant::now();
    menshen.signal("TERM");
    let (status, heard) = menshen.end();
    assert_eq!(status, Some(0), "{heard}");
    // The grace time is for work, not for silence.
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
    drop(http);
}

#[test]
fn an_address_that_is_taken_is_told_with_its_setting() {
    let folder = folder();
    let first = serve(folder.path(), &[]);
    let address = first.address.to_string();
    let other = self::folder();
    let settings = [("server.listen", address.as_str())];
    let err = refused(&ended(menshen(other.path(), &settings, &["serve"])));
    assert!(
        err.contains(&address) && err.contains("server.listen"),
        "{err}"
    );
    assert_eq!(err.lines().count(), 1, "{err}");
}

/// Serves once, so that there are a database and a key.
fn served_once(folder: &Path, settings: &[(&str, &str)]) {
    let menshen = serve(folder, settings);
    menshen.signal("TERM");
    assert_eq!(menshen.end().0, Some(0));
}

#[test]
fn a_key_file_that_others_can_read_is_refused() {
    let folder = folder();
    served_once(folder.path(), &[]);
    let key = folder.path().join("data/master.key");
    for mode in [0o640, 0o604, 0o660] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).expect("a mode");
        let err = refused(&ended(menshen(folder.path(), &[LISTEN], &["serve"])));
        assert!(
            err.contains("master.key") && err.contains("chmod 600"),
            "{err}"
        );
    }
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("a mode");
    served_once(folder.path(), &[]);
}

#[test]
fn a_key_that_does_not_open_the_database_is_refused_and_nothing_is_made_anew() {
    let folder = folder();
    served_once(folder.path(), &[]);
    let file = folder.path().join("data/master.key");
    let kept = fs::read(&file).expect("a key");
    fs::write(&file, format!("{OTHER_KEY}\n")).expect("a file");
    let err = refused(&ended(menshen(folder.path(), &[LISTEN], &["serve"])));
    assert!(err.contains("master key"), "{err}");
    assert!(!err.contains(OTHER_KEY), "{err}");
    assert_eq!(err.lines().count(), 1, "{err}");
    let written = fs::read_to_string(&file).expect("a key");
    assert_eq!(written.trim(), OTHER_KEY, "never over an existing one");
    // A lost key is not forgotten either.
    fs::remove_file(&file).expect("removed");
    let err = refused(&ended(menshen(folder.path(), &[LISTEN], &["serve"])));
    assert!(
        err.contains("master key") || err.contains("master.key"),
        "{err}"
    );
    fs::write(&file, kept).expect("a file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("a mode");
    served_once(folder.path(), &[]);
}

#[test]
fn a_new_master_key_is_added_last_and_then_moved_first() {
    let folder = folder();
    let lists = [
        format!("[\"{KEY}\"]"),
        format!("[\"{KEY}\", \"{OTHER_KEY}\"]"),
        format!("[\"{OTHER_KEY}\", \"{KEY}\"]"),
        format!("[\"{OTHER_KEY}\"]"),
    ];
    for list in &lists {
        served_once(folder.path(), &[("secrets.master_key", list)]);
    }
    let settings = [LISTEN, ("secrets.master_key", KEY)];
    let err = refused(&ended(menshen(folder.path(), &settings, &["serve"])));
    assert!(err.contains("master key"), "{err}");
}

#[tokio::test]
async fn the_console_prints_the_code_in_development() {
    let folder = folder();
    let menshen = serve(folder.path(), &[("sms.vendors", "[\"console\"]")]);
    let ask = json!({ "phone": "13900000001", "purpose": "login", "client_type": "mini_program" });
    menshen.post("/v1/sms/codes").json(ask).send().await.ok();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let heard = menshen.heard();
    let codes = heard.split(|c: char| !c.is_ascii_alphanumeric());
    let codes = codes.filter(|word| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit()));
    let mut statuses = Vec::new();
    for code in codes {
        let body = json!({ "phone": "13900000001", "code": code, "client": client() });
        statuses.push(menshen.post("/v1/login/sms").json(body).send().await.status);
    }
    assert!(statuses.contains(&200), "{statuses:?} of {heard}");
}

#[tokio::test]
async fn the_offline_vendors_run_alone_and_serve_a_production() {
    let folder = folder();
    let arguments = ["simulate", "--listen", "127.0.0.1:0"];
    let offline = Process::start(menshen(folder.path(), &[], &arguments), "Listening");
    let heard = offline.heard();
    for word in [
        "NOT WeChat",
        "wx5f3a9c0d7e1b2a48",
        "fa4e0000000000000000000000000001",
        "aliyun",
    ] {
        assert!(heard.contains(word), "{word}: {heard}");
    }
    let base = format!("http://{}", offline.address);
    let settings = production(&[("wechat.base_url", &base)]);
    let production = Process::start(menshen(folder.path(), &settings, &["serve"]), "listens on");
    let code = offline.http.post(format!("{base}/control/wechat/login"));
    let code = code
        .json(&json!({ "person": "alice" }))
        .send()
        .await
        .expect("an answer");
    let code: Value = code.json().await.expect("JSON");
    let body = json!({ "code": code["code"], "client": client() });
    let login = production
        .post("/v1/login/wechat")
        .json(body)
        .send()
        .await
        .ok();
    assert_eq!(login["is_new_user"], true);
    // No stand-in is served.
    for path in [
        "/playground",
        "/playground/app.js",
        "/simulator/control/people",
    ] {
        production.get(path).send().await.fails(404, "not_found");
    }
    assert_eq!(production.get("/docs").send().await.status, 200);
    assert!(!production.heard().contains(KEY));
    production.signal("TERM");
    assert_eq!(production.end().0, Some(0));
    offline.signal("TERM");
    assert_eq!(offline.end().0, Some(0));
}

#[test]
fn an_old_database_is_migrated_only_where_that_is_allowed() {
    let folder = folder();
    let settings = production(&[("database.auto_migrate", "false")]);
    let err = refused(&ended(menshen(folder.path(), &settings, &["serve"])));
    assert!(err.contains("menshen migrate up"), "{err}");
    let output = ended(menshen(folder.path(), &settings, &["migrate", "up"]));
    assert_eq!(output.status.code(), Some(0), "{:?}", said(&output));
    let process = Process::start(menshen(folder.path(), &settings, &["serve"]), "listens on");
    process.signal("TERM");
    assert_eq!(process.end().0, Some(0));
}

#[test]
fn the_health_of_a_server_is_asked_with_its_own_settings() {
    let folder = folder();
    let server = serve(folder.path(), &[]);
    let here = server.address.to_string();
    let settings = [("server.listen", here.as_str())];
    let output = ended(menshen(folder.path(), &settings, &["health"]));
    let (out, err) = said(&output);
    assert_eq!(output.status.code(), Some(0), "{err}");
    assert!(out.contains("\"database\""), "{out}");
    server.signal("TERM");
    assert_eq!(server.end().0, Some(0));
    let err = refused(&ended(menshen(folder.path(), &settings, &["health"])));
    assert!(err.contains("does not answer"), "{err}");
}

#[test]
fn production_refuses_vendors_without_what_they_need() {
    production_refuses(&[
        (
            "sms.vendors",
            "[\"tencent\"]",
            "sms.tencent.sdk_app_id: must be set while sms.vendors names tencent",
        ),
        (
            "sms.vendors",
            "[\"huawei\"]",
            "sms.huawei.template_id: must be set while sms.vendors names huawei",
        ),
        (
            "sms.vendors",
            "[\"volcengine\"]",
            "sms.volcengine.secret_access_key: must be set while",
        ),
        (
            "sms.vendors",
            "[\"twilio\"]",
            "sms.twilio.from: must be set while sms.vendors names twilio",
        ),
        (
            "sms.huawei.auth",
            "basic",
            "sms.huawei.auth: write sdk_hmac or wsse",
        ),
        (
            "sms.twilio.text",
            "your code",
            "sms.twilio.text: the text lacks {code}",
        ),
        ("sms.weights.webhook", "0", "sms.weights.webhook: write"),
        (
            "sms.weights.aliyun",
            "1",
            "sms.weights.aliyun: is the weight of a vendor that sms.vendors does not name",
        ),
        (
            "sms.templates",
            "[{ vendor = \"aliyun\" }]",
            "sms.templates: entry 1: lacks template",
        ),
    ]);
}

/// A production that sends through Alibaba Cloud.
fn with_aliyun<'s>(more: &[(&'s str, &'s str)]) -> Vec<(&'s str, &'s str)> {
    let mut all = production(&[
        ("sms.vendors", "[\"aliyun\"]"),
        ("sms.aliyun.access_key_id", "id"),
        ("sms.aliyun.access_key_secret", "secret"),
        ("sms.aliyun.sign_name", "sign"),
    ]);
    all.extend(more);
    all
}

#[test]
fn templates_must_be_unmistakable_and_serve_every_region() {
    let overseas = r#"[{ vendor = "aliyun", template = "SMS_2", region = "overseas" }]"#;
    let usual = ("sms.aliyun.template_code", "SMS_1");
    for (more, sentence) in [
        (
            vec![
                usual,
                (
                    "sms.templates",
                    r#"[{ vendor = "aliyun", template = "SMS_2" }]"#,
                ),
            ],
            "sms.templates: aliyun: two templates are meant for the same messages (all purposes, all regions)",
        ),
        (
            vec![usual, ("sms.regions", "[\"CN\", \"US\", \"CA\"]")],
            "sms.vendors: aliyun cannot be told +1 numbers apart from mainland ones, and sms.regions has US, CA: add another vendor",
        ),
        (
            vec![("sms.templates", overseas)],
            "sms.templates: no vendor of sms.vendors has a template for mainland numbers",
        ),
        (vec![], "sms.aliyun.template_code: must be set while"),
    ] {
        let output = run(&with_aliyun(&more), &["config", "check"]);
        assert_eq!(output.status.code(), Some(1), "{more:?}");
        let err = refused(&output);
        assert!(err.contains(sentence), "{more:?}: {err}");
    }
    for more in [
        vec![usual, ("sms.templates", overseas)],
        vec![("sms.templates", overseas), ("sms.regions", "[\"HK\"]")],
    ] {
        let output = run(&with_aliyun(&more), &["config", "check"]);
        assert_eq!(output.status.code(), Some(0), "{:?}", said(&output));
    }
}
