//! What is counted, and what is written about it: the page of metrics, the dashboard
//! and the alert rules all speak of what a running server tells.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use menshen_outbound::mock::{MockServer, Reaction};
use menshen_testkit::servers::redis::RedisServer;
use reqwest::Method;
use serde_json::json;
use tokio::task::spawn_blocking;

use crate::support::{Login, Service, client};

const PHONE: &str = "13900000001";
const DEADLINE: Duration = Duration::from_secs(20);

/// The families that a server tells of, by the name that Prometheus knows, with the
/// labels of their samples.
pub(crate) type Families = BTreeMap<String, BTreeSet<String>>;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

async fn text(service: &Service) -> String {
    let answer = service.get("/metrics").send().await;
    assert_eq!(answer.status, 200);
    assert!(answer.text.ends_with("# EOF\n"), "{}", answer.text);
    answer.text
}

/// The value of one sample of a server, named with all of its labels.
pub(crate) async fn sample(service: &Service, name: &str) -> Option<f64> {
    value(&text(service).await, name)
}

/// The value of one sample, named with all of its labels; nothing if it is not told.
fn value(text: &str, sample: &str) -> Option<f64> {
    let told = text
        .lines()
        .find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '))?;
    Some(told.parse().expect("a number"))
}

/// Names and values of the labels of one sample.
fn labels(sample: &str) -> Vec<(&str, &str)> {
    let Some((_, rest)) = sample.split_once('{') else {
        return Vec::new();
    };
    let inner = rest.rsplit_once('}').expect("an end").0;
    let pairs = inner.split("\",");
    let pairs = pairs.map(|pair| pair.split_once("=\"").expect("a pair"));
    pairs
        .map(|(name, value)| (name, value.trim_end_matches('"')))
        .collect()
}

fn families(text: &str) -> Families {
    let mut families = Families::new();
    let mut current = String::new();
    for line in text.lines() {
        if let Some(told) = line.strip_prefix("# TYPE ") {
            let (name, kind) = told.split_once(' ').expect("a kind");
            current = match kind {
                "counter" => format!("{name}_total"),
                "info" => format!("{name}_info"),
                _ => name.to_owned(),
            };
            let new = families.insert(current.clone(), BTreeSet::new()).is_none();
            assert!(new, "{current} is told twice");
        } else if !line.starts_with('#') {
            let names = labels(line).into_iter().map(|(name, _)| name);
            let names = names.filter(|name| *name != "le").map(ToOwned::to_owned);
            families.get_mut(&current).expect("a kind").extend(names);
        }
    }
    families
}

/// A service whose every part has something to count.
async fn busy(collector: &str, more: &[(&str, &str)]) -> Service {
    let mut given = vec![
        ("sms.vendors", "[\"tencent\", \"aliyun\"]"),
        ("sms.receipt_secret", "0123456789abcdef01234567"),
        ("wechat.risk_rank", "4"),
        ("sms.captcha.vendor", "turnstile"),
        ("sms.captcha.after", "8"),
        ("tracing.otlp_endpoint", collector),
        ("tracing.sample_ratio", "1"),
        (
            "webhooks",
            r#"[{ url = "http://127.0.0.1:9", secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u" }]"#,
        ),
    ];
    given.extend_from_slice(more);
    let service = Service::with(&given).await;
    journey(&service).await;
    service
}

async fn journey(service: &Service) {
    service.ask(PHONE).await.ok();
    service.ask(PHONE).await.fails(429, "sms_too_frequent");
    service
        .try_code(PHONE, "000000")
        .await
        .fails(400, "sms_code_incorrect");
    let code = service.code_at(PHONE).await;
    service.try_code(PHONE, &code).await.ok();
    service
        .try_code(PHONE, &code)
        .await
        .fails(400, "sms_code_expired");
    // WeChat is busy, has spent the code all the same, and says nothing of risks.
    for fault in [
        json!({ "target": "/sns/jscode2session", "errcode": -1, "consume": true, "times": 1 }),
        json!({ "target": "/wxa/getuserriskrank", "errcode": -1, "times": 9 }),
        json!({ "target": "sms/tencent", "http_status": 500 }),
    ] {
        service.fault(fault).await;
    }
    let code = service.login_code("bob").await;
    service
        .hand_in(&code, client())
        .await
        .fails(400, "wechat_code_invalid");
    let login = service.one_tap("alice").await;
    service.refresh(login.refresh()).await.ok();
    service
        .refresh("mrt_nonsense")
        .await
        .fails(401, "refresh_token_invalid");
    service
        .get("/v1/auth/verify")
        .bearer(login.access())
        .send()
        .await
        .ok();
    service
        .get("/v1/auth/verify")
        .send()
        .await
        .fails(401, "token_missing");
    let push = "/v1/wechat/push/wx0000000000000000?signature=0&timestamp=1&nonce=1&echostr=1";
    service.get(push).send().await.fails(404, "not_found");
    // A vendor that is first in line and fails, five times within a minute.
    for n in 3..9 {
        service.ask(&format!("1390000000{n}")).await.ok();
    }
    let receipts = "/v1/sms/receipts/aliyun/9123456789abcdef01234567";
    service
        .post(receipts)
        .text("[]")
        .send()
        .await
        .fails(404, "not_found");
    receipt(service).await;
    captcha(service).await;
}

