//! Tracing, against a collector that reads what it is sent.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use menshen_app::clock::SystemClock;
use menshen_domain::ports::clock::Clock as _;
use menshen_outbound::mock::{MockServer, Reaction, Seen};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Attribute;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message as _;
use serde_json::{Value, json};

use crate::support::{Answer, Process, client, menshen};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";
const PHONE: &str = "13900000001";
const OPENID: &str = "oPENidOfNobodyElse0123456789";
const SESSION_KEY: &str = "c2Vzc2lvbktleTAxMjM0NQ==";
const TOKEN: &str = "WECHAT_ACCESS_TOKEN_0123456789abcdef";
const APP_SECRET: &str = "0fa15ecre70fa15ecre70fa15ecre700";
const WEBHOOK_SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const AUTHORIZATION: &str = "Bearer of-the-collector-alone";
const APP: &str = "wx00000000000000aa";
const DEADLINE: Duration = Duration::from_secs(20);

fn wechat(seen: &Seen, _: usize) -> Reaction {
    let answer = match seen.path() {
        "/sns/jscode2session" => json!({ "openid": OPENID, "session_key": SESSION_KEY }),
        "/cgi-bin/stable_token" => json!({ "access_token": TOKEN, "expires_in": 7200 }),
        "/wxa/business/getuserphonenumber" => json!({
            "errcode": 0, "errmsg": "ok",
            "phone_info": {
                "phoneNumber": PHONE, "purePhoneNumber": PHONE, "countryCode": "86",
                "watermark": { "timestamp": SystemClock.now().timestamp(), "appid": APP },
            },
        }),
        _ => return Reaction::status(404, ""),
    };
    Reaction::ok(answer.to_string())
}

/// The service, what it asks, and what it tells.
struct Stage {
    menshen: Process,
    wechat: MockServer,
    vendor: MockServer,
    collector: MockServer,
    _folder: tempfile::TempDir,
}

impl Stage {
    async fn with(collector: fn(&Seen, usize) -> Reaction, more: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let wechat = MockServer::start(wechat).await.expect("a WeChat");
        let vendor = MockServer::start(|_, _| Reaction::status(204, "")).await;
        let vendor = vendor.expect("a vendor");
        let collector = MockServer::start(collector).await.expect("a collector");
        let apps = format!(
            "[{{ app_id = \"{APP}\", app_secret = \"{APP_SECRET}\", kind = \"mini_program\" }}]"
        );
        let (wechat_url, vendor_url) = (wechat.url(), vendor.url());
        let collector_url = collector.url();
        let mut settings = vec![
            ("server.listen", "127.0.0.1:0"),
            ("log.format", "json"),
            ("wechat.base_url", wechat_url.as_str()),
            ("wechat.apps", &apps),
            ("sms.vendors", "[\"webhook\"]"),
            ("sms.webhook.url", &vendor_url),
            ("sms.webhook.secret", WEBHOOK_SECRET),
            ("sms.resend_interval", "0s"),
            ("tracing.otlp_endpoint", &collector_url),
            ("tracing.authorization", AUTHORIZATION),
            ("tracing.sample_ratio", "1"),
        ];
        settings.extend_from_slice(more);
        let command = menshen(folder.path(), &settings, &["serve"]);
        Self {
            menshen: Process::start(command, "Playground"),
            wechat,
            vendor,
            collector,
            _folder: folder,
        }
    }

    async fn tap(&self, code: &str, headers: &[(&str, &str)]) -> Answer {
        let body = json!({ "code": code, "client": client() });
        let call = self.menshen.post("/v1/login/wechat").json(body);
        let call = headers
            .iter()
            .fold(call, |call, (name, value)| call.header(name, value));
        call.send().await
    }

