//! SMS vendors that refuse, hang, or are away.

use std::time::Instant;

use menshen_outbound::mock::{MockServer, Reaction};
use serde_json::{Value, json};

use super::{DEADLINE, PHONE, at};
use crate::support::Service;

/// `whsec_` and the base64 of 32 bytes.
const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// The signature of Standard Webhooks, computed from its specification.
fn signature(id: &str, timestamp: &str, body: &[u8]) -> String {
    use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let key = STANDARD.decode(SECRET.trim_start_matches("whsec_"));
    let key = Key::new(HMAC_SHA256, &key.expect("base64"));
    let signed = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
    format!("v1,{}", STANDARD.encode(sign(&key, &signed)))
}

/// A receiver of messages that answers with this status.
async fn receiver(status: u16) -> MockServer {
    MockServer::start(move |_, _| Reaction::status(status, "{}"))
        .await
        .expect("a receiver")
}

/// A refused send left nothing behind: no code, and no wait.
async fn nothing_was_sent(service: &Service) {
    let guess = service.try_code(PHONE, "123456").await;
    guess.fails(400, "sms_code_expired");
    service.heal().await;
    service.ask(PHONE).await.ok();
    let code = service.code_at(PHONE).await;
    service.try_code(PHONE, &code).await.ok();
}

const ALIYUN: &str = "sms/aliyun";

#[tokio::test]
async fn a_send_that_every_vendor_refuses_leaves_no_code_and_costs_no_wait() {
    for (fault, status, code) in [
        (
            json!({ "errcode": "isv.AMOUNT_NOT_ENOUGH" }),
            502,
            "sms_misconfigured",
        ),
        (
            json!({ "errcode": "isv.SMS_SIGNATURE_ILLEGAL" }),
            502,
            "sms_misconfigured",
        ),
        (
            json!({ "errcode": "InvalidAccessKeyId.NotFound" }),
            502,
            "sms_misconfigured",
        ),
        (
            json!({ "errcode": "isv.MOBILE_NUMBER_ILLEGAL" }),
            422,
            "phone_unreachable",
        ),
        (
            json!({ "errcode": "isp.SYSTEM_ERROR" }),
            503,
            "sms_unavailable",
        ),
        (json!({ "http_status": 502 }), 503, "sms_unavailable"),
        (json!({ "http_status": 500 }), 503, "sms_unavailable"),
        (
            json!({ "errcode": "Throttling.User" }),
            503,
            "sms_unavailable",
        ),
    ] {
        let service = Service::start().await;
        service.fault(at(ALIYUN, fault.clone())).await;
        let begun = Instant::now();
        let answer = service.ask(PHONE).await;
        assert!(begun.elapsed() < DEADLINE);
        let said = (answer.status, answer.code());
        assert_eq!(said, (status, code.to_owned()), "{fault}: {answer:?}");
        assert!(service.inbox(PHONE).await.is_empty());
        nothing_was_sent(&service).await;
    }
}

#[tokio::test]
async fn a_limit_of_the_vendor_is_told_as_ours_would_be() {
    for (message, code, least) in [
        ("触发分钟级流控Permits:1", "sms_too_frequent", 1),
        ("触发小时级流控Permits:5", "sms_limit_reached", 61),
        ("触发天级流控Permits:10", "sms_limit_reached", 3601),
    ] {
        let service = Service::start().await;
        let fault = json!({ "errcode": "isv.BUSINESS_LIMIT_CONTROL", "message": message });
        service.fault(at(ALIYUN, fault)).await;
        let failure = service.ask(PHONE).await.fails(429, code);
        assert!(
            failure["retry_after"].as_u64().unwrap() >= least,
            "{failure}"
        );
        nothing_was_sent(&service).await;
    }
}

#[tokio::test]
async fn an_earlier_code_outlives_a_send_that_was_refused() {
    let service = Service::with(&[("sms.resend_interval", "0s")]).await;
    service.ask(PHONE).await.ok();
    let code = service.code_at(PHONE).await;
    for fault in [
        json!({ "errcode": "isv.AMOUNT_NOT_ENOUGH" }),
        json!({ "http_status": 500 }),
    ] {
        service.fault(at(ALIYUN, fault)).await;
        assert_ne!(service.ask(PHONE).await.status, 200);
    }
    service.try_code(PHONE, &code).await.ok();
}

