//! What a Redis that forgets its last writes gives back is worth nothing; and what
//! the service leaves in Redis.

use std::sync::Arc;

use menshen_testkit::servers::redis::RedisServer;
use serde_json::json;
use tokio::task::spawn_blocking;

use crate::support::{Answer, Login, Service};

const PHONE: &str = "13900000001";
const SECOND: &str = "13900000002";
const THIRD: &str = "13900000003";

async fn redis() -> Arc<RedisServer> {
    let started = spawn_blocking(RedisServer::start).await;
    Arc::new(started.expect("a Redis server"))
}

async fn over(redis: &RedisServer) -> Service {
    let url = redis.url();
    Service::with(&[("ephemeral.url", &url), ("sms.resend_interval", "0s")]).await
}

/// Runs commands that are made from each key of a pattern.
async fn each(redis: &Arc<RedisServer>, pattern: &'static str, make: fn(&str) -> [String; 4]) {
    let redis = Arc::clone(redis);
    let done = spawn_blocking(move || {
        let keys = redis.command(&["KEYS", pattern]);
        let keys: Vec<_> = keys.lines().filter(|key| !key.is_empty()).collect();
        assert!(!keys.is_empty(), "no key is like {pattern}");
        for key in keys {
            let words = make(key);
            assert_eq!(redis.command(&words.each_ref().map(String::as_str)), "1");
        }
    });
    done.await.expect("done");
}

/// Remembers the codes as a replica does that the next writes do not reach.
async fn lag(redis: &Arc<RedisServer>) {
    each(redis, "menshen:code:*", |key| {
        [
            "COPY".to_owned(),
            key.to_owned(),
            format!("lagging:{key}"),
            "REPLACE".to_owned(),
        ]
    })
    .await;
}

/// The replica takes over.
async fn fail_over(redis: &Arc<RedisServer>) {
    each(redis, "lagging:*", |key| {
        let before = key.trim_start_matches("lagging:").to_owned();
        [
            "COPY".to_owned(),
            key.to_owned(),
            before,
            "REPLACE".to_owned(),
        ]
    })
    .await;
}

#[tokio::test]
async fn a_login_code_that_comes_back_signs_nobody_in() {
    let redis = redis().await;
    let service = over(&redis).await;
    service.ask(PHONE).await.ok();
    let code = service.code_at(PHONE).await;
    lag(&redis).await;
    service.try_code(PHONE, &code).await.ok();
    fail_over(&redis).await;
    let again = service.try_code(PHONE, &code).await;
    again.fails(400, "sms_code_expired");
    assert_eq!(service.count("sessions").await, 1);
}

async fn step_up(service: &Service, login: &Login, code: &str) -> Answer {
    let call = service.post("/v1/me/step-up").bearer(login.access());
    call.json(json!({ "code": code })).send().await
}

#[tokio::test]
async fn a_step_up_code_that_comes_back_proves_nothing() {
    let redis = redis().await;
    let service = over(&redis).await;
    let login = service.sms_login(PHONE).await;
    service.age_proofs().await;
    service.forget_messages().await;
    let ask = json!({ "purpose": "step_up", "client_type": "mini_program" });
    let asked = service.post("/v1/sms/codes").bearer(login.access());
    asked.json(ask).send().await.ok();
    let code = service.code_at(PHONE).await;
    lag(&redis).await;
    step_up(&service, &login, &code).await.ok();
    service.age_proofs().await;
    fail_over(&redis).await;
    let again = step_up(&service, &login, &code).await;
    again.fails(400, "sms_code_expired");
    // Nobody is known to be there.
    let refused = service.bind_by_sms(&login, SECOND).await;
    refused.fails(403, "step_up_required");
}

#[tokio::test]
async fn a_binding_code_that_comes_back_binds_nothing() {
    let redis = redis().await;
    let service = over(&redis).await;
    let login = service.one_tap("bob").await;
    let ask = json!({ "phone": SECOND, "purpose": "bind_phone", "client_type": "mini_program" });
    let asked = service.post("/v1/sms/codes").bearer(login.access());
    asked.json(ask).send().await.ok();
    let code = service.code_at(SECOND).await;
    lag(&redis).await;
    let bind = async || {
        let body = json!({ "phone": SECOND, "code": code });
        let call = service.post("/v1/me/phone").bearer(login.access());
        call.json(body).send().await
    };
    bind().await.ok();
    let replaced = service.bind_by_sms(&login, THIRD).await.ok();
    assert_eq!(replaced["user"]["phone"], format!("+86{THIRD}"));
    fail_over(&redis).await;
    bind().await.fails(400, "sms_code_expired");
    let me = service.me(login.access()).await.ok();
    assert_eq!(me["phone"], format!("+86{THIRD}"), "{me}");
}

/// After everything that there is to do.
#[tokio::test]
async fn every_key_has_an_end_and_none_was_looked_for() {
    let redis = redis().await;
    let service = over(&redis).await;
    let login = service.sms_login(PHONE).await;
    service.try_code(PHONE, "000000").await;
    let tapped = service.one_tap("alice").await;
    service.press_button("carol").await.ok();
    service.refresh(login.refresh()).await.ok();
    service.forget_messages().await;
    service.bind_by_sms(&tapped, SECOND).await.ok();
    let redis = Arc::clone(&redis);
    let looked = spawn_blocking(move || {
        let used = redis.command(&["INFO", "commandstats"]);
        assert!(used.contains("cmdstat_evalsha:"), "{used}");
        for forbidden in [
            "cmdstat_keys:",
            "cmdstat_scan:",
            "cmdstat_hscan:",
            "cmdstat_zscan:",
        ] {
            assert!(!used.contains(forbidden), "{forbidden} {used}");
        }
        let keys = redis.command(&["KEYS", "*"]);
        let day = 25 * 60 * 60 * 1000;
        for key in keys.lines() {
            let left: i64 = redis.command(&["PTTL", key]).parse().expect("a number");
            assert!((1..=day).contains(&left), "{key} has {left} ms left");
        }
        keys.lines().count()
    });
    let count = looked.await.expect("looked at");
    assert!(count >= 8, "{count}");
}