    /// Every span that the collector has, once `enough` of them are there.
    async fn spans(&self, enough: impl Fn(&[Span]) -> bool) -> Vec<Span> {
        let begun = Instant::now();
        loop {
            let spans = spans(&self.collector);
            if enough(&spans) {
                return spans;
            }
            let names: Vec<_> = spans.iter().map(|span| &span.name).collect();
            assert!(begun.elapsed() < DEADLINE, "only {names:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn spans(collector: &MockServer) -> Vec<Span> {
    let exports = collector.seen().into_iter().map(|seen| {
        assert_eq!((seen.method.as_str(), seen.path()), ("POST", "/v1/traces"));
        assert_eq!(seen.header("content-type"), Some("application/x-protobuf"));
        assert_eq!(seen.header("authorization"), Some(AUTHORIZATION));
        assert_eq!(
            seen.header("traceparent"),
            None,
            "deliveries are not traced"
        );
        ExportTraceServiceRequest::decode(seen.body.as_slice()).expect("OTLP")
    });
    let resources = exports.flat_map(|export| export.resource_spans);
    let scopes = resources.flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

fn attributes(span: &Span) -> BTreeMap<String, String> {
    let pairs = span.attributes.iter().map(|pair| {
        let value = pair.value.as_ref().and_then(|value| value.value.clone());
        let value = match value.expect("a value") {
            Attribute::StringValue(text) => text,
            Attribute::IntValue(number) => number.to_string(),
            other => panic!("{other:?}"),
        };
        (pair.key.clone(), value)
    });
    pairs.collect()
}

fn hex(id: &[u8]) -> String {
    hex::encode(id)
}

fn named<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let found = spans.iter().find(|span| span.name == name);
    found.unwrap_or_else(|| {
        let names: Vec<_> = spans.iter().map(|span| &span.name).collect();
        panic!("no {name} in {names:?}")
    })
}

const LOGIN: &str = "POST /v1/login/wechat";

#[tokio::test]
async fn a_login_is_one_trace_from_the_caller_to_wechat() {
    let stage = Stage::with(|_, _| Reaction::ok(""), &[]).await;
    let parent = format!("00-{TRACE}-{PARENT}-01");
    let headers = [
        ("traceparent", parent.as_str()),
        ("tracestate", "vendor=of-the-caller"),
        ("baggage", "who=of-the-caller"),
    ];
    let answer = stage.tap("goodcode0123456789", &headers).await;
    answer.ok();
    let spans = stage
        .spans(|spans| spans.iter().any(|span| span.name == LOGIN))
        .await;

    let request = named(&spans, LOGIN);
    assert_eq!(request.kind, SpanKind::Server as i32);
    assert_eq!(hex(&request.trace_id), TRACE);
    assert_eq!(hex(&request.parent_span_id), PARENT);
    assert_eq!(request.trace_state, "");
    let told = attributes(request);
    let request_id = answer.header("x-request-id").expect("an id");
    for (name, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/v1/login/wechat"),
        ("http.response.status_code", "200"),
        ("menshen.outcome", "ok"),
        ("menshen.request_id", request_id),
    ] {
        assert_eq!(told.get(name).map(String::as_str), Some(value), "{name}");
    }
    for (name, adapter) in [
        ("replay_ledger.claim", "memory"),
        ("wechat_gateway.identify", "wechat"),
        ("account_store.observe", "sql"),
        ("account_store.apply", "sql"),
        ("replay_ledger.record", "memory"),
    ] {
        let call = named(&spans, name);
        assert_eq!(hex(&call.trace_id), TRACE, "{name}");
        assert_eq!(call.parent_span_id, request.span_id, "{name}");
        assert!(
            call.start_time_unix_nano >= request.start_time_unix_nano,
            "{name}"
        );
        assert!(
            call.end_time_unix_nano <= request.end_time_unix_nano,
            "{name}"
        );
        let told = attributes(call);
        assert_eq!(told["menshen.adapter"], adapter, "{name}");
        assert_eq!(told["menshen.outcome"], "ok", "{name}");
    }

    // WeChat is told of the trace, below the call of the port, and of nothing else.
    let asked = stage.wechat.seen();
    let identify = named(&spans, "wechat_gateway.identify");
    let expected = format!("00-{TRACE}-{}-01", hex(&identify.span_id));
    assert_eq!(asked[0].header("traceparent"), Some(expected.as_str()));
    for name in ["tracestate", "baggage"] {
        assert_eq!(asked[0].header(name), None, "{name}");
    }

    let Stage { menshen, .. } = stage;
    menshen.signal("TERM");
    let (status, log) = menshen.end();
    assert_eq!(status, Some(0), "{log}");
    let line = log.lines().find(|line| line.contains("request answered"));
    let line: Value = serde_json::from_str(line.expect("a line")).expect("JSON");
    assert_eq!(line["trace_id"], TRACE);
    assert_eq!(line["request_id"], request_id);
}

#[tokio::test]
async fn a_malformed_parent_begins_a_new_trace_and_two_are_none() {
    let stage = Stage::with(|_, _| Reaction::ok(""), &[]).await;
    let good = format!("00-{TRACE}-{PARENT}-01");
    let malformed = good.to_uppercase();
    stage
        .tap("code0123456789a", &[("traceparent", &malformed)])
        .await
        .ok();
    let twice = [("traceparent", good.as_str()), ("traceparent", &good)];
    stage.tap("code0123456789b", &twice).await.ok();
    let is_login = |span: &&Span| span.name == LOGIN;
    let enough = |spans: &[Span]| spans.iter().filter(is_login).count() == 2;
    let spans = stage.spans(enough).await;
    let logins: Vec<&Span> = spans.iter().filter(is_login).collect();
    for login in &logins {
        assert_ne!(hex(&login.trace_id), TRACE);
        assert!(login.parent_span_id.is_empty());
    }
    assert_ne!(logins[0].trace_id, logins[1].trace_id);
}

/// Strangers do not choose what is recorded, unless the operator lets them.
#[tokio::test]
async fn the_callers_flag_decides_only_where_it_is_trusted() {
    let sampled = format!("00-{TRACE}-{PARENT}-01");
    let nothing = ("tracing.sample_ratio", "0");
    let wary = [nothing];
    let trusting = [nothing, ("tracing.trust_parent", "true")];
    let (wary, trusting) = tokio::join!(
        Stage::with(|_, _| Reaction::ok(""), &wary),
        Stage::with(|_, _| Reaction::ok(""), &trusting),
    );
    wary.tap("code0123456789a", &[("traceparent", &sampled)])
        .await
        .ok();
    trusting
        .tap("code0123456789a", &[("traceparent", &sampled)])
        .await
        .ok();
    trusting.tap("code0123456789b", &[]).await.ok();
    trusting
        .spans(|spans| spans.iter().any(|span| span.name == LOGIN))
        .await;
    // The trace goes on all the same, and says that nobody records it.
    let asked = wary.wechat.seen();
    let header = asked[0].header("traceparent").expect("a parent");
    assert!(
        header.starts_with(&format!("00-{TRACE}-")) && header.ends_with("-00"),
        "{header}"
    );
    for (stage, logins) in [(wary, 0), (trusting, 1)] {
        let Stage {
            menshen, collector, ..
        } = stage;
        menshen.signal("TERM");
        let (status, log) = menshen.end();
        assert_eq!(status, Some(0), "{log}");
        assert!(log.contains(&format!("\"trace_id\":\"{TRACE}\"")), "{log}");
        // Whatever was recorded has been delivered by the end.
        let spans = spans(&collector);
        let count = spans.iter().filter(|span| span.name == LOGIN).count();
        assert_eq!(count, logins, "{}", spans.len());
    }
}

/// Signs in in two ways, refreshes, looks and guesses; answers what became known of
/// the person on the way.
async fn journey(stage: &Stage) -> Vec<String> {
    let ask = json!({ "phone": PHONE, "purpose": "login", "client_type": "mini_program" });
    stage
        .menshen
        .post("/v1/sms/codes")
        .json(ask)
        .send()
        .await
        .ok();
    let sent = stage.vendor.seen();
    assert!(sent[0].header("traceparent").is_some());
    let message: Value = serde_json::from_slice(&sent[0].body).expect("JSON");
    let code = message["code"].as_str().expect("a code").to_owned();
    let body = json!({ "phone": PHONE, "code": code, "client": client() });
    let login = stage
        .menshen
        .post("/v1/login/sms")
        .json(body)
        .send()
        .await
        .ok();
    let text = |pointer: &str| {
        login
            .pointer(pointer)
            .and_then(Value::as_str)
            .expect("text")
            .to_owned()
    };
    let (access, refresh) = (text("/access_token"), text("/refresh_token"));
    let body = json!({
        "phone_code": "phonecode0123456789", "login_code": "logincode0123456789",
        "client": client(),
    });
    stage
        .menshen
        .post("/v1/login/wechat-phone")
        .json(body)
        .send()
        .await
        .ok();
    let body = json!({ "refresh_token": refresh });
    stage
        .menshen
        .post("/v1/token/refresh")
        .json(body)
        .send()
        .await
        .ok();
    let me = format!("/v1/me?phone={PHONE}&access_token={access}");
    stage.menshen.get(&me).bearer(&access).send().await.ok();
    let path = format!("/v1/sms/receipts/aliyun/{APP_SECRET}");
    stage
        .menshen
        .post(&path)
        .text("[]")
        .send()
        .await
        .fails(404, "not_found");
    stage
        .spans(|spans| spans.iter().any(|span| span.name.contains("receipts")))
        .await;
    vec![code, access, refresh, text("/user/id"), text("/session_id")]
}

#[tokio::test]
async fn no_trace_tells_a_secret_or_a_person() {
    let stage = Stage::with(|_, _| Reaction::ok(""), &[]).await;
    let own = journey(&stage).await;
    let Stage {
        menshen, collector, ..
    } = stage;
    menshen.signal("TERM");
    let (status, log) = menshen.end();
    assert_eq!(status, Some(0), "{log}");
    let spans = spans(&collector);
    for name in [
        "sms_sender.send",
        "session_store.rotate",
        "wechat_gateway.phone_number",
        "GET /v1/me",
    ] {
        named(&spans, name);
    }
    let told = spans.iter().map(|span| {
        let (name, status) = (&span.name, &span.status);
        format!("{name} {:?} {status:?}", attributes(span))
    });
    let told: Vec<String> = told.collect();
    let ours = [
        PHONE,
        OPENID,
        SESSION_KEY,
        TOKEN,
        APP_SECRET,
        WEBHOOK_SECRET,
        "phonecode0123456789",
        "logincode0123456789",
        "127.0.0.1",
        "?",
    ];
    let secrets = own.iter().map(String::as_str).chain(ours);
    for secret in secrets {
        let found = told.iter().find(|line| line.contains(secret));
        assert_eq!(found, None, "{secret}");
    }
}

#[tokio::test]
async fn a_collector_that_hangs_costs_nobody_anything() {
    let stage = Stage::with(|_, _| Reaction::Hang, &[]).await;
    let begun = Instant::now();
    stage.tap("code0123456789a", &[]).await.ok();
    // A delivery is given up after five seconds, and told in the log and the metrics.
    let failed = |text: &str| {
        let name = "menshen_trace_spans_total{outcome=\"failed\"} ";
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.expect("a count").parse::<u64>().expect("a number")
    };
    for n in 0.. {
        // Logins go on meanwhile.
        stage.tap(&format!("code0123456789b{n}"), &[]).await.ok();
        let metrics = stage.menshen.get("/metrics").send().await.text;
        if failed(&metrics) > 0 {
            break;
        }
        assert!(begun.elapsed() < DEADLINE, "{metrics}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let Stage { menshen, .. } = stage;
    let stopping = Instant::now();
    menshen.signal("TERM");
    let (status, log) = menshen.end();
    assert_eq!(status, Some(0), "{log}");
    assert!(
        stopping.elapsed() < Duration::from_secs(10),
        "{:?}",
        stopping.elapsed()
    );
    let lines = log
        .lines()
        .filter(|line| line.contains("traces cannot be delivered"));
    assert_eq!(lines.count(), 1, "{log}");
}

#[tokio::test]
async fn untraced_nothing_is_named_to_anybody() {
    let folder = tempfile::tempdir().expect("a folder");
    let wechat = MockServer::start(wechat).await.expect("a WeChat");
    let url = wechat.url();
    let apps = format!(
        "[{{ app_id = \"{APP}\", app_secret = \"{APP_SECRET}\", kind = \"mini_program\" }}]"
    );
    let settings = [
        ("server.listen", "127.0.0.1:0"),
        ("log.format", "json"),
        ("wechat.base_url", url.as_str()),
        ("wechat.apps", &apps),
    ];
    let command = menshen(folder.path(), &settings, &["serve"]);
    let menshen = Process::start(command, "Playground");
    let body = json!({ "code": "code0123456789a", "client": client() });
    let parent = format!("00-{TRACE}-{PARENT}-01");
    let call = menshen.post("/v1/login/wechat").json(body);
    call.header("traceparent", &parent).send().await.ok();
    assert_eq!(wechat.seen()[0].header("traceparent"), None);
    let metrics = menshen.get("/metrics").send().await.text;
    assert!(!metrics.contains("menshen_trace_spans"), "{metrics}");
    menshen.signal("TERM");
    let (_, log) = menshen.end();
    assert!(
        log.contains("request_id") && !log.contains("trace_id"),
        "{log}"
    );
}
