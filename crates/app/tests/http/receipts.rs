//! Delivery receipts, as vendors push them.

use crate::support::{Answer, Service};

const SECRET: &str = "0123456789abcdef01234567";

async fn service() -> Service {
    Service::with(&[("sms.receipt_secret", SECRET)]).await
}

async fn push(service: &Service, vendor: &str, secret: &str, body: String) -> Answer {
    let path = format!("/v1/sms/receipts/{vendor}/{secret}");
    service.post(&path).text(body).send().await
}

/// How many pushes came to this.
async fn counted(service: &Service, outcome: &str) -> u64 {
    let metrics = service.get("/metrics").send().await.text;
    let name = format!("menshen_sms_receipt_pushes_total{{outcome=\"{outcome}\"}} ");
    let line = metrics.lines().find_map(|line| line.strip_prefix(&name));
    line.map_or(0, |count| count.parse().expect("a count"))
}

#[tokio::test]
async fn to_whoever_guesses_nothing_is_there() {
    let service = service().await;
    let wrong = [
        "x".to_owned(),
        SECRET[1..].to_owned(),
        format!("{SECRET}0"),
        SECRET.to_uppercase(),
    ];
    for (secret, before) in wrong.iter().zip(0..) {
        assert_eq!(counted(&service, "wrong_secret").await, before);
        let answer = push(&service, "aliyun", secret, "[]".to_owned()).await;
        answer.fails(404, "not_found");
    }
    // Not even a body that is too large is looked at.
    let body = "x".repeat(300 * 1024);
    let answer = push(&service, "aliyun", &SECRET[1..], body).await;
    answer.fails(404, "not_found");
    assert_eq!(counted(&service, "wrong_secret").await, 5);
}

#[tokio::test]
async fn a_vendor_that_is_not_configured_pushes_nowhere() {
    let service = service().await;
    for vendor in ["nobody", "console", "ALIYUN"] {
        let answer = push(&service, vendor, SECRET, "[]".to_owned()).await;
        answer.fails(404, "not_found");
    }
    assert_eq!(counted(&service, "unknown_vendor").await, 3);
}

#[tokio::test]
async fn a_push_that_is_too_large_is_refused() {
    let service = service().await;
    let body = "x".repeat(256 * 1024 + 1);
    let answer = push(&service, "aliyun", SECRET, body).await;
    answer.fails(413, "payload_too_large");
    assert_eq!(counted(&service, "unreadable").await, 1);
}

/// Nobody can guess it, and a restart makes another one.
#[tokio::test]
async fn without_the_setting_a_development_server_has_a_secret_of_its_own() {
    let service = Service::start().await;
    for secret in ["none", SECRET, "null"] {
        let answer = push(&service, "aliyun", secret, "[]".to_owned()).await;
        answer.fails(404, "not_found");
    }
    assert_eq!(counted(&service, "wrong_secret").await, 3);
}
