//! The verified-to-sent budget over HTTP, with the counts in a real Redis.

use std::sync::Arc;

use menshen_testkit::servers::redis::RedisServer;
use serde_json::json;
use tokio::task::spawn_blocking;

use crate::metrics::sample;
use crate::support::{Answer, Service, client};

async fn redis() -> Arc<RedisServer> {
    let started = spawn_blocking(RedisServer::start).await;
    Arc::new(started.expect("a Redis server"))
}

/// A service whose floors are off, but for these settings.
async fn guarded(redis: &RedisServer, more: &[(&str, &str)]) -> Service {
    let url = redis.url();
    let mut given = vec![
        ("ephemeral.url", url.as_str()),
        ("server.trusted_proxies", "[\"127.0.0.0/8\"]"),
        ("sms.guard_floor", "0"),
        ("sms.guard_network_floor", "0"),
        ("sms.guard_prefix_floor", "0"),
        ("sms.resend_interval", "0s"),
    ];
    given.retain(|(key, _)| more.iter().all(|(other, _)| other != key));
    given.extend_from_slice(more);
    Service::with(&given).await
}

async fn ask_from(service: &Service, address: &str, phone: &str) -> Answer {
    let body = json!({ "phone": phone, "purpose": "login", "client_type": "mini_program" });
    let call = service.post("/v1/sms/codes").json(body);
    call.header("x-forwarded-for", address).send().await
}

async fn prove_from(service: &Service, address: &str, phone: &str) {
    let code = service.code_at(phone).await;
    let body = json!({ "phone": phone, "code": code, "client": client() });
    let call = service.post("/v1/login/sms").json(body);
    call.header("x-forwarded-for", address).send().await.ok();
}

/// Lets the messages so far have left ten minutes ago: people had time for their codes.
async fn settle(redis: &Arc<RedisServer>) {
    let redis = Arc::clone(redis);
    let settled = spawn_blocking(move || {
        let keys = redis.command(&["KEYS", "menshen:{messages}:spend:*"]);
        for key in keys.lines().filter(|key| !key.is_empty()) {
            let fields = redis.command(&["HGETALL", key]);
            let fields: Vec<&str> = fields.lines().collect();
            for pair in fields.chunks(2) {
                let Some(rest) = pair[0].strip_prefix('f') else {
                    continue;
                };
                let (number, what) = rest.split_at(rest.len() - 1);
                let number: u64 = number.parse().expect("a slice");
                let earlier = format!("f{}{what}", number - 5);
                redis.command(&["HINCRBY", key, &earlier, pair[1]]);
                redis.command(&["HDEL", key, pair[0]]);
            }
        }
    });
    settled.await.expect("settled");
}

