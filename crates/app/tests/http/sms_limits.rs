//! The limits of messages and tries beyond one number and one address, and the
//! events that they raise.

use std::sync::Arc;

use futures_util::future::join_all;
use menshen_testkit::servers::redis::RedisServer;
use serde_json::json;
use tokio::task::spawn_blocking;

use crate::support::{Answer, Service, client};

const BEHIND_A_PROXY: (&str, &str) = ("server.trusted_proxies", "[\"127.0.0.0/8\"]");

async fn ask_from(service: &Service, address: &str, phone: &str) -> Answer {
    let body = json!({ "phone": phone, "purpose": "login", "client_type": "web" });
    let call = service.post("/v1/sms/codes").json(body);
    call.header("x-forwarded-for", address).send().await
}

/// What a metric of the server stands at.
async fn metric(service: &Service, line: &str) -> u64 {
    let answer = service.get("/metrics").send().await;
    let text = answer.text;
    let value = text.lines().find_map(|one| one.strip_prefix(line));
    let value = value.unwrap_or_else(|| panic!("no {line} in {text}"));
    value.trim().parse().expect("a number")
}

#[tokio::test]
async fn neighbours_share_a_limit_and_others_have_their_own() {
    let service = Service::with(&[("sms.per_network_hour", "2"), BEHIND_A_PROXY]).await;
    ask_from(&service, "203.0.113.1", "13900000011").await.ok();
    ask_from(&service, "203.0.113.2", "13900000012").await.ok();
    let refused = ask_from(&service, "203.0.113.3", "13900000013").await;
    let refused = refused.fails(429, "sms_limit_reached");
    let wait = refused["retry_after"].as_u64().expect("a wait");
    assert!((3_000..=3_600).contains(&wait), "{wait}");
    ask_from(&service, "203.0.114.3", "13900000013").await.ok();
    // A customer of a provider holds 65 536 of what is one household elsewhere.
    for n in 1..=2 {
        let address = format!("2001:db8:1:{n}::1");
        let phone = format!("1390000002{n}");
        ask_from(&service, &address, &phone).await.ok();
    }
    let refused = ask_from(&service, "2001:db8:1:3::1", "13900000023").await;
    refused.fails(429, "sms_limit_reached");
    let hits = metric(&service, r#"menshen_limits_hit_total{rule="sms_network"}"#).await;
    assert_eq!(hits, 2);
}

/// Whoever is paid for messages owns blocks of numbers, and walks along them.
#[tokio::test]
async fn a_block_of_numbers_has_a_limit() {
    let service = Service::with(&[("sms.per_prefix_hour", "2")]).await;
    service.ask("13900000001").await.ok();
    service.ask("13900009999").await.ok();
    service
        .ask("13900005555")
        .await
        .fails(429, "sms_limit_reached");
    service.ask("13900010001").await.ok();
    let row = "audit_events WHERE action = 'code.refused' AND reason = 'sms_prefix'";
    assert_eq!(service.count(row).await, 1);
}

#[tokio::test]
async fn a_signed_in_person_has_a_limit_whichever_numbers_they_ask_for() {
    let service = Service::with(&[("sms.per_account_day", "2")]).await;
    let login = service.one_tap("bob").await;
    let ask = async |phone: &str| {
        let body =
            json!({ "phone": phone, "purpose": "bind_phone", "client_type": "mini_program" });
        let call = service.post("/v1/sms/codes").bearer(login.access());
        call.json(body).send().await
    };
    ask("13900000001").await.ok();
    ask("13900010001").await.ok();
    ask("13900020001").await.fails(429, "sms_limit_reached");
    // Nobody else is concerned.
    service.ask("13900020001").await.ok();
}

#[tokio::test]
async fn the_deployment_sends_so_many_messages_a_minute() {
    let service = Service::with(&[("sms.deployment_minute", "2")]).await;
    service.ask("13900000001").await.ok();
    service.ask("13900000002").await.ok();
    let refused = service.ask("13900000003").await;
    let refused = refused.fails(429, "sms_limit_reached");
    let wait = refused["retry_after"].as_u64().expect("a wait");
    assert!((1..=60).contains(&wait), "{wait}");
    service.one_tap("alice").await;
    let budget = metric(
        &service,
        r#"menshen_security_events_total{event="sms_budget"}"#,
    );
    assert_eq!(budget.await, 0, "a minute is not the day");
}

#[tokio::test]
async fn a_used_up_budget_is_told_once_a_day_and_stops_nothing_else() {
    let service = Service::with(&[("sms.deployment_day", "1")]).await;
    let login = service.sms_login("13900000001").await;
    for n in 2..=6 {
        let refused = service.ask(&format!("1390000000{n}")).await;
        refused.fails(429, "sms_limit_reached");
    }
    let row = "audit_events WHERE action = 'security.sms_budget' AND reason = '1'";
    assert_eq!(service.count(row).await, 1);
    let told = r#"menshen_security_events_total{event="sms_budget"}"#;
    assert_eq!(metric(&service, told).await, 1);
    service.one_tap("alice").await;
    service.refresh(login.refresh()).await.ok();
}

#[tokio::test]
async fn wrong_tries_of_neighbours_add_up() {
    let service = Service::with(&[("sms.failures_per_network", "2"), BEHIND_A_PROXY]).await;
    let guess = async |address: &str, code: serde_json::Value| {
        let body = json!({ "phone": "13900000001", "code": code, "client": client() });
        let call = service.post("/v1/login/sms").json(body);
        call.header("x-forwarded-for", address).send().await
    };
    let sent = service.ask("13900000001").await;
    sent.ok();
    let code = service.code_at("13900000001").await;
    let wrong = json!(if code == "000000" { "000001" } else { "000000" });
    let first = guess("203.0.113.1", wrong.clone()).await;
    first.fails(400, "sms_code_incorrect");
    // A malformed one counts as well, and costs no try.
    let malformed = guess("203.0.113.2", json!("12345x")).await;
    malformed.fails(400, "invalid_request");
    let refused = guess("203.0.113.3", wrong.clone()).await;
    refused.fails(429, "rate_limited");
    let elsewhere = guess("203.0.114.1", wrong)
        .await
        .fails(400, "sms_code_incorrect");
    assert_eq!(elsewhere["attempts_left"], 3);
    guess("203.0.114.1", json!(code)).await.ok();
}

/// Of many asks at once at two replicas exactly as many leave as there are places.
#[tokio::test]
async fn replicas_share_the_limits_of_a_network_and_of_a_block_exactly() {
    for key in ["sms.per_network_hour", "sms.per_prefix_hour"] {
        let redis = spawn_blocking(RedisServer::start).await;
        let redis = Arc::new(redis.expect("a Redis server"));
        let url = redis.url();
        let given = [("ephemeral.url", url.as_str()), (key, "7"), BEHIND_A_PROXY];
        let one = Service::with(&given).await;
        let other = one.replica().await;
        let both = [&one, &other];
        let asks = (0..30).map(|n| {
            let (address, phone) = (format!("203.0.113.{n}"), format!("139000000{n:02}"));
            async move { ask_from(both[n % 2], &address, &phone).await }
        });
        let answers = join_all(asks).await;
        let sent = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(sent, 7, "{key}");
        assert_eq!(one.count("sms_sends").await, 7, "{key}");
    }
}

/// Two phones that share one token, or a client that loses what it is given.
#[tokio::test]
async fn a_session_whose_tokens_are_replayed_all_day_is_told_and_goes_on() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let mut newest = login.refresh().to_owned();
    let event = "audit_events WHERE action = 'security.refresh_replays'";
    for rotation in 1..=22 {
        let replaced = newest;
        let rotated = service.refresh(&replaced).await.ok();
        newest = rotated["refresh_token"]
            .as_str()
            .expect("a token")
            .to_owned();
        for _ in 0..2 {
            let again = service.refresh(&replaced).await.ok();
            assert_eq!(again["refresh_token"], newest.as_str());
        }
        let told = i64::from(rotation > 20);
        assert_eq!(service.count(event).await, told, "rotation {rotation}");
    }
    let rows = "audit_events WHERE action = 'refresh.replayed'";
    assert_eq!(service.count(rows).await, 22);
    let told = r#"menshen_security_events_total{event="refresh_replays"}"#;
    assert_eq!(metric(&service, told).await, 1);
    service.refresh(&newest).await.ok();
}
