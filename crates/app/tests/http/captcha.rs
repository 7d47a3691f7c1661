//! When a captcha is asked for, what it opens, and what happens while its service
//! misbehaves.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use menshen_outbound::mock::{MockServer, Reaction};
use menshen_testkit::servers::redis::RedisServer;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::support::{Answer, Service, client};

const SERVICES: [&str; 4] = ["tencent", "aliyun", "turnstile", "verify_url"];
/// No answer may take longer than this, whatever is away.
const LONGEST: Duration = Duration::from_secs(6);

/// A number that nobody asked for yet.
fn number(n: usize) -> String {
    format!("139{n:08}")
}

/// A service with this captcha service, as the simulator has it.
async fn with(vendor: &str, more: &[(&str, &str)]) -> Service {
    let mut given = vec![("sms.captcha.vendor", vendor)];
    if vendor == "verify_url" {
        given.push(("sms.captcha.verify_url", "simulator"));
    }
    given.extend_from_slice(more);
    Service::with(&given).await
}

async fn ask(service: &Service, phone: &str, captcha: Option<&str>) -> Answer {
    let mut body = json!({ "phone": phone, "purpose": "login", "client_type": "web" });
    if let Some(captcha) = captcha {
        body["captcha"] = json!(captcha);
    }
    service.post("/v1/sms/codes").json(body).send().await
}

/// A captcha as somebody solved it.
async fn solve(service: &Service, body: Value) -> String {
    let solved = service.control(Method::POST, "captcha", body).await;
    solved["captcha"].as_str().expect("a captcha").to_owned()
}

async fn solved(service: &Service) -> String {
    solve(service, json!({})).await
}

/// Asks for as many codes as there are without a captcha.
async fn use_up(service: &Service) {
    for n in 0..3 {
        ask(service, &number(n), None).await.ok();
    }
}

/// The figure of one sample.
async fn figure(service: &Service, sample: &str) -> u64 {
    let text = service.get("/metrics").send().await.text;
    let value = text.lines().find_map(|line| line.strip_prefix(sample));
    let value = value.unwrap_or_else(|| panic!("{sample} is not in {text}"));
    value.trim().parse().expect("a number")
}

#[tokio::test]
async fn the_fourth_code_of_an_hour_needs_a_captcha_of_the_service_that_is_set() {
    for vendor in SERVICES {
        let service = with(vendor, &[]).await;
        use_up(&service).await;
        let phone = number(9);
        let without = ask(&service, &phone, None).await;
        without.fails(403, "captcha_required");
        for outcome in ["fail", "expired"] {
            let bad = solve(&service, json!({ "outcome": outcome })).await;
            let refused = ask(&service, &phone, Some(&bad)).await;
            refused.fails(403, "captcha_invalid");
        }
        let made_up = ask(&service, &phone, Some("made-up;@x")).await;
        made_up.fails(403, "captcha_invalid");
        assert!(service.inbox(&phone).await.is_empty(), "{vendor}");

        let good = solved(&service).await;
        ask(&service, &phone, Some(&good)).await.ok();
        assert_eq!(service.inbox(&phone).await.len(), 1, "{vendor}");
        let again = ask(&service, &number(10), Some(&good)).await;
        again.fails(403, "captcha_invalid");
        let sample = r#"menshen_captchas_required_total{reason="source"}"#;
        assert_eq!(figure(&service, sample).await, 1);
        let sample =
            format!("menshen_captcha_checks_total{{vendor=\"{vendor}\",outcome=\"passed\"}}");
        assert_eq!(figure(&service, &sample).await, 1);
    }
}

#[tokio::test]
async fn the_plugin_of_a_mini_program_hands_in_a_ticket_alone() {
    let service = with("tencent", &[("sms.captcha.always", "true")]).await;
    let ticket = solve(
        &service,
        json!({ "service": "tencent", "mini_program": true }),
    )
    .await;
    assert!(!ticket.contains(';'), "{ticket}");
    ask(&service, &number(1), Some(&ticket)).await.ok();
}