/// One that nobody solved, asked for since this address has had its codes.
async fn captcha(service: &Service) {
    let ask =
        json!({ "phone": "13900000099", "purpose": "login", "client_type": "web", "captcha": "x" });
    let refused = service.post("/v1/sms/codes").json(ask).send().await;
    refused.fails(403, "captcha_invalid");
}

/// A message whose receipt comes back.
async fn receipt(service: &Service) {
    let url = format!(
        "{}/v1/sms/receipts/aliyun/0123456789abcdef01234567",
        service.url()
    );
    let plan = json!({ "vendor": "aliyun", "url": url, "outcome": "delivered" });
    service.control(Method::PUT, "sms/receipts", plan).await;
    service.ask("13900000002").await.ok();
    let begun = Instant::now();
    while service.count("sms_receipts").await == 0 {
        assert!(begun.elapsed() < DEADLINE, "no receipt came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The tables of the page: each metric with its labels.
pub(crate) fn documented() -> Families {
    let page = read("docs/operations/metrics.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let rows = rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        assert_eq!(cells.len(), 4, "{row}");
        let words = |cell: &str| {
            let words = cell.split('`').skip(1).step_by(2);
            words.map(ToOwned::to_owned).collect::<BTreeSet<_>>()
        };
        let name = words(cells[0]).pop_first().expect("a name");
        assert!(!cells[2].trim().is_empty(), "{name} has no meaning");
        (name, words(cells[1]))
    });
    let mut families = Families::new();
    for (name, labels) in rows {
        assert!(
            families.insert(name.clone(), labels).is_none(),
            "{name} is there twice"
        );
    }
    families
}

#[tokio::test]
async fn the_page_and_the_server_tell_of_the_same_metrics() {
    let collector = MockServer::start(|_, _| Reaction::ok("")).await;
    let collector = collector.expect("a collector").url();
    let redis = spawn_blocking(RedisServer::start).await.expect("a Redis");
    let url = redis.url();
    let mut told = families(&text(&busy(&collector, &[]).await).await);
    let shared = [("ephemeral.url", url.as_str())];
    told.append(&mut families(&text(&busy(&collector, &shared).await).await));
    let documented = documented();
    let names = |families: &Families| families.keys().cloned().collect::<BTreeSet<_>>();
    let (of_page, of_server) = (names(&documented), names(&told));
    let unwritten: Vec<_> = of_server.difference(&of_page).collect();
    assert!(
        unwritten.is_empty(),
        "docs/operations/metrics.md lacks {unwritten:?}"
    );
    let untold: Vec<_> = of_page.difference(&of_server).collect();
    assert!(untold.is_empty(), "no server tells of {untold:?}");
    for (name, labels) in &documented {
        assert_eq!(labels, &told[name], "the labels of {name}");
    }
}

/// What a short journey comes to.
const COUNTED: &[(&str, f64)] = &[
    ("menshen_logins_total{method=\"sms\",outcome=\"new\"}", 1.0),
    (
        "menshen_logins_total{method=\"sms\",outcome=\"sms_code_incorrect\"}",
        1.0,
    ),
    (
        "menshen_logins_total{method=\"sms\",outcome=\"sms_code_expired\"}",
        1.0,
    ),
    (
        "menshen_logins_total{method=\"wechat\",outcome=\"new\"}",
        1.0,
    ),
    (
        "menshen_logins_total{method=\"wechat\",outcome=\"returning\"}",
        1.0,
    ),
    (
        "menshen_logins_total{method=\"wechat\",outcome=\"repeated\"}",
        1.0,
    ),
    (
        "menshen_logins_total{method=\"wechat_phone\",outcome=\"new\"}",
        1.0,
    ),
    (
        "menshen_sms_code_requests_total{purpose=\"login\",outcome=\"sent\"}",
        1.0,
    ),
    (
        "menshen_sms_code_requests_total{purpose=\"login\",outcome=\"sms_too_frequent\"}",
        1.0,
    ),
    (
        "menshen_sms_code_tries_total{purpose=\"login\",outcome=\"verified\"}",
        1.0,
    ),
    (
        "menshen_sms_code_tries_total{purpose=\"login\",outcome=\"wrong\"}",
        1.0,
    ),
    (
        "menshen_sms_code_tries_total{purpose=\"login\",outcome=\"expired\"}",
        1.0,
    ),
    ("menshen_limits_hit_total{rule=\"resend_interval\"}", 1.0),
    ("menshen_refreshes_total{outcome=\"rotated\"}", 1.0),
    ("menshen_refreshes_total{outcome=\"replayed\"}", 1.0),
    (
        "menshen_refreshes_total{outcome=\"refresh_token_invalid\"}",
        1.0,
    ),
    ("menshen_token_verifications_total{outcome=\"ok\"}", 1.0),
    (
        "menshen_token_verifications_total{outcome=\"token_invalid\"}",
        1.0,
    ),
    (
        "menshen_audit_events_total{action=\"login.succeeded\"}",
        4.0,
    ),
    (
        "menshen_audit_events_total{action=\"refresh.replayed\"}",
        1.0,
    ),
    (
        "menshen_http_requests_total{route=\"/v1/login/sms\",status=\"200\",code=\"ok\"}",
        1.0,
    ),
    (
        "menshen_http_request_duration_seconds_count{route=\"/v1/login/sms\"}",
        3.0,
    ),
    (
        "menshen_store_calls_total{store=\"sql\",port=\"account_store\",operation=\"apply\",outcome=\"ok\"}",
        4.0,
    ),
    (
        "menshen_store_duration_seconds_count{store=\"memory\",port=\"code_store\",operation=\"spend\"}",
        1.0,
    ),
    // Four logins, one of them answered twice, and two refreshes.
    ("menshen_access_tokens_issued_total", 7.0),
];

/// Each number is what happened, no more and no less.
#[tokio::test]
async fn what_happened_is_what_is_counted() {
    let service = Service::start().await;
    let before = text(&service).await;
    // What rules watch is told before it happens for the first time.
    for sample in [
        "menshen_logins_total{method=\"wechat_oauth\",outcome=\"merged\"}",
        "menshen_sms_code_tries_total{purpose=\"step_up\",outcome=\"verified\"}",
        "menshen_refreshes_total{outcome=\"recovered\"}",
        "menshen_limits_hit_total{rule=\"phone_calls\"}",
        "menshen_token_verifications_total{outcome=\"ok\"}",
        "menshen_background_runs_total{task=\"signing_keys\",outcome=\"failed\"}",
    ] {
        assert_eq!(value(&before, sample), Some(0.0), "{sample}");
    }
    service.ask(PHONE).await.ok();
    service.ask(PHONE).await.fails(429, "sms_too_frequent");
    service
        .try_code(PHONE, "000000")
        .await
        .fails(400, "sms_code_incorrect");
    let code = service.code_at(PHONE).await;
    let login = Login::of(&service.try_code(PHONE, &code).await);
    service
        .try_code(PHONE, &code)
        .await
        .fails(400, "sms_code_expired");
    service.one_tap("alice").await;
    let code = service.login_code("alice").await;
    for _ in 0..2 {
        service.hand_in(&code, client()).await.ok();
    }
    // Bob's own number is not known: the button makes an account that has it.
    service.press_button("carol").await.ok();
    for _ in 0..2 {
        service.refresh(login.refresh()).await.ok();
    }
    service
        .refresh("mrt_nonsense")
        .await
        .fails(401, "refresh_token_invalid");
    service.verify(login.access()).await.ok();
    service.verify("nonsense").await.fails(401, "token_invalid");
    let after = text(&service).await;
    for (sample, count) in COUNTED {
        assert_eq!(value(&after, sample), Some(*count), "{sample}\n{after}");
    }
}

#[tokio::test]
async fn a_store_that_is_gone_is_counted_as_unavailable() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    service.database.close().await.expect("closed");
    service
        .refresh(login.refresh())
        .await
        .fails(503, "unavailable");
    let text = text(&service).await;
    let sample = "menshen_store_calls_total{store=\"sql\",port=\"session_store\",operation=\"find\",outcome=\"unavailable\"}";
    assert_eq!(value(&text, sample), Some(1.0), "{text}");
    let sample = "menshen_refreshes_total{outcome=\"unavailable\"}";
    assert_eq!(value(&text, sample), Some(1.0), "{text}");
}

/// What anybody may ask for leaves no series of its own behind.
#[tokio::test]
async fn strangers_make_no_new_series() {
    let service = Service::start().await;
    for n in 0..50 {
        let path = format!("/v1/made-up-{n}/{n}");
        service.get(&path).send().await.fails(404, "not_found");
        let method = Method::from_bytes(format!("M{n}").as_bytes()).expect("a method");
        service
            .call(method, "/v1/me")
            .send()
            .await
            .fails(405, "method_not_allowed");
    }
    let text = text(&service).await;
    assert!(!text.contains("made-up"), "{text}");
    let other = "menshen_http_requests_total{route=\"other\",status=\"404\",code=\"not_found\"}";
    assert_eq!(value(&text, other), Some(50.0), "{text}");
}
