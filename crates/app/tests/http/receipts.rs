//! Delivery receipts, as vendors push them.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

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

const PHONE: &str = "13900000001";

/// A service that has sent a message, which the vendor calls `900^0`.
async fn sent() -> Service {
    let service = service().await;
    service.ask(PHONE).await.ok();
    service
        .sql("UPDATE sms_attempts SET message_id = '900^0'")
        .await;
    service
}

/// A receipt as Alibaba Cloud writes it.
fn receipt(biz_id: &str, delivered: bool) -> Value {
    json!({
        "phone_number": PHONE,
        "send_time": "2026-01-01 08:00:00",
        "report_time": "2026-01-01 08:00:03",
        "success": delivered,
        "err_code": if delivered { "DELIVERED" } else { "MOBILE_NOT_ON_SERVICE" },
        "err_msg": "words",
        "sms_size": "1",
        "biz_id": biz_id,
    })
}

async fn push_all(service: &Service, receipts: &[Value]) -> Answer {
    push(service, "aliyun", SECRET, json!(receipts).to_string()).await
}

#[tokio::test]
async fn receipts_are_recorded_once_and_acknowledged_in_the_vendors_form() {
    let service = sent().await;
    let stranger = receipt("900^1", true);
    for (delivered, row) in [
        (false, "delivered = 0 AND code = 'MOBILE_NOT_ON_SERVICE'"),
        (true, "delivered = 1 AND code = 'DELIVERED'"),
        (false, "delivered = 1 AND code = 'DELIVERED'"),
    ] {
        let about_us = receipt("900^0", delivered);
        let pushed = [about_us.clone(), stranger.clone(), about_us];
        let answer = push_all(&service, &pushed).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.body()["code"], 0);
        assert_eq!(service.count("sms_receipts").await, 1);
        let row = format!("sms_receipts WHERE vendor = 'aliyun' AND {row}");
        assert_eq!(service.count(&row).await, 1, "{row}");
    }
    assert_eq!(counted(&service, "acknowledged").await, 3);
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_acknowledged() {
    let service = sent().await;
    service
        .sql("ALTER TABLE sms_receipts RENAME TO sms_receipts_away")
        .await;
    let answer = push_all(&service, &[receipt("900^0", true)]).await;
    answer.fails(503, "unavailable");
    assert_eq!(counted(&service, "unavailable").await, 1);
    service
        .sql("ALTER TABLE sms_receipts_away RENAME TO sms_receipts")
        .await;
    // The vendor pushes again.
    let answer = push_all(&service, &[receipt("900^0", true)]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(service.count("sms_receipts").await, 1);
}

#[tokio::test]
async fn what_is_no_receipt_is_refused() {
    let service = sent().await;
    for body in ["", "{", "null", "[1]", "<xml/>"] {
        let answer = push(&service, "aliyun", SECRET, body.to_owned()).await;
        answer.fails(400, "invalid_request");
    }
    assert_eq!(counted(&service, "malformed").await, 5);
    let many = vec![receipt("900^0", true); 500];
    assert_eq!(push_all(&service, &many).await.status, 200);
    let too_many = vec![receipt("900^0", true); 501];
    let answer = push_all(&service, &too_many).await;
    answer.fails(413, "payload_too_large");
    assert_eq!(counted(&service, "too_many").await, 1);
}

/// With the offline vendor's own push: late, and several times.
#[tokio::test]
async fn a_vendors_push_ends_in_the_record_of_its_message() {
    let service = service().await;
    let url = format!("http://{}/v1/sms/receipts/aliyun/{SECRET}", service.address);
    let pushes = json!({ "vendor": "aliyun", "url": url, "duplicates": 2 });
    service.control(Method::PUT, "sms/receipts", pushes).await;
    service.ask(PHONE).await.ok();
    let deadline = Instant::now() + Duration::from_secs(20);
    while counted(&service, "acknowledged").await < 3 {
        assert!(Instant::now() < deadline, "the vendor pushes in vain");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(service.count("sms_receipts WHERE delivered = 1").await, 1);
    let of_the_message = "sms_receipts JOIN sms_attempts USING (send_id, vendor, message_id)";
    assert_eq!(service.count(of_the_message).await, 1);
}

/// Tencent Cloud brings no id of ours back, and the offline one pushes while we
/// are still writing down what it answered.
#[tokio::test]
async fn a_receipt_may_be_faster_than_our_own_record() {
    let service = Service::with(&[
        ("sms.vendors", r#"["tencent"]"#),
        ("sms.receipt_secret", SECRET),
    ])
    .await;
    let url = format!("{}/v1/sms/receipts/tencent/{SECRET}", service.url());
    let plan = json!({ "vendor": "tencent", "url": url });
    service.control(Method::PUT, "sms/receipts", plan).await;
    for n in 0..8 {
        service.ask(&format!("139000001{n:02}")).await.ok();
    }
    let deadline = Instant::now() + Duration::from_secs(20);
    while counted(&service, "acknowledged").await < 8 {
        assert!(Instant::now() < deadline, "the vendor pushes in vain");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(service.count("sms_receipts").await, 8);
}