#[tokio::test]
async fn a_captcha_counts_from_the_address_that_hands_it_in() {
    for vendor in ["tencent", "turnstile", "verify_url"] {
        let service = with(vendor, &[("sms.captcha.always", "true")]).await;
        let elsewhere = solve(&service, json!({ "address": "203.0.113.7" })).await;
        let stolen = ask(&service, &number(1), Some(&elsewhere)).await;
        stolen.fails(403, "captcha_invalid");
        let here = solve(&service, json!({ "address": "127.0.0.1" })).await;
        ask(&service, &number(1), Some(&here)).await.ok();
    }
}

#[tokio::test]
async fn without_a_captcha_service_nobody_is_asked() {
    let service = Service::with(&[("sms.captcha.after", "1")]).await;
    for n in 0..6 {
        ask(&service, &number(n), None).await.ok();
    }
    ask(&service, &number(7), Some("whatever")).await.ok();
    assert_eq!(service.calls("captcha/turnstile").await, 0);
}

#[tokio::test]
async fn a_captcha_is_spent_only_where_one_is_asked_for() {
    let service = with("turnstile", &[]).await;
    let captcha = solved(&service).await;
    for n in 0..3 {
        ask(&service, &number(n), Some(&captcha)).await.ok();
    }
    assert_eq!(service.calls("captcha/turnstile").await, 0);
    ask(&service, &number(3), Some(&captcha)).await.ok();
    assert_eq!(service.calls("captcha/turnstile").await, 1);
}

#[tokio::test]
async fn a_refused_captcha_costs_nothing_but_itself() {
    let service = with("turnstile", &[("sms.captcha.always", "true")]).await;
    let phone = number(1);
    for _ in 0..3 {
        let refused = ask(&service, &phone, Some("made-up")).await;
        refused.fails(403, "captcha_invalid");
    }
    // Neither the resend interval nor an hour's messages were touched.
    let captcha = solved(&service).await;
    ask(&service, &phone, Some(&captcha)).await.ok();
    let sent = service.count("audit_events WHERE action = 'code.sent'");
    assert_eq!(sent.await, 1);
    // Of what was refused one row a minute tells, and none of them the captcha.
    let told = "audit_events WHERE action = 'code.refused' AND reason = 'captcha'";
    assert_eq!(service.count(told).await, 1);
}

#[tokio::test]
async fn failed_captchas_are_bounded_for_each_address() {
    let given = [
        ("sms.captcha.always", "true"),
        ("sms.captcha.failures_per_ip", "2"),
        ("server.trusted_proxies", r#"["127.0.0.1/32"]"#),
    ];
    let service = with("turnstile", &given).await;
    let from = |address: &'static str, captcha: String| {
        let body = json!({ "phone": number(1), "purpose": "login", "client_type": "web", "captcha": captcha });
        let call = service.post("/v1/sms/codes");
        call.header("x-forwarded-for", address).json(body).send()
    };
    for n in 0..2 {
        let refused = from("2001:db8:1:2::1", format!("made-up-{n}")).await;
        refused.fails(403, "captcha_invalid");
    }
    let good = solved(&service).await;
    // The same household, and the token is not even looked at.
    let limited = from("2001:db8:1:2:ffff::9", good.clone()).await;
    let body = limited.fails(429, "rate_limited");
    assert!(body["retry_after"].as_u64().is_some(), "{body}");
    from("2001:db8:1:3::1", good).await.ok();
    assert_eq!(service.calls("captcha/turnstile").await, 3);
}

#[tokio::test]
async fn what_is_no_captcha_at_all_is_a_wrong_member() {
    let service = with("turnstile", &[]).await;
    for bad in ["", "验证码", "a\nb", &"x".repeat(8193)] {
        let refused = ask(&service, &number(1), Some(bad)).await;
        refused.fails(400, "invalid_request");
        refused.blames("captcha", "invalid_value");
    }
}

#[tokio::test]
async fn of_many_asks_at_once_only_so_many_need_no_captcha() {
    let service = with("turnstile", &[]).await;
    let numbers: Vec<_> = (0..12).map(number).collect();
    let asks = numbers.iter().map(|phone| ask(&service, phone, None));
    let answers = join_all(asks).await;
    let sent = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(sent, 3);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.fails(403, "captcha_required");
    }
}

