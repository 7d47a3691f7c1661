//! Two replicas over one Redis and one database, and what is left without Redis.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use menshen_testkit::servers::redis::RedisServer;
use serde_json::json;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::support::{Login, Service, client};

const PHONE: &str = "13900000001";
/// How soon everything works again once Redis does.
const BACK: Duration = Duration::from_secs(5);

async fn redis() -> Arc<RedisServer> {
    let started = spawn_blocking(RedisServer::start).await;
    Arc::new(started.expect("a Redis server"))
}

async fn over(redis: &RedisServer, more: &[(&str, &str)]) -> Service {
    let url = redis.url();
    let mut given = vec![("ephemeral.url", url.as_str())];
    given.extend_from_slice(more);
    Service::with(&given).await
}

#[tokio::test]
async fn one_login_code_at_two_replicas_is_one_exchange_and_one_user() {
    let redis = redis().await;
    let one = over(&redis, &[]).await;
    let other = one.replica().await;
    for (round, person) in ["alice", "bob", "carol"].iter().enumerate() {
        let code = one.login_code(person).await;
        let both = [&one, &other];
        let answers = join_all((0..10).map(|n| both[n % 2].hand_in(&code, client()))).await;
        let logins: Vec<_> = answers.iter().map(Login::of).collect();
        let first = &logins[0];
        assert!(logins.iter().all(|login| login.user() == first.user()));
        assert!(
            logins
                .iter()
                .all(|login| login.session() == first.session())
        );
        let exchanges = one.calls("/sns/jscode2session").await;
        assert_eq!(usize::try_from(exchanges), Ok(round + 1));
    }
    assert_eq!(one.count("users").await, 3);
}

#[tokio::test]
async fn a_code_and_its_limits_are_shared() {
    let redis = redis().await;
    let one = over(&redis, &[]).await;
    let other = one.replica().await;
    one.ask(PHONE).await.ok();
    other.ask(PHONE).await.fails(429, "sms_too_frequent");
    let code = one.code_at(PHONE).await;
    other.try_code(PHONE, &code).await.ok();
    for replica in [&one, &other] {
        let again = replica.try_code(PHONE, &code).await;
        again.fails(400, "sms_code_expired");
    }
    assert_eq!(one.count("users").await, 1);
}

#[tokio::test]
async fn wechats_access_token_is_shared() {
    let redis = redis().await;
    let one = over(&redis, &[]).await;
    let other = one.replica().await;
    one.press_button("alice").await.ok();
    let body = json!({
        "phone_code": one.phone_code("bob").await,
        "login_code": one.login_code("bob").await,
        "client": client(),
    });
    let call = other.post("/v1/login/wechat-phone").json(body);
    call.send().await.ok();
    assert_eq!(one.calls("/cgi-bin/stable_token").await, 1);
}

#[tokio::test]
async fn a_session_that_ends_at_one_replica_is_over_at_the_other_within_a_second() {
    let redis = redis().await;
    let one = over(&redis, &[]).await;
    let other = one.replica().await;
    let login = one.one_tap("alice").await;
    other.verify(login.access()).await.ok();
    let out = one
        .post("/v1/logout")
        .bearer(login.access())
        .json(json!({}));
    out.send().await.ok();
    sleep(Duration::from_secs(1)).await;
    let verified = other.verify(login.access()).await;
    verified.fails(401, "session_revoked");
    let refreshed = other.refresh(login.refresh()).await;
    refreshed.fails(401, "session_revoked");
}

#[tokio::test]
async fn a_failover_that_forgets_the_use_of_a_code_does_not_admit_it_twice() {
    let redis = redis().await;
    let service = over(&redis, &[]).await;
    service.ask(PHONE).await.ok();
    let code = service.code_at(PHONE).await;
    let codes = redis.command(&["KEYS", "menshen:code:*"]);
    assert_eq!(codes.lines().count(), 1, "{codes}");
    redis.command(&["COPY", &codes, "kept"]);
    service.try_code(PHONE, &code).await.ok();
    // What a replica knows that had not heard of it when its master died.
    redis.command(&["COPY", "kept", &codes, "REPLACE"]);
    let again = service.try_code(PHONE, &code).await;
    again.fails(400, "sms_code_expired");
    assert_eq!(service.count("sessions").await, 1);
}

#[tokio::test]
async fn a_redis_that_was_emptied_costs_codes_and_nobody_their_session() {
    let redis = redis().await;
    let service = over(&redis, &[("sms.deployment_day", "2")]).await;
    let login = service.sms_login(PHONE).await;
    service.ask("13900000002").await.ok();
    let code = service.code_at("13900000002").await;
    redis.command(&["FLUSHALL"]);
    let lost = service.try_code("13900000002", &code).await;
    lost.fails(400, "sms_code_expired");
    service.me(login.access()).await.ok();
    service.refresh(login.refresh()).await.ok();
    // What the day may cost is known from the database.
    let third = service.ask("13900000003").await;
    third.fails(429, "sms_limit_reached");
}

#[tokio::test]
async fn without_redis_codes_wait_and_everything_else_goes_on() {
    let redis = redis().await;
    let service = over(&redis, &[]).await;
    let login = service.sms_login(PHONE).await;
    for killed in [true, false] {
        if killed {
            redis.kill();
        } else {
            redis.freeze();
        }
        let asked = Instant::now();
        service.ask("13900000002").await.fails(503, "unavailable");
        let tried = service.try_code(PHONE, "123456").await;
        tried.fails(503, "unavailable");
        service.one_tap("alice").await;
        service.press_button("bob").await.ok();
        let refreshed = Login::of(&service.refresh(login.refresh()).await);
        service.verify(refreshed.access()).await.ok();
        let ready = service.get("/readyz").send().await;
        assert_eq!(ready.status, 200);
        let down = json!({ "database": "up", "ephemeral": "down" });
        assert_eq!(ready.body()["dependencies"], down);
        // Eight requests, most of which ask Redis more than once.
        assert!(asked.elapsed() < Duration::from_secs(16));
        if killed {
            redis.restart();
        } else {
            redis.thaw();
        }
        let since = Instant::now();
        while service.get("/readyz").send().await.body()["dependencies"]["ephemeral"] != "up" {
            assert!(since.elapsed() < BACK, "not back");
            sleep(Duration::from_millis(50)).await;
        }
    }
    service.forget_messages().await;
    service.sms_login("13900000004").await;
}

#[tokio::test]
async fn a_service_starts_without_redis() {
    let redis = redis().await;
    redis.kill();
    let service = over(&redis, &[]).await;
    service.one_tap("alice").await;
    service.ask(PHONE).await.fails(503, "unavailable");
    redis.restart();
    let since = Instant::now();
    while service.ask(PHONE).await.status != 200 {
        assert!(since.elapsed() < BACK, "not back");
        sleep(Duration::from_millis(50)).await;
    }
}