#[tokio::test]
async fn a_message_whose_fate_is_unknown_counts_as_sent_and_its_code_works() {
    for fault in [json!({ "latency_ms": 8000 }), json!({ "reset": "after" })] {
        let service = Service::start().await;
        service.fault(at(ALIYUN, fault.clone())).await;
        let begun = Instant::now();
        service.ask(PHONE).await.ok();
        assert!(begun.elapsed() < DEADLINE, "{fault}: {:?}", begun.elapsed());
        assert_eq!(service.calls(ALIYUN).await, 1, "{fault}");
        service.ask(PHONE).await.fails(429, "sms_too_frequent");
        let code = service.code_at(PHONE).await;
        service.try_code(PHONE, &code).await.ok();
    }
}

#[tokio::test]
async fn a_vendor_that_hangs_is_given_up_in_time() {
    let service = Service::start().await;
    service.fault(at(ALIYUN, json!({ "hang": true }))).await;
    let begun = Instant::now();
    service.ask(PHONE).await.ok();
    assert!(begun.elapsed() < DEADLINE, "{:?}", begun.elapsed());
    assert_eq!(service.calls(ALIYUN).await, 1);
    let told = "audit_events WHERE action = 'code.send_unknown'";
    assert_eq!(service.count(told).await, 1);
}

#[tokio::test]
async fn a_vendor_that_cannot_be_reached_is_unavailable() {
    let settings = [
        ("sms.vendors", "[\"webhook\"]"),
        ("sms.webhook.url", "http://127.0.0.1:9/send"),
        ("sms.webhook.secret", SECRET),
    ];
    let service = Service::with(&settings).await;
    service.ask(PHONE).await.fails(503, "sms_unavailable");
    service.ask(PHONE).await.fails(503, "sms_unavailable");
    service
        .try_code(PHONE, "123456")
        .await
        .fails(400, "sms_code_expired");
}

#[tokio::test]
async fn an_address_of_the_operators_own_sends_messages_too() {
    let receiver = receiver(204).await;
    let url = format!("{}/send", receiver.url());
    let settings = [
        ("sms.vendors", "[\"webhook\"]"),
        ("sms.webhook.url", url.as_str()),
        ("sms.webhook.secret", SECRET),
    ];
    let service = Service::with(&settings).await;
    service.ask(PHONE).await.ok();
    let seen = receiver.seen();
    assert_eq!(seen.len(), 1);
    let message = &seen[0];
    assert_eq!(
        (message.method.as_str(), message.target.as_str()),
        ("POST", "/send")
    );
    assert_eq!(message.header("content-type"), Some("application/json"));
    let (id, timestamp) = (
        message.header("webhook-id").expect("an id"),
        message.header("webhook-timestamp").expect("a time"),
    );
    let expected = signature(id, timestamp, &message.body);
    assert_eq!(message.header("webhook-signature"), Some(expected.as_str()));
    let body: Value = serde_json::from_slice(&message.body).expect("JSON");
    let code = body["code"].as_str().expect("a code").to_owned();
    let whole = json!({
        "phone": "+8613900000001", "code": code, "purpose": "login", "expires_in": 600,
    });
    assert_eq!(body, whole);
    service.try_code(PHONE, &code).await.ok();
}

#[tokio::test]
async fn the_next_vendor_sends_the_same_code_where_the_first_refuses() {
    let receiver = receiver(200).await;
    let url = receiver.url();
    let settings = [
        ("sms.vendors", "[\"aliyun\", \"webhook\"]"),
        ("sms.webhook.url", url.as_str()),
        ("sms.webhook.secret", SECRET),
    ];
    let service = Service::with(&settings).await;
    service
        .fault(at(ALIYUN, json!({ "errcode": "isv.OUT_OF_SERVICE" })))
        .await;
    service.ask(PHONE).await.ok();
    assert_eq!((service.calls(ALIYUN).await, receiver.seen().len()), (1, 1));
    let body: Value = serde_json::from_slice(&receiver.seen()[0].body).expect("JSON");
    let code = body["code"].as_str().expect("a code");
    service.try_code(PHONE, code).await.ok();
    // Whoever may have sent it is the last one asked, and a bad number is bad everywhere.
    for (phone, fault, status) in [
        ("13900000002", json!({ "reset": "after" }), 200),
        (
            "13900000003",
            json!({ "errcode": "isv.MOBILE_NUMBER_ILLEGAL" }),
            422,
        ),
    ] {
        let service = Service::with(&settings).await;
        let before = receiver.seen().len();
        service.fault(at(ALIYUN, fault)).await;
        assert_eq!(service.ask(phone).await.status, status);
        assert_eq!(receiver.seen().len(), before);
    }
}