/// Down, slow, talking nonsense: nobody is let through, and nothing is spent.
#[tokio::test]
async fn while_the_service_misbehaves_nobody_is_let_through() {
    for vendor in SERVICES {
        let target = format!("captcha/{vendor}");
        let service = with(vendor, &[("sms.captcha.always", "true")]).await;
        let faults = [
            json!({ "hang": true }),
            json!({ "http_status": 502 }),
            json!({ "redirect": true }),
            json!({ "body": "html", "http_status": 200 }),
            json!({ "body": "huge" }),
            json!({ "reset": "after" }),
        ];
        for (n, fault) in faults.iter().enumerate() {
            let phone = number(n);
            let captcha = solved(&service).await;
            let mut set = fault.clone();
            set["target"] = json!(target);
            service.fault(set).await;
            let since = Instant::now();
            let answer = ask(&service, &phone, Some(&captcha)).await;
            assert!(since.elapsed() < LONGEST, "{vendor} {fault}");
            let body = answer.fails(503, "unavailable");
            let wait = body["retry_after"].as_u64().expect("a wait");
            assert_eq!(answer.header("retry-after"), Some(&*wait.to_string()));
            assert!(service.inbox(&phone).await.is_empty());
            service.heal().await;
            // The number may be asked for at once: nothing was counted.
            let captcha = solved(&service).await;
            ask(&service, &phone, Some(&captcha)).await.ok();
        }
    }
}

