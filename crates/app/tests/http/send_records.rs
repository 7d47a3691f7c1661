//! What is recorded of messages, and what the record is good for.

use chrono::{TimeDelta, Utc};
use menshen_app::clock::SystemClock;
use menshen_domain::ports::clock::Clock as _;
use serde_json::json;

use crate::support::Service;

fn phone(n: u32) -> String {
    format!("1390000{n:04}")
}

/// Lets the message to this number have left so long ago.
async fn age(service: &Service, masked: &str, ago: TimeDelta) {
    let then: chrono::DateTime<Utc> = SystemClock.now() - ago;
    let then = then.to_rfc3339();
    service
        .sql(&format!(
            "UPDATE sms_sends SET at = '{then}' WHERE phone_masked = '{masked}'"
        ))
        .await;
}

#[tokio::test]
async fn a_message_its_attempts_and_its_verdict_are_on_record() {
    let service = Service::start().await;
    service.ask(&phone(1)).await.ok();
    let send = "sms_sends WHERE verdict = 'accepted' AND phone_masked = '139****0001' \
                AND purpose = 'login' AND length(phone_index) = 32";
    assert_eq!(service.count(send).await, 1);
    let attempt = "sms_attempts WHERE vendor = 'aliyun' AND outcome = 'accepted' \
                   AND vendor_code = 'OK' AND message_id IS NOT NULL AND request_id IS NOT NULL";
    assert_eq!(service.count(attempt).await, 1);

    // Of a refusal all tries are there, and it does not count.
    let fault = json!({ "target": "sms/aliyun", "errcode": "isp.SYSTEM_ERROR" });
    service.fault(fault).await;
    service.ask(&phone(2)).await.fails(503, "sms_unavailable");
    let tries = "sms_attempts WHERE outcome = 'vendor_fault' AND vendor_code = 'isp.SYSTEM_ERROR'";
    assert_eq!(service.count(tries).await, 2);
    let refused = "sms_sends WHERE verdict = 'unavailable'";
    assert_eq!(service.count(refused).await, 1);
    assert_eq!(service.count("sms_sends").await, 2);
}

#[tokio::test]
async fn the_daily_budget_outlives_a_restart() {
    let service = Service::with(&[("sms.deployment_day", "3")]).await;
    for n in 1..=3 {
        service.ask(&phone(n)).await.ok();
    }
    let full = service.ask(&phone(4)).await;
    full.fails(429, "sms_limit_reached");
    // The oldest of them leaves the day in four hours.
    age(&service, "139****0002", TimeDelta::hours(20)).await;
    age(&service, "139****0003", TimeDelta::hours(19)).await;
    let service = service.restarted().await;
    let still = service.ask(&phone(4)).await.fails(429, "sms_limit_reached");
    let wait = still["retry_after"].as_u64().expect("a wait");
    assert!((4 * 3600 - 60..=4 * 3600).contains(&wait), "{wait}");
    // What was refused counts nowhere, after another restart either.
    assert_eq!(service.count("sms_sends").await, 3);
    let service = service.restarted().await;
    age(&service, "139****0002", TimeDelta::hours(25)).await;
    service.ask(&phone(4)).await.ok();
    service.ask(&phone(5)).await.fails(429, "sms_limit_reached");
}

/// Nobody knows what became of it, and it may have left.
#[tokio::test]
async fn a_message_whose_process_died_counts() {
    let service = Service::with(&[("sms.deployment_day", "1")]).await;
    service.ask(&phone(1)).await.ok();
    service.sql("DELETE FROM sms_attempts").await;
    service.sql("UPDATE sms_sends SET verdict = NULL").await;
    let service = service.restarted().await;
    service.ask(&phone(2)).await.fails(429, "sms_limit_reached");
}

#[tokio::test]
async fn what_no_vendor_took_frees_its_place_for_good() {
    let service = Service::with(&[("sms.deployment_day", "1")]).await;
    let fault = json!({ "target": "sms/aliyun", "errcode": "isp.SYSTEM_ERROR" });
    service.fault(fault).await;
    service.ask(&phone(1)).await.fails(503, "sms_unavailable");
    let service = service.restarted().await;
    service.ask(&phone(1)).await.ok();
    service.ask(&phone(2)).await.fails(429, "sms_limit_reached");
}

/// Nothing leaves that could not be counted after a restart.
#[tokio::test]
async fn without_a_record_nothing_is_sent() {
    let service = Service::start().await;
    service
        .sql("ALTER TABLE sms_sends RENAME TO sms_sends_away")
        .await;
    service.ask(&phone(1)).await.fails(503, "unavailable");
    assert!(service.inbox(&phone(1)).await.is_empty());
    service
        .sql("ALTER TABLE sms_sends_away RENAME TO sms_sends")
        .await;
    // Nor did it cost the person anything.
    service.ask(&phone(1)).await.ok();
}

/// The message left: whoever waits for it is not told otherwise.
#[tokio::test]
async fn a_record_that_cannot_be_finished_is_no_failure() {
    let service = Service::with(&[("sms.deployment_day", "1")]).await;
    service
        .sql("ALTER TABLE sms_attempts RENAME TO sms_attempts_away")
        .await;
    service.ask(&phone(1)).await.ok();
    let code = service.code_at(&phone(1)).await;
    service.try_code(&phone(1), &code).await.ok();
    assert_eq!(service.count("sms_sends WHERE verdict IS NULL").await, 1);
    service
        .sql("ALTER TABLE sms_attempts_away RENAME TO sms_attempts")
        .await;
    let service = service.restarted().await;
    service.ask(&phone(2)).await.fails(429, "sms_limit_reached");
}
