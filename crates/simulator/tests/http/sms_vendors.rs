//! What holds for every SMS vendor: faults on the wire, bad input, made-up keys.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use menshen_simulator::{AliyunAccount, Simulator, SimulatorConfig, TwilioAccount, defaults};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::offline::{Offline, text};
use super::{aliyun, huawei, tencent, twilio, volcengine};

const VENDORS: [&str; 5] = ["aliyun", "tencent", "huawei", "volcengine", "twilio"];
/// The members of each vendor's request, in the order of the vendors; the last
/// are of one of Huawei Cloud's different texts.
const MEMBERS: [&[&str]; 6] = [
    &[
        "PhoneNumbers",
        "SignName",
        "TemplateCode",
        "TemplateParam",
        "OutId",
    ],
    &[
        "PhoneNumberSet",
        "SmsSdkAppId",
        "TemplateId",
        "SignName",
        "TemplateParamSet",
        "SessionContext",
    ],
    &[
        "from",
        "to",
        "templateId",
        "templateParas",
        "statusCallback",
        "extend",
        "signature",
    ],
    &[
        "SmsAccount",
        "Sign",
        "TemplateID",
        "TemplateParam",
        "PhoneNumbers",
        "Tag",
    ],
    &[
        "To",
        "From",
        "Body",
        "StatusCallback",
        "MessagingServiceSid",
    ],
    &["to", "templateId", "templateParas", "signature"],
];

