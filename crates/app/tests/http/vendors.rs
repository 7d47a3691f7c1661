//! Every SMS vendor over HTTP: what each kind of trouble means for the person
//! who asks, and who carries the message instead.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Service};

/// No answer takes longer than six seconds; the rest is for a machine that is
/// busy with other tests.
const DEADLINE: Duration = Duration::from_secs(9);
/// How long a circuit rests, and a little more.
const REST: Duration = Duration::from_millis(10_300);

/// A vendor's codes for the classes of outcomes: refused number, limited number,
/// blocked recipient, our settings, our money, our text, throttle, its own fault,
/// our clock.
struct Vendor {
    name: &'static str,
    number: Option<&'static str>,
    limited: Option<(&'static str, u64)>,
    blocked: Option<&'static str>,
    config: &'static str,
    billing: &'static str,
    content: Option<&'static str>,
    busy: Option<&'static str>,
    fault: &'static str,
    clock: Option<&'static str>,
}

const VENDORS: [Vendor; 5] = [
    Vendor {
        name: "aliyun",
        number: Some("isv.MOBILE_NUMBER_ILLEGAL"),
        limited: Some(("isv.BUSINESS_LIMIT_CONTROL", 60)),
        blocked: Some("isv.CUSTOMER_REFUSED"),
        config: "isv.SMS_TEMPLATE_ILLEGAL",
        billing: "isv.AMOUNT_NOT_ENOUGH",
        content: Some("isv.SMS_CONTENT_ILLEGAL"),
        busy: Some("Throttling.User"),
        fault: "isp.SYSTEM_ERROR",
        clock: Some("InvalidTimeStamp.Expired"),
    },
    Vendor {
        name: "tencent",
        number: Some("InvalidParameterValue.IncorrectPhoneNumber"),
        limited: Some(("LimitExceeded.PhoneNumberOneHourLimit", 3600)),
        blocked: Some("FailedOperation.PhoneNumberInBlacklist"),
        config: "FailedOperation.SignatureIncorrectOrUnapproved",
        billing: "FailedOperation.InsufficientBalanceInSmsPackage",
        content: Some("FailedOperation.ContainSensitiveWord"),
        busy: Some("RequestLimitExceeded"),
        fault: "InternalError.OtherError",
        clock: Some("AuthFailure.SignatureExpire"),
    },
    Vendor {
        name: "huawei",
        number: None,
        limited: Some(("E200041", 60)),
        blocked: None,
        config: "E200028",
        billing: "E000112",
        content: None,
        busy: Some("E200015"),
        fault: "",
        clock: Some("E000110"),
    },
    Vendor {
        name: "volcengine",
        number: Some("RE:0006"),
        limited: None,
        blocked: None,
        config: "RE:0005",
        billing: "RE:0010",
        content: None,
        busy: None,
        fault: "RE:0500",
        clock: Some("InvalidTimestamp"),
    },
    Vendor {
        name: "twilio",
        number: Some("21211"),
        limited: None,
        blocked: Some("21610"),
        config: "21606",
        billing: "63038",
        content: None,
        busy: Some("20429"),
        fault: "20500",
        clock: None,
    },
];

/// A service with these vendors in this order, and no limit in the way.
async fn service(vendors: &str) -> Service {
    Service::with(&[
        ("sms.vendors", vendors),
        ("sms.per_ip_hour", "0"),
        ("sms.per_ip_day", "0"),
        ("sms.per_network_hour", "0"),
        ("sms.per_prefix_hour", "0"),
        ("sms.regions", r#"["CN", "HK"]"#),
    ])
    .await
}

/// The n-th number that a vendor sends to gladly.
fn phone(vendor: &str, n: u32) -> String {
    if vendor == "twilio" {
        format!("+8525123{:04}", 4500 + n)
    } else {
        format!("+8613900{n:06}")
    }
}

async fn fault(service: &Service, vendor: &str, mut fault: Value) {
    fault["target"] = json!(format!("sms/{vendor}"));
    service.fault(fault).await;
}

/// A code of the vendor's as its fault; numbers are told as numbers.
async fn refuses(service: &Service, vendor: &str, code: &str) {
    let code = code
        .parse::<u32>()
        .map_or_else(|_| json!(code), |number| json!(number));
    fault(service, vendor, json!({ "errcode": code })).await;
}

async fn asked(service: &Service, phone: &str) -> Answer {
    let begun = Instant::now();
    let answer = service.ask(phone).await;
    assert!(begun.elapsed() < DEADLINE, "{:?}", begun.elapsed());
    answer
}

/// Who delivered messages to a number, the newest first.
async fn carriers(service: &Service, phone: &str) -> Vec<String> {
    let messages = service.inbox(&phone.replace('+', "%2B")).await;
    let vendor = |message: &Value| message["vendor"].as_str().expect("a vendor").to_owned();
    messages.iter().map(vendor).collect()
}

#[tokio::test]
async fn every_vendor_carries_messages() {
    for vendor in &VENDORS {
        let service = service(&format!(r#"["{}"]"#, vendor.name)).await;
        let phone = phone(vendor.name, 1);
        asked(&service, &phone).await.ok();
        assert_eq!(carriers(&service, &phone).await, [vendor.name]);
        let named = format!(
            "sms_attempts WHERE vendor = '{}' AND message_id IS NOT NULL",
            vendor.name
        );
        assert_eq!(service.count(&named).await, 1, "{}", vendor.name);
    }
}

/// The simulator's accounts have a template of its own for a new number.
#[tokio::test]
async fn every_vendor_carries_messages_of_every_purpose() {
    for vendor in &VENDORS {
        let name = vendor.name;
        let service = Service::with(&[
            ("sms.vendors", &format!("[{name:?}]")),
            ("sms.regions", r#"["CN", "HK"]"#),
            ("sms.resend_interval", "0s"),
        ])
        .await;
        let login = service.one_tap("alice").await;
        let phone = phone(name, 2);
        service.bind_by_sms(&login, &phone).await.ok();
        service.forget_messages().await;
        let ask = json!({ "purpose": "step_up", "client_type": "mini_program" });
        let asked = service.post("/v1/sms/codes").bearer(login.access());
        asked.json(ask).send().await.ok();
        assert_eq!(carriers(&service, &phone).await, [name]);
        service.forget_messages().await;
        asked_abroad(&service).await;
    }
}

/// Overseas there is another template, and for some another sender.
async fn asked_abroad(service: &Service) {
    const ABROAD: &str = "+85251234599";
    asked(service, ABROAD).await.ok();
    assert_eq!(carriers(service, ABROAD).await.len(), 1);
}

#[tokio::test]
async fn what_is_wrong_with_the_number_is_told_and_goes_no_further() {
    for vendor in &VENDORS {
        let name = vendor.name;
        let service = service(&format!(r#"["{name}", "console"]"#)).await;
        for (n, code) in (1..).zip([vendor.number, vendor.blocked].into_iter().flatten()) {
            refuses(&service, name, code).await;
            let answer = asked(&service, &phone(name, n)).await;
            answer.fails(422, "phone_unreachable");
        }
        if let Some((code, wait)) = vendor.limited {
            refuses(&service, name, code).await;
            let answer = asked(&service, &phone(name, 3)).await;
            let word = if wait > 60 {
                "sms_limit_reached"
            } else {
                "sms_too_frequent"
            };
            let body = answer.fails(429, word);
            assert_eq!(body["retry_after"], wait, "{code}");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_us_or_the_vendor_sends_the_message_elsewhere() {
    for vendor in &VENDORS {
        let name = vendor.name;
        let second = if name == "aliyun" {
            "tencent"
        } else {
            "aliyun"
        };
        let ours = [
            Some(vendor.config),
            Some(vendor.billing),
            vendor.content,
            vendor.clock,
        ];
        let theirs = [
            vendor.busy,
            Some(vendor.fault).filter(|code| !code.is_empty()),
        ];
        for code in ours.into_iter().chain(theirs).flatten() {
            let service = service(&format!(r#"["{name}", "{second}"]"#)).await;
            refuses(&service, name, code).await;
            let phone = phone(name, 1);
            let answer = asked(&service, &phone).await;
            assert_eq!(answer.status, 200, "{name} {code}: {answer:?}");
            assert_eq!(carriers(&service, &phone).await, [second], "{name} {code}");
        }
        let service = service(&format!(r#"["{name}", "{second}"]"#)).await;
        fault(&service, name, json!({ "http_status": 502 })).await;
        let phone = phone(name, 1);
        asked(&service, &phone).await.ok();
        assert_eq!(carriers(&service, &phone).await, [second], "{name} 502");
    }
}

#[tokio::test]
async fn alone_a_vendor_in_trouble_is_told_as_whose_trouble_it_is() {
    for vendor in &VENDORS {
        let name = vendor.name;
        for code in [vendor.config, vendor.billing] {
            let service = service(&format!(r#"["{name}"]"#)).await;
            refuses(&service, name, code).await;
            let answer = asked(&service, &phone(name, 1)).await;
            answer.fails(502, "sms_misconfigured");
            // With the fault gone the very next message goes out.
            service.heal().await;
            asked(&service, &phone(name, 1)).await.ok();
        }
        let service = service(&format!(r#"["{name}"]"#)).await;
        fault(&service, name, json!({ "http_status": 503 })).await;
        let answer = asked(&service, &phone(name, 1)).await;
        answer.fails(503, "sms_unavailable");
    }
}

/// Nobody knows whether it was sent: the code lives, and nobody sends it again.
#[tokio::test]
async fn nonsense_after_the_request_counts_as_sent() {
    for vendor in &VENDORS {
        let name = vendor.name;
        let service = service(
            &format!(r#"["{name}", "aliyun"]"#)
                .replace(r#"["aliyun", "aliyun"]"#, r#"["aliyun", "tencent"]"#),
        )
        .await;
        for (n, trouble) in (1..).zip([
            json!({ "body": "html", "http_status": 200, "consume": true }),
            json!({ "body": "truncated", "consume": true }),
            json!({ "body": "empty", "consume": true }),
            json!({ "reset": "after" }),
        ]) {
            fault(&service, name, trouble.clone()).await;
            let phone = phone(name, n);
            asked(&service, &phone).await.ok();
            assert_eq!(carriers(&service, &phone).await, [name], "{name} {trouble}");
        }
        let unknown = format!("sms_attempts WHERE vendor = '{name}' AND outcome = 'unknown'");
        assert_eq!(service.count(&unknown).await, 4, "{name}");
        assert_eq!(service.count("sms_attempts").await, 4, "{name}");
    }
}

/// The first vendor hangs, then comes back.
#[tokio::test]
async fn with_the_first_vendor_hanging_traffic_moves_to_the_second_and_returns() {
    let service = service(r#"["tencent", "aliyun"]"#).await;
    fault(&service, "tencent", json!({ "hang": true })).await;
    let mut moved = None;
    for n in 1..=7 {
        let phone = phone("tencent", n);
        let begun = Instant::now();
        asked(&service, &phone).await.ok();
        let carriers = carriers(&service, &phone).await;
        assert!(carriers.len() <= 1, "{n}: {carriers:?}");
        if carriers == ["aliyun"] {
            assert!(
                begun.elapsed() < Duration::from_secs(2),
                "{:?}",
                begun.elapsed()
            );
            moved.get_or_insert(n);
        } else {
            assert_eq!(moved, None, "{n}: back too early");
        }
    }
    assert_eq!(moved, Some(6), "the circuit opens after five");
    let metrics = service
        .get("/metrics")
        .raw()
        .await
        .text()
        .await
        .expect("text");
    assert!(
        metrics.contains(r#"menshen_sms_circuit{vendor="tencent"} 2"#),
        "{metrics}"
    );
    assert!(
        metrics.contains(r#"menshen_sms_attempts_total{vendor="tencent",outcome="unknown"} 5"#)
    );
    assert!(metrics.contains(
        r#"menshen_sms_persistent_failures_total{vendor="tencent",outcome="unknown"} 1"#
    ));
    assert!(metrics.contains(r#"menshen_sms_cost_units_total{vendor="aliyun",region="CN"} 2"#));

    service.heal().await;
    tokio::time::sleep(REST).await;
    let back = phone("tencent", 8);
    asked(&service, &back).await.ok();
    assert_eq!(carriers(&service, &back).await, ["tencent"]);
}

#[tokio::test]
async fn a_vendor_that_refuses_our_account_is_asked_once_and_then_left_alone() {
    let service = service(r#"["volcengine", "huawei"]"#).await;
    refuses(&service, "volcengine", "RE:0010").await;
    for n in 1..=4 {
        let phone = phone("volcengine", n);
        asked(&service, &phone).await.ok();
        assert_eq!(carriers(&service, &phone).await, ["huawei"]);
    }
    let asked_first = "sms_attempts WHERE vendor = 'volcengine'";
    assert_eq!(service.count(asked_first).await, 1);
    // With the second gone too, the first is asked in spite of its circuit.
    service.heal().await;
    fault(&service, "huawei", json!({ "http_status": 502 })).await;
    let phone = phone("volcengine", 5);
    asked(&service, &phone).await.ok();
    assert_eq!(carriers(&service, &phone).await, ["volcengine"]);
}

#[tokio::test]
async fn while_every_vendor_is_left_alone_the_wait_is_told() {
    let service = service(r#"["tencent"]"#).await;
    fault(&service, "tencent", json!({ "http_status": 502 })).await;
    let mut told = None;
    for n in 1..=6 {
        let answer = asked(&service, &phone("tencent", n)).await;
        let wait = answer.fails(503, "sms_unavailable")["retry_after"].as_u64();
        let header = answer.header("retry-after").map(ToOwned::to_owned);
        assert_eq!(header, wait.map(|wait| wait.to_string()));
        told = told.or(wait);
    }
    assert!(
        told.is_some_and(|wait| (1..=10).contains(&wait)),
        "{told:?}"
    );
}

/// The first hangs until it is left alone; the second refuses for its own reasons.
#[tokio::test]
async fn two_vendors_in_trouble_at_once_leave_it_to_the_third() {
    let service = service(r#"["tencent", "huawei", "aliyun"]"#).await;
    fault(&service, "tencent", json!({ "hang": true })).await;
    refuses(&service, "huawei", "E000112").await;
    let numbers: Vec<String> = (1..=5).map(|n| phone("tencent", n)).collect();
    let hanging = numbers.iter().map(|phone| asked(&service, phone));
    for answer in futures_util::future::join_all(hanging).await {
        answer.ok();
    }
    for n in 6..=8 {
        let phone = phone("tencent", n);
        asked(&service, &phone).await.ok();
        assert_eq!(carriers(&service, &phone).await, ["aliyun"], "{n}");
    }
    assert_eq!(
        service.count("sms_attempts WHERE vendor = 'tencent'").await,
        5
    );
    assert_eq!(
        service.count("sms_attempts WHERE vendor = 'huawei'").await,
        1
    );
}

#[tokio::test]
async fn a_message_takes_the_template_of_its_region_and_weight_draws_the_first() {
    let service = Service::with(&[
        ("sms.vendors", r#"["aliyun", "tencent"]"#),
        ("sms.regions", r#"["CN", "HK"]"#),
        ("sms.per_ip_hour", "0"),
        ("sms.weights.tencent", "1"),
    ])
    .await;
    for phone in ["+8613900000001", "+85251234567"] {
        asked(&service, phone).await.ok();
        assert_eq!(carriers(&service, phone).await, ["tencent"]);
    }
    refuses(&service, "tencent", "LimitExceeded.AppDailyLimit").await;
    asked(&service, "+85251234568").await.ok();
    assert_eq!(carriers(&service, "+85251234568").await, ["aliyun"]);
}

/// What a vendor pushes in its own form ends up beside the message.
#[tokio::test]
async fn receipts_of_every_vendor_are_put_on_record_once() {
    const SECRET: &str = "0123456789abcdef01234567";
    for name in ["aliyun", "tencent", "huawei", "volcengine"] {
        let vendors = format!(r#"["{name}"]"#);
        let given = [
            ("sms.vendors", vendors.as_str()),
            ("sms.receipt_secret", SECRET),
        ];
        let service = Service::with(&given).await;
        let url = format!("{}/v1/sms/receipts/{name}/{SECRET}", service.url());
        for (n, outcome) in (1..).zip(["delivered", "failed"]) {
            let plan = json!({ "vendor": name, "url": url, "outcome": outcome, "duplicates": 2 });
            service.control(Method::PUT, "sms/receipts", plan).await;
            asked(&service, &phone(name, n)).await.ok();
            let delivered = i32::from(outcome == "delivered");
            let noted = format!("sms_receipts WHERE vendor = '{name}' AND delivered = {delivered}");
            let begun = Instant::now();
            while service.count(&noted).await == 0 {
                assert!(begun.elapsed() < DEADLINE, "{name} {outcome}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        assert_eq!(service.count("sms_receipts").await, 2, "{name}");
        let metrics = service
            .get("/metrics")
            .raw()
            .await
            .text()
            .await
            .expect("text");
        for result in ["delivered", "failed"] {
            let line =
                format!(r#"menshen_sms_receipts_total{{vendor="{name}",result="{result}"}} 1"#);
            assert!(metrics.contains(&line), "{line}");
        }
    }
}
