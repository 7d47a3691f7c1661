//! Where settings come from, and what is told of them.

use std::fs;

use super::{KEY, OTHER_KEY, folder, production, refused, run};
use crate::support::{ended, menshen, said};

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