/// A right request of a code to a number of its own.
fn prepared(
    offline: &Offline,
    vendor: &str,
    phone: &str,
    members: &[(&'static str, Value)],
) -> RequestBuilder {
    match vendor {
        "aliyun" => aliyun::prepared(offline, phone, phone, members),
        "tencent" => tencent::prepared(offline, phone, members),
        "huawei" => huawei::prepared(offline, phone, members),
        "volcengine" => volcengine::prepared(offline, phone, members),
        _ => twilio::prepared(offline, phone, members),
    }
}

async fn send_under(
    offline: &Offline,
    vendor: &str,
    phone: &str,
    mut fault: Value,
) -> reqwest::Result<Response> {
    fault["target"] = json!(format!("sms/{vendor}"));
    fault["times"] = json!(1);
    offline.set_fault(&fault).await;
    prepared(offline, vendor, phone, &[]).send().await
}

#[tokio::test]
async fn each_vendor_can_be_slow_cut_off_or_replaced_by_a_page() {
    let offline = Offline::start().await;
    for vendor in VENDORS {
        let reached = async |phone: &str| offline.inbox(phone).await.len();
        let number = |last: u8| format!("+861380013800{last}");
        offline
            .control(Method::DELETE, "/control/sms", &json!({}))
            .await;

        let asked = Instant::now();
        let slow = send_under(&offline, vendor, &number(0), json!({"latency_ms": 150})).await;
        assert!(
            slow.unwrap().status().is_success() && asked.elapsed() >= Duration::from_millis(150)
        );
        assert_eq!(reached(&number(0)).await, 1, "{vendor}: late, and sent");

        let before = send_under(&offline, vendor, &number(1), json!({"reset": "before"})).await;
        assert!(before.is_err(), "{vendor}");
        assert_eq!(reached(&number(1)).await, 0, "{vendor}");

        let after = send_under(&offline, vendor, &number(2), json!({"reset": "after"})).await;
        assert!(after.is_err(), "{vendor}");
        assert_eq!(reached(&number(2)).await, 1, "{vendor}: lost, and sent");

        let page = send_under(&offline, vendor, &number(3), json!({"http_status": 500}))
            .await
            .unwrap();
        assert_eq!(
            (page.status().as_u16(), &page.headers()["content-type"]),
            (500, &"text/html".parse().unwrap())
        );
        assert_eq!(reached(&number(3)).await, 0, "{vendor}");

        let cut = send_under(&offline, vendor, &number(4), json!({"body": "truncated"}))
            .await
            .unwrap();
        assert!(cut.json::<Value>().await.is_err(), "{vendor}");
        assert_eq!(
            reached(&number(4)).await,
            1,
            "{vendor}: unreadable, and sent"
        );

        let unknown = send_under(
            &offline,
            vendor,
            &number(5),
            json!({"errcode": "Nobody.KnowsThis"}),
        )
        .await
        .unwrap();
        assert!(
            unknown.text().await.unwrap().contains("Nobody.KnowsThis"),
            "{vendor}"
        );
        let usual = send_under(&offline, vendor, &number(5), json!({"fail_rate": 1.0}))
            .await
            .unwrap();
        assert!(
            usual.json::<Value>().await.is_ok(),
            "{vendor} is out of order in its own words"
        );
        assert_eq!(reached(&number(5)).await, 0, "{vendor}");
    }
}

fn word() -> impl Strategy<Value = String> {
    let odd = select(vec![
        "",
        "{}",
        "[]",
        "{",
        "\"",
        "${code}",
        "{code}",
        "+",
        "+86",
        "0086",
        ",",
        ",,,",
        "1e999",
        "\u{0}",
        "１２３",
        "🎈",
        "13800138000",
        "+8613800138000,",
        r#"{"code":null}"#,
        r#"["{1}"]"#,
        "%",
        "://",
        "http://127.0.0.1:1/",
        "http://[",
        "-1",
        "99999999999999999999",
    ]);
    prop_oneof![
        4 => odd.prop_map(str::to_owned),
        2 => any::<String>(),
        1 => (1..3000_usize).prop_map(|length| "9".repeat(length)),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => word().prop_map(Value::String),
        1 => any::<f64>().prop_map(|number| json!(number)),
        1 => Just(Value::Null),
        2 => proptest::collection::vec(word(), 0..4).prop_map(|words| json!(words)),
        1 => Just(json!({"a": [{"b": [[]]}]})),
    ]
}

/// A request that is answered, whatever it is.
async fn is_answered(request: RequestBuilder, what: &impl std::fmt::Debug) {
    let answer = request
        .send()
        .await
        .unwrap_or_else(|error| panic!("{error:?} to {what:?}"));
    let status = answer.status().as_u16();
    assert!((200..500).contains(&status), "{status} to {what:?}");
    let body = answer.bytes().await.expect("a body");
    assert!(
        serde_json::from_slice::<Value>(&body).is_ok(),
        "no JSON to {what:?}"
    );
}

#[tokio::test]
async fn whatever_is_in_a_rightly_signed_request_is_answered() {
    let offline = Offline::start().await;
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    for count in 0..150 {
        for (place, known) in MEMBERS.iter().enumerate() {
            let members = proptest::collection::vec((select(*known), value()), 1..3);
            let members = members.new_tree(&mut runner).unwrap().current();
            let phone = format!("+861390013{count:04}");
            let request = if let Some(vendor) = VENDORS.get(place) {
                prepared(&offline, vendor, &phone, &members)
            } else {
                let mut content = json!({"to": [phone], "templateParas": ["048291"]});
                content["templateId"] = json!(defaults::HUAWEI_TEMPLATE_ID);
                for (name, value) in &members {
                    content[name] = value.clone();
                }
                huawei::prepared_content(&offline, &content)
            };
            is_answered(request, &(place, &members)).await;
        }
    }
}

#[tokio::test]
async fn whatever_is_sent_to_a_vendor_is_answered() {
    const HEADERS: &[&str] = &[
        "authorization",
        "x-acs-action",
        "x-acs-date",
        "x-acs-version",
        "x-acs-signature-nonce",
        "x-tc-action",
        "x-tc-version",
        "x-tc-region",
        "x-tc-timestamp",
        "x-sdk-date",
        "x-wsse",
        "x-date",
        "x-content-sha256",
        "content-type",
    ];
    const VALUES: &[&str] = &[
        "",
        "SendSms",
        "2021-01-11",
        "2017-05-25",
        "ap-beijing",
        "1767225600",
        "-9223372036854775808",
        "20260101T000000Z",
        "2026-01-01T00:00:00Z",
        "262143-12-31T23:59:59Z",
        "application/json",
        "application/x-www-form-urlencoded",
        "Basic ",
        "Basic QQ==",
        "WSSE realm=\"SDP\",profile=\"UsernameToken\",type=\"Appkey\"",
        "UsernameToken Username=\"\",PasswordDigest=\"\",Nonce=\"\",Created=\"\"",
        "TC3-HMAC-SHA256 Credential=fake-tencent-secret-id/2026-01-01/sms/tc3_request, SignedHeaders=content-type;host, Signature=00",
        "TC3-HMAC-SHA256 Credential=///, SignedHeaders=;;, Signature=,",
        "HMAC-SHA256 Credential=fake-volcengine-access-key-id/2026/cn-north-1/volcSMS/request, SignedHeaders=x-date;x-content-sha256, Signature=ff",
        "SDK-HMAC-SHA256 Access=fake-huawei-app-key, SignedHeaders=host;x-sdk-date, Signature=zz",
        "ACS3-HMAC-SHA256 Credential=,SignedHeaders=,Signature=",
    ];
    const PATHS: &[&str] = &[
        "/",
        "/sms/aliyun",
        "/sms/tencent/",
        "/sms/huawei",
        "/sms/huawei/sms/batchSendSms/v1",
        "/sms/batchSendDiffSms/v1",
        "/sms/volcengine?Action=SendSms&Version=2020-01-01&X-Expires=-1",
        "/sms/twilio/2010-04-01/Accounts/%00/Messages.json",
        "/2010-04-01/",
        "/sms/twilio/",
        "/?Action=SendSms&Version=2017-05-25&AccessKeyId=x&SignatureNonce=%F0%9F&Timestamp=z",
    ];
    let offline = Offline::start().await;
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    let request = (
        select(PATHS),
        proptest::collection::vec((select(HEADERS), select(VALUES)), 0..8),
        prop_oneof![
            word().prop_map(String::into_bytes),
            proptest::collection::vec(any::<u8>(), 0..80)
        ],
        select(vec![Method::GET, Method::POST, Method::PUT]),
    );
    for _ in 0..600 {
        let sent = request.new_tree(&mut runner).unwrap().current();
        let (path, headers, body, method) = sent.clone();
        let mut request = offline.client.request(method, offline.url(path)).body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        is_answered(request, &sent).await;
    }
    assert!(offline.inbox("").await.is_empty());
}

#[tokio::test]
async fn a_key_that_looks_real_is_refused_at_the_start() {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let aliyun = AliyunAccount {
        access_key_id: "LTAI5tQ7fX2vB9nM4kR8sW3z".to_owned(),
        ..AliyunAccount::default()
    };
    let twilio = TwilioAccount {
        account_sid: "AC5ef872f6da5a21de157d80997a64bd33".to_owned(),
        ..TwilioAccount::default()
    };
    let usual = SimulatorConfig::default;
    for (config, named) in [
        (
            SimulatorConfig { aliyun, ..usual() },
            "the access_key_id of aliyun",
        ),
        (
            SimulatorConfig { twilio, ..usual() },
            "the account_sid of twilio",
        ),
    ] {
        let error = Simulator::new(config)
            .start(any)
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(named) && error.contains("made-up"),
            "{error}"
        );
        assert!(
            !error.contains("LTAI") && !error.contains("AC5e"),
            "{error}"
        );
    }
}

/// What a vendor says to one more message, as its request log has it.
async fn verdict(offline: &Offline, vendor: &str, phone: &str) -> String {
    let sent = prepared(offline, vendor, phone, &[]).send().await;
    sent.expect("an answer").bytes().await.expect("a body");
    let log = offline.get_json("/control/requests", &[]).await;
    let last = log["requests"].as_array().and_then(|all| all.last());
    text(last.expect("a request"), "verdict")
}

#[tokio::test]
async fn an_account_is_out_of_money_stopped_or_capped_in_each_vendors_words() {
    let offline = Offline::start().await;
    let mut count = 0;
    let mut next = || {
        count += 1;
        format!("+86138001380{count:02}")
    };
    for (vendor, arrears, suspended, capped) in [
        (
            "aliyun",
            "isv.AMOUNT_NOT_ENOUGH",
            "isv.OUT_OF_SERVICE",
            Some("isv.DAY_LIMIT_CONTROL"),
        ),
        (
            "tencent",
            "FailedOperation.InsufficientBalanceInSmsPackage",
            "UnauthorizedOperation.ServiceSuspendDueToArrears",
            Some("LimitExceeded.AppDailyLimit"),
        ),
        ("huawei", "E000112", "E000112", None),
        ("volcengine", "RE:0010", "RE:0002", Some("RE:0013")),
        ("twilio", "20005", "20005", Some("63038")),
    ] {
        let set = async |state: Value| {
            let (status, answer) = offline
                .control(Method::PUT, "/control/sms/accounts", &state)
                .await;
            assert_eq!(status, 200, "{answer}");
        };
        set(json!({"vendor": vendor, "standing": "arrears"})).await;
        assert_eq!(verdict(&offline, vendor, &next()).await, arrears);
        set(json!({"vendor": vendor, "standing": "suspended"})).await;
        assert_eq!(verdict(&offline, vendor, &next()).await, suspended);
        set(json!({"vendor": vendor})).await;
        let well = verdict(&offline, vendor, &next()).await;
        assert!(well != arrears && well != suspended, "{vendor}");
        if let Some(capped) = capped {
            set(json!({"vendor": vendor, "day_cap": 1})).await;
            assert_eq!(verdict(&offline, vendor, &next()).await, capped);
        }
    }
    assert_eq!(offline.inbox("").await.len(), VENDORS.len());
    let monthly = json!({"vendor": "aliyun", "month_cap": 1});
    offline
        .control(Method::PUT, "/control/sms/accounts", &monthly)
        .await;
    assert_eq!(
        verdict(&offline, "aliyun", &next()).await,
        "isv.MONTH_LIMIT_CONTROL"
    );
    for wrong in [
        json!({"vendor": "huawei", "day_cap": 1}),
        json!({"vendor": "x"}),
        json!({"standing": "x"}),
    ] {
        let (status, _) = offline
            .control(Method::PUT, "/control/sms/accounts", &wrong)
            .await;
        assert_eq!(status, 400, "{wrong}");
    }
}