async fn overdrawn(service: &Service, scope: &str, window: &str, fate: &str) -> Option<f64> {
    let labels = format!(r#"scope="{scope}",window="{window}",fate="{fate}""#);
    sample(service, &format!("menshen_sms_overdrawn_total{{{labels}}}")).await
}

/// Whoever makes us send and enters nothing waits; the rest of the world does not, and
/// right codes pay for more messages.
#[tokio::test]
async fn a_network_that_enters_no_codes_is_refused_until_it_does() {
    let redis = redis().await;
    let more = [("sms.guard", "enforce"), ("sms.guard_network_floor", "3")];
    let service = guarded(&redis, &more).await;
    for n in 1..=3 {
        let (address, phone) = (format!("203.0.113.{n}"), format!("1390000000{n}"));
        ask_from(&service, &address, &phone).await.ok();
    }
    settle(&redis).await;
    let refused = ask_from(&service, "203.0.113.9", "13900000009").await;
    let refused = refused.fails(429, "sms_limit_reached");
    let wait = refused["retry_after"].as_u64().expect("a wait");
    assert!((22 * 3_600..=24 * 3_600).contains(&wait), "{wait}");
    assert!(service.inbox("13900000009").await.is_empty());
    assert_eq!(service.count("sms_sends").await, 3);
    assert_eq!(
        overdrawn(&service, "network", "day", "refused").await,
        Some(1.0)
    );
    for row in [
        "action = 'code.refused' AND reason = 'sms_guard'",
        "action = 'security.sms_guard' AND reason = 'network/day refused'",
    ] {
        assert_eq!(
            service.count(&format!("audit_events WHERE {row}")).await,
            1,
            "{row}"
        );
    }
    let elsewhere = ask_from(&service, "203.0.114.9", "13900000009").await;
    elsewhere.ok();
    // What was refused cost nothing, and a code that is entered pays for three messages.
    prove_from(&service, "203.0.113.2", "13900000002").await;
    for n in 4..=6 {
        let phone = format!("1390000000{n}");
        ask_from(&service, "203.0.113.4", &phone).await.ok();
    }
    settle(&redis).await;
    let refused = ask_from(&service, "203.0.113.5", "13900000007").await;
    refused.fails(429, "sms_limit_reached");
    service.one_tap("alice").await;
}

#[tokio::test]
async fn a_block_and_the_deployment_have_budgets_too() {
    for (floor, scope) in [
        ("sms.guard_prefix_floor", "prefix"),
        ("sms.guard_floor", "deployment"),
    ] {
        let redis = redis().await;
        let service = guarded(&redis, &[("sms.guard", "enforce"), (floor, "2")]).await;
        for n in 1..=2 {
            let (address, phone) = (format!("203.0.{n}.1"), format!("1390000000{n}"));
            ask_from(&service, &address, &phone).await.ok();
        }
        settle(&redis).await;
        let refused = ask_from(&service, "203.0.3.1", "13900000003").await;
        refused.fails(429, "sms_limit_reached");
        let told = overdrawn(&service, scope, "day", "refused").await;
        assert_eq!(told, Some(1.0), "{scope}");
        let other = ask_from(&service, "203.0.3.1", "13900010003").await;
        let expected = if scope == "prefix" { 200 } else { 429 };
        assert_eq!(other.status, expected, "{scope}");
    }
}

/// The default: operators see what it would do before it does it.
#[tokio::test]
async fn a_guard_that_records_refuses_nobody_and_tells_of_each() {
    let redis = redis().await;
    let service = guarded(&redis, &[("sms.guard_network_floor", "1")]).await;
    ask_from(&service, "203.0.113.1", "13900000001").await.ok();
    settle(&redis).await;
    for n in 2..=4 {
        let phone = format!("1390000000{n}");
        ask_from(&service, "203.0.113.1", &phone).await.ok();
    }
    assert_eq!(
        overdrawn(&service, "network", "day", "recorded").await,
        Some(3.0)
    );
    assert_eq!(
        overdrawn(&service, "network", "day", "refused").await,
        Some(0.0)
    );
    let row = "audit_events WHERE action = 'security.sms_guard' \
               AND reason = 'network/day recorded' AND subject = '139****0002'";
    assert_eq!(service.count(row).await, 1);
    let told = r#"menshen_security_events_total{event="sms_guard"}"#;
    assert_eq!(sample(&service, told).await, Some(1.0));
}

/// A campaign: everybody asks at once, and reads the message first.
#[tokio::test]
async fn a_burst_is_not_refused_while_people_read_their_messages() {
    let redis = redis().await;
    let more = [("sms.guard", "enforce"), ("sms.guard_floor", "1")];
    let service = guarded(&redis, &more).await;
    for n in 1..=5 {
        let (address, phone) = (format!("203.0.{n}.1"), format!("1390000000{n}"));
        ask_from(&service, &address, &phone).await.ok();
    }
}

/// And what may have left does count.
#[tokio::test]
async fn what_no_vendor_took_weighs_nothing() {
    let redis = redis().await;
    let more = [("sms.guard", "enforce"), ("sms.guard_floor", "1")];
    let service = guarded(&redis, &more).await;
    let fault = json!({ "target": "sms/aliyun", "errcode": "isp.SYSTEM_ERROR" });
    service.fault(fault).await;
    let failed = ask_from(&service, "203.0.113.1", "13900000001").await;
    failed.fails(503, "sms_unavailable");
    service.heal().await;
    settle(&redis).await;
    let fault = json!({ "target": "sms/aliyun", "reset": "after" });
    service.fault(fault).await;
    ask_from(&service, "203.0.113.1", "13900000001").await.ok();
    service.heal().await;
    settle(&redis).await;
    let refused = ask_from(&service, "203.0.113.1", "13900000002").await;
    refused.fails(429, "sms_limit_reached");
}

/// Two replicas weigh together; a store that was emptied begins with the floor.
#[tokio::test]
async fn replicas_share_the_budget_and_an_emptied_store_begins_anew() {
    let redis = redis().await;
    let more = [("sms.guard", "enforce"), ("sms.guard_floor", "2")];
    let one = guarded(&redis, &more).await;
    let other = one.replica().await;
    ask_from(&one, "203.0.113.1", "13900000001").await.ok();
    ask_from(&other, "203.0.113.2", "13900000002").await.ok();
    settle(&redis).await;
    for replica in [&one, &other] {
        let refused = ask_from(replica, "203.0.113.3", "13900000003").await;
        refused.fails(429, "sms_limit_reached");
    }
    redis.command(&["FLUSHALL"]);
    ask_from(&other, "203.0.113.3", "13900000003").await.ok();
}
