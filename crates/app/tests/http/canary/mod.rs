//! Known numbers, codes, tokens, keys and ids go through every operation, while all is
//! well and while each dependency is away, with the log at its most talkative. None of
//! them comes out where it does not belong.

mod stage;
mod upstreams;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use menshen_outbound::mock::{MockServer, Reaction};
use menshen_testkit::servers::postgres::PostgresServer;
use menshen_testkit::servers::redis::RedisServer;
use tokio::task::spawn_blocking;

use self::stage::Stage;
use self::upstreams::{CLOSING, TALKATIVE, WELL, upstream, vendor, wechat};
use crate::support::{Process, menshen};

const PHONE: &str = "13900000001";
const OTHER_PHONE: &str = "13900000002";
const TEST_PHONE: &str = "13900000003";
const OPENID: &str = "oPENidOfNobodyElse0123456789";
const UNIONID: &str = "uNIONidOfNobodyElse012345678";
const BIO: &str = "a bio that nobody else reads";
const MASTER_KEY: &str = "q0xTlXvS2mY8cQd1Zr5hWn7uEoPa3KfGjBt9yLiV6sM=";
const SESSION_KEY: &str = "c2Vzc2lvbktleTAxMjM0NQ==";
const WECHAT_TOKEN: &str = "WECHAT_ACCESS_TOKEN_0123456789abcdef";
const APP_SECRET: &str = "0fa15ecre70fa15ecre70fa15ecre700";
const WEBHOOK_SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const RECEIPT_SECRET: &str = "r3ceipts0nlyForThoseWhoKnowThis1";
const PUSH_TOKEN: &str = "pusht0kenOfNobodyElse";
const PUSH_KEY: &str = "pushKey0fNobodyElse0123456789abcdefghijklmn";
const ADMIN_KEY: &str = "mak_x4NrQm8TzK1wYb6HsJc3VdLg9EaPo5UiRt2FvSxZ7Q8";
const CAPTCHA: &str = "captchaTokenOfNobodyElse0123456789";
const TRACE_KEY: &str = "Bearer of-the-collector-alone-0123";
const SEALED: &str = "c2VhbGVkIGZvciBub2JvZHkgZWxzZSB0byByZWFkLi4=";
const MADE_UP: &str = "madeUpSecretOfNobodyElse0123456789";
const APP: &str = "wx00000000000000aa";
const DAY: &str = "2026-01-01";

/// What comes out of the process nowhere at all.
const NEVER: [&str; 13] = [
    MASTER_KEY,
    SESSION_KEY,
    WECHAT_TOKEN,
    APP_SECRET,
    WEBHOOK_SECRET,
    RECEIPT_SECRET,
    PUSH_TOKEN,
    PUSH_KEY,
    ADMIN_KEY,
    CAPTCHA,
    TRACE_KEY,
    SEALED,
    MADE_UP,
];
/// What stands in answers to whom it belongs, and nowhere else.
const PERSONAL: [&str; 6] = [PHONE, OTHER_PHONE, TEST_PHONE, OPENID, UNIONID, BIO];

fn settings<'a>(urls: &'a [String; 5], apps: &'a str, keys: &'a str) -> Vec<(&'a str, &'a str)> {
    let [wechat, vendor, collector, redis, postgres] = urls.each_ref().map(String::as_str);
    vec![
        ("server.listen", "127.0.0.1:0"),
        ("log.level", "trace"),
        ("log.format", "json"),
        ("RUST_LOG", "trace"),
        ("database.url", postgres),
        ("ephemeral.url", redis),
        ("wechat.base_url", wechat),
        ("wechat.apps", apps),
        ("wechat.phone_per_user_day", "0"),
        ("admin.keys", keys),
        ("sms.vendors", "[\"webhook\"]"),
        ("sms.webhook.url", vendor),
        ("sms.webhook.secret", WEBHOOK_SECRET),
        ("sms.webhook.notices", "on"),
        ("sms.receipt_secret", RECEIPT_SECRET),
        ("sms.resend_interval", "0s"),
        ("tracing.otlp_endpoint", collector),
        ("tracing.authorization", TRACE_KEY),
        ("tracing.sample_ratio", "1"),
        ("secrets.master_key", MASTER_KEY),
    ]
}

/// All keys of Redis, and all that stands in them.
fn copy_of(redis: &RedisServer) -> String {
    let keys = redis.command(&["KEYS", "*"]);
    assert!(keys.lines().count() > 3, "{keys}");
    let mut copy = keys.clone();
    for key in keys.lines() {
        copy += &match redis.command(&["TYPE", key]).as_str() {
            "string" => redis.command(&["GET", key]),
            "hash" => redis.command(&["HGETALL", key]),
            "zset" => redis.command(&["ZRANGE", key, "0", "-1", "WITHSCORES"]),
            other => panic!("{key} is a {other}"),
        };
    }
    copy
}

/// Runs what blocks, away from the tasks.
async fn aside<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
    spawn_blocking(act).await.expect("done")
}

/// Two applications, and the key of an operator.
fn apps_and_keys() -> [String; 2] {
    let apps = format!(
        "[{{ app_id = \"{APP}\", app_secret = \"{APP_SECRET}\", kind = \"mini_program\", \
         platform = \"p\", push_token = \"{PUSH_TOKEN}\", push_aes_key = \"{PUSH_KEY}\" }}, \
         {{ app_id = \"wx00000000000000bb\", app_secret = \"{APP_SECRET}\", kind = \"app\", \
         platform = \"p\" }}]"
    );
    let sha256 = hex::encode(digest(&SHA256, ADMIN_KEY.as_bytes()));
    let keys = format!("[{{ name = \"ops\", sha256 = \"{sha256}\", scope = \"write\" }}]");
    [apps, keys]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_operation_and_no_fault_lets_a_secret_out() {
    let servers = aside(|| (RedisServer::start(), PostgresServer::start()));
    let (redis, postgres) = servers.await;
    let (redis, postgres) = (Arc::new(redis), Arc::new(postgres));
    let mood = Arc::new(AtomicUsize::new(WELL));
    let (upstream, vendor) = (upstream(wechat, &mood).await, upstream(vendor, &mood).await);
    let collector = MockServer::start(|_, _| Reaction::ok("")).await;
    let collector = collector.expect("a collector");
    let urls = [
        upstream.url(),
        vendor.url(),
        collector.url(),
        redis.url(),
        postgres.url(),
    ];
    let [apps, keys] = apps_and_keys();
    let folder = tempfile::tempdir().expect("a folder");
    let command = menshen(folder.path(), &settings(&urls, &apps, &keys), &["serve"]);
    let mut stage = Stage::of(Process::start(command, "Playground"), vendor, mood);

    stage.ask_for_all(true).await;
    for mood in [CLOSING, TALKATIVE] {
        stage.sign_in().await;
        stage.mood.store(mood, Ordering::SeqCst);
        stage.ask_for_all(false).await;
        stage.mood.store(WELL, Ordering::SeqCst);
    }
    stage.sign_in().await;
    let kept = Arc::clone(&redis);
    let kept = aside(move || copy_of(&kept)).await;
    let audit = Arc::clone(&postgres);
    let audit = aside(move || audit.execute("SELECT * FROM audit_events")).await;
    aside(move || redis.kill()).await;
    stage.ask_for_all(false).await;
    stage.sign_in().await;
    aside(move || postgres.kill()).await;
    stage.ask_for_all(false).await;
    stage.ends_in_silence(&collector, &kept, &audit).await;
}
