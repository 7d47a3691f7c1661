//! Who may ask for a code, and how often.

use serde_json::json;

use super::PHONE;
use crate::support::{Answer, Service};

async fn ask_from(service: &Service, address: &str, phone: &str) -> Answer {
    let body = json!({ "phone": phone, "purpose": "login", "client_type": "web" });
    let call = service.post("/v1/sms/codes").json(body);
    call.header("x-forwarded-for", address).send().await
}

#[tokio::test]
async fn the_seconds_until_the_next_message_are_told() {
    let service = Service::start().await;
    service.ask(PHONE).await.ok();
    let code = service.code_at(PHONE).await;
    for number in ["13900000001", "+8613900000001", "008613900000001"] {
        let refused = service.ask(number).await.fails(429, "sms_too_frequent");
        let wait = refused["retry_after"].as_u64().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
    }
    assert_eq!(service.inbox(PHONE).await.len(), 1);
    // A refused ask leaves the code as it was.
    service.try_code(PHONE, &code).await.ok();
}

#[tokio::test]
async fn a_number_has_a_limit_however_it_is_written() {
    let limits = [("sms.resend_interval", "0s"), ("sms.per_phone_hour", "5")];
    let service = Service::with(&limits).await;
    let spellings = [
        "13900000001",
        "+8613900000001",
        "8613900000001",
        "008613900000001",
        "+86 139-0000-0001",
    ];
    for spelling in spellings {
        service.forget_messages().await;
        service.ask(spelling).await.ok();
    }
    service.forget_messages().await;
    let refused = service.ask(PHONE).await.fails(429, "sms_limit_reached");
    assert!(refused["retry_after"].as_u64().unwrap() > 60);
    assert!(service.inbox(PHONE).await.is_empty());
    service.ask("13900000002").await.ok();
}

#[tokio::test]
async fn a_number_has_a_limit_by_day() {
    let limits = [("sms.resend_interval", "0s"), ("sms.per_phone_day", "1")];
    let service = Service::with(&limits).await;
    service.ask(PHONE).await.ok();
    let refused = service.ask(PHONE).await.fails(429, "sms_limit_reached");
    assert!(refused["retry_after"].as_u64().unwrap() > 3600);
}

#[tokio::test]
async fn an_address_has_limits_and_a_forged_one_changes_nothing() {
    for key in ["sms.per_ip_hour", "sms.per_ip_day"] {
        let service = Service::with(&[(key, "2")]).await;
        ask_from(&service, "203.0.113.1", "13900000011").await.ok();
        ask_from(&service, "203.0.113.2", "13900000012").await.ok();
        ask_from(&service, "203.0.113.3", "13900000013")
            .await
            .fails(429, "sms_limit_reached");
    }
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_address_has_its_own_limit() {
    let limits = [
        ("sms.per_ip_hour", "1"),
        ("server.trusted_proxies", "[\"127.0.0.0/8\"]"),
    ];
    let service = Service::with(&limits).await;
    ask_from(&service, "203.0.113.1", "13900000011").await.ok();
    ask_from(&service, "203.0.113.2", "13900000012").await.ok();
    // Only the right-most stranger counts; what stands before it is hearsay.
    ask_from(&service, "198.51.100.9, 203.0.113.2", "13900000013")
        .await
        .fails(429, "sms_limit_reached");
}

#[tokio::test]
async fn the_deployment_has_a_limit_that_leaves_wechat_alone() {
    let service = Service::with(&[("sms.deployment_day", "1")]).await;
    service.ask("13900000011").await.ok();
    let refused = service.ask("13900000012").await;
    refused.fails(429, "sms_limit_reached");
    service.one_tap("alice").await;
}

#[tokio::test]
async fn no_limit_is_no_limit() {
    let limits = [
        ("sms.resend_interval", "0s"),
        ("sms.per_phone_hour", "0"),
        ("sms.per_phone_day", "0"),
        ("sms.per_ip_hour", "0"),
        ("sms.per_ip_day", "0"),
        ("sms.per_network_hour", "0"),
        ("sms.per_prefix_hour", "0"),
        ("sms.deployment_minute", "0"),
        ("sms.deployment_day", "0"),
    ];
    let service = Service::with(&limits).await;
    for _ in 0..25 {
        service.forget_messages().await;
        service.ask(PHONE).await.ok();
    }
}

#[tokio::test]
async fn what_is_no_number_reaches_no_vendor() {
    let service = Service::start().await;
    let odd = [
        "",
        "1380013800",
        "138001380000",
        "12800138000",
        "１３８００１３８０００",
        "+86+8613800138000",
        "+86013800138000",
        "13800138000x1",
        "138\u{200b}00138000",
        "13800138000\0",
        "+8613800138000 00000000000000000000",
        "abc",
    ];
    for phone in odd {
        let answer = service.ask(phone).await;
        let failure = answer.fails(400, "invalid_phone");
        assert_eq!(failure["errors"][0]["field"], "phone", "{phone:?}");
    }
    assert_eq!(service.calls("sms/aliyun").await, 0);
}

#[tokio::test]
async fn numbers_from_elsewhere_are_refused_unless_their_region_is_allowed() {
    let service = Service::start().await;
    let refused = service.ask("+85291234567").await;
    refused.fails(403, "region_not_allowed");
    assert_eq!(service.calls("sms/aliyun").await, 0);
    let service = Service::with(&[("sms.regions", "[\"CN\", \"HK\"]")]).await;
    let login = service.sms_login("+85291234567").await;
    assert_eq!(login.0["user"]["phone"], "+85291234567");
}

#[tokio::test]
async fn the_answer_does_not_depend_on_whether_the_number_has_an_account() {
    let service = Service::with(&[("sms.resend_interval", "0s")]).await;
    service.sms_login(PHONE).await;
    service.forget_messages().await;
    let known = service.ask(PHONE).await;
    let unknown = service.ask("13900000002").await;
    let shape = |answer: &Answer| {
        let mut names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        names.sort();
        let data = answer.ok();
        let members: Vec<String> = data.as_object().unwrap().keys().cloned().collect();
        (names, members)
    };
    assert_eq!(shape(&known), shape(&unknown));
    let wrong = service.try_code(PHONE, "000000").await;
    let other = service.try_code("13900000002", "000000").await;
    assert_eq!((wrong.status, wrong.code()), (other.status, other.code()));
}
