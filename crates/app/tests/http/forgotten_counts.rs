//! A shared store that was emptied is no way to send a number more than its limits.

use std::sync::Arc;

use futures_util::future::join_all;
use menshen_testkit::servers::postgres::PostgresDatabase;
use menshen_testkit::servers::redis::RedisServer;
use tokio::task::spawn_blocking;

use crate::support::Service;

const MASTER: &str = "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=";

async fn redis() -> Arc<RedisServer> {
    let started = spawn_blocking(RedisServer::start).await;
    Arc::new(started.expect("a Redis server"))
}

fn phone(n: u32) -> String {
    format!("1390000000{n}")
}

/// Three messages a day, and no other limit of a number, nor one of the vendor's.
const LIMITS: [(&str, &str); 4] = [
    ("sms.vendors", "[\"twilio\"]"),
    ("sms.resend_interval", "0s"),
    ("sms.per_phone_hour", "0"),
    ("sms.per_phone_day", "3"),
];

async fn sent(service: &Service, n: u32) -> u16 {
    let answer = service.ask(&phone(n)).await;
    if answer.status != 200 {
        answer.fails(429, "sms_limit_reached");
    }
    answer.status
}

#[tokio::test]
async fn an_emptied_redis_forgets_no_message_of_the_day() {
    let redis = redis().await;
    let url = redis.url();
    let mut given = vec![("ephemeral.url", url.as_str())];
    given.extend(LIMITS);
    let service = Service::with(&given).await;
    for n in [1, 1, 1, 2, 2] {
        assert_eq!(sent(&service, n).await, 200);
    }
    for _ in 0..3 {
        redis.command(&["FLUSHALL"]);
        assert_eq!(sent(&service, 1).await, 429);
        assert_eq!(sent(&service, 1).await, 429);
    }
    redis.command(&["FLUSHALL"]);
    assert_eq!(sent(&service, 2).await, 200);
    assert_eq!(sent(&service, 2).await, 429);
    // A number of which nothing is on record has its whole day.
    for expected in [200, 200, 200, 429] {
        assert_eq!(sent(&service, 3).await, expected);
    }
    assert_eq!(service.count("sms_sends").await, 9);
}

/// With codes and limits in the process.
#[tokio::test]
async fn a_restart_forgets_no_message_of_the_day() {
    let service = Service::with(&LIMITS).await;
    for expected in [200, 200, 200, 429] {
        assert_eq!(sent(&service, 1).await, expected);
    }
    let service = service.restarted().await;
    assert_eq!(sent(&service, 1).await, 429);
    service
        .sql("UPDATE sms_sends SET verdict = 'unavailable' WHERE id = (SELECT MIN(id) FROM sms_sends)")
        .await;
    let service = service.restarted().await;
    // What no vendor took does not count.
    assert_eq!(sent(&service, 1).await, 200);
    assert_eq!(sent(&service, 1).await, 429);
}

/// Of many asks at two replicas over PostgreSQL just after the loss as many are sent as
/// the day has left.
#[tokio::test]
async fn replicas_that_race_after_a_loss_send_no_message_too_many() {
    let redis = redis().await;
    let (database, url) = (PostgresDatabase::fresh().await, redis.url());
    let mut given = vec![
        ("ephemeral.url", url.as_str()),
        ("database.url", database.url.as_str()),
        ("secrets.master_key", MASTER),
        ("sms.per_ip_hour", "0"),
    ];
    given.extend(LIMITS);
    let one = Service::with(&given).await;
    let other = one.replica().await;
    assert_eq!(sent(&one, 1).await, 200);
    for n in [2, 2, 3] {
        assert_eq!(sent(&other, n).await, 200);
    }
    for (round, left) in [[2, 1, 2], [0, 0, 0]].into_iter().enumerate() {
        redis.command(&["FLUSHALL"]);
        let both = [&one, &other];
        let asks = (0..24_u32).map(|n| sent(both[n as usize % 2], 1 + n / 2 % 3));
        let answers = join_all(asks).await;
        for (n, left) in (1..=3).zip(left) {
            let mine = answers
                .iter()
                .zip(0..24)
                .filter(|(_, at)| 1 + at / 2 % 3 == n);
            let sent = mine.filter(|(status, _)| **status == 200).count();
            assert_eq!(sent, left, "number {n}, round {round}");
        }
    }
}
