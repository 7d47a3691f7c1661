//! The Alibaba adapter against the offline vendor, which was written without a
//! look at the adapter and checks every signature, time and nonce.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};
use menshen_domain::model::identifiers::SendId;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::sms_code::SmsCode;
use menshen_domain::model::verification::Purpose;
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::ports::sms_sender::{
    SentCode, SmsContent, SmsDelivery, SmsMessage, SmsSendError as E, SmsSender,
};
use menshen_outbound::{Client, Method, Request, base_url, encode};
use menshen_simulator::{RunningSimulator, Simulator, SimulatorConfig, defaults};
use menshen_sms::{Aliyun, AliyunConfig, FailoverSender, Template, Templates};
use serde_json::{Value, json};
use tokio::time::Instant;

/// The machine's clock, so many seconds off.
struct Off(i64);

impl Clock for Off {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from(SystemTime::now()) + TimeDelta::seconds(self.0)
    }
}

struct Os;

impl Randomness for Os {
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).unwrap();
    }
}

/// A nonce that is always the same.
struct Stuck;

impl Randomness for Stuck {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

async fn simulator() -> RunningSimulator {
    let any = "127.0.0.1:0".parse().unwrap();
    let simulator = Simulator::new(SimulatorConfig::default());
    simulator.start(any).await.unwrap()
}

fn config(simulator: &RunningSimulator, path: &str) -> AliyunConfig {
    AliyunConfig {
        endpoint: format!("http://{}{path}", simulator.address()),
        access_key_id: defaults::ALIYUN_ACCESS_KEY_ID.to_owned(),
        access_key_secret: defaults::ALIYUN_ACCESS_KEY_SECRET.into(),
        sign_name: defaults::ALIYUN_SIGN_NAME.to_owned(),
        templates: Templates::only(Template::with_code(defaults::ALIYUN_TEMPLATE_CODE)),
    }
}

fn sender(config: AliyunConfig, off: i64, randomness: Arc<dyn Randomness>) -> FailoverSender {
    let clock: Arc<dyn Clock> = Arc::new(Off(off));
    let vendor = Aliyun::new(config, Arc::clone(&clock), Arc::clone(&randomness)).unwrap();
    FailoverSender::new(vec![Arc::new(vendor)], clock, randomness)
}

async fn send(sender: &dyn SmsSender, phone: &str) -> Result<SmsDelivery, E> {
    let message = SmsMessage {
        id: SendId::generate(&Os, Off(0).now()),
        phone: PhoneNumber::parse(phone).unwrap(),
        content: SmsContent::Code(SentCode {
            code: SmsCode::parse("048291").unwrap(),
            purpose: Purpose::Login,
            expires_in: Duration::from_mins(10),
        }),
    };
    sender.send(&message).await.verdict
}

async fn control(simulator: &RunningSimulator, method: Method, path: &str, body: Value) -> Value {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut url = base_url(&format!("http://{}/control/{path}", simulator.address())).unwrap();
    url.set_query((!query.is_empty()).then_some(query));
    let request = Request {
        method,
        url,
        headers: vec![("content-type", "application/json".to_owned())],
        body: (!body.is_null()).then(|| body.to_string().into_bytes()),
    };
    let deadline = Instant::now() + Duration::from_secs(5);
    let client = Client::new(Duration::from_secs(1)).unwrap();
    let answer = client.send(request, deadline).await.unwrap();
    assert!(answer.is_success(), "{path} {}", answer.status());
    serde_json::from_slice(answer.body()).unwrap_or_default()
}

async fn delivered(simulator: &RunningSimulator, phone: &str) -> Vec<String> {
    let path = format!("sms?phone={}", encode(phone));
    let messages = control(simulator, Method::GET, &path, Value::Null).await;
    let code = |message: &Value| message["code"].as_str().unwrap().to_owned();
    messages.as_array().unwrap().iter().map(code).collect()
}

#[tokio::test]
async fn a_message_arrives_at_either_path() {
    let simulator = simulator().await;
    for (path, phone) in [
        ("/sms/aliyun", "+8613900000001"),
        ("", "+8613900000002"),
        ("/", "+8613900000003"),
    ] {
        let sender = sender(config(&simulator, path), 0, Arc::new(Os));
        let sent = send(&sender, phone).await.unwrap();
        assert!(matches!(sent, SmsDelivery::Accepted { vendor: "aliyun" }));
        assert_eq!(delivered(&simulator, phone).await, ["048291"]);
    }
}

#[tokio::test]
async fn a_second_message_in_the_minute_is_limited() {
    let simulator = simulator().await;
    let sender = sender(config(&simulator, "/sms/aliyun"), 0, Arc::new(Os));
    send(&sender, "+8613900000004").await.unwrap();
    // Calendar minutes: at most one of these two begins a new one.
    let mut waits = Vec::new();
    for _ in 0..2 {
        if let Err(E::NumberLimited { retry_after }) = send(&sender, "+8613900000004").await {
            waits.push(retry_after);
        }
    }
    assert!(!waits.is_empty());
    assert!(waits.iter().all(|wait| *wait == Duration::from_mins(1)));
}

#[tokio::test]
async fn what_is_not_as_registered_is_our_fault() {
    let simulator = simulator().await;
    let good = || config(&simulator, "/sms/aliyun");
    let wrong: [AliyunConfig; 4] = [
        AliyunConfig {
            access_key_secret: "fake-other".into(),
            ..good()
        },
        AliyunConfig {
            access_key_id: "fake-other".to_owned(),
            ..good()
        },
        AliyunConfig {
            sign_name: "别的".to_owned(),
            ..good()
        },
        AliyunConfig {
            templates: Templates::only(Template::with_code("SMS_999999999")),
            ..good()
        },
    ];
    for config in wrong {
        let sender = sender(config, 0, Arc::new(Os));
        let error = send(&sender, "+8613900000005").await.unwrap_err();
        assert!(matches!(error, E::Misconfigured(_)), "{error:?}");
    }
    assert!(delivered(&simulator, "+8613900000005").await.is_empty());
}

#[tokio::test]
async fn a_clock_that_is_off_and_a_nonce_that_repeats_are_noticed() {
    let simulator = simulator().await;
    for off in [-1000, 1000] {
        let sender = sender(config(&simulator, "/sms/aliyun"), off, Arc::new(Os));
        let error = send(&sender, "+8613900000006").await.unwrap_err();
        assert!(matches!(error, E::Misconfigured(_)), "{error:?}");
    }
    let sender = sender(config(&simulator, "/sms/aliyun"), 0, Arc::new(Stuck));
    send(&sender, "+8613900000007").await.unwrap();
    let error = send(&sender, "+8613900000008").await.unwrap_err();
    assert!(matches!(error, E::Misconfigured(_)), "{error:?}");
}

#[tokio::test]
async fn faults_come_out_as_the_port_names_them() {
    for (fault, expected) in [
        (json!({"http_status": 502}), "no vendor took the message"),
        (
            json!({"errcode": "isp.SYSTEM_ERROR"}),
            "no vendor took the message",
        ),
        (
            json!({"errcode": "isv.AMOUNT_NOT_ENOUGH"}),
            "the vendor refuses our account or settings",
        ),
        (
            json!({"errcode": "isv.MOBILE_NUMBER_ILLEGAL"}),
            "the number cannot receive messages",
        ),
    ] {
        let simulator = simulator().await;
        let mut fault = fault;
        fault["target"] = json!("sms/aliyun");
        control(&simulator, Method::PUT, "faults", fault.clone()).await;
        let sender = sender(config(&simulator, "/sms/aliyun"), 0, Arc::new(Os));
        let error = send(&sender, "+8613900000009").await.unwrap_err();
        assert_eq!(error.to_string(), expected, "{fault}");
    }
}

#[tokio::test]
async fn a_slow_vendor_leaves_the_fate_of_a_message_open() {
    let simulator = simulator().await;
    let fault = json!({"target": "sms/aliyun", "latency_ms": 8000});
    control(&simulator, Method::PUT, "faults", fault).await;
    let sender = sender(config(&simulator, "/sms/aliyun"), 0, Arc::new(Os));
    let sent = send(&sender, "+8613900000010").await.unwrap();
    assert_eq!(sent, SmsDelivery::Unknown { vendor: "aliyun" });
}