#[tokio::test]
async fn a_service_that_stays_away_is_left_alone_and_asked_again() {
    let given = [
        ("sms.captcha.always", "true"),
        ("sms.captcha.failures_per_ip", "0"),
    ];
    let service = with("turnstile", &given).await;
    let target = json!({ "target": "captcha/turnstile", "http_status": 502 });
    service.fault(target).await;
    for n in 0..10 {
        let answer = ask(&service, &number(1), Some(&format!("t{n}"))).await;
        answer.fails(503, "unavailable");
    }
    let asked = service.calls("captcha/turnstile").await;
    assert_eq!(asked, 5);
    let sample = r#"menshen_captcha_circuit{vendor="turnstile"}"#;
    assert_eq!(figure(&service, sample).await, 2);
    service.heal().await;
    // A token that nobody saw meanwhile is good afterwards.
    let captcha = solved(&service).await;
    let since = Instant::now();
    loop {
        let answer = ask(&service, &number(1), Some(&captcha)).await;
        if answer.status == 200 {
            break;
        }
        answer.fails(503, "unavailable");
        assert!(since.elapsed() < Duration::from_secs(40), "never again");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// An own address that says yes to everything: that a captcha is used once is held
/// here, by the ledger that the replicas share.
#[tokio::test]
async fn one_captcha_at_two_replicas_is_used_once() {
    let yes = MockServer::start(|_, _| Reaction::ok(r#"{"success":true}"#));
    let yes = yes.await.expect("a server");
    let redis = spawn_blocking(RedisServer::start).await;
    let redis = redis.expect("a Redis server");
    let (store, address) = (redis.url(), yes.url());
    let one = Service::with(&[
        ("ephemeral.url", store.as_str()),
        ("sms.captcha.verify_url", &address),
        ("sms.captcha.always", "true"),
        ("sms.captcha.failures_per_ip", "0"),
    ])
    .await;
    let other = one.replica().await;
    for round in 0..5 {
        let captcha = format!("captcha-{round}");
        let numbers: Vec<_> = (0..10).map(|n| number(round * 10 + n)).collect();
        let asks = numbers.iter().enumerate().map(|(n, phone)| {
            let service = [&one, &other][n % 2];
            ask(service, phone, Some(&captcha))
        });
        let answers = join_all(asks).await;
        let sent = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(sent, 1, "round {round}");
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            answer.fails(403, "captcha_invalid");
        }
        assert_eq!(yes.seen().len(), round + 1);
    }
}

const TESTER: &str = "13900000077";
const RIGHT: &str = "123456";

/// A service whose only bounds are those of guessing, and a number that needs no
/// messages.
async fn guessable(more: &[(&str, &str)]) -> Service {
    let numbers = format!(r#"[{{ phone = "{TESTER}", code = "{RIGHT}" }}]"#);
    let mut given = vec![
        ("sms.test_numbers", numbers.as_str()),
        ("sms.resend_interval", "0s"),
        ("sms.per_phone_hour", "0"),
        ("sms.per_phone_day", "0"),
        ("sms.per_ip_hour", "0"),
        ("sms.per_ip_day", "0"),
        ("sms.failures_per_ip", "0"),
        ("sms.failures_per_phone_day", "0"),
        ("sms.failures_per_network", "0"),
        ("sms.captcha.after", "0"),
    ];
    given.extend_from_slice(more);
    with("turnstile", &given).await
}

async fn try_code(service: &Service, code: &str, challenge: &Value) -> Answer {
    let body =
        json!({ "phone": TESTER, "code": code, "client": client(), "challenge_id": challenge });
    service.post("/v1/login/sms").json(body).send().await
}

/// Asks for a code of a mini-program; the fixed one is then right.
async fn challenge(service: &Service, captcha: Option<&str>) -> Answer {
    let mut body = json!({ "phone": TESTER, "purpose": "login", "client_type": "mini_program" });
    if let Some(captcha) = captcha {
        body["captcha"] = json!(captcha);
    }
    service.post("/v1/sms/codes").json(body).send().await
}

#[tokio::test]
async fn after_a_hundred_wrong_codes_in_a_row_a_number_needs_a_captcha() {
    let service = guessable(&[]).await;
    let told = "audit_events WHERE action = 'security.otp_guessing'";
    let mut asked = challenge(&service, None).await.ok();
    for wrong in 1..=100 {
        let last = wrong % 5 == 0;
        let answer = try_code(&service, "000000", &asked["challenge_id"]).await;
        answer.fails(400, "sms_code_incorrect");
        if last && wrong < 100 {
            assert_eq!(service.count(told).await, 0, "{wrong}");
            // A new code resets nothing.
            asked = challenge(&service, None).await.ok();
        }
    }
    assert_eq!(service.count(told).await, 1);
    let masked = format!("{told} AND subject LIKE '139%0077'");
    assert_eq!(service.count(&masked).await, 1);
    challenge(&service, None)
        .await
        .fails(403, "captcha_required");
    // Nobody else is asked.
    ask(&service, &number(1), None).await.ok();
    let captcha = solved(&service).await;
    let asked = challenge(&service, Some(&captcha)).await.ok();
    // The day's row is written.
    let wrong = try_code(&service, "000000", &asked["challenge_id"]).await;
    wrong.fails(400, "sms_code_incorrect");
    assert_eq!(service.count(told).await, 1);
    try_code(&service, RIGHT, &asked["challenge_id"]).await.ok();
    challenge(&service, None).await.ok();
}

#[tokio::test]
async fn while_wrong_codes_come_in_a_wave_everybody_needs_a_captcha() {
    let service = guessable(&[]).await;
    let told = "audit_events WHERE action = 'security.otp_spray'";
    ask(&service, &number(1), None).await.ok();
    let malformed = || async {
        let body = json!({ "phone": number(2), "code": "12345", "client": client() });
        let answer = service.post("/v1/login/sms").json(body).send().await;
        answer.fails(400, "invalid_request");
    };
    let mut tries = 0;
    while service.count(told).await == 0 {
        join_all((0..200).map(|_| malformed())).await;
        tries += 200;
        assert!(tries <= 6000, "a thousand a minute are never reached");
    }
    assert!(tries > 1000, "{tries}");
    ask(&service, &number(3), None)
        .await
        .fails(403, "captcha_required");
    let captcha = solved(&service).await;
    ask(&service, &number(3), Some(&captcha)).await.ok();
    assert_eq!(service.count(told).await, 1);
    let sample = r#"menshen_captchas_required_total{reason="wave"}"#;
    assert_eq!(figure(&service, sample).await, 1);
}
