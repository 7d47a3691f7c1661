//! What production takes and refuses, each with a sentence.

use super::{folder, production, production_refuses, refused, run};
use crate::support::{Process, menshen, said};

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
